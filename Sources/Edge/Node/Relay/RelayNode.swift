// A relay: several channels and torrents behind one port and one upload limit, without players.
// Composes and reports; the decisions are in Swarm and Tracker.

import Metainfo
import Pieces
import Primitives
package import Reactor
import Swarm

/// A running relay.
///
/// Call `start` once; what happens comes to `report`, on the loop. `.failed` comes at most once
/// and is the last. A channel that ends or falls silent is waited for; only `stop` ends a relay.
@Loop
package final class RelayNode {
    private let settings: RelaySettings
    private let report: @Loop (RelayEvent) -> Void
    private var channels: [RelayChannel] = []
    private var torrents: [RelayTorrent] = []
    /// The torrents whose content is still to be opened, one after the other.
    private var unopened: [RelayTorrent] = []
    private var isOver = false
    private var onStopped: (@Loop () -> Void)?
    private var stopTimer: LoopTimer?
    private var pages: LoopTimer?
    private lazy var timer = LoopTimer { [weak self] in self?.review() }
    /// The port that peers connect to.
    private(set) var host: PeerHost?

    /// How often the line is divided anew: the swarms' own estimates move as fast.
    private static let period = Interval.seconds(1)
    /// How long the trackers may take to hear of the end.
    private static let goodBye = Interval.milliseconds(2000)

    /// A relay that has not begun.
    package init(_ settings: RelaySettings, report: @escaping @Loop (RelayEvent) -> Void) {
        self.settings = settings
        self.report = report
    }

    /// Opens the port and joins the swarms.
    package func start() {
        pages = LibraryPages.releaseLater()
        do throws(NodeFault) {
            let host = try PeerHost.open(settings.peerPorts)
            self.host = host
            report(.listening(port: host.port))
            join(host)
        } catch {
            isOver = true
            report(.failed(error))
        }
    }

    private func join(_ host: PeerHost) {
        var files: [ParsedChannelFile] = []
        for file in settings.channels
        where !files.contains(where: { $0.infoBytes == file.infoBytes }) {
            files.append(file)
        }
        let count = files.count + settings.torrents.count
        let places = descriptorLimit() / max(count, 1)
        channels = files.map { file in
            RelayChannel(
                file, swarmSettings(file, among: count, places: places),
                peers: settings.peers, host: host
            ) { [weak self] label, news in self?.report(.channel(label, news)) }
        }
        for channel in channels { channel.start() }
        joinTorrents(host, among: files.count + settings.torrents.count)
        timer.schedule(at: Loop.now + Self.period)
    }

    private func joinTorrents(_ host: PeerHost, among count: Int) {
        let share = settings.upLimit.map {
            ByteRate(bytesPerSecond: $0.bytesPerSecond / Double(max(count, 1)))
        }
        let downShare = settings.downLimit.map {
            ByteRate(bytesPerSecond: $0.bytesPerSecond / Double(max(settings.torrents.count, 1)))
        }
        var seen: Set<InfoHash> = []
        for torrent in settings.torrents {
            let names = torrent.torrent.infoHashes.swarms
            guard seen.isDisjoint(with: names) else { continue }
            seen.formUnion(names)
            torrents.append(
                RelayTorrent(
                    torrent, peers: settings.peers, share: share, downShare: downShare,
                    host: host,
                    report: { [weak self] in self?.report(.torrent($0, $1)) },
                    onOpened: { [weak self] in self?.openNext() }))
        }
        unopened = torrents
        openNext()
    }

    /// Opens the content of the next torrent: one at a time has all processors to check it with.
    ///
    /// A relay with nothing that works is at its end.
    private func openNext() {
        if !unopened.isEmpty { return unopened.removeFirst().start() }
        guard channels.isEmpty, !torrents.isEmpty, !isOver else { return }
        let faults = torrents.compactMap(\.failure)
        guard faults.count == torrents.count, let first = faults.first else { return }
        close()
        report(.failed(first))
    }

    private func swarmSettings(
        _ file: ParsedChannelFile, among count: Int, places: Int
    ) -> SwarmSettings {
        var swarm = SwarmSettings(role: .relay)
        // Half of the descriptors may be taken by connections that are being made or closed.
        swarm.maxPeers = min(swarm.maxPeers, max(places / 2, swarm.targetPeers))
        swarm.unchoked = swarm.maxPeers
        swarm.exchangesPeers = !file.file.isPrivate
        swarm.sourceEndpoints = file.file.peers
        if let limit = settings.upLimit {
            let share = ByteRate(bytesPerSecond: limit.bytesPerSecond / Double(count))
            swarm.begin(with: share, geometry: file.file.geometry)
        }
        swarm.window = windowPieces(
            settings.window, file.file.geometry, bytes: settings.memory / count)
        return swarm
    }

    // MARK: The line

    /// Looks at the channels, and divides the upload limit among them by need.
    ///
    /// Each swarm keeps to a share of its own, which follows what it sends and what waits there,
    /// once a second. A bucket that all draw from would need no division, but then whoever asks
    /// most often gets most, and a swarm could not tell its own crowding from that of others.
    private func review() {
        timer.schedule(at: Loop.now + Self.period)
        for channel in channels { channel.review() }
        divideDown()
        guard let limit = settings.upLimit, channels.count + torrents.count > 1 else { return }
        let demands = channels.map { $0.demand() } + torrents.map { $0.demand() }
        let shares = UplinkShares.divide(limit, among: demands)
        for (channel, share) in zip(channels, shares) { channel.keep(to: share) }
        for (torrent, share) in zip(torrents, shares.dropFirst(channels.count)) {
            torrent.keep(to: share)
        }
    }

    /// Divides what may come among the torrents, in the same way.
    private func divideDown() {
        guard let limit = settings.downLimit, torrents.count > 1 else { return }
        let shares = UplinkShares.divide(limit, among: torrents.map { $0.downDemand() })
        for (torrent, share) in zip(torrents, shares) { torrent.keepDown(to: share) }
    }

    /// How the relay is doing now.
    package var status: RelayStatus {
        var status = RelayStatus()
        status.channels = channels.map { $0.status() }
        status.torrents = torrents.map { $0.status() }
        return status
    }

    // MARK: The end

    /// Leaves the swarms, says `stopped` to the trackers, and calls `done` within 3 s.
    package func stop(_ done: @escaping @Loop () -> Void) {
        guard onStopped == nil else { return }
        onStopped = done
        guard !isOver, !channels.isEmpty || !torrents.isEmpty else { return close() }
        let timer = LoopTimer { [weak self] in self?.close() }
        stopTimer = timer
        timer.schedule(at: Loop.now + Self.goodBye)
        var left = channels.count + torrents.count
        let done: @Loop () -> Void = { [weak self] in
            left -= 1
            if left == 0 { self?.close() }
        }
        for channel in channels { channel.stop(done) }
        for torrent in torrents { torrent.stop(done) }
    }

    private func close() {
        isOver = true
        stopTimer?.cancel()
        timer.cancel()
        for channel in channels { channel.close() }
        for torrent in torrents { torrent.close() }
        host?.close()
        let done = onStopped
        onStopped = nil
        done?()
    }
}
