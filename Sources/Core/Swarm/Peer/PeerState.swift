// What this node knows of one neighbour: what was asked of it, what it takes, how it behaves.
// Decides nothing; the engine and the policies read and write it. Plain numbers only, those that
// all neighbours are searched by first: what needs memory of its own stands beside it in the
// table of neighbours, so that to look at a field copies nothing.

import Pieces
import Primitives
import Wire

/// One neighbour.
struct PeerState: Sendable {
    /// Its extension handshake has come and speaks of live.
    var isLive = false
    /// It says that it is the source.
    ///
    /// A claim: it only makes others ask it less.
    var isSource = false
    /// We reached it where the channel file says that the source is.
    var isNamed = false

    /// The four states of BEP 3.
    var amChoking = true
    var isChoking = true
    var isInterested = false

    /// The stripes that it passes on: bit `s` is stripe `s`.
    var inner: UInt32 = 0
    /// The stripes in which it is our child, a bit each.
    fileprivate(set) var fed: UInt32 = 0
    /// The newest piece that it speaks of.
    var newest: PieceIndex?

    /// For how long what waits at it would keep its line busy, by its own word, and here by the
    /// word that it has got; in steps of a status.
    var wait: UInt8 = 0
    var toldWait: UInt8 = 0
    /// How far behind the stream its player begins, in seconds: the age of the oldest piece that
    /// it asked for in its first second.
    var startLag: Double?

    /// The last moment at which anything came from it.
    var heardAt: Instant
    /// It refused a single piece: not asked for single pieces until then.
    var backOff = Instant.zero

    /// Bytes asked of it that should be on their way.
    var outstanding = 0
    /// Times in a row that it was late.
    var lateness = 0
    /// Pieces in a row that it was asked for in vain, and when the last of these was counted.
    var vain = 0
    var vainAt = Instant.zero
    /// Until when it is not relied on for that, and how often that has been so.
    var unreliedUntil = Instant.zero
    var failings = 0
    /// Pieces with a wrong hash of which it sent a part.
    var suspicion = 0
    var roundTrip = Interval.milliseconds(100)
    /// What it has lately given us.
    var gives: RateMeter
    /// Bytes that it has given us, and we it, in all.
    var received = 0
    var sent = 0

    /// When it was told of pieces and of depths, and of which depths.
    var saidAt = Instant.zero
    var statusAt = Instant.zero
    var statusVersion = -1
    var offersVersion = -1
    /// What it may still say.
    var allowance = Allowance()
    /// What it may be given by the source beyond the trees.
    var extra = Allotment()
    /// Messages without use; too many close it.
    var glitches = Glitches()

    /// Blocks of its first key frame that it has asked for here.
    var openings = 0
    let joinedAt: Instant
    /// Since when it counts as a newcomer, which is earlier where it has come back; and how often it
    /// has lately been one, as of then.
    var newSince: Instant
    var arrivals = 1.0
    let introduction: Introduction
    /// It takes part in introductions (BEP 55), and whether it took one for us to meet it.
    var punches = false
    var isIntroduced = false
    /// The connection is of its making: we dialled because it did.
    var isBack = false
    /// The port that it listens on, by its own word.
    var listenPort: UInt16?

    init(_ introduction: Introduction, at now: Instant) {
        self.introduction = introduction
        joinedAt = now
        newSince = now
        heardAt = now
        gives = RateMeter(constant: .seconds(3))
    }

    /// Whether the connection is of our making.
    var isOurs: Bool { introduction.outgoing && !isBack }

    /// Whether it is the source by more than its own word: the pieces that are asked of it in need
    /// it owes nobody.
    var isTrustedSource: Bool { isSource && isNamed }

    /// Who it is, for what is counted and remembered by address.
    var household: Household { Household(introduction.endpoint.address) }

    /// Whether it would feed others in a stripe.
    func passesOn(_ stripe: Int) -> Bool { inner & (1 << UInt32(stripe)) != 0 }

    /// Whether it is fed by us in a stripe.
    func isFed(_ stripe: Int) -> Bool { fed & (1 << UInt32(stripe)) != 0 }

    /// How many stripes it is fed in by us.
    var childStripes: Int { fed.nonzeroBitCount }

    /// How often in a row it was late, and its shares in wrong pieces.
    var blame: Int { lateness + suspicion }
}

/// What is under way to a neighbour.
struct PeerFlight: Sendable {
    /// Bytes under way to it.
    var inFlight = 0
    /// What TCP lets be under way to it, in bytes.
    var window = PeerFlight.initialWindow
    /// Bytes of what is under way that have not left this machine, as far as is known.
    var unsent = 0
    /// Bytes of what is under way that have come behind a lost packet, by the other end's word.
    var held = 0
    /// When its acknowledgements last moved.
    var progressAt: Instant

    /// Ten packets, with which TCP begins (RFC 6928), and begins anew after a pause (RFC 2861).
    private static let initialWindow = 14_480

    /// Bytes that the line has still to carry, or the network: what has come behind a lost packet is
    /// not among them.
    var onLine: Int { max(0, inFlight - held) }

    /// Whether TCP would let more out: its window is not full, or nothing waits for it.
    var isOpen: Bool { onLine < window || unsent == 0 }

    /// `count` bytes more are sent, over so long a round trip.
    mutating func launch(_ count: Int, roundTrip: Interval, at now: Instant) {
        if inFlight == 0 {
            // After a pause the kernel tells of the smaller window only when it has sent something.
            let isIdle = now - progressAt > Standstill.timeout + roundTrip
            if isIdle { window = min(window, Self.initialWindow) }
            // Where nothing was under way, the clock of what is now begins to run.
            progressAt = now
        }
        inFlight += count
        unsent += count
    }

    /// Its acknowledgements stand still: it is not counted and not served.
    func isStuck(at now: Instant) -> Bool {
        unacknowledged(at: now) > Standstill.certain
    }

    /// For how long nothing of what is under way has been acknowledged.
    func unacknowledged(at now: Instant) -> Interval {
        inFlight > 0 ? now - progressAt : .zero
    }
}

/// How a neighbour stands in one stripe.
struct PeerStripe: Sendable {
    /// It has refused to feed us, until when.
    var refusedUntil = Instant.zero
    /// It is our child: when it last asked.
    fileprivate(set) var childSince: Instant?
    /// Its hops from the source.
    var depth = ParentPolicy.unfed
    /// How often in a row it has refused.
    var refusals: UInt8 = 0
}

extension PeerTable {
    /// A neighbour is our child in a stripe, and asks at `now`.
    mutating func feed(_ handle: PeerHandle, in stripe: Int, at now: Instant) {
        self[handle, stripe]?.childSince = now
        update(handle) { $0.fed |= 1 << UInt32(stripe) }
    }

    /// A neighbour is our child no more in a stripe.
    mutating func letGo(_ handle: PeerHandle, in stripe: Int) {
        self[handle, stripe]?.childSince = nil
        update(handle) { $0.fed &= ~(1 << UInt32(stripe)) }
    }

    /// Whether a neighbour is fed by us in a stripe.
    func isFed(_ handle: PeerHandle, in stripe: Int) -> Bool {
        self[handle]?.isFed(stripe) ?? false
    }

    /// How many neighbours are fed by us in a stripe.
    func children(in stripe: Int) -> Int { handles.count { isFed($0, in: stripe) } }

    /// How many stripes we feed, over all neighbours.
    var feeds: Int { handles.reduce(0) { $0 + (self[$1]?.childStripes ?? 0) } }
}
