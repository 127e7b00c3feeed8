// The metadata of a magnet link, from the peers of its swarm (BEP 9), and then, where the torrent is
// of version 2 alone, the hashes of its pieces (BEP 52): finds peers, connects to many at once, and
// carries out what MetadataExchange and HashExchange say. What is believed is for those to say.

import Crypto
import Metainfo
import Primitives
package import Reactor
import Tracker
import Wire

/// Fetching the metadata of a magnet link, or the hashes that a torrent file lacks.
///
/// Call `start` once. `.completed`, `.refused` or `.failed` comes at most once and is the last; a port
/// of its own is free again by then.
@Loop
package final class MetadataFetch {
    /// A peer that has greeted.
    struct Neighbour {
        let link: PeerLink
        let since = Loop.now
        /// Messages that nobody asked for.
        var useless = 0
        /// Whether it has what is wanted, as far as it has said.
        var isOfUse = false
        /// When it last gave some of it, or came.
        var gaveAt = Loop.now
    }

    /// An address where a peer may be.
    struct Address {
        var failures = 0
        /// Not to be tried before; `never` for one that lied or is ourselves.
        var restsUntil: Instant
        var isInUse = false
    }

    let settings: MetadataFetchSettings
    let report: @Loop (MetadataFetchEvent) -> Void
    let swarms: [InfoHash]
    let ourID = newPeerID()
    /// The port, and whether others have it too.
    private(set) var host: PeerHost?
    private let isShared: Bool
    private var trackers: [TrackerClient] = []
    private var resolutions: [Resolution] = []
    var dialing: [ObjectIdentifier: PeerLink] = [:]
    var neighbours: [Int: Neighbour] = [:]
    var numbers: [ObjectIdentifier: Int] = [:]
    var lastNumber = 0
    var addresses: [Endpoint: Address] = [:]
    /// The addresses in the order in which they came.
    var order: [Endpoint] = []
    /// Whether anybody ever greeted, for the words at the end.
    var everGreeted = 0
    private var exchange: MetadataExchange<Int>
    /// What is fetched once the metadata is there.
    var hashes: HashExchange<Int>?
    /// The torrent whose hashes are fetched.
    var torrent: TorrentFile?
    private lazy var timer = LoopTimer { [weak self] in self?.passTime() }
    private lazy var planner = LoopTimer { [weak self] in self?.plan() }
    private lazy var limit = LoopTimer { [weak self] in self?.giveUp() }
    private(set) var isOver = false
    /// Whether nobody need be asked.
    var isKnown = false
    private var goodbyes = 0
    private var onStopped: (@Loop () -> Void)?
    private lazy var goodbyeLimit = LoopTimer { [weak self] in self?.leave() }
    /// Itself while trackers are told that it leaves, so that nobody else need hold it.
    private var keepAlive: MetadataFetch?

    /// How often it is looked who could be connected to.
    private static let planPeriod = Interval.seconds(1)
    /// How long trackers have to hear that we leave.
    private static let goodbyeTime = Interval.milliseconds(2000)
    /// What trackers are told is left: not nothing, which only a seed says.
    private static let unknownLeft: UInt64 = 16_384

    /// A fetch that has not begun; without a `host` it opens a port of its own.
    init(
        _ settings: MetadataFetchSettings, host: PeerHost?,
        report: @escaping @Loop (MetadataFetchEvent) -> Void
    ) {
        (self.settings, self.report) = (settings, report)
        (self.host, isShared) = (host, host != nil)
        swarms = settings.link.infoHashes.swarms
        exchange = MetadataExchange(of: settings.link.infoHashes)
    }

    /// A fetch that has not begun.
    package convenience init(
        _ settings: MetadataFetchSettings, report: @escaping @Loop (MetadataFetchEvent) -> Void
    ) {
        self.init(settings, host: nil, report: report)
    }

    /// Opens the port and begins to look for peers; what was kept needs none.
    package func start() {
        if let folder = settings.folder,
            let kept = KeptMetadata.read(settings.link.infoHashes, in: folder)
        {
            return takeUp(kept)
        }
        do throws(NodeFault) {
            let host = if let host { host } else { try PeerHost.open(settings.peerPorts) }
            self.host = host
            for swarm in swarms { host.add(self, as: swarm) }
            if let torrent = settings.torrent { beginHashes(of: torrent) }
            if let timeout = settings.timeout { limit.schedule(at: Loop.now + timeout) }
            discovered(settings.peers)
            resolve(settings.link.peers)
            announce(port: host.port)
            plan()
        } catch {
            finish(.failed(error))
        }
    }

    /// How it is doing now.
    package var status: MetadataFetchStatus {
        var status = MetadataFetchStatus()
        status.name = torrent?.name ?? settings.link.name ?? swarms.first.map { "\($0)" } ?? ""
        (status.known, status.peers) = (addresses.count, neighbours.count)
        (status.holders, status.progress) = (exchange.holders, exchange.progress)
        if let hashes {
            status.hashes = hashes.progress
            status.holders = neighbours.values.count { $0.isOfUse }
        }
        return status
    }

    // MARK: Finding peers

    /// Looks the addresses of `peers` up, and calls `done` for each of them.
    func resolve(_ peers: [HostPort], done: @escaping @Loop () -> Void = {}) {
        for peer in peers {
            let resolution = Resolver.resolve(peer.host, port: peer.port) { [weak self] result in
                if case .success(let endpoints) = result { self?.discovered(endpoints) }
                done()
            }
            resolutions.append(resolution)
        }
    }

    private func announce(port: UInt16) {
        for swarm in swarms {
            let announcer = Announcer(
                tiers: settings.link.trackers.map { [$0] }, infoHash: swarm, peerID: ourID,
                port: port, random: SeededRandom(seed: randomSeed()))
            let tracker = TrackerClient(announcer) { [weak self] event in
                switch event {
                case .discovered(let endpoints): self?.discovered(endpoints)
                case .note(let note): self?.report(.tracker(note))
                case .finished: self?.saidGoodbye()
                }
            }
            trackers.append(tracker)
            tracker.feed(.counted(TransferCounters(left: Self.unknownLeft)))
            tracker.feed(.started)
            // Whether the torrent is private is in the metadata; one without trackers cannot be.
            guard settings.link.trackers.isEmpty, settings.torrent?.isPrivate != true
            else { continue }
            LocalPeers.shared.join(swarm, port: port) { [weak self] endpoint in
                self?.discovered([endpoint])
            }
        }
    }

    private func discovered(_ endpoints: [Endpoint]) {
        guard !isOver else { return }
        note(endpoints)
        connect()
    }

    /// Remembers addresses, as many as there is room for.
    func note(_ endpoints: [Endpoint]) {
        for endpoint in endpoints where addresses[endpoint] == nil {
            guard addresses.count < settings.addresses else { break }
            guard endpoint.port > 0, endpoint.address.isUnicast else { continue }
            addresses[endpoint] = Address(restsUntil: Loop.now)
            order.append(endpoint)
        }
    }

    private func plan() {
        guard !isOver else { return }
        planner.schedule(at: Loop.now + Self.planPeriod)
        dismissIdle()
        connect()
        if neighbours.isEmpty { for tracker in trackers { tracker.feed(.peersWanted) } }
    }

    // MARK: The exchange

    /// Gives the exchange an input and carries out what follows.
    func feed(_ input: MetadataExchange<Int>.Input) {
        guard !isOver, hashes == nil else { return }
        var outputs: [MetadataExchange<Int>.Output] = []
        exchange.handle(input, at: Loop.now, using: Digests.self, into: &outputs)
        for output in outputs { carryOut(output) }
        guard !isOver, hashes == nil else { return }
        arm(exchange.nextDeadline)
    }

    private func passTime() {
        if hashes != nil { tell(.timePassed) } else { feed(.timePassed) }
    }

    /// Wakes the exchange that is under way when it wants.
    func arm(_ deadline: Deadline) {
        if deadline.at < .never { timer.schedule(at: deadline.at) } else { timer.cancel() }
    }

    private func carryOut(_ output: MetadataExchange<Int>.Output) {
        switch output {
        case .request(let peer, let piece): say(.request(piece: piece), to: peer)
        case .reject(let peer, let piece): say(.reject(piece: piece), to: peer)
        case .send(let peer, let piece, let size, let bytes):
            say(.data(piece: piece, totalSize: size, bytes: bytes), to: peer)
        case .noteUseless(let peer): noteUseless(peer)
        case .blame(let peer): drop(peer, forEver: true)
        case .completed(let bytes): complete(bytes)
        }
    }

    private func complete(_ bytes: [UInt8]) {
        do throws(TorrentFileError) {
            let torrent = try TorrentFile.parse(
                info: bytes, named: settings.link.infoHashes, using: Digests.self)
            let found = torrent.found(by: settings.link)
            if found.hasLayers { complete(found) } else { beginHashes(of: found) }
        } catch {
            finish(.refused(error))
        }
    }

    /// The torrent is known with all that it takes to load it.
    func complete(_ torrent: TorrentFile) {
        if let folder = settings.folder {
            KeptMetadata.write(torrent, as: settings.link.infoHashes, in: folder)
        }
        report(torrent)
    }

    /// Ends with `torrent`; trackers are told meanwhile that this search is over.
    func report(_ torrent: TorrentFile) {
        guard !isOver else { return }
        var found = FoundTorrent(torrent)
        found.peers = foundPeers
        found.isLeaving = !trackers.isEmpty
        stop {}
        report(.completed(found))
    }

    /// The addresses that are known, first those that answered; liars are left out.
    private var foundPeers: [Endpoint] {
        let usable = order.filter { addresses[$0].map { $0.restsUntil < .never } ?? false }
        let answered = Set(neighbours.values.map(\.link.endpoint))
        return usable.filter(answered.contains) + usable.filter { !answered.contains($0) }
    }

    // MARK: The end

    private func giveUp() {
        guard let timeout = settings.timeout else { return }
        let (status, greeted) = (status, everGreeted)
        stop { [self] in
            report(.failed(.noMetadata(status, greeted: greeted, after: timeout)))
        }
    }

    /// Ends without a torrent, once trackers were told so.
    private func finish(_ event: MetadataFetchEvent) {
        guard !isOver else { return }
        stop { [self] in report(event) }
    }

    /// Leaves the swarm, says `stopped` to the trackers, and calls `done` within 2 s.
    package func stop(_ done: @escaping @Loop () -> Void) {
        guard !isOver else { return done() }
        end()
        keepAlive = self
        onStopped = done
        goodbyes = trackers.count
        goodbyeLimit.schedule(at: Loop.now + Self.goodbyeTime)
        for tracker in trackers { tracker.feed(.stopped) }
        if goodbyes == 0 { leave() }
    }

    private func saidGoodbye() {
        goodbyes -= 1
        if goodbyes <= 0 { leave() }
    }

    private func leave() {
        goodbyeLimit.cancel()
        for tracker in trackers { tracker.close() }
        trackers = []
        let done = onStopped
        onStopped = nil
        keepAlive = nil
        done?()
    }

    /// Closes everything but what trackers are still to hear.
    private func end() {
        isOver = true
        for timer in [timer, planner, limit] { timer.cancel() }
        for resolution in resolutions { resolution.cancel() }
        for link in dialing.values { link.close() }
        for neighbour in neighbours.values { neighbour.link.close() }
        (resolutions, dialing, neighbours, numbers) = ([], [:], [:], [:])
        for swarm in swarms {
            if settings.link.trackers.isEmpty { LocalPeers.shared.leave(swarm) }
            host?.remove(swarm)
        }
        if !isShared { host?.close() }
        host = nil
    }
}
