import Crypto
import Primitives
import Testing

@Suite("Digests")
struct DigestTests {
    @Test(
        "give the known answers of FIPS 180-4",
        arguments: [
            (
                "", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
            ),
            (
                "abc", "a9993e364706816aba3e25717850c26c9cd0d89d",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
            ),
        ] as [(String, String, String)])
    func knownAnswers(message: String, sha1: String, sha256: String) {
        let bytes = Array(message.utf8)
        #expect(hex(Digests.sha1(bytes).value.bytes) == sha1)
        #expect(hex(Digests.sha256(bytes).value.bytes) == sha256)
    }

    @Test("give the known answer of FIPS 180-4 for a million times a")
    func million() {
        let bytes = [UInt8](repeating: 0x61, count: 1_000_000)
        #expect(
            hex(Digests.sha1(bytes).value.bytes) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
        #expect(
            hex(Digests.sha256(bytes).value.bytes)
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("come out the same for a message in parts, and the context serves the next message")
    func parts() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
        var sha1 = SHA1Context()
        var sha256 = SHA256Context()
        for _ in 0..<2 {
            for start in stride(from: 0, to: 1000, by: 7) {
                let part = Array(bytes[start..<min(start + 7, 1000)])
                sha1.update(part.span)
                sha256.update(part.span)
            }
            #expect(sha1.finish() == Digests.sha1(bytes))
            #expect(sha256.finish() == Digests.sha256(bytes))
        }
    }
}

@Suite("The Merkle root of a piece (BEP 52)")
struct MerkleTests {
    private let piece = (0..<8 * 16_384).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 14) }

    private func leaf(_ number: Int) -> [UInt8] {
        Digests.sha256(Array(piece[number * 16_384..<(number + 1) * 16_384])).value.bytes
    }

    private func node(_ left: [UInt8], _ right: [UInt8]) -> [UInt8] {
        Digests.sha256(left + right).value.bytes
    }

    private func root(_ count: Int) -> [UInt8] {
        Digests.merkleRoot(of: Array(piece[0..<count])).value.bytes
    }

    @Test("of one block is the block's own SHA-256")
    func oneBlock() {
        #expect(root(16_384) == leaf(0))
    }

    @Test("of two, four and eight blocks is the tree of pairs")
    func pairs() {
        let four = (node(node(leaf(0), leaf(1)), node(leaf(2), leaf(3))))
        let rest = (node(node(leaf(4), leaf(5)), node(leaf(6), leaf(7))))
        #expect(root(2 * 16_384) == node(leaf(0), leaf(1)))
        #expect(root(4 * 16_384) == four)
        #expect(root(8 * 16_384) == node(four, rest))
    }

    @Test("pads the leaves with zeros to a power of two, and a short last block not at all")
    func padding() {
        let zero = [UInt8](repeating: 0, count: 32)
        #expect(root(3 * 16_384) == node(node(leaf(0), leaf(1)), node(leaf(2), zero)))
        let short = Digests.sha256(Array(piece[16_384..<16_394])).value.bytes
        #expect(root(16_394) == node(leaf(0), short))
        #expect(root(0) == zero)
    }

    @Test("changes with any bit of the piece")
    func everyBlockCounts() {
        let whole = Digests.merkleRoot(of: piece)
        for block in 0..<8 {
            var other = piece
            other[block * 16_384 + 5] ^= 1
            #expect(Digests.merkleRoot(of: other) != whole)
        }
    }
}

@Suite("Secure randomness")
struct SecureRandomTests {
    @Test("has the length asked for and does not repeat")
    func lengths() {
        for count in [0, 1, 8, 20, 1000] { #expect(secureRandom(count).count == count) }
        #expect(Set((0..<100).map { _ in secureRandom(16) }).count == 100)
    }
}
