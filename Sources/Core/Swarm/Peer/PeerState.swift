// What this node knows of one neighbour: what it holds, what was asked of it, what it takes.
// Decides nothing; the engine and the policies read and write it.

import Pieces
import Primitives
import Wire

/// One neighbour.
struct PeerState: Sendable {
    let introduction: Introduction
    let joinedAt: Instant
    /// The last moment at which anything came from it.
    var heardAt: Instant
    /// Its extension handshake has come and speaks of live.
    var isLive = false
    /// It says that it is the source.
    ///
    /// A claim: it only makes others ask it less.
    var isSource = false

    /// The port that it listens on, by its own word.
    var listenPort: UInt16?
    /// What it was told of our neighbours.
    var exchange = PeerExchange()

    /// The four states of BEP 3.
    var amChoking = true
    var isChoking = true
    var isInterested = false

    /// What it holds.
    var has: WindowBitmap
    /// The pieces whose record it has: we sent it, or it sent it to us.
    var knows: WindowBitmap
    /// The newest piece that it speaks of.
    var newest: PieceIndex?
    /// Pieces that it has not been told of.
    var unsaid: [PieceIndex] = []
    var saidAt = Instant.zero
    var statusAt = Instant.zero
    var statusVersion = -1

    /// Its hops from the source in each stripe.
    var depths: [UInt8]
    /// The stripes that it passes on: bit `s` is stripe `s`.
    var inner: UInt32 = 0
    /// Stripes in which it has refused to feed us, until when.
    var refusedUntil: [Instant]
    /// How often in a row it has refused in each stripe.
    var refusals: [UInt8]
    /// Stripes in which it is our child: when it last asked.
    var childSince: [Instant?]
    /// It refused a single piece: not asked for single pieces until then.
    var backOff = Instant.zero

    /// Bytes asked of it that should be on their way.
    var outstanding = 0
    /// What it has lately given us.
    var gives: RateMeter
    /// Bytes that it has given us, and we it, in all.
    var received = 0
    var sent = 0
    /// Times in a row that it was late.
    var lateness = 0
    /// Pieces with a wrong hash of which it sent a part.
    var suspicion = 0
    /// What it may still say.
    var allowance = Allowance()
    /// Messages without use; too many close it.
    var glitches = Glitches()

    /// Bytes under way to it.
    var inFlight = 0
    /// Blocks of its first key frame that it has asked for here.
    var openings = 0
    /// When something was last sent to it.
    var toldAt = Instant.zero
    /// When its acknowledgements last moved.
    var progressAt: Instant
    var roundTrip = Interval.milliseconds(100)

    init(_ introduction: Introduction, stripes: Int, window: Int, at now: Instant) {
        self.introduction = introduction
        joinedAt = now
        heardAt = now
        progressAt = now
        has = WindowBitmap(base: PieceIndex(0), capacity: window)
        knows = WindowBitmap(base: PieceIndex(0), capacity: window)
        depths = Array(repeating: ParentPolicy.unfed, count: stripes)
        refusedUntil = Array(repeating: .zero, count: stripes)
        refusals = Array(repeating: 0, count: stripes)
        childSince = Array(repeating: nil, count: stripes)
        gives = RateMeter(constant: .seconds(3))
    }

    /// Whether it would feed others in a stripe.
    func passesOn(_ stripe: Int) -> Bool { inner & (1 << UInt32(stripe)) != 0 }

    /// How many stripes it is fed in by us.
    var childStripes: Int { childSince.count { $0 != nil } }

    /// Its acknowledgements stand still: it is not counted and not served.
    func isStuck(at now: Instant) -> Bool {
        inFlight > 0 && now - progressAt > Self.standstill
    }

    /// After so long without an acknowledgement a connection stands still.
    static let standstill = Interval.seconds(1)

    /// Marks a piece in a window that follows the newest.
    mutating func note(_ piece: PieceIndex, in bitmap: WritableKeyPath<PeerState, WindowBitmap>) {
        let capacity = self[keyPath: bitmap].capacity
        let base = self[keyPath: bitmap].base
        if base.distance(to: piece) >= capacity {
            self[keyPath: bitmap].slide(to: piece.advanced(by: -capacity * 3 / 4))
        }
        _ = self[keyPath: bitmap].insert(piece)
    }

    /// It holds `piece`.
    mutating func holds(_ piece: PieceIndex) {
        note(piece, in: \.has)
        if newest.map({ $0 < piece }) ?? true { newest = piece }
    }
}

/// The neighbours by their handles.
struct PeerTable: Sendable {
    /// By the numbers of the handles; the last is always nil and stands for all beyond.
    private var states: [PeerState?] = [nil]
    /// The handles of all neighbours, in order.
    private(set) var handles: [PeerHandle] = []

    /// How many there are.
    var count: Int { handles.count }

    /// The neighbour, or nil where it is gone.
    subscript(_ handle: PeerHandle) -> PeerState? {
        // Not a getter, and with a single yield: else all of a state, with its arrays, is copied
        // to read a field of it.
        _read { yield states[min(handle.slot, states.count - 1)] }
        _modify {
            while states.count <= handle.slot + 1 { states.append(nil) }
            yield &states[handle.slot]
        }
    }

    /// Takes a neighbour in.
    mutating func insert(_ handle: PeerHandle, _ state: PeerState) {
        self[handle] = state
        guard !handles.contains(handle) else { return }
        handles.append(handle)
        handles.sort()
    }

    /// Takes a neighbour out.
    mutating func remove(_ handle: PeerHandle) {
        guard self[handle] != nil else { return }
        self[handle] = nil
        handles.removeAll { $0 == handle }
    }

    /// The neighbours that satisfy `wanted`.
    func filter(_ wanted: (PeerState) -> Bool) -> [PeerHandle] {
        handles.filter { states[$0.slot].map(wanted) ?? false }
    }

    /// How many neighbours hold `piece`.
    func holders(of piece: PieceIndex) -> Int {
        var count = 0
        for handle in handles {
            // The bitmap alone is taken out: through it the whole state would be copied.
            guard let has = states[handle.slot]?.has, has.contains(piece) else { continue }
            count += 1
        }
        return count
    }

    /// Bytes under way to all neighbours together, without those that stand still.
    ///
    /// Asked for before each block that leaves, hence field by field: to copy a state, with its
    /// arrays, costs far more than to look at it.
    func underWay(at now: Instant) -> Int {
        var total = 0
        for handle in handles {
            guard let inFlight = states[handle.slot]?.inFlight, inFlight > 0,
                let progressAt = states[handle.slot]?.progressAt,
                now - progressAt <= PeerState.standstill
            else { continue }
            total += inFlight
        }
        return total
    }

    /// Whether a neighbour can be sent a block: it moves, and less than `share` is under way.
    func takes(_ handle: PeerHandle, below share: Int, at now: Instant) -> Bool {
        guard let inFlight = self[handle]?.inFlight else { return false }
        return inFlight < share && !isStuck(handle, at: now)
    }

    /// Whether a neighbour's acknowledgements stand still.
    func isStuck(_ handle: PeerHandle, at now: Instant) -> Bool {
        guard let inFlight = self[handle]?.inFlight, inFlight > 0,
            let progressAt = self[handle]?.progressAt
        else { return false }
        return now - progressAt > PeerState.standstill
    }

    /// Whether a neighbour can be asked for single pieces: it serves us, is there and moves.
    func isReady(_ handle: PeerHandle, at now: Instant, quietAfter: Interval) -> Bool {
        guard self[handle]?.isLive ?? false, !(self[handle]?.isChoking ?? true),
            let backOff = self[handle]?.backOff, backOff <= now,
            let heardAt = self[handle]?.heardAt, now - heardAt < quietAfter
        else { return false }
        return !isStuck(handle, at: now)
    }

    /// How often in a row a neighbour was late, and its shares in wrong pieces.
    func blame(on handle: PeerHandle) -> Int {
        (self[handle]?.lateness ?? 0) + (self[handle]?.suspicion ?? 0)
    }

    /// How many neighbours are fed by us in a stripe.
    func children(in stripe: Int) -> Int {
        handles.count { states[$0.slot]?.childSince[stripe] != nil }
    }

    /// How many stripes we feed, over all neighbours.
    var feeds: Int {
        handles.reduce(0) { $0 + (states[$1.slot]?.childSince.count { $0 != nil } ?? 0) }
    }
}
