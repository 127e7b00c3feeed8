// What comes to a publisher and what it asks for, as values.

package import Metainfo
package import Pieces
package import Primitives

/// Something that the packager knows of the bytes that it hands over.
package enum StreamMark: Hashable, Sendable {
    /// A player can begin `offset` bytes into the chunk: the PAT in front of a key frame.
    case randomAccess(offset: Int)
    /// The first PES packet that begins at `offset` of the chunk or later has the time
    /// `ticks`, in 90 kHz (ISO 13818-1, 2.4.3.7); what exceeds 33 bits is cut off.
    case timestamp(offset: Int, ticks: UInt64)

    /// Where in the chunk, in bytes.
    package var offset: Int {
        switch self {
        case .randomAccess(let offset), .timestamp(let offset, _): offset
        }
    }
}

extension Publisher {
    /// What happened.
    package enum Input: Hashable, Sendable {
        /// Whole packets came from the packager, the first byte of them at `wall`.
        ///
        /// Any number of packets. The marks are in the order of their offsets.
        case bytesArrived([UInt8], marks: [StreamMark], wall: WallTime)
        /// What `digest` asked for: the SHA-1 of a piece and the Merkle root over its blocks.
        case pieceDigested(PieceIndex, sha1: SHA1Digest, root: SHA256Digest)
        /// What `sign` asked for: the signature, and the digest of the record with it.
        case recordSigned(Signature, digest: SHA256Digest)
        /// The input has come to its end: nothing will follow.
        case inputEnded
        /// The moment of `nextDeadline` is here.
        case deadlineReached
    }

    /// What is to be done.
    package enum Output: Hashable, Sendable {
        /// Compute both digests of a new piece and answer `pieceDigested`, in any order.
        case digest(PieceIndex, bytes: [UInt8])
        /// Sign the draft, digest the record that comes of it, and answer `recordSigned`.
        case sign(RecordDraft)
        /// Let the swarm know: the record first, then the pieces that it vouches for.
        case publish(LiveRecord, pieces: Range<PieceIndex>)
        /// All is published, the end too; nothing more will be asked for.
        case finished
    }
}
