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
        merkleRoot(ofLeaves: leaves(of: piece))
    }

    /// The SHA-256 of each block of `piece`: the leaves of its Merkle tree (BEP 52).
    package static func leaves(of piece: Span<UInt8>) -> [SHA256Digest] {
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
        return leaves
    }

    /// The Merkle root of `piece` (BEP 52, `piece layers`).
    package static func merkleRoot(of piece: [UInt8]) -> SHA256Digest { merkleRoot(of: piece.span) }

    /// The Merkle root of `piece` in a tree of 2 to the power `height` leaves (BEP 52).
    ///
    /// For the last piece of a file, which may be short but stands in the piece layer all the
    /// same; the leaves that it lacks are zero. It must not have more than there is room for.
    package static func merkleRoot(of piece: Span<UInt8>, height: Int) -> SHA256Digest {
        merkleRoot(ofLeaves: leaves(of: piece), width: 1 << height)
    }

    /// The root over `leaves`, padded with zero digests to 2 to the power `height` (BEP 52).
    package static func merkleRoot(
        ofLeaves leaves: [SHA256Digest], height: Int
    ) -> SHA256Digest {
        merkleRoot(ofLeaves: leaves, width: 1 << height)
    }

    /// The root over `leaves`, padded with zero digests to a power of two (BEP 52).
    package static func merkleRoot(ofLeaves leaves: [SHA256Digest]) -> SHA256Digest {
        var width = 1
        while width < leaves.count { width *= 2 }
        return merkleRoot(ofLeaves: leaves, width: width)
    }

    private static func merkleRoot(ofLeaves leaves: [SHA256Digest], width: Int) -> SHA256Digest {
        precondition(leaves.count <= width)
        var context = SHA256Context()
        var (level, width) = (leaves, width)
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

extension Digests: HashFunctions {
    package static func parents(of layer: [SHA256Digest]) -> [SHA256Digest] {
        var context = SHA256Context()
        return stride(from: 0, to: layer.count - 1, by: 2).map { i in
            parent(layer[i], layer[i + 1], &context)
        }
    }
}
