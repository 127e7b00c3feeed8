// How long a message may be, and what makes a peer's bytes not a message. The length is judged
// by the prefix alone, before anything is awaited or allocated for it.
package import Pieces

/// Why a peer's bytes cannot be messages: the connection must be closed.
package enum WireFault: Error, Hashable {
    /// A length prefix beyond every message.
    case oversized(UInt32)
    /// A length prefix that a message of this number cannot have.
    case length(id: UInt8, UInt32)
    /// A message of an extension that the two handshakes did not agree on (BEP 6, BEP 10).
    case notNegotiated(id: UInt8)
    /// A piece beyond the end of the torrent.
    case index(id: UInt8, PieceIndex)
    /// A bitfield with a spare bit set (BEP 3).
    case spareBits
    /// A bitfield, HAVE ALL or HAVE NONE after another of them or after a HAVE (BEP 3, BEP 6).
    case lateAvailability(id: UInt8)
}

/// The longest messages that a peer may send, in bytes.
package struct WireLimits: Hashable, Sendable {
    /// The number of pieces in the torrent: bounds indices and makes the bitfield's length exact.
    ///
    /// Nil for a live channel, and for a magnet link as long as its metadata is missing.
    package var pieceCount: UInt32?
    /// The payload of a PIECE: nobody is asked for more than a block of BEP 3.
    package var block: Int
    /// An extended message with its id: a peer exchange, 17 KiB of metadata, or 64 KiB of records
    /// all fit; no one can make us hold more for a connection.
    package var extended: Int
    /// A bitfield where `pieceCount` is nil: 2,097,152 pieces, the most that a torrent may have.
    package var bitfield: Int
    /// Whether a BITFIELD may come again: aria2 sends one in the place of many HAVEs.
    package var takesLateBitfields = false
    /// A message of a number that is not known here: twice the largest of BEP 52 (hashes).
    package var unknown: Int

    /// The limits for a torrent of `pieceCount` pieces.
    package init(
        pieceCount: UInt32? = nil, block: Int = PieceGeometry.blockLength,
        extended: Int = 131_072, bitfield: Int = 262_144, unknown: Int = 32_768
    ) {
        precondition(block > 0 && extended > 0 && bitfield >= 0 && unknown >= 0)
        self.pieceCount = pieceCount
        self.block = block
        self.extended = extended
        self.bitfield = bitfield
        self.unknown = unknown
    }

    /// The limits for a live channel, which has no end and so no bitfield but an empty one.
    package static let live = Self(bitfield: 0)

    /// The length prefix that no message exceeds.
    var largest: Int {
        var largest = max(9 + block, 1 + extended, 1 + unknown, 13)
        largest = max(largest, lengths(of: MessageID.bitfield.rawValue).upperBound)
        return largest
    }

    /// The length prefixes that a message of number `id` may have.
    func lengths(of id: UInt8) -> ClosedRange<Int> {
        switch MessageID(rawValue: id) {
        case .choke, .unchoke, .interested, .notInterested, .haveAll, .haveNone: 1...1
        case .have, .suggest, .allowedFast: 5...5
        case .request, .cancel, .reject: 13...13
        case .piece: 10...9 + block
        case .bitfield:
            if let bytes = bitfieldLength { 1 + bytes...1 + bytes } else { 1...1 + bitfield }
        case .extended: 2...1 + extended
        case .hashRequest, .hashReject: 1 + HashRequest.length...1 + HashRequest.length
        case .hashes: 1 + HashRequest.length...1 + HashRequest.length + Self.mostHashes * 32
        case nil: 1...1 + unknown
        }
    }

    /// Hashes in an answer: as many as may be asked for, and an uncle in each layer above.
    private static let mostHashes = MerkleRange.maximumCount + MerkleTree.maximumHeight

    /// Whether a length within the bounds has no part of a hash in it.
    func isWhole(_ id: UInt8, _ length: Int) -> Bool {
        id != MessageID.hashes.rawValue || (length - 1 - HashRequest.length) % 32 == 0
    }

    /// Whether `bits` is a bitfield for these limits: the right length and no spare bit set.
    ///
    /// The decoder asks it; ask again once the metadata of a magnet link is there.
    package func allowsBitfield(_ bits: [UInt8]) -> Bool {
        guard let pieceCount, let length = bitfieldLength else { return bits.count <= bitfield }
        guard bits.count == length else { return false }
        let spare = UInt8(length * 8 - Int(pieceCount))
        guard let last = bits.last else { return true }
        return last & ((1 << spare) - 1) == 0
    }

    private var bitfieldLength: Int? { pieceCount.map { (Int($0) + 7) / 8 } }
}
