// A short keyed hash whose values nobody can foretell without the key (SipHash-2-4 of Aumasson and
// Bernstein): made for values of 64 bits over short input, as connection identifiers are.

/// SipHash-2-4 under one key.
package struct SipHash: Sendable {
    private let k0: UInt64
    private let k1: UInt64

    /// The hash under a key of 16 bytes, which must be secret; of a shorter key zeros are the rest.
    package init(key: [UInt8]) {
        k0 = Self.word(key, at: 0)
        k1 = Self.word(key, at: 8)
    }

    /// The hash of `bytes`.
    package func hash(_ bytes: [UInt8]) -> UInt64 {
        var state = State(k0, k1)
        var place = 0
        while bytes.count - place >= 8 {
            state.absorb(Self.word(bytes, at: place))
            place += 8
        }
        // What is left of a word, and the length of all in its last byte.
        let length = UInt64(truncatingIfNeeded: bytes.count) << 56
        state.absorb(Self.word(bytes, at: place) | length)
        return state.finish()
    }

    /// Eight bytes from `place`, the first the least; those beyond the end are zero.
    private static func word(_ bytes: [UInt8], at place: Int) -> UInt64 {
        var word: UInt64 = 0
        for offset in 0..<8 where place + offset < bytes.count {
            word |= UInt64(bytes[place + offset]) << UInt64(8 * offset)
        }
        return word
    }

    private struct State {
        var v0: UInt64
        var v1: UInt64
        var v2: UInt64
        var v3: UInt64

        init(_ k0: UInt64, _ k1: UInt64) {
            v0 = k0 ^ 0x736f_6d65_7073_6575
            v1 = k1 ^ 0x646f_7261_6e64_6f6d
            v2 = k0 ^ 0x6c79_6765_6e65_7261
            v3 = k1 ^ 0x7465_6462_7974_6573
        }

        mutating func absorb(_ word: UInt64) {
            v3 ^= word
            round()
            round()
            v0 ^= word
        }

        mutating func finish() -> UInt64 {
            v2 ^= 0xff
            for _ in 0..<4 { round() }
            return v0 ^ v1 ^ v2 ^ v3
        }

        private mutating func round() {
            v0 &+= v1
            v1 = rotated(v1, 13) ^ v0
            v0 = rotated(v0, 32)
            v2 &+= v3
            v3 = rotated(v3, 16) ^ v2
            v0 &+= v3
            v3 = rotated(v3, 21) ^ v0
            v2 &+= v1
            v1 = rotated(v1, 17) ^ v2
            v2 = rotated(v2, 32)
        }

        private func rotated(_ word: UInt64, _ count: UInt64) -> UInt64 {
            word << count | word >> (64 - count)
        }
    }
}
