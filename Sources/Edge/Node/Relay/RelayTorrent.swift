// One ordinary torrent of a relay: its content, its swarm and its trackers. What goes wrong here
// stays here.

import Metainfo
import Pieces
import Primitives
import Reactor
import Storage
import Swarm

/// A torrent that is seeded.
@Loop
final class RelayTorrent {
    /// What it is called in reports.
    let label: ChannelLabel
    private let report: @Loop (TorrentNews) -> Void
    private let onOpened: @Loop () -> Void
    private let task: TorrentTask
    private var rates = TorrentRates()
    private var checked: (done: Int, total: Int)?
    private var fault: NodeFault?
    private var share: ByteRate?
    private var isSeeding = false
    /// What was sent when its demand was last asked for, and when that was.
    private var counted = (bytes: 0, at: Loop.now)
    /// The same of what came.
    private var taken = (bytes: 0, at: Loop.now)

    /// A torrent that has not begun, reachable at `host`; `onOpened` is called once its content is
    /// known or cannot be used.
    init(
        _ torrent: RelayedTorrent, peers: [Endpoint], share: ByteRate?, downShare: ByteRate?,
        host: PeerHost,
        report: @escaping @Loop (ChannelLabel, TorrentNews) -> Void,
        onOpened: @escaping @Loop () -> Void
    ) {
        let hash = torrent.torrent.infoHashes.swarms.first.map { "\($0)" } ?? ""
        let label = ChannelLabel(name: torrent.torrent.name, infoHash: hash)
        self.label = label
        self.report = { news in report(label, news) }
        (self.onOpened, self.share) = (onOpened, share)
        var settings = TorrentTaskSettings(torrent: torrent.torrent, place: torrent.place)
        settings.chosen = torrent.chosen
        settings.peers = peers + torrent.peers
        settings.isLeaving = torrent.isLeaving
        settings.swarm.upLimit = share
        settings.swarm.downLimit = downShare
        settings.swarm.uploadSlots = 40
        settings.swarm.maxPeers = 200
        settings.swarm.exchangesPeers = !torrent.torrent.isPrivate
        weak var here: RelayTorrent?
        task = TorrentTask(settings, host: host) { event in here?.happened(event) }
        here = self
    }

    /// Opens the content and joins the swarm.
    func start() { task.start() }

    private func happened(_ event: TorrentTaskEvent) {
        switch event {
        case .checking(let progress):
            checked = (progress.done, progress.total)
            report(.checking(done: progress.done, total: progress.total))
        case .joined:
            checked = nil
            let (count, left) =
                task.driver.map {
                    ($0.engine.chosenCount, $0.engine.leftCount)
                } ?? (0, 0)
            isSeeding = left == 0
            report(isSeeding ? .seeding : .loading(have: count - left, of: count))
            onOpened()
        case .completed:
            isSeeding = true
            report(.seeding)
        case .paused(let fault): report(.failed(NodeFault(fault)))
        case .failed(let fault):
            self.fault = fault
            report(.failed(fault))
            onOpened()
        case .tracker(let note): report(.tracker(note))
        case .verified: break
        }
    }

    /// Why it cannot go on, if it cannot.
    var failure: NodeFault? { fault }

    // MARK: Its share of the line

    /// What it has a use for, by what it sent since it was last asked and what waits.
    func demand() -> ByteRate {
        guard let engine = task.driver?.engine else { return .zero }
        let sent = engine.counters.sentBytes
        let span = max((Loop.now - counted.at).seconds, 0.1)
        let rate = ByteRate(bytesPerSecond: Double(sent - counted.bytes) / span)
        counted = (sent, Loop.now)
        return UplinkShares.demand(rate: rate, waiting: engine.waitingBytes)
    }

    /// What of its content it could load, by what came since it was last asked.
    func downDemand() -> ByteRate {
        guard let engine = task.driver?.engine, !engine.isFinished else { return .zero }
        let came = engine.counters.receivedBytes
        let span = max((Loop.now - taken.at).seconds, 0.1)
        let rate = ByteRate(bytesPerSecond: Double(came - taken.bytes) / span)
        taken = (came, Loop.now)
        return UplinkShares.demand(rate: rate, waiting: 0)
    }

    /// Keeps what comes to `rate` from now on.
    func keepDown(to rate: ByteRate) { task.driver?.feed(.downLimitChanged(rate)) }

    /// Keeps its uploads to `rate` from now on.
    func keep(to rate: ByteRate) {
        share = rate
        task.driver?.feed(.upLimitChanged(rate))
    }

    /// How it is doing now.
    func status() -> TorrentStatus {
        var status = rates.status(of: task)
        if let checked {
            status.part = Double(checked.done) / Double(max(1, checked.total))
            status.state = .checking
        }
        return status
    }

    // MARK: The end

    /// Notes what is there, says `stopped` to the trackers, and calls `done` when that is done.
    func stop(_ done: @escaping @Loop () -> Void) {
        guard task.driver != nil else { return done() }
        task.stop(done)
    }

    /// Leaves the swarm at once.
    func close() { task.close() }
}
