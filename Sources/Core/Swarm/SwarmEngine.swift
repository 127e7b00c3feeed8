// The heart of a node: its neighbours, the pieces that it holds and wants, whom it asks and whom
// it serves. Keeps no bytes, no sockets and no clock; the parts are in Peer, Picker and Choker,
// the policies there are pure functions, and the files `SwarmEngine+…` carry out one concern each.

package import Metainfo
package import Pieces
package import Primitives

/// One swarm as a state machine.
///
/// The contract: the driver calls `handle` with what happened and the time, then carries out all
/// that was appended to `outputs`, in order, before it calls again. It calls with `.woken` when
/// `nextDeadline` has come. Time never goes back. The payload of a block is kept by the driver only
/// if `.accept` of that block is among the outputs of its `.blockReceived`. `.verifyRecord` and
/// `.verifyPiece` are answered once each, at any later time.
package struct SwarmEngine: Sendable {
    let settings: SwarmSettings
    let geometry: PieceGeometry
    let ourID: PeerID
    var random: SeededRandom
    var peers: PeerTable
    var planner = ConnectionPlanner()
    var returners: Returners
    var rendezvous: Rendezvous
    var timers = SwarmTimers()

    /// The verified records.
    package internal(set) var metainfo: RollingMetainfo
    var table: PieceTable
    /// The newest piece that exists, by a record or by neighbours' word (within the look-ahead).
    var edge: PieceIndex?
    /// The first piece that this node wants; nil until it has tuned in.
    var wantFrom: PieceIndex?
    var playPoint: (piece: PieceIndex, due: Instant)?
    var end: PieceIndex?
    var firstWindowAt: Instant?
    var tunedAt: Instant?
    /// Since when the player is to jump forward and there is nowhere to jump to.
    var behindSince: Instant?
    var deliveredAny = false
    /// Records whose signatures are being checked.
    var unverifiedRecords = 0
    /// When a record last came, and when records were last asked for.
    var recordAt = Instant.zero
    var recordsAskedAt = Instant.zero
    /// The pieces whose contradiction was told of last.
    var contradictions: [PieceIndex] = []
    /// What was asked for along with handshakes that are not answered.
    var early: EarlyAsks
    /// The live edge when this node tuned in: what is before it is a newcomer's backlog.
    var startEdge: PieceIndex?

    var stripes: [Stripe]
    /// When a parent was last given up for a better one.
    var movedAt = Instant.zero
    var uploads = UploadQueue()
    /// What may be given by its deadline of what fell out of the trees.
    var rescued = Allotment()
    var uplink: Uplink
    var sourcePolicy: SourcePolicy
    var rootAudit: RootAudit
    var slots: FeedSlots
    /// The stripes that this node passes on.
    var inner: [Bool]
    /// The feeds in the order in which they were given, some of them gone.
    var newest: [(PeerHandle, Int)] = []
    /// What neighbours are told of our depths and our room, and how often that has changed: what
    /// must be known at once, and what can wait for the next word on pieces.
    var toldDepths: [UInt8] = []
    var toldOpen: [Openness]
    var toldInner: [Bool] = []
    var statusVersion = 0
    var offersVersion = 0
    /// What happened, in numbers.
    package internal(set) var counters = SwarmCounters()

    /// A node `ourID` of a swarm of pieces of `geometry`.
    package init(
        settings: SwarmSettings, geometry: PieceGeometry, ourID: PeerID, firstPiece: PieceIndex,
        seed: UInt64
    ) {
        var settings = settings
        settings.fit(geometry)
        self.settings = settings
        self.geometry = geometry
        self.ourID = ourID
        random = SeededRandom(seed: seed)
        planner = ConnectionPlanner(trusting: settings.sourceEndpoints)
        peers = PeerTable(stripes: settings.stripes, policies: settings.policies)
        rendezvous = Rendezvous(settings.rendezvous)
        early = EarlyAsks(patience: settings.earlyPatience)
        returners = Returners(settings.trust)
        metainfo = RollingMetainfo(
            settings: RollingMetainfoSettings(pieces: settings.window * 2))
        table = PieceTable(base: firstPiece, capacity: settings.window * 2)
        stripes = Array(repeating: Stripe(), count: settings.stripes)
        toldOpen = Array(repeating: .all, count: settings.stripes)
        inner = Array(repeating: false, count: settings.stripes)
        uplink = Uplink(
            initial: settings.initialInFlight, least: settings.leastInFlight,
            target: settings.queueTarget, limit: settings.upLimit)
        sourcePolicy = SourcePolicy(
            stripes: settings.stripes, roots: settings.rootsPerStripe,
            policies: settings.policies)
        rootAudit = RootAudit(stripes: settings.stripes, settings.trust)
        slots = FeedSlots(initial: settings.initialSlots)
        wantFrom = settings.role == .source ? firstPiece : nil
    }

    /// When to call with `.woken`, and why.
    package var nextDeadline: Deadline { mutating get { timers.next } }

    /// Takes in what happened at `now` and appends what is to be done.
    package mutating func handle(
        _ input: SwarmInput, at now: Instant, into outputs: inout [SwarmOutput]
    ) {
        switch input {
        case .peerJoined(let peer, let introduction):
            joined(peer, introduction, now, &outputs)
        case .peerLeft(let peer): left(peer, now, &outputs)
        case .extensionsReceived(let peer, let handshake):
            extended(peer, handshake, now, &outputs)
        case .messageReceived(let peer, let message): received(peer, message, now, &outputs)
        case .liveReceived(let peer, let message): receivedLive(peer, message, now, &outputs)
        case .blockReceived(let peer, let block): received(peer, block, now, &outputs)
        case .exchangeReceived(let peer, let message):
            exchanged(peer, message, now, &outputs)
        case .holepunchReceived(let peer, let message):
            holepunched(peer, message, now, &outputs)
        case .recordVerified(let peer, let record, let digest):
            unverifiedRecords = max(0, unverifiedRecords - 1)
            verified(record, digest, from: peer, now, &outputs)
        case .recordRefused(let peer):
            unverifiedRecords = max(0, unverifiedRecords - 1)
            close(peer, .forged, now, &outputs)
        case .pieceVerified(let piece): verified(piece, now, &outputs)
        case .pieceRefused(let piece): refused(piece, now, &outputs)
        case .published(let record, let digest, let pieces):
            published(record, digest, pieces, now, &outputs)
        case .playPointMoved(let piece, let due): playPoint = (piece, due)
        case .skipped(let range): abandon(range, now, &outputs)
        case .fellBehind: tuneInAnew(now, &outputs)
        case .uplinkObserved(let peer, let sample): observed(peer, sample, now, &outputs)
        case .upLimitChanged(let limit):
            uplink.keep(to: limit, at: now)
            serve(now, &outputs)
        case .otherSent(let bytes): uplink.charge(bytes, at: now)
        case .discovered(let endpoints):
            // Trackers list the first to come first: taken in that order, everybody would turn
            // to the same few.
            planner.add(endpoints.shuffled(using: &random))
            connect(now, &outputs)
        case .dialFailed(let endpoint): failed(endpoint, now)
        case .woken: woken(now, &outputs)
        }
    }

    private mutating func woken(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        while let reason = timers.take(due: now) {
            switch reason {
            case .plan: plan(now, &outputs)
            case .have: tellHaves(now, &outputs)
            case .status: tellStatus(now, &outputs)
            case .choke: choke(now, &outputs)
            case .slots: reviewSlots(now, &outputs)
            case .exchange: tellContacts(now, &outputs)
            case .connect:
                connect(now, &outputs)
                // Not when addresses come: the answer to this may be addresses.
                if peers.count == 0, settings.role != .source { outputs.append(.wantPeers) }
            case .punch: seekIntroductions(now, &outputs)
            case .serve: serve(now, &outputs)
            }
        }
    }

    /// Whether uploads keep to a limit, under which all that is sent counts.
    package var hasLimit: Bool { uplink.isLimited }

    /// The bytes that a message of `count` bytes is on the line.
    package static func onLine(_ count: Int) -> Int { RateLimit.onLine(count) }

    /// The stripe that `piece` travels in.
    func stripe(of piece: PieceIndex) -> Int { Int(piece.value) % settings.stripes }

    /// Whether pieces are pulled from those who show them, since no requests stand.
    var isPulling: Bool { !settings.policies.contains(.standingRequests) }

    /// How far beyond the edge requests stand, in pieces.
    var ahead: Int { settings.roundsAhead * settings.stripes }

    /// What must always hold; for tests and the simulator.
    package func checkInvariants() {
        table.checkInvariants()
        peers.checkInvariants()
        for handle in peers.handles {
            precondition(
                (peers.look(handle, \.outstanding) ?? 0) >= 0, "negative outstanding bytes")
        }
    }
}

/// One stripe as this node is fed in it.
struct Stripe: Sendable {
    /// Who holds our standing requests.
    var parent: PeerHandle?
    /// Who fed us before, and still holds what we asked of it: the way back if the new parent
    /// refuses.
    var previous: PeerHandle?
    /// Since when it is the parent, and whether it has shown that it takes us.
    var since = Instant.zero
    var isProven = false
    /// Since when it is fed without a break.
    var fedSince = Instant.zero
    /// Our hops when we were last fed: in a loop of orphans nobody comes nearer to the source.
    var lastDepth = ParentPolicy.unfed
    /// Our hops from the source.
    var depth = ParentPolicy.unfed
    /// Since when nobody feeds us, where others have not been told so yet.
    var orphanedAt: Instant?
    /// How late its pieces come.
    var patience = Patience()
}

/// Who may become a child in a stripe.
enum Openness: Hashable, Sendable {
    case all
    /// Those who would pass the stripe on.
    case inner
    case none
}

/// Numbers for people and for the simulator.
package struct SwarmCounters: Hashable, Sendable {
    /// Pieces verified.
    package var pieces = 0
    /// Bytes of blocks kept, and of blocks that came twice or unasked.
    package var usefulBytes = 0
    package var wastedBytes = 0
    /// Bytes of blocks handed to connections.
    package var sentBytes = 0
    /// Pieces asked for elsewhere because they were late.
    package var rescues = 0
    /// Times that a stripe got another parent.
    package var moves = 0
    /// Pieces whose hash was wrong.
    package var poisoned = 0
    /// Records accepted, and records whose signature was wrong.
    package var records = 0
    package var forged = 0
    /// Peers closed for what they did.
    package var dropped = 0

    /// Nothing has happened.
    package init() {}
}
