// Peers that send too much: floods of small messages, requests that are never read, connections
// that do nothing. What they cost is bounded, and the stream goes on.

import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Swarm
import Testing
import Wire

@Suite("Floods", .serialized)
struct FloodTests {
    /// A message over and over, by a name for the test's report.
    struct Flood: CustomTestStringConvertible, Sendable {
        var name: String
        var message: @Sendable @Loop (TestChannel) -> Message
        var testDescription: String { name }
    }

    static let floods: [Flood] = [
        Flood(name: "keep-alives") { _ in .keepAlive },
        Flood(name: "interested") { _ in .interested },
        Flood(name: "haves") { .have($0.edge) },
        Flood(name: "haves from afar") { _ in .have(PieceIndex(.max - 5)) },
        Flood(name: "maps of pieces") { channel in
            let map = PieceMap(first: channel.edge, bitmap: Array(repeating: 0xff, count: 64))
            return map.map { LiveMessage.have($0).message(id: 3) } ?? .keepAlive
        },
        Flood(name: "statuses") { channel in
            LiveMessage.status(
                LiveStatus(
                    flags: [], depths: Array(repeating: 3, count: 8), newest: channel.edge,
                    inner: 0)
            ).message(id: 3)
        },
        Flood(name: "cancels") { .cancel(block(at: $0.edge)) },
        Flood(name: "rejects") { .reject(block(at: $0.edge)) },
        Flood(name: "extension handshakes") { _ in Attacker.hello() },
        Flood(name: "requests for records") { channel in
            LiveMessage.wantRecords(from: channel.edge, count: 255).message(id: 3)
        },
    ]

    private static func block(at piece: PieceIndex) -> Block {
        Block(piece: piece, offset: 0, length: UInt32(PieceGeometry.blockLength))
    }

    @Test("A flood is cut off, and costs little memory", arguments: floods)
    @Loop
    func flood(_ flood: Flood) async throws {
        let stage = try await Stage()
        let memory = residentBytes()
        let attacker = Attacker(stage.target)
        #expect(await eventually { attacker.liveID != nil })
        var bytes: [UInt8] = []
        flood.message(stage.channel).encode(into: &bytes)
        attacker.flood(bytes, times: 200_000)
        #expect(await eventually { attacker.isClosed }, "the flood is not cut off")
        #expect(residentBytes() - memory < 64 << 20)
        await stage.stillPlays(3)
    }

    @Test("A hundred thousand requests of a peer that never reads fill no memory")
    @Loop
    func requests() async throws {
        let stage = try await Stage()
        let memory = residentBytes()
        let attacker = Attacker(stage.target)
        #expect(await eventually { attacker.liveID != nil })
        attacker.isReading = false
        let edge = stage.channel.edge
        var bytes: [UInt8] = []
        for step in 0..<50 {
            Message.request(Self.block(at: edge.advanced(by: step - 25))).encode(into: &bytes)
        }
        attacker.flood(bytes, times: 2000)
        _ = await eventually(within: .seconds(5)) { attacker.isClosed }
        #expect(residentBytes() - memory < 64 << 20)
        await stage.stillPlays(3)
        attacker.close()
    }

    @Test("Two hundred connections that say nothing do not keep a good peer out")
    @Loop
    func idle() async throws {
        let stage = try await Stage()
        let descriptors = openDescriptors()
        let target = stage.target
        let crowd = (0..<200).map { number in
            Attacker(target, from: UInt8(20 + number), hello: false)
        }
        #expect(await eventually { crowd.allSatisfy { $0.isConnected || $0.isClosed } })
        let second = TestViewer(try stage.channel.parsed(), peers: [target.endpoint])
        #expect(await second.plays())
        #expect(await eventually { second.node.status.swarm.peers.count == 2 })
        for attacker in crowd { attacker.close() }
        await second.stop()
        #expect(await eventually { openDescriptors() < descriptors + 40 })
        await stage.stillPlays(3)
    }

    @Test("Greeted peers that are of no use make room for a good one")
    @Loop
    func useless() async throws {
        let stage = try await Stage()
        let target = stage.target
        let crowd = (0..<60).map { number in
            let attacker = Attacker(target, from: UInt8(20 + number))
            attacker.every(.milliseconds(500)) { $0.send(.keepAlive) }
            return attacker
        }
        let swarm = stage.viewer.node.swarm
        #expect(await eventually { (swarm?.links.count { $0 != nil } ?? 0) >= 40 })
        await pause(.seconds(5))
        let second = TestViewer(try stage.channel.parsed(), peers: [target.endpoint])
        #expect(await eventually { second.node.status.swarm.peers.count == 2 })
        for attacker in crowd { attacker.close() }
        await second.stop()
        await stage.stillPlays(3)
    }
}
