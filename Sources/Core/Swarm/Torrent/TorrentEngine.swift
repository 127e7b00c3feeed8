// One node's part in the swarm of an ordinary torrent: whom it is connected to, what it asks of
// whom, and what it gives. Keeps no bytes, no sockets and no clock; the files `TorrentEngine+…`
// carry out one concern each, the policies beside them are values and pure functions.

package import Pieces
package import Primitives

/// The swarm of an ordinary torrent as a state machine.
///
/// The contract is that of `SwarmEngine`: the driver calls `handle` with what happened and the
/// time, then carries out all that was appended to `outputs`, in order, before it calls again. It
/// calls with `.woken` when `nextDeadline` has come. Time never goes back. The payload of a block
/// is kept by the driver only if `.accept` of that block is among the outputs of its
/// `.blockReceived`, or in the same order among those of its `.blocksReceived`; once all blocks of a
/// piece are kept, the driver answers `.pieceVerified` or `.pieceRefused`, at any later time.
package struct TorrentEngine: Sendable {
    /// The numbers.
    package internal(set) var settings: TorrentSettings
    let layout: FileLayout
    let ourID: PeerID
    var random: SeededRandom
    var peers = TorrentPeers()
    var planner = ConnectionPlanner()
    var dialPace: DialPace
    var timers = TorrentTimers()
    var lastSerial: UInt32 = 0
    /// The addresses of connections by serial number, for those who have left.
    var addresses: [UInt32: Endpoint] = [:]

    /// The pieces that are right.
    package internal(set) var have: Bitfield
    /// How many those are.
    package internal(set) var haveCount: Int
    /// The pieces that are right, and those that nobody has chosen: they are loaded for readers alone.
    var settled: Bitfield
    /// How many pieces were chosen, and how many of those are not right yet.
    package let chosenCount: Int
    package internal(set) var leftCount: Int
    /// When a reader last lacked something after all that was chosen was there.
    var lackedAt: Instant?
    /// The pieces that are settled or have been begun.
    var claimed: Bitfield
    var rarity: RarityOrder
    var open: OpenPieces
    /// The pieces that are whole and being checked, with who sent their blocks.
    var checking: [PieceIndex: OpenPiece] = [:]
    /// The pieces that were wrong, with who sent which block.
    var failed: [PieceIndex: FailedPiece] = [:]
    /// The leaves of pieces that are asked for, and what waits for them.
    var leaves = LeafBook()
    /// Peers that have all pieces, and peers that have not.
    var seeds = 0
    /// Web seeds, which are in the table of peers too.
    var webSeeds = 0
    var hasRoom = true
    /// Where pieces are taken in order, the next one.
    var cursor = PieceIndex(0)

    var readers = Readers()
    /// What readers want within the window, the first due first.
    var wishes: [Wish] = []
    /// When they were made.
    var wishedAt = Instant.zero
    /// Wishes before this one have no free block.
    var wishHead = 0
    /// The rate of those peers whose rate is known, on average.
    var typicalRate: ByteRate

    var limit: RateLimit?
    var downLimit: DownLimit?
    var openings: [EarlyTalk] = []
    var optimistic: PeerHandle?
    var dealtAt = Instant.zero
    var optimisticAt = Instant.zero
    var wantedPeersAt: Instant?
    /// What happened, in numbers.
    package internal(set) var counters = TorrentCounters()
    /// When to call with `.woken`, and why.
    ///
    /// Stored, as it is asked for after every block: to compute it for another module would copy
    /// all of the engine.
    package private(set) var nextDeadline = Deadline.never

    /// A node `ourID` that has the pieces `have` of a torrent of `layout`, and wants the pieces
    /// `chosen`, which are all where that is nil.
    package init(
        settings: TorrentSettings, layout: FileLayout, ourID: PeerID, have: Bitfield,
        chosen: Bitfield? = nil, seed: UInt64
    ) {
        precondition(have.pieceCount == layout.pieceCount)
        (self.settings, self.layout, self.ourID) = (settings, layout, ourID)
        random = SeededRandom(seed: seed)
        self.have = have
        haveCount = have.count
        settled = .full(pieceCount: layout.pieceCount)
        if let chosen {
            settled.subtract(chosen)
        } else {
            settled = Bitfield(pieceCount: layout.pieceCount)
        }
        chosenCount = layout.pieceCount - settled.count
        settled.formUnion(have)
        leftCount = layout.pieceCount - settled.count
        claimed = settled
        rarity = RarityOrder(pieceCount: layout.pieceCount)
        open = OpenPieces(pieceCount: layout.pieceCount)
        typicalRate = settings.assumedRate
        dialPace = DialPace(perSecond: settings.diallingRate)
        limit = settings.upLimit.map { RateLimit($0, unit: RateLimit.onLine(16_397)) }
        downLimit = settings.downLimit.map { DownLimit($0) }
        var missing = (0..<UInt32(layout.pieceCount)).map { PieceIndex($0) }
            .filter { !settled.contains($0) }
        missing.shuffle(using: &random)
        for piece in missing { rarity.insert(piece) }
        timers.wake(.review, by: .zero)
        nextDeadline = timers.next
    }

    /// Peers without web seeds.
    var swarmCount: Int { peers.count - webSeeds }

    /// Whether every piece is there.
    package var isComplete: Bool { haveCount == layout.pieceCount }

    /// Takes in what happened at `now` and appends what is to be done.
    package mutating func handle(
        _ input: TorrentInput, at now: Instant, into outputs: inout [TorrentOutput]
    ) {
        defer { nextDeadline = timers.next }
        take(input, now, &outputs)
        if leaves.hasNew { askNewLeaves(now, &outputs) }
    }

    private mutating func take(
        _ input: TorrentInput, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        switch input {
        case .blockReceived(let peer, let block):
            received(peer, CollectionOfOne(block), now, &outputs)
        case .blocksReceived(let peer, let blocks): received(peer, blocks, now, &outputs)
        case .messageReceived(let peer, let message): received(peer, message, now, &outputs)
        case .drained(let peer, let queued): drained(peer, queued, now, &outputs)
        case .connected(let peer, let endpoint, let roundTrip):
            connected(peer, endpoint, roundTrip, now, &outputs)
        case .peerJoined(let peer, let introduction):
            joined(peer, introduction, now, &outputs)
        case .peerLeft(let peer): left(peer, now, &outputs)
        case .extensionsReceived(let peer, let handshake):
            extended(peer, handshake, now, &outputs)
        case .exchangeReceived(let peer, let message): exchanged(peer, message, now, &outputs)
        case .delayObserved(let peer, let delay):
            if peers.contains(peer) { peers[peer].roundTrip = delay }
        case .pieceVerified(let piece, let blocks): verified(piece, blocks, now, &outputs)
        case .pieceRefused(let piece, let blocks): refused(piece, blocks, now, &outputs)
        case .leavesAnswered(let peer, let piece, let answer):
            leavesAnswered(peer, piece, answer, now, &outputs)
        case .blocksJudged(let piece, let wrong): judged(piece, wrong, now, &outputs)
        case .roomChanged(let hasRoom):
            self.hasRoom = hasRoom
            if hasRoom { fillAll(now, &outputs) }
        case .readerOpened(let id, let range): opened(id, range, now, &outputs)
        case .readerMoved(let id, let position, let isWaiting):
            moved(id, position, isWaiting, now, &outputs)
        case .readerClosed(let id): closed(id, now, &outputs)
        case .webSeedFailed(let peer, let isFinal):
            webSeedFailed(peer, isFinal, now, &outputs)
        case .bitrateLearned(let rate, let range): readers.learn(rate, of: range, at: now)
        case .prefetchWanted(let wanted): prefetch(wanted, now, &outputs)
        case .upLimitChanged(let rate): keep(to: rate, now, &outputs)
        case .downLimitChanged(let rate): keepDown(to: rate, now, &outputs)
        case .discovered(let endpoints):
            planner.add(endpoints.shuffled(using: &random))
            connect(now, &outputs)
        case .dialFailed(let endpoint):
            failed(endpoint, now)
        case .woken: woken(now, &outputs)
        }
    }

    private mutating func woken(_ now: Instant, _ outputs: inout [TorrentOutput]) {
        while let reason = timers.take(due: now) {
            switch reason {
            case .review: review(now, &outputs)
            case .connect: connect(now, &outputs)
            case .choke: deal(now, &outputs)
            case .serve: serveAll(now, &outputs)
            case .exchange: tellContacts(now, &outputs)
            case .ask: fillAll(now, &outputs)
            }
        }
    }

    /// Looks at everything that time changes: who stands still, what has become urgent.
    private mutating func review(_ now: Instant, _ outputs: inout [TorrentOutput]) {
        noteLack(now)
        let isBusy = !readers.isEmpty && !isSated(now)
        timers.wake(.review, by: now + (isBusy ? .milliseconds(100) : .milliseconds(500)))
        for peer in peers.handles { watch(peer, now, &outputs) }
        reviewOpenings(now)
        reviewLeaves(now, &outputs)
        learnRates()
        if isBusy { wish(now) }
        reviewInterest(now, &outputs)
        fillAll(now, &outputs)
        if isBusy { rescue(now, &outputs) }
    }

    private mutating func learnRates() {
        let known = peers.handles.filter { !peers[$0].isWeb }
            .compactMap { peers[$0].throughput.rate?.bytesPerSecond }
        guard !known.isEmpty else { return }
        typicalRate = ByteRate(bytesPerSecond: known.reduce(0, +) / Double(known.count))
    }

    /// What must always hold; for tests.
    package func checkInvariants() {
        rarity.checkInvariants()
        precondition(have.count == haveCount, "the count is that of the set")
        precondition(
            settled.count + leftCount == layout.pieceCount && !settled.lacksAny(of: have),
            "what is left is neither here nor unwanted")
        precondition(rarity.count <= leftCount, "what nobody has chosen is not picked")
        for it in open.places {
            guard let it else { continue }
            precondition(it.free == it.blocks.count(where: \.isFree), "free blocks are counted")
            precondition(it.missing == it.blocks.count { !$0.isHere }, "missing ones too")
            for (number, block) in it.blocks.enumerated() {
                for peer in block.asked.all {
                    precondition(
                        peers.contains(peer)
                            && peers[peer].requests.ahead(of: it.piece, UInt32(number)) != nil,
                        "who is asked for a block knows of it")
                }
            }
        }
    }
}

/// Numbers for people and for tests.
package struct TorrentCounters: Hashable, Sendable {
    /// Bytes of blocks kept, of blocks that came twice or unasked, and of blocks that were kept and
    /// are to come anew, as they or their piece were wrong.
    package var usefulBytes = 0
    package var wastedBytes = 0
    package var wrongBytes = 0
    /// Bytes of blocks that came.
    package var receivedBytes: Int { usefulBytes + wastedBytes + wrongBytes }
    /// Bytes of blocks handed to connections.
    package var sentBytes = 0
    /// Bytes of blocks that web seeds brought.
    package var webBytes = 0
    /// Pieces whose hash was wrong, and peers closed for what they did.
    package var poisoned = 0
    package var dropped = 0
    /// Requests made a second time to somebody else while the first stood.
    package var duplicates = 0

    /// Nothing has happened.
    package init() {}

    /// So many bytes that were kept are to come anew.
    mutating func lose(_ bytes: Int) {
        usefulBytes -= bytes
        wrongBytes += bytes
    }
}
