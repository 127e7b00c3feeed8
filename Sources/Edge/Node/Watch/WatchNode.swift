// A viewer: swarm, trackers, playout and gateway, in one place. Composes and reports; the
// decisions are in Swarm, Playout and Tracker.

import Gateway
import Glibc
import Metainfo
import Pieces
import Playout
import Primitives
package import Reactor
import Storage
import Swarm
import Tracker

/// A running viewer.
///
/// Call `start` once; what happens comes to `report`, on the loop. `.failed` comes at most once
/// and is the last. After `.ended` players still read what is left; call `stop` then.
@Loop
package final class WatchNode {
    let settings: WatchSettings
    let report: @Loop (WatchEvent) -> Void
    let startedAt = Loop.now
    var host: PeerHost?
    var swarm: SwarmDriver?
    var tracker: TrackerClient?
    var gateway: LiveGateway?
    var player: PlayerFeed?
    var sink: FeedSink?
    var rates = SwarmRates()
    var state = WatchState.connecting
    var isOver = false
    var onStopped: (@Loop () -> Void)?
    var stopTimer: LoopTimer?
    private var pages: LoopTimer?
    /// When a piece last came.
    var fedAt = Loop.now

    /// A viewer that has not begun.
    package init(_ settings: WatchSettings, report: @escaping @Loop (WatchEvent) -> Void) {
        self.settings = settings
        self.report = report
    }

    /// Opens the ports and joins the swarm.
    package func start() {
        pages = LibraryPages.releaseLater()
        do throws(NodeFault) {
            let channel = settings.channel
            let host = try PeerHost.open(settings.peerPorts)
            self.host = host
            makePlayer(channel)
            let gateway = try LiveGateway.listening(on: settings.httpPort) { [weak self] in
                self?.statusJSON ?? "{}"
            }
            self.gateway = gateway
            join(channel, host)
            let title = channel.file.name.text
            let live = gateway.open(title: title, feed: player?.feed ?? LiveFeed())
            report(.serving(url: "http://127.0.0.1:\(gateway.port)/live/\(live.name).ts"))
            openSink()
            tracker?.feed(.started)
            swarm?.feed(.discovered(hints))
        } catch {
            fail(error)
        }
    }

    /// Addresses that do not come from a tracker: the user's and those of the channel file.
    private var hints: [Endpoint] { settings.peers + settings.channel.file.peers }

    private func makePlayer(_ channel: ParsedChannelFile) {
        player = PlayerFeed(
            geometry: channel.file.geometry, delay: settings.delay,
            source: { [weak self] piece in self?.swarm?.content(of: piece) },
            handler: { [weak self] event in self?.played(event) })
    }

    private func join(_ channel: ParsedChannelFile, _ host: PeerHost) {
        var swarmSettings = SwarmSettings(role: .viewer)
        swarmSettings.upLimit = settings.upLimit
        swarmSettings.exchangesPeers = !channel.file.isPrivate
        swarmSettings.sourceEndpoints = channel.file.peers
        swarmSettings.window = windowPieces(settings.window, channel.file.geometry)
        let id = newPeerID()
        let swarm = SwarmDriver(
            channel: channel, settings: swarmSettings, firstPiece: PieceIndex(0), ourID: id,
            listenPort: host.port, seed: randomSeed()
        ) { [weak self] event in self?.happened(event) }
        self.swarm = swarm
        host.add(swarm)
        let announcer = Announcer(
            tiers: channel.file.trackers, infoHash: swarm.infoHash, peerID: id, port: host.port,
            random: SeededRandom(seed: randomSeed()))
        tracker = TrackerClient(announcer) { [weak self] event in
            switch event {
            case .discovered(let endpoints): self?.swarm?.feed(.discovered(endpoints))
            case .note(let note): self?.report(.tracker(note))
            case .finished: self?.close()
            }
        }
    }

    // MARK: Events

    private func happened(_ event: SwarmEvent) {
        switch event {
        case .tunedIn(let piece, let offset):
            if state == .connecting { state = .tuning }
            player?.tuneIn(piece, offset: offset)
        case .piece(let piece, let wall):
            fedAt = Loop.now
            player?.arrived(piece, wall)
            guard state == .tuning || state == .connecting, player?.startedAt != nil
            else { return }
            state = .playing
            report(.playing(after: Loop.now - startedAt))
        case .timeKnown(let piece, let wall): player?.feed(.timeKnown(piece, wall))
        case .ended(let piece): player?.feed(.ended(piece))
        case .contradiction(let piece): report(.contradiction(piece: piece.value))
        case .wantPeers:
            tracker?.feed(.peersWanted)
            // After a long absence of the source these may have been forgotten.
            swarm?.feed(.discovered(hints))
        }
    }

    private func played(_ event: PlayerFeedEvent) {
        switch event {
        case .playPoint(let piece, let due): swarm?.feed(.playPointMoved(piece, due: due))
        case .skipped(let range):
            swarm?.feed(.skipped(range))
            report(.skipped(pieces: range.count))
        case .stalled:
            state = .stalled
            report(.stalled)
        case .resumed(let after):
            state = .playing
            report(.resumed(after: after))
        case .fellBehind: swarm?.feed(.fellBehind)
        case .finished:
            state = .ended
            // A file or a pipe is through only once the last byte is written.
            if sink == nil { report(.ended) }
        }
    }

    // MARK: The end

    /// Leaves the swarm, says `stopped` to the trackers, and calls `done` within 3 s.
    package func stop(_ done: @escaping @Loop () -> Void) {
        guard onStopped == nil else { return }
        onStopped = done
        guard !isOver, let tracker else { return close() }
        let timer = LoopTimer { [weak self] in self?.close() }
        stopTimer = timer
        timer.schedule(at: Loop.now + .milliseconds(2000))
        tracker.feed(.stopped)
    }

    func close() {
        isOver = true
        stopTimer?.cancel()
        tracker?.close()
        swarm?.close()
        host?.close()
        gateway?.close()
        sink = nil
        let done = onStopped
        onStopped = nil
        done?()
    }

    func fail(_ fault: NodeFault) {
        guard !isOver else { return }
        close()
        report(.failed(fault))
    }
}
