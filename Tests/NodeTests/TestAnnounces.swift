// One node's announces to real trackers, without a node.

@testable import Node
import Primitives
import Reactor
import Tracker

/// A tracker client, and what it told.
@Loop
final class TestAnnounces {
    private(set) var found: Set<Endpoint> = []
    private(set) var notes: [String] = []
    private(set) var hasFinished = false
    private var client: TrackerClient?

    /// Announces at once that a node listens on `port`.
    init(
        _ tiers: [[String]], infoHash: InfoHash, port: UInt16,
        settings: AnnouncerSettings = AnnouncerSettings(), trusting trust: TLSTrust = .system
    ) {
        let announcer = Announcer(
            tiers: tiers, infoHash: infoHash, peerID: newPeerID(), port: port, settings: settings,
            random: SeededRandom(seed: UInt64(port)))
        client = TrackerClient(announcer, trusting: trust) { [weak self] event in
            self?.take(event)
        }
        client?.feed(.started)
    }

    private func take(_ event: TrackerClientEvent) {
        switch event {
        case .discovered(let endpoints): found.formUnion(endpoints)
        case .note(let text): notes.append(text)
        case .finished: hasFinished = true
        }
    }

    /// What the trackers say of the swarm.
    var counts: SwarmCounts { client?.counts ?? SwarmCounts() }

    /// Gives its client an input.
    func feed(_ input: Announcer.Input) { client?.feed(input) }

    /// Whether an answer has come.
    var isAnswered: Bool { notes.contains { $0.contains(" peers, again in ") } }

    /// Says `stopped` and answers whether that was over in time.
    func stop() async -> Bool {
        client?.feed(.stopped)
        let isOver = await eventually(within: .seconds(6)) { hasFinished }
        client?.close()
        return isOver
    }
}
