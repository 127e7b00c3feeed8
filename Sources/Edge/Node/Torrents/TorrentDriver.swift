// The swarm of one torrent on real sockets: feeds the engine what happens and carries out what it
// says. Keeps the links and the timers; the bytes are in the store; decides nothing.

import Metainfo
import Pieces
import Primitives
import Reactor
import Storage
import Swarm
import Wire

/// What a torrent's swarm tells whoever runs it.
enum TorrentDriverEvent {
    /// A piece can be read.
    case verified(PieceIndex)
    /// A piece is in its files.
    case written(PieceIndex)
    /// A piece was whole and wrong; nothing is kept of it.
    case refused(PieceIndex)
    /// The disk takes nothing more, for the reason given.
    case paused(StorageError)
    /// The state for the next start was kept, or could not be.
    case saved(StorageError?)
    /// The last piece is there.
    case completed
    /// More peers would help.
    case wantPeers
}

/// The driver of one torrent's swarm.
@Loop
final class TorrentDriver: LinkOwner {
    typealias Handler = @Loop (TorrentDriverEvent) -> Void

    /// A block that is being read from disk for a peer.
    struct Reading {
        let link: PeerLink
        let block: Block
    }

    let torrent: TorrentFile
    /// The names of the swarm; the first is the one that outgoing connections name.
    let infoHashes: [InfoHash]
    let ourID: PeerID
    let listenPort: UInt16
    let store: TorrentStore
    let checker: PieceChecker
    private(set) var engine: TorrentEngine
    /// The connections by the numbers of their peers; the first numbers are the web seeds'.
    var links: [PeerLink?] = []
    var webSeeds: [WebSeedLink?] = []
    var dialing: [ObjectIdentifier: PeerLink] = [:]
    var slots: [ObjectIdentifier: PeerHandle] = [:]
    /// The payload of the block that the engine is being told of.
    var payload: Payload?
    /// The blocks that the engine is being told of, where they lie in their places in the store.
    var placed: ArraySlice<Block> = []
    var readings: [ReadTicket: Reading] = [:]
    /// Bytes that are being read for each peer, by its number.
    var readingBytes: [Int] = []
    var lastTicket: ReadTicket = 0
    /// What those get who came by a magnet link.
    var metadata: MetadataServing
    /// What those get who lack the hashes of pieces.
    var hashes: HashServing<PeerHandle>
    /// Leaves of pieces that are made for peers, and those that were asked of peers (BEP 52).
    var leafReads: [LeafRead] = []
    var leaves: [PieceIndex: LeafFetch] = [:]
    /// What the engine has been told of the store.
    var toldRoom = true
    let handler: Handler
    /// Links that wait while the store is behind.
    private(set) lazy var hold = ReadingHold { [weak self] in
        guard let self else { return }
        for link in links { link?.resumeReading() }
    }

    /// When whole pieces have waited long enough for others to be checked with.
    private(set) lazy var lotTimer = LoopTimer { [weak self] in self?.store.checkLot() }

    private var inputs: [TorrentInput] = []
    private var outputs: [TorrentOutput] = []
    private var isBusy = false
    /// Whether no connections are opened or taken any more.
    var isStopped = false
    /// Whether nothing is listened to any more, also not to what the store's threads still do.
    private(set) var isClosed = false
    private var timer: LoopTimer?
    private var sampler: LoopTimer?
    /// How often round trips are read, and a disk that took nothing is tried again.
    private let sampleInterval = Interval.seconds(1)
    private var retryAt = Instant.never

    /// The driver of the swarm of `torrent`, whose content is in `store`, as far as it is chosen.
    init(
        _ torrent: TorrentFile, store: TorrentStore, checker: PieceChecker,
        settings: TorrentSettings, ourID: PeerID, listenPort: UInt16,
        handler: @escaping Handler
    ) {
        self.torrent = torrent
        metadata = MetadataServing(torrent)
        hashes = HashServing(torrent)
        (self.store, self.checker) = (store, checker)
        infoHashes = torrent.infoHashes.swarms
        var settings = settings
        settings.hasLeaves = torrent.isV2
        (self.ourID, self.listenPort, self.handler) = (ourID, listenPort, handler)
        engine = TorrentEngine(
            settings: settings, layout: torrent.layout, ourID: ourID, have: store.written,
            chosen: store.files.chosen.map { torrent.layout.pieces(of: $0) }, seed: randomSeed())
        timer = LoopTimer { [weak self] in self?.feed(.woken) }
        sampler = LoopTimer { [weak self] in self?.sample() }
        sampler?.schedule(at: Loop.now + sampleInterval)
        arm()
    }

    /// Gives the engine an input and carries out what follows, in order.
    func feed(_ input: TorrentInput) {
        guard !isClosed else { return }
        inputs.append(input)
        guard !isBusy else { return }
        isBusy = true
        var next = 0
        while next < inputs.count {
            outputs.removeAll(keepingCapacity: true)
            engine.handle(inputs[next], at: Loop.now, into: &outputs)
            next += 1
            var done = 0
            while done < outputs.count {
                carryOut(outputs[done])
                done += 1
            }
        }
        inputs.removeAll(keepingCapacity: true)
        isBusy = false
        tellRoom()
        arm()
    }

    /// Tells the engine when the store is full and when it is not any more.
    ///
    /// What waits only for others to be checked with waits no longer then.
    func tellRoom() {
        if !store.hasRoom { store.checkLot() }
        guard store.hasRoom != toldRoom else { return }
        toldRoom = store.hasRoom
        feed(.roomChanged(toldRoom))
    }

    private func arm() {
        let deadline = engine.nextDeadline
        if deadline.at < .never { timer?.schedule(at: deadline.at) } else { timer?.cancel() }
    }

    private func sample() {
        sampler?.schedule(at: Loop.now + sampleInterval)
        for (slot, link) in links.enumerated() {
            guard let status = link?.status else { continue }
            let delay = status.kernel.minimumRTT ?? status.kernel.smoothedRTT
            feed(.delayObserved(PeerHandle(slot), delay))
        }
        if store.fault != nil, Loop.now >= retryAt {
            retryAt = Loop.now + .seconds(5)
            store.retry()
            tellRoom()
        }
    }

    /// A disk that takes nothing is tried again after a while.
    func retryLater() { retryAt = Loop.now + .seconds(5) }

    /// Leaves the peers, while what they sent still goes to the disk.
    func stopAsking() {
        closeWebSeeds()
        for link in links { link?.close() }
        for link in dialing.values { link.close() }
        for slot in links.indices where links[slot] != nil {
            links[slot] = nil
            feed(.peerLeft(PeerHandle(slot)))
        }
        isStopped = true
        store.checkLot()
    }

    /// Says good-bye to all.
    func close() {
        isStopped = true
        store.checkLot()
        lotTimer.cancel()
        timer?.cancel()
        sampler?.cancel()
        closeWebSeeds()
        for link in links { link?.close() }
        for link in dialing.values { link.close() }
        links = []
        dialing = [:]
        readings = [:]
        isClosed = true
    }
}
