// The verified records that a node keeps: which piece has which hashes and when it came. Keeps
// records in any order and with gaps, follows none that contradicts one it has, and forgets the
// oldest. Does not verify signatures, and knows no clock: what is stale is for others to say.
//
//              floor      lowest held                      newest
//     forgotten  │  gap    ├─record─┼─record─┤  gap  ├─record─┤      end (once it is known)
//                └──────── at most `pieces` of the settings ──┘
//
// The ring says for each piece of the span the number of its record in the table; a record is
// stored once. All pieces held lie within one ring length, so that no two share a slot.

import Pieces
import Primitives

/// How much rolling metainfo a node keeps.
package struct RollingMetainfoSettings: Hashable, Sendable {
    /// The pieces behind the newest whose records are kept: 10 minutes at 12 a second.
    ///
    /// More lets viewers go further back, and costs some 450 bytes a piece where each has a
    /// record of its own.
    package var pieces = 7200

    /// The default.
    package init() {}

    /// As many as `pieces`, and at least one full record.
    package init(pieces: Int) { self.pieces = max(RecordDraft.maximumPieces, pieces) }
}

/// The verified records that a node keeps.
///
/// `accept` is handed only records whose signature has been verified. Every operation takes
/// constant time, apart from those that answer for a range, which take time in its length.
package struct RollingMetainfo: Sendable {
    /// A record and the SHA-256 of its bytes, by which the next one names it.
    struct Held: Sendable {
        var record: LiveRecord?
        var digest: SHA256Digest
    }

    /// A slot of the ring whose piece has no record.
    static let noRecord = UInt32.max

    /// How much is kept.
    package let settings: RollingMetainfoSettings
    /// The records by number, in no order; a number without a record is free.
    var table: ContiguousArray<Held> = []
    /// The free numbers.
    var free: [UInt32] = []
    /// The number of the record that covers a piece, at the piece modulo the (2^n) size.
    var ring: ContiguousArray<UInt32> = []
    /// From the lowest piece held to past the newest; empty where none is held.
    var span = 0..<0
    /// The first piece whose record is still wanted.
    var floor = 0
    /// The record that says where the broadcast ended; kept whatever is forgotten.
    var ended: Held?

    /// Nothing yet.
    package init(settings: RollingMetainfoSettings = RollingMetainfoSettings()) {
        self.settings = settings
    }

    /// The number in the table of the record that covers `piece`.
    func number(at piece: Int) -> Int? {
        guard span.contains(piece) else { return nil }
        let number = ring[piece & (ring.count - 1)]
        return number == Self.noRecord ? nil : Int(number)
    }

    /// The record that covers `piece`, with its digest.
    func held(at piece: Int) -> (record: LiveRecord, digest: SHA256Digest)? {
        guard let number = number(at: piece), let record = table[number].record else { return nil }
        return (record, table[number].digest)
    }
}

extension LiveRecord {
    /// The covered pieces as plain numbers, which reach past the last piece without care.
    var numbers: Range<Int> { Int(pieces.lowerBound.value)..<Int(pieces.upperBound.value) }
}
