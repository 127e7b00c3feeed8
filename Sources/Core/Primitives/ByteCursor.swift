// Reading and writing numbers in network byte order. A cursor keeps an offset and nothing else:
// the bytes are handed in at each call, so that no lifetime is tied to it.

/// The input ended before what was to be read.
package struct TruncatedInput: Error, Equatable {
    /// An input that ended too early.
    package init() {}
}

/// A position in bytes that are read from the front to the back.
package struct ByteCursor: Sendable {
    /// How many bytes have been read.
    package private(set) var offset: Int

    /// A cursor at `offset`.
    package init(offset: Int = 0) { self.offset = offset }

    /// The bytes that are left in `bytes`.
    package func remaining(in bytes: Span<UInt8>) -> Int { bytes.count - offset }

    /// Reads an unsigned integer in network byte order.
    package mutating func read<T: FixedWidthInteger & UnsignedInteger>(
        _: T.Type, in bytes: Span<UInt8>
    ) throws(TruncatedInput) -> T {
        let count = T.bitWidth / 8
        let range = try take(count, in: bytes)
        var value: T = 0
        for i in range { value = value << 8 | T(bytes[i]) }
        return value
    }

    /// Reads 20 bytes.
    package mutating func bytes20(in bytes: Span<UInt8>) throws(TruncatedInput) -> Bytes20 {
        let range = try take(20, in: bytes)
        guard let value = Bytes20(bytes, at: range.lowerBound) else { throw TruncatedInput() }
        return value
    }

    /// Reads 32 bytes.
    package mutating func bytes32(in bytes: Span<UInt8>) throws(TruncatedInput) -> Bytes32 {
        let range = try take(32, in: bytes)
        guard let value = Bytes32(bytes, at: range.lowerBound) else { throw TruncatedInput() }
        return value
    }

    /// Reads 64 bytes.
    package mutating func bytes64(in bytes: Span<UInt8>) throws(TruncatedInput) -> Bytes64 {
        let range = try take(64, in: bytes)
        guard let value = Bytes64(bytes, at: range.lowerBound) else { throw TruncatedInput() }
        return value
    }

    /// Steps over `count` bytes and answers where they are.
    package mutating func take(
        _ count: Int, in bytes: Span<UInt8>
    ) throws(TruncatedInput) -> Range<Int> {
        guard count >= 0, count <= bytes.count - offset else { throw TruncatedInput() }
        defer { offset += count }
        return offset..<offset + count
    }
}

extension Span<UInt8> {
    /// A copy of the bytes in `range`, which must lie within the span.
    package func array(_ range: Range<Int>) -> [UInt8] {
        let part = extracting(range)
        return [UInt8](capacity: part.count) { out in
            for i in part.indices { out.append(part[i]) }
        }
    }
}

extension [UInt8] {
    /// Appends an integer in network byte order.
    ///
    /// Without the generic one's calls through a table: every message of a peer has several.
    package mutating func append(bigEndian value: UInt32) {
        append(UInt8(truncatingIfNeeded: value >> 24))
        append(UInt8(truncatingIfNeeded: value >> 16))
        append(UInt8(truncatingIfNeeded: value >> 8))
        append(UInt8(truncatingIfNeeded: value))
    }

    /// Appends an integer in network byte order.
    package mutating func append<T: FixedWidthInteger & UnsignedInteger>(bigEndian value: T) {
        var shift = T.bitWidth
        while shift > 0 {
            shift -= 8
            append(UInt8(truncatingIfNeeded: value >> T(shift)))
        }
    }
}
