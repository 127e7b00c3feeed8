// The memory of one piece, from its first block until it is in its files. Knows no piece.

/// The bytes of a piece, which are handed from the loop to a worker and back.
///
/// They are held here and nowhere else, so that they are never copied when they are written to
/// again: whoever has a piece blocks missing writes, then everybody only reads.
final class PieceMemory: @unchecked Sendable {
    var bytes: [UInt8]

    /// Memory with these bytes.
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Memory for `length` bytes, of which nothing may be read before it was written.
    convenience init(length: Int) {
        self.init([UInt8](unsafeUninitializedCapacity: length) { $1 = length })
    }
}
