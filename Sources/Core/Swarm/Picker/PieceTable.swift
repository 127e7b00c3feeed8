// What this node knows of each piece from the oldest that it keeps to the furthest that it has
// asked for: what has come, who was asked, how often it was passed on. A ring over the piece
// numbers. Does not hold bytes and does not decide anything.

import Pieces
import Primitives

/// A request for blocks of one piece.
struct Ask: Hashable, Sendable {
    /// Who was asked.
    var peer: PeerHandle
    /// The blocks asked for, a bit each.
    var blocks: UInt64
    /// When.
    var at: Instant
    var kind = Kind.standing
    /// It has been found late.
    var isOverdue = false

    /// Why it was asked.
    enum Kind: Hashable, Sendable {
        /// Ahead of the live edge, of the parent in its stripe.
        case standing
        /// It existed already.
        case catchUp
        /// Another was asked before and is late.
        case rescue
    }
}

/// How far a piece is.
enum PieceState: Hashable, Sendable {
    /// Blocks are missing.
    case missing
    /// All blocks are there, the record is not.
    case unproven
    /// The driver is hashing it.
    case verifying
    /// Verified, and offered to others.
    case held
    /// Given up: neither wanted nor offered.
    case abandoned
}

/// One piece.
struct PieceSlot: Sendable {
    /// The blocks that have come, a bit each.
    var received: UInt64 = 0
    /// Requests under way; one, or two when the first is late.
    var asks: [Ask] = []
    /// Who sent the blocks that are there.
    var senders: [PeerHandle] = []
    /// Who was asked and is not any more, but may have sent it before it heard so.
    var crossed: [PeerHandle] = []
    /// Blocks of it passed on, each as often as it went.
    var blocksSent = 0
    /// Its last block came by a standing request.
    var cameStanding = false
    /// When its last block came, while its record is missing.
    var wholeAt: Instant?
    /// How often it was asked for in vain.
    var failures = 0
    /// When the live edge passed it: from then on it exists somewhere.
    var seenAt: Instant?
    /// It failed its hash with several senders: one peer is to send all of it.
    var aloneOnly = false
}

/// The pieces from `base` on, a fixed number of them.
struct PieceTable: Sendable {
    private var slots: [PieceSlot]
    /// How far each is, beside its slot: all that are wanted are looked through for each block.
    private var states: [PieceState]
    /// The oldest piece that is known of.
    private(set) var base: PieceIndex
    private let mask: Int

    /// A table of at least `capacity` pieces from `base` on.
    init(base: PieceIndex, capacity: Int) {
        var size = 64
        while size < capacity { size *= 2 }
        slots = Array(repeating: PieceSlot(), count: size)
        states = Array(repeating: .missing, count: size)
        mask = size - 1
        self.base = base
    }

    /// One past the furthest piece that the table can hold.
    var limit: PieceIndex { base.advanced(by: slots.count) }

    /// Whether `piece` lies within the table.
    func contains(_ piece: PieceIndex) -> Bool { piece >= base && piece < limit }

    /// The piece, which must lie within the table.
    subscript(piece: PieceIndex) -> PieceSlot {
        // Not a getter: that would copy the slot, with its arrays, to read a field of it.
        _read {
            precondition(contains(piece))
            yield slots[Int(piece.value) & mask]
        }
        _modify {
            precondition(contains(piece))
            yield &slots[Int(piece.value) & mask]
        }
    }

    /// How far a piece is, which must lie within the table.
    func state(of piece: PieceIndex) -> PieceState {
        precondition(contains(piece))
        return states[Int(piece.value) & mask]
    }

    /// A piece, which must lie within the table, is so far now.
    mutating func set(_ piece: PieceIndex, _ state: PieceState) {
        precondition(contains(piece))
        states[Int(piece.value) & mask] = state
    }

    /// The pieces in `range` that are so far, in order.
    func pieces(_ state: PieceState, in range: ClosedRange<PieceIndex>) -> [PieceIndex] {
        var found: [PieceIndex] = []
        let last = min(range.upperBound, limit.advanced(by: -1))
        var piece = max(range.lowerBound, base)
        while piece <= last {
            if states[Int(piece.value) & mask] == state { found.append(piece) }
            guard piece < last else { break }
            piece = piece.advanced(by: 1)
        }
        return found
    }

    /// Forgets all before `piece`; never moves back.
    mutating func slide(to piece: PieceIndex) {
        guard piece > base else { return }
        let steps = min(base.distance(to: piece), slots.count)
        for step in 0..<steps {
            clear(Int(base.advanced(by: step).value) & mask)
        }
        base = piece
    }

    /// Expects nothing more of a peer that it was asked for and is not any more.
    mutating func forget(crossed peer: PeerHandle) {
        for place in slots.indices where !slots[place].crossed.isEmpty {
            slots[place].crossed.removeAll { $0 == peer }
        }
    }

    /// Begins anew at `piece`, wherever that is.
    mutating func reset(to piece: PieceIndex) {
        for place in slots.indices { clear(place) }
        base = piece
    }

    private mutating func clear(_ place: Int) {
        slots[place] = PieceSlot()
        states[place] = .missing
    }

    /// What must always hold; for tests and the simulator.
    func checkInvariants() {
        for step in slots.indices where contains(base.advanced(by: step)) {
            let piece = base.advanced(by: step)
            let slot = self[piece]
            precondition(slot.asks.count <= 8, "a piece is asked of too many")
            precondition(
                state(of: piece) == .missing || slot.asks.isEmpty, "asked for what has come")
        }
    }
}
