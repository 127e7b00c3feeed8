// One torrent at work: its content, its swarm and its trackers. Composes; what to ask of whom is
// for the engine, what to read first for whoever watches.

import Metainfo
import Pieces
import Primitives
import Reactor
import Storage
import Swarm
import Tracker

/// What a torrent is to do.
struct TorrentTaskSettings: Sendable {
    var torrent: TorrentFile
    var place: ContentPlace
    /// The files that are wanted, by their numbers; nil where all are.
    var chosen: Set<Int>?
    /// Peers to connect to besides those of the trackers.
    var peers: [Endpoint] = []
    var swarm = TorrentSettings()
    /// Memory for what is on its way to the disk, and for what was lately read.
    var store = TorrentTaskSettings.memory
    /// Whether trackers are being told that the search for it has ended (`FoundTorrent`).
    var isLeaving = false
    /// Whether files that are missing are made.
    var isWritten = true
}

extension TorrentTaskSettings {
    /// Memory that lets a process stay below 64 MiB while it loads as fast as a machine can.
    private static var memory: TorrentStoreSettings {
        var settings = TorrentStoreSettings()
        settings.pendingBytes = 25_165_824
        settings.cacheBytes = 4_194_304
        settings.stretchBytes = 4_194_304
        settings.sendsFromFiles = true
        return settings
    }
}

/// What a torrent at work tells.
enum TorrentTaskEvent {
    /// The content is being checked.
    case checking(CheckProgress)
    /// It takes part in its swarm now.
    case joined
    case verified(PieceIndex)
    case paused(StorageError)
    case completed
    case tracker(String)
    case failed(NodeFault)
}

/// A torrent at work.
@Loop
final class TorrentTask {
    let settings: TorrentTaskSettings
    private(set) var driver: TorrentDriver?
    private let host: PeerHost
    private let neighbourhood: LocalPeers
    private let id = newPeerID()
    private let checker: PieceChecker
    private let handler: @Loop (TorrentTaskEvent) -> Void
    private var trackers: [TrackerClient] = []
    private lazy var saver = LoopTimer { [weak self] in self?.keepBooks() }
    private lazy var announcing = LoopTimer { [weak self] in self?.announce() }
    private var savedPieces = 0
    private var isSaving = false
    private var isClosed = false
    /// Whether all that was chosen has come.
    private var hasCompleted = false
    /// Whether, at the end, the state for the next start is kept.
    private var isKept = false
    private var onStopped: (@Loop () -> Void)?
    private var goodbyes = 0

    /// What starting took of the libraries makes room for pieces: 10 ms of work, while the answers
    /// of trackers and peers are on their way.
    private let settling = LoopTimer { LibraryPages.release() }
    private static let settled = Interval.milliseconds(20)
    /// How often what is there is noted, and trackers' numbers are brought up to date.
    private static let savePeriod = Interval.seconds(30)
    /// How long the good-bye of a search may take, and a little more.
    private static let goodbye = Interval.milliseconds(2_200)

    /// A torrent that has not begun, reachable at `host`, of which `neighbourhood` tells others in the
    /// local network.
    init(
        _ settings: TorrentTaskSettings, host: PeerHost, neighbourhood: LocalPeers = .shared,
        handler: @escaping @Loop (TorrentTaskEvent) -> Void
    ) {
        (self.settings, self.host, self.handler) = (settings, host, handler)
        self.neighbourhood = neighbourhood
        checker = PieceChecker(settings.torrent)
    }

    /// Opens the content, and joins the swarm once it is known what is there.
    func start() {
        TorrentContent.open(
            settings.torrent, at: settings.place, chosen: settings.chosen, checker: checker,
            isWritten: settings.isWritten
        ) { [weak self] event in self?.opening(event) }
    }

    private func opening(_ event: ContentEvent) {
        guard !isClosed else { return }
        switch event {
        case .checking(let progress): handler(.checking(progress))
        case .opened(let files, let have): join(files, have)
        case .failed(let fault): handler(.failed(fault))
        }
    }

    private var storeSettings: TorrentStoreSettings {
        var store = settings.store
        store.lotPieces = checker.lot
        store.keepsWrong = settings.torrent.isV2
        return store
    }

    private func join(_ files: TorrentFiles, _ have: Bitfield) {
        let store: TorrentStore
        do throws(StorageError) {
            store = try TorrentStore(
                files: files, written: have, settings: storeSettings,
                check: { [checker] in checker.check($0) },
                notify: { [weak self] in Task { @Loop in self?.driver?.takeEvents() } })
        } catch {
            return handler(.failed(NodeFault(error)))
        }
        let driver = TorrentDriver(
            settings.torrent, store: store, checker: checker, settings: settings.swarm,
            ourID: id, listenPort: host.port
        ) { [weak self] event in self?.happened(event) }
        self.driver = driver
        savedPieces = settings.place.resume == nil ? have.count : -1
        for infoHash in driver.infoHashes {
            host.add(driver, as: infoHash)
            trackers.append(tracker(of: infoHash))
        }
        count()
        driver.joinWebSeeds()
        if settings.isLeaving {
            announcing.schedule(at: Loop.now + Self.goodbye)
        } else {
            announce()
        }
        driver.feed(.discovered(settings.peers))
        joinNeighbourhood()
        saver.schedule(at: Loop.now + Self.savePeriod)
        // What was chosen is not to be forgotten, however soon this ends.
        if settings.chosen != nil { _ = save() }
        settling.schedule(at: Loop.now + Self.settled)
        handler(.joined)
    }

    /// Tells the trackers that it is here.
    ///
    /// Those that are just being told that the search for the metadata is over would take the one for
    /// the other, as both come from the same port; and peers are known from the search.
    private func announce() {
        guard onStopped == nil else { return }
        for tracker in trackers { tracker.feed(.started) }
    }

    /// Looks for peers in the local network, once others have been asked: to find its interfaces
    /// takes a few milliseconds.
    private func joinNeighbourhood() {
        guard let driver, !settings.torrent.isPrivate else { return }
        for infoHash in driver.infoHashes {
            neighbourhood.join(infoHash, port: host.port) { [weak driver] endpoint in
                driver?.feed(.discovered([endpoint]))
            }
        }
    }

    private func tracker(of infoHash: InfoHash) -> TrackerClient {
        let announcer = Announcer(
            tiers: settings.torrent.trackers, infoHash: infoHash, peerID: id, port: host.port,
            random: SeededRandom(seed: randomSeed()))
        return TrackerClient(announcer) { [weak self] event in
            switch event {
            case .discovered(let endpoints): self?.driver?.feed(.discovered(endpoints))
            case .note(let note): self?.handler(.tracker(note))
            case .finished: self?.saidGoodbye()
            }
        }
    }

    private func happened(_ event: TorrentDriverEvent) {
        switch event {
        case .verified(let piece): handler(.verified(piece))
        case .written:
            guard driver?.store.isIdle == true else { return }
            if onStopped != nil { finishStop() } else if isFinished { keepBooks() }
        case .refused: if onStopped != nil { finishStop() }
        case .paused(let fault): handler(.paused(fault))
        case .saved:
            isSaving = false
            if onStopped != nil { finishStop() } else if isFinished { keepBooks() }
        case .completed: completed()
        case .wantPeers:
            for tracker in trackers { tracker.feed(.peersWanted) }
            driver?.feed(.discovered(settings.peers))
        }
    }

    private var isFinished: Bool { driver?.engine.isFinished ?? false }

    /// Trackers count those who have all of a torrent, and are told nothing of any other end.
    private func completed() {
        count()
        if driver?.engine.isComplete == true {
            for tracker in trackers { tracker.feed(.completed) }
        }
        guard !hasCompleted else { return }
        hasCompleted = true
        handler(.completed)
    }

    /// Notes what is there, if that is more than was noted.
    private func keepBooks() {
        saver.schedule(at: Loop.now + Self.savePeriod)
        count()
        _ = save()
    }

    private func save() -> Bool {
        guard let path = settings.place.resume, let store = driver?.store, !isSaving,
            store.written.count != savedPieces
        else { return false }
        isSaving = true
        savedPieces = store.written.count
        store.save(path, content: settings.torrent.contentID)
        return true
    }

    /// Tells the trackers' machines what was moved.
    private func count() {
        guard let engine = driver?.engine else { return }
        let counters = TransferCounters(
            uploaded: UInt64(engine.counters.sentBytes),
            downloaded: UInt64(engine.counters.usefulBytes + engine.counters.wrongBytes),
            left: UInt64(max(0, settings.torrent.layout.totalLength - engine.haveBytes)))
        for tracker in trackers { tracker.feed(.counted(counters)) }
    }

    // MARK: The end

    /// Notes what is there, says `stopped` to the trackers, and calls `done` when that is done.
    func stop(_ done: @escaping @Loop () -> Void) {
        onStopped = done
        count()
        goodbyes = trackers.count + 1
        for tracker in trackers { tracker.feed(.stopped) }
        driver?.stopAsking()
        finishStop()
    }

    /// Notes what is there once all that is right is in its files; then it is done.
    private func finishStop() {
        guard let store = driver?.store, !isKept else { return }
        guard !isSaving, store.isIdle || store.fault != nil else { return }
        guard !save() else { return }
        isKept = true
        saidGoodbye()
    }

    private func saidGoodbye() {
        goodbyes -= 1
        guard goodbyes <= 0 else { return }
        let done = onStopped
        onStopped = nil
        done?()
    }

    /// Leaves the swarm at once.
    func close() {
        isClosed = true
        onStopped = nil
        saver.cancel()
        announcing.cancel()
        settling.cancel()
        for infoHash in settings.torrent.infoHashes.swarms {
            host.remove(infoHash)
            if !settings.torrent.isPrivate { neighbourhood.leave(infoHash) }
        }
        for tracker in trackers { tracker.close() }
        driver?.close()
    }
}
