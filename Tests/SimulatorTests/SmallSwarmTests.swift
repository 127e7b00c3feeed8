import Pieces
import Primitives
import Simulator
import Swarm
import Testing

/// A world of 1.5 Mbit/s in pieces of 16 KiB, 25 ms one way between any two nodes.
func smallWorld(viewers: Int, seed: UInt64) throws -> (World, [NodeID]) {
    let rate = ByteRate(bitsPerSecond: 1_500_000)
    let geometry = try #require(PieceGeometry(pieceLength: 16_384))
    var world = World(stream: StreamShape(geometry: geometry, rate: rate), seed: seed)
    world.addSource(line(rate, up: 3, down: 6))
    let ids = (0..<viewers).map { number in
        world.addViewer(
            line(rate, up: 1.5, down: 6), at: .zero + .milliseconds(2000 + Int64(number) * 100))
    }
    return (world, ids)
}

/// A line whose rates are multiples of the stream's.
func line(_ rate: ByteRate, up: Double, down: Double) -> AccessLink {
    AccessLink(
        up: ByteRate(bytesPerSecond: rate.bytesPerSecond * up),
        down: ByteRate(bytesPerSecond: rate.bytesPerSecond * down),
        delay: .seconds(0.0125))
}

@Suite("A small swarm")
struct SmallSwarmTests {
    @Test("of one viewer plays")
    func one() throws {
        var (world, _) = try smallWorld(viewers: 1, seed: 1)
        world.run(until: .zero + .seconds(20))
        let report = world.report()
        print(report)
        #expect(report.skipped == 0)
    }

    @Test("of eight viewers plays")
    func eight() throws {
        var (world, _) = try smallWorld(viewers: 8, seed: 1)
        world.run(until: .zero + .seconds(20))
        let report = world.report(from: .zero + .seconds(6))
        print(report)
        #expect(report.skipped == 0)
    }
}
