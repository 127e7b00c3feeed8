// What goes out along with our handshake, before a peer has answered: that we want something, and,
// where a player waits for its first bytes, requests. It saves a round trip of the start. Nothing
// is known of the peer yet, neither what it has nor whether it chokes, so all of it is in doubt.
// Keeps the openings that are not answered; whom to dial is ConnectionPlanner's business.

import Pieces
import Primitives
import Wire

/// A peer that we have connected to, and that has not answered our handshake.
struct EarlyTalk: Sendable {
    let peer: PeerHandle
    let endpoint: Endpoint
    let at: Instant
    let roundTrip: Interval
    /// What we said that we have.
    let told: Bitfield
    /// The blocks that it was asked for, and that are kept for it for a while.
    var blocks: [Asked] = []
    /// Whether they are no longer: others are asked too.
    var isLate = false
}

extension TorrentEngine {
    /// Pieces of a torrent whose bitfield is small enough to be said in vain: 1 KiB.
    private static let mostPieces = 8192
    /// Peers that are asked at the same time before they have answered.
    private static let asked = 8
    /// How long blocks are kept for a peer that has not answered: two round trips, and this at least.
    private static let doubt = Interval.milliseconds(300)
    /// How long requests are kept for one that has answered and not let us ask: three round trips,
    /// and this at least.
    private static let laterDoubt = Interval.milliseconds(500)
    /// The longest round trip that counts for these: a peer may answer as late as it likes.
    private static let longestRoundTrip = Interval.milliseconds(400)
    /// What comes within this came together.
    private static let oneFlight = Interval.milliseconds(20)
    /// How aria2 begins its name (BEP 20).
    private static let abrupt: [UInt8] = [0x41, 0x32, 0x2d]

    /// A connection that we opened is there: our handshake goes out.
    mutating func connected(
        _ peer: PeerHandle, _ endpoint: Endpoint, _ roundTrip: Interval, _ now: Instant,
        _ outputs: inout [TorrentOutput]
    ) {
        guard !isComplete, isUrgent(now), layout.pieceCount <= Self.mostPieces,
            !planner.isPlain(endpoint)
        else { return }
        // A bitfield, also of no piece, is right with and without BEP 6.
        outputs.append(.send(peer, .bitfield(have.bytes)))
        outputs.append(.send(peer, .interested))
        var opening = EarlyTalk(
            peer: peer, endpoint: endpoint, at: now,
            roundTrip: min(roundTrip, Self.longestRoundTrip), told: have)
        promise(&opening, now, &outputs)
        openings.append(opening)
    }

    /// Asks for what readers wish first, and keeps these blocks for the peer.
    ///
    /// Only before anything has come: then nobody else is there to be asked.
    private mutating func promise(
        _ opening: inout EarlyTalk, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        guard hasRoom, downLimit == nil, counters.usefulBytes == 0,
            openings.count(where: { !$0.blocks.isEmpty }) < Self.asked
        else { return }
        for wish in wishes where !have.contains(wish.piece) {
            while opening.blocks.count < firstRequests(opening.roundTrip) {
                guard let pick = free(in: wish.piece), open[pick.at]?.only == nil else { break }
                open.promise(pick.at, pick.block)
                opening.blocks.append(
                    Asked(piece: wish.piece, block: UInt32(pick.block), at: now))
                outputs.append(.send(opening.peer, .request(block(pick.block, of: wish.piece))))
            }
        }
    }

    /// Gives the blocks of an opening to everybody.
    private mutating func unpromise(_ opening: EarlyTalk) {
        guard !opening.isLate else { return }
        for asked in opening.blocks { open.unpromise(asked.piece, Int(asked.block)) }
        wishHead = 0
    }

    /// A peer has answered: what was said to it counts.
    ///
    /// Answers whether anything was.
    mutating func answered(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) -> Bool {
        guard let at = openings.firstIndex(where: { $0.peer == peer }) else { return false }
        let opening = openings.remove(at: at)
        peers[peer].hasOpened = true
        peers[peer].isInteresting = true
        peers[peer].doubtUntil = now + max(Self.laterDoubt, opening.roundTrip * 3)
        for asked in opening.blocks {
            let isKept =
                !opening.isLate
                && open.place(of: asked.piece).map {
                    open.redeem($0, Int(asked.block), peer)
                } == true
            if isKept {
                peers[peer].requests.append(asked)
            } else {
                peers[peer].withdrawn.append(asked)
                let block = block(Int(asked.block), of: asked.piece)
                outputs.append(.send(peer, .cancel(block)))
            }
        }
        if !opening.blocks.isEmpty { peers[peer].throughput.began(at: now) }
        var news = have
        news.subtract(opening.told)
        for piece in news.indices { outputs.append(.send(peer, .have(piece))) }
        return true
    }

    /// A connection attempt came to nothing; it is made once more, without an opening, if that may
    /// be why.
    mutating func failed(_ endpoint: Endpoint, _ now: Instant) {
        planner.failed(endpoint, at: now)
        timers.wake(.connect, by: now + .milliseconds(250))
        guard let opening = openings.first(where: { $0.endpoint == endpoint }) else { return }
        forgetOpening(opening.peer)
        planner.retryPlainly(endpoint, at: now)
        timers.wake(.connect, by: now)
        timers.wake(.review, by: now)
    }

    /// Gives what was kept for a peer to everybody.
    mutating func forgetOpening(_ peer: PeerHandle) {
        guard let at = openings.firstIndex(where: { $0.peer == peer }) else { return }
        unpromise(openings.remove(at: at))
    }

    /// Without BEP 6 a choked peer's requests are dropped in silence: what was asked before it let us
    /// ask is asked again, unless it said so along with its handshake and so before it read them.
    mutating func dropEarly(_ peer: PeerHandle, _ now: Instant) {
        guard peers[peer].doubtUntil < .never, !peers[peer].isFast, peers[peer].received == 0,
            now - peers[peer].joinedAt > Self.oneFlight
        else { return }
        peers[peer].doubtUntil = .never
        forgetRequests(peer)
    }

    /// Whether a peer has to be greeted anew: aria2 closes, a second later, whoever says more than
    /// a handshake before it has answered.
    func isAbrupt(_ introduction: TorrentIntroduction, _ peer: PeerHandle) -> Bool {
        openings.contains { $0.peer == peer }
            && Array(introduction.id.value.bytes.prefix(3)) == Self.abrupt
    }

    /// Looks at openings and requests that nothing has come of.
    mutating func reviewOpenings(_ now: Instant) {
        for at in openings.indices where !openings[at].isLate {
            let opening = openings[at]
            guard now - opening.at > max(Self.doubt, opening.roundTrip * 2) else { continue }
            unpromise(opening)
            openings[at].isLate = true
        }
        for peer in peers.handles where peers[peer].doubtUntil <= now {
            peers[peer].doubtUntil = .never
            guard peers[peer].received == 0, peers[peer].isChoking || !peers[peer].isFast
            else { continue }
            // Without BEP 6 nothing says that a request was dropped since it came too early.
            forgetRequests(peer)
        }
    }
}
