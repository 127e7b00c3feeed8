// One channel of a relay: its swarm and its trackers. What goes wrong here stays here: it waits,
// and goes on when the channel goes on.

import Metainfo
import Pieces
import Primitives
import Reactor
import Swarm
import Tracker

/// A channel that is passed on.
@Loop
final class RelayChannel {
    /// What it is called in reports.
    let label: ChannelLabel
    private let swarm: SwarmDriver
    private let hints: [Endpoint]
    private let report: @Loop (RelayNews) -> Void
    private var tracker: TrackerClient?
    private var onStopped: (@Loop () -> Void)?
    private var rates = SwarmRates()
    private var flow = RelayFlow()
    private var share: ByteRate?
    /// When a piece last came, or the channel began.
    private var fedAt = Loop.now
    /// What was sent when its demand was last asked for, and when that was.
    private var counted = (bytes: 0, at: Loop.now)

    /// After this long without a piece a channel is silent: pieces come many times a second.
    private static let patience = Interval.seconds(5)

    /// A channel that has not begun, reachable at `host`.
    init(
        _ channel: ParsedChannelFile, _ settings: SwarmSettings, peers: [Endpoint],
        host: PeerHost, report: @escaping @Loop (ChannelLabel, RelayNews) -> Void
    ) {
        let id = newPeerID()
        weak var channelHere: RelayChannel?
        swarm = SwarmDriver(
            channel: channel, settings: settings, firstPiece: PieceIndex(0), ourID: id,
            listenPort: host.port, seed: randomSeed()
        ) { event in channelHere?.happened(event) }
        let label = ChannelLabel(
            name: channel.file.name.text, infoHash: "\(swarm.infoHash)")
        self.label = label
        self.report = { news in report(label, news) }
        // Addresses that do not come from a tracker: the user's and those of the channel file.
        hints = peers + channel.file.peers
        share = settings.upLimit
        channelHere = self
        host.add(swarm)
        let announcer = Announcer(
            tiers: channel.file.trackers, infoHash: swarm.infoHash, peerID: id, port: host.port,
            random: SeededRandom(seed: randomSeed()))
        tracker = TrackerClient(announcer) { [weak self] event in
            switch event {
            case .discovered(let endpoints): self?.swarm.feed(.discovered(endpoints))
            case .note(let note): self?.report(.tracker(note))
            case .finished: self?.finished()
            }
        }
    }

    /// Joins the swarm.
    func start() {
        tracker?.feed(.started)
        swarm.feed(.discovered(hints))
    }

    private func happened(_ event: SwarmEvent) {
        switch event {
        case .piece(let piece, _):
            let pause = Loop.now - fedAt
            fedAt = Loop.now
            if flow.came(piece) { report(.carrying(after: pause)) }
        case .ended(let piece):
            if flow.ended(before: piece) { report(.ended) }
        case .contradiction(let piece): report(.contradiction(piece: piece.value))
        case .wantPeers:
            tracker?.feed(.peersWanted)
            // After a long absence of the source these may have been forgotten.
            swarm.feed(.discovered(hints))
        case .tunedIn, .timeKnown: break
        }
    }

    /// Sees whether the stream still flows.
    func review() {
        if Loop.now - fedAt > Self.patience, flow.paused() { report(.silent) }
    }

    // MARK: Its share of the line

    /// What it has a use for, by what it sent since it was last asked and what waits.
    func demand() -> ByteRate {
        let sent = swarm.engine.counters.sentBytes
        let span = max((Loop.now - counted.at).seconds, 0.1)
        let rate = ByteRate(bytesPerSecond: Double(sent - counted.bytes) / span)
        counted = (sent, Loop.now)
        return UplinkShares.demand(rate: rate, waiting: swarm.engine.waitingBytes)
    }

    /// Keeps its uploads to `rate` from now on.
    func keep(to rate: ByteRate) {
        share = rate
        swarm.feed(.upLimitChanged(rate))
    }

    /// How it is doing now.
    func status() -> RelayedChannel {
        var status = RelayedChannel(label: label)
        (status.state, status.share) = (flow.state, share)
        status.swarm = rates.status(of: swarm, tracker)
        let silence = Loop.now - fedAt
        if silence > Self.patience { status.silence = silence }
        return status
    }

    // MARK: The end

    /// Says `stopped` to the trackers, and calls `done` when that is said or given up.
    func stop(_ done: @escaping @Loop () -> Void) {
        onStopped = done
        tracker?.feed(.stopped)
    }

    private func finished() {
        let done = onStopped
        onStopped = nil
        done?()
    }

    /// Leaves the swarm at once.
    func close() {
        onStopped = nil
        tracker?.close()
        swarm.close()
    }
}
