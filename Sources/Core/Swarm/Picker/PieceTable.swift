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
    var state = PieceState.missing
    /// The blocks that have come, a bit each.
    var received: UInt64 = 0
    /// Requests under way; one, or two when the first is late.
    var asks: [Ask] = []
    /// Who sent the blocks that are there.
    var senders: [PeerHandle] = []
    /// Who was asked and is not any more, but may have sent it before it heard so.
    var crossed: [PeerHandle] = []
    /// Copies passed on.
    var copies = 0
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
    /// The oldest piece that is known of.
    private(set) var base: PieceIndex
    private let mask: Int

    /// A table of at least `capacity` pieces from `base` on.
    init(base: PieceIndex, capacity: Int) {
        var size = 64
        while size < capacity { size *= 2 }
        slots = Array(repeating: PieceSlot(), count: size)
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

    /// Forgets all before `piece`; never moves back.
    mutating func slide(to piece: PieceIndex) {
        guard piece > base else { return }
        let steps = min(base.distance(to: piece), slots.count)
        for step in 0..<steps {
            slots[Int(base.advanced(by: step).value) & mask] = PieceSlot()
        }
        base = piece
    }

    /// Begins anew at `piece`, wherever that is.
    mutating func reset(to piece: PieceIndex) {
        for i in slots.indices { slots[i] = PieceSlot() }
        base = piece
    }

    /// What must always hold; for tests and the simulator.
    func checkInvariants() {
        for step in slots.indices where contains(base.advanced(by: step)) {
            let slot = self[base.advanced(by: step)]
            precondition(slot.asks.count <= 8, "a piece is asked of too many")
            precondition(slot.state == .missing || slot.asks.isEmpty, "asked for what has come")
        }
    }
}
