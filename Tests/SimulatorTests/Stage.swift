import Pieces
import Primitives
import Simulator
import Swarm
import Testing

/// A world of 1.5 Mbit/s in pieces of 16 KiB and 25 ms one way between any two nodes: the source
/// sends 3 times the stream, viewers 1.5 times, all receive 6 times.
struct Stage {
    var world: World
    let source: NodeID
    var viewers: [NodeID] = []
    static let rate = ByteRate(bitsPerSecond: 1_500_000)

    /// Viewers join 100 ms after each other from the second second on.
    init(viewers count: Int, seed: UInt64 = 1, upload: Double = 1.5) throws {
        let geometry = try #require(PieceGeometry(pieceLength: 16_384))
        world = World(stream: StreamShape(geometry: geometry, rate: Self.rate), seed: seed)
        source = world.addSource(Self.line(up: 3))
        for number in 0..<count {
            viewers.append(add(at: 2 + Double(number) * 0.1, upload: upload))
        }
    }

    /// A line whose upload is a multiple of a stream's rate.
    static func line(up: Double, of rate: ByteRate = rate) -> AccessLink {
        AccessLink(
            up: ByteRate(bytesPerSecond: rate.bytesPerSecond * up),
            down: ByteRate(bytesPerSecond: rate.bytesPerSecond * 6), delay: .seconds(0.0125))
    }

    /// A viewer that joins at a second.
    mutating func add(
        at second: Double, upload: Double = 1.5, conduct: Conduct = .honest,
        _ change: (inout AccessLink) -> Void = { _ in }
    ) -> NodeID {
        var line = Self.line(up: upload)
        change(&line)
        return world.addViewer(line, at: .second(second), conduct: conduct)
    }

    /// Plays on to a second and reports on what was delivered from `start` on.
    mutating func play(to second: Double, from start: Double = 0) -> Report {
        world.run(until: .second(second))
        return world.report(from: .second(start))
    }

    /// The pieces that a viewer's player got, and when.
    func deliveries(of viewer: NodeID) -> [(at: Instant, lag: Interval)] {
        world.log(of: viewer).deliveries.map { (world.moment(of: $0), $0.lag) }
    }
}

extension Instant {
    /// A second of the virtual world.
    static func second(_ second: Double) -> Self { .zero + .seconds(second) }
}
