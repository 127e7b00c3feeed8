// Digests of bytes that are all there: SHA-1, SHA-256, and the Merkle root of a piece (BEP 52).
// Keeps nothing.

package import Primitives

/// The digests that the protocol uses.
package enum Digests {
    /// The length in bytes of what one leaf of a Merkle tree covers: a block (BEP 52).
    package static let leafLength = 16_384

    /// The SHA-1 (FIPS 180-4) of `bytes`.
    package static func sha1(_ bytes: Span<UInt8>) -> SHA1Digest {
        var context = SHA1Context()
        context.update(bytes)
        return context.finish()
    }

    /// The SHA-1 (FIPS 180-4) of `bytes`.
    package static func sha1(_ bytes: [UInt8]) -> SHA1Digest { sha1(bytes.span) }

    /// The SHA-256 (FIPS 180-4) of `bytes`.
    package static func sha256(_ bytes: Span<UInt8>) -> SHA256Digest {
        var context = SHA256Context()
        context.update(bytes)
        return context.finish()
    }

    /// The SHA-256 (FIPS 180-4) of `bytes`.
    package static func sha256(_ bytes: [UInt8]) -> SHA256Digest { sha256(bytes.span) }

    /// The Merkle root of `piece` (BEP 52, `piece layers`).
    ///
    /// Leaves are the SHA-256 of its blocks; a piece of one block has that leaf as its root.
    /// A last short block is hashed as it is; no bytes at all have the root of one zero leaf.
    package static func merkleRoot(of piece: Span<UInt8>) -> SHA256Digest {
        var context = SHA256Context()
        var leaves: [SHA256Digest] = []
        leaves.reserveCapacity(piece.count / leafLength + 1)
        var start = 0
        while start < piece.count {
            let end = min(start + leafLength, piece.count)
            context.update(piece.extracting(start..<end))
            leaves.append(context.finish())
            start = end
        }
        return merkleRoot(ofLeaves: leaves)
    }

    /// The Merkle root of `piece` (BEP 52, `piece layers`).
    package static func merkleRoot(of piece: [UInt8]) -> SHA256Digest { merkleRoot(of: piece.span) }

    /// The root over `leaves`, padded with zero digests to a power of two (BEP 52).
    package static func merkleRoot(ofLeaves leaves: [SHA256Digest]) -> SHA256Digest {
        var context = SHA256Context()
        var level = leaves
        var width = 1
        while width < leaves.count { width *= 2 }
        level += repeatElement(SHA256Digest(Bytes32()), count: width - leaves.count)
        while width > 1 {
            width /= 2
            for i in 0..<width { level[i] = parent(level[2 * i], level[2 * i + 1], &context) }
        }
        return level[0]
    }

    private static func parent(
        _ left: SHA256Digest, _ right: SHA256Digest, _ context: inout SHA256Context
    ) -> SHA256Digest {
        var both: [UInt8] = []
        both.reserveCapacity(64)
        left.value.append(to: &both)
        right.value.append(to: &both)
        context.update(both.span)
        return context.finish()
    }
}
