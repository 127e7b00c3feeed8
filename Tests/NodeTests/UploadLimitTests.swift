// A bound on the upload is a promise to whoever pays for the line: counted where the bytes come
// out, over real sockets.

import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Swarm
import Testing
import Wire

@Suite("A node with a bound on its upload")
struct UploadLimitTests {
    /// Bytes and when they came.
    @Loop
    final class Meter {
        private var entries: [(at: Instant, bytes: Int)] = []
        func add(_ bytes: Int) { entries.append((Loop.now, bytes)) }
        var total: Int { entries.reduce(0) { $0 + $1.bytes } }

        /// The most bytes that any second holds.
        var mostInASecond: Int {
            var (first, sum, most) = (0, 0, 0)
            for entry in entries {
                sum += entry.bytes
                while entry.at - entries[first].at >= .seconds(1) {
                    sum -= entries[first].bytes
                    first += 1
                }
                most = max(most, sum)
            }
            return most
        }
    }

    @Test("never sends more in any second, whoever asks", arguments: [50_000, 200_000])
    @Loop
    func keeps(limit: Int) async throws {
        let channel = try await TestChannel.onAir()
        let viewer = TestViewer(try channel.parsed()) {
            $0.upLimit = ByteRate(bytesPerSecond: Double(limit))
        }
        #expect(await viewer.plays(), "\(viewer.report)")
        let meter = Meter()
        let target = Attacker.Target(endpoint: .here(viewer.port), infoHash: channel.infoHash)
        let greedy = (0..<4).map { number in
            let one = Attacker(target, from: UInt8(70 + number))
            one.counter = { meter.add($0) }
            one.every(.milliseconds(40)) { one in
                for back in 1...6 {
                    let piece = channel.edge.advanced(by: -back)
                    one.send(.request(Block(piece: piece, offset: 0, length: 16_384)))
                }
            }
            return one
        }
        await pause(.seconds(6))
        #expect(meter.mostInASecond <= limit + 16_397)
        // It was asked for far more, and gave what it may.
        #expect(meter.total > limit * 2)
        #expect(greedy.allSatisfy { !$0.isClosed })
        for one in greedy { one.close() }
        await viewer.stop()
        channel.cut()
    }
}
