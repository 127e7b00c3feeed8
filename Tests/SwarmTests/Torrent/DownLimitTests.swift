import Primitives
import Testing

@testable import Swarm

@Suite("A bound on what comes of a torrent")
struct DownLimitTests {
    /// Bytes on the line, and when they came.
    private struct Meter {
        var entries: [(at: Instant, bytes: Int)] = []
        var total = 0

        mutating func note(_ sum: Int, at now: Instant) {
            guard sum > total else { return }
            let blocks = (sum - total) / 16_384
            entries.append((now, blocks * RateLimit.onLine(16_397)))
            total = sum
        }

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

    private func came(_ world: TorrentWorld, _ node: Int) -> Int {
        let counters = world.nodes[node].engine.counters
        return counters.usefulBytes + counters.wastedBytes
    }

    @Test(
        "holds in any second, whatever lines and delays peers have",
        arguments: [40_000, 200_000, 1_000_000])
    func holds(limit: Int) {
        for delay in [5, 60] as [Int64] {
            var world = TorrentWorld(pieces: 400, blocks: 4, delay: .milliseconds(delay))
            let leech = world.add(line: 1e7, isEmpty: true)
            for line in [5e6, 5e5, 2e4] {
                let seed = world.add(line: line)
                world.connect(leech, seed)
            }
            world.tell(leech, .downLimitChanged(ByteRate(bytesPerSecond: Double(limit))))
            var meter = Meter()
            // What was asked for before the limit was set.
            world.run(.seconds(3))
            meter.total = came(world, leech)
            let before = meter.total
            world.run(.seconds(10)) { meter.note(came($0, leech), at: $0.now) }
            #expect(meter.mostInASecond <= limit, "\(delay) ms")
            #expect(Double(meter.total - before) > Double(limit) * 10 * 0.6, "\(delay) ms")
        }
    }

    @Test("Below a block a second one comes every few seconds")
    func tiny() {
        var world = TorrentWorld(pieces: 40, blocks: 4, delay: .milliseconds(20))
        let leech = world.add(line: 1e7, isEmpty: true)
        let seed = world.add(line: 1e6)
        world.tell(leech, .downLimitChanged(ByteRate(bytesPerSecond: 4_000)))
        world.connect(leech, seed)
        world.run(.seconds(60))
        #expect((10...15).contains(came(world, leech) / 16_384))
    }

    @Test("A player stands before its first piece no longer for it than the limit takes")
    func playing() {
        var world = TorrentWorld(pieces: 400, blocks: 4, delay: .milliseconds(20))
        let leech = world.add(line: 1e7, isEmpty: true)
        world.tell(leech, .downLimitChanged(ByteRate(bytesPerSecond: 1_000_000)))
        for _ in 0..<4 {
            let seed = world.add(line: 1e6)
            world.connect(leech, seed)
        }
        world.run(.seconds(2))
        var player = WorldPlayer(&world, at: leech, 1, from: 100 * 65_536)
        let start = world.now
        world.run(.seconds(3)) { player.look(&$0) }
        #expect(player.firstAt.map { $0 - start < .seconds(1) } ?? false)
    }

    @Test("Without it nothing is held back, and taking it away sets all free")
    func lifted() {
        var world = TorrentWorld(pieces: 100, blocks: 4, delay: .milliseconds(5))
        let leech = world.add(line: 1e7, isEmpty: true)
        let seed = world.add(line: 5e6)
        world.tell(leech, .downLimitChanged(ByteRate(bytesPerSecond: 50_000)))
        world.connect(leech, seed)
        world.run(.seconds(2))
        #expect(came(world, leech) < 120_000)
        world.tell(leech, .downLimitChanged(nil))
        world.run(.seconds(4))
        #expect(world.nodes[leech].engine.isComplete)
    }
}
