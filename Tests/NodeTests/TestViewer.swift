// A real viewer of a test channel, which writes what it plays into a file.

import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Swarm

/// A viewer in this process, on ports of its own.
@Loop
final class TestViewer {
    let node: WatchNode
    let events: Log<WatchEvent>
    private let path: String
    private static var count = 0

    /// A viewer of `channel` that has been started.
    init(
        _ channel: ParsedChannelFile, peers: [Endpoint] = [],
        change: (inout WatchSettings) -> Void = { _ in }
    ) {
        Self.count += 1
        path = "\(Lab.folder)/viewer-\(Self.count).ts"
        var settings = WatchSettings(channel: channel)
        settings.httpPort = 0
        settings.peerPorts = 0...0
        settings.peers = peers
        settings.output = .file(path)
        change(&settings)
        let events = Log<WatchEvent>()
        self.events = events
        node = WatchNode(settings) { events.add($0) }
        node.start()
    }

    /// The port that peers reach it on.
    var port: UInt16 { node.host?.port ?? 0 }
    /// What the swarm has counted.
    var counters: SwarmCounters { node.swarm?.engine.counters ?? SwarmCounters() }
    /// What it has played.
    var file: [UInt8] { contents(of: path) }
    /// The pieces that were given up.
    var skipped: Int {
        events.entries.reduce(0) { if case .skipped(let count) = $1 { $0 + count } else { $0 } }
    }
    /// How many neighbours it has.
    var peerCount: Int { node.status.swarm.peers.count }
    var isPlaying: Bool { node.status.state == .playing }
    var hasEnded: Bool { events.entries.contains { if case .ended = $0 { true } else { false } } }
    var contradictions: Int {
        events.entries.count { if case .contradiction = $0 { true } else { false } }
    }
    var failure: NodeFault? {
        events.entries.lazy.compactMap { if case .failed(let it) = $0 { it } else { nil } }.first
    }

    /// What there is to know when it does not do what it should.
    var report: String {
        let status = node.status
        return "\(status.state), \(status.swarm.peers.count) peers, edge "
            + "\(status.swarm.edge.map { "\($0)" } ?? "none"), "
            + "\(counters), \(events.entries.suffix(4))"
    }

    /// Waits until it plays.
    func plays() async -> Bool { await eventually { self.isPlaying } }

    /// Waits until it has played `count` more pieces.
    func plays(more count: Int, within limit: Interval = .seconds(20)) async -> Bool {
        let goal = counters.pieces + count
        return await eventually(within: limit) { self.counters.pieces >= goal }
    }

    /// Leaves, and answers whether it was through within 3 s.
    @discardableResult
    func stop() async -> Bool {
        let done = Log<Bool>()
        node.stop { done.add(true) }
        return await eventually(within: .seconds(3)) { !done.entries.isEmpty }
    }
}
