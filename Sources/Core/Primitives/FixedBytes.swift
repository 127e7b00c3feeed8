// Byte strings of a fixed size that are compared, hashed and copied without the heap,
// and the identifiers of the protocol made of them. Knows nothing of what the bytes mean.

/// Twenty bytes, kept as three words.
package struct Bytes20: Hashable, Sendable {
    private let a: UInt64
    private let b: UInt64
    private let c: UInt32

    /// The first 20 bytes from `offset` in `bytes`, or nil where there are fewer.
    package init?(_ bytes: Span<UInt8>, at offset: Int = 0) {
        guard offset >= 0, bytes.count >= 20, offset <= bytes.count - 20 else { return nil }
        a = bigEndian(bytes, offset, 8)
        b = bigEndian(bytes, offset + 8, 8)
        c = UInt32(truncatingIfNeeded: bigEndian(bytes, offset + 16, 4))
    }

    /// Exactly 20 bytes, or nil.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 20 else { return nil }
        self.init(bytes.span)
    }

    /// Twenty zero bytes.
    package init() { (a, b, c) = (0, 0, 0) }

    /// The bytes in order.
    package var bytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(20)
        append(to: &out)
        return out
    }

    /// Appends the 20 bytes to `out`.
    package func append(to out: inout [UInt8]) {
        out.append(bigEndian: a)
        out.append(bigEndian: b)
        out.append(bigEndian: c)
    }
}

/// Thirty-two bytes, kept as four words.
package struct Bytes32: Hashable, Sendable {
    private let a: UInt64
    private let b: UInt64
    private let c: UInt64
    private let d: UInt64

    /// The first 32 bytes from `offset` in `bytes`, or nil where there are fewer.
    package init?(_ bytes: Span<UInt8>, at offset: Int = 0) {
        guard offset >= 0, bytes.count >= 32, offset <= bytes.count - 32 else { return nil }
        a = bigEndian(bytes, offset, 8)
        b = bigEndian(bytes, offset + 8, 8)
        c = bigEndian(bytes, offset + 16, 8)
        d = bigEndian(bytes, offset + 24, 8)
    }

    /// Exactly 32 bytes, or nil.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.init(bytes.span)
    }

    /// Thirty-two zero bytes.
    package init() { (a, b, c, d) = (0, 0, 0, 0) }

    /// The bytes in order.
    package var bytes: [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(32)
        append(to: &out)
        return out
    }

    /// Appends the 32 bytes to `out`.
    package func append(to out: inout [UInt8]) {
        out.append(bigEndian: a)
        out.append(bigEndian: b)
        out.append(bigEndian: c)
        out.append(bigEndian: d)
    }
}

/// Sixty-four bytes, kept as two halves.
package struct Bytes64: Hashable, Sendable {
    private let high: Bytes32
    private let low: Bytes32

    /// The first 64 bytes from `offset` in `bytes`, or nil where there are fewer.
    package init?(_ bytes: Span<UInt8>, at offset: Int = 0) {
        guard let high = Bytes32(bytes, at: offset), let low = Bytes32(bytes, at: offset + 32)
        else { return nil }
        (self.high, self.low) = (high, low)
    }

    /// Exactly 64 bytes, or nil.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 64 else { return nil }
        self.init(bytes.span)
    }

    /// Sixty-four zero bytes.
    package init() { (high, low) = (Bytes32(), Bytes32()) }

    /// The bytes in order.
    package var bytes: [UInt8] { high.bytes + low.bytes }

    /// Appends the 64 bytes to `out`.
    package func append(to out: inout [UInt8]) {
        high.append(to: &out)
        low.append(to: &out)
    }
}

private func bigEndian(_ bytes: Span<UInt8>, _ offset: Int, _ count: Int) -> UInt64 {
    var value: UInt64 = 0
    for i in 0..<count { value = value << 8 | UInt64(bytes[offset + i]) }
    return value
}
