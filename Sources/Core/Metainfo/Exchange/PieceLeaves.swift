// The hashes of the blocks of one piece (BEP 52), fetched from a peer: with them a block is known to
// be right or wrong by itself. What a peer answers must lead to the hash of the piece, which is
// known; so whoever sends what is wrong is known at once.
//
//     piece of 1,024 blocks ─▶ two stretches of 512 hashes ─▶ each proved up to the piece
//
// Asks nobody, and sees no blocks.

package import Pieces
package import Primitives

/// The leaves below one piece, as far as they have come.
package struct PieceLeaves: Hashable, Sendable {
    /// What an answer is.
    package enum Answer: Hashable, Sendable {
        /// Not an answer to any of the requests.
        case unasked
        /// Not below the piece: who sent it is wrong.
        case wrong
        /// Right; others are missing.
        case part
        /// Right, and the last one.
        case complete
    }

    /// The piece.
    package let piece: PieceIndex
    /// What to ask for.
    package let spans: [HashSpan]
    /// How many of the piece's blocks have leaves: what lies beyond is padding.
    package let count: Int
    private let root: SHA256Digest
    private let height: Int
    private var parts: [[SHA256Digest]?]

    /// The leaves of `piece`, of which none have come; nil where there are none besides the piece's
    /// own hash, or that is not known.
    package init?(_ piece: PieceIndex, of torrent: TorrentFile) {
        guard let place = torrent.place(ofTree: piece), place.height > 0, let root = place.root
        else { return nil }
        (self.piece, self.root, height) = (piece, root, place.height)
        let count = MerkleTree.leafCount(Int64(place.length))
        self.count = count
        let width = min(MerkleRange.maximumCount, 1 << place.height)
        spans = stride(from: 0, to: count, by: width).compactMap { index in
            MerkleRange(
                layer: 0, index: place.first + index, count: width, proofLayers: place.height - 1
            ).map { HashSpan(root: place.fileRoot, range: $0) }
        }
        parts = Array(repeating: nil, count: spans.count)
    }

    /// Takes what a peer sent for `span`: hashes, and their uncles up to the piece.
    package mutating func take<Hash: HashFunctions>(
        _ span: HashSpan, _ hashes: [SHA256Digest], using hash: Hash.Type
    ) -> Answer {
        guard let number = spans.firstIndex(of: span), parts[number] == nil else { return .unasked }
        let width = span.range.count
        // A part of a tree is a tree, too.
        let within = MerkleRange(
            layer: 0, index: number * width, count: width, proofLayers: span.range.proofLayers)
        guard let within,
            MerkleTree.proves(hashes, within, height: height, root: root, using: hash)
        else { return .wrong }
        parts[number] = Array(hashes.prefix(min(width, count - number * width)))
        return parts.contains(nil) ? .part : .complete
    }

    /// Whether all have come.
    package var isComplete: Bool { !parts.contains(nil) }

    /// The SHA-256 of each block, once all have come.
    package var leaves: [SHA256Digest]? {
        isComplete ? parts.flatMap { $0 ?? [] } : nil
    }

    /// The SHA-256 of block number `block`; nil where there is none, or it has not come.
    package func leaf(_ block: Int) -> SHA256Digest? {
        guard (0..<count).contains(block), let width = spans.first?.range.count,
            let part = parts[block / width]
        else { return nil }
        return part[block % width]
    }
}

/// Where the tree below a piece stands in that of its file.
struct TreePlace {
    let fileRoot: SHA256Digest
    /// The number of the piece's first leaf among those of the file.
    let first: Int
    /// What the leaves lead to; nil where the file's piece layer is not known.
    let root: SHA256Digest?
    let height: Int
    /// The bytes that the leaves cover.
    let length: Int
}

extension TorrentFile {
    /// Where the tree below `piece` stands; nil in version 1.
    func place(ofTree piece: PieceIndex) -> TreePlace? {
        guard isV2, let digest = digest(ofPiece: piece),
            let first = layout.spans(piece: piece, offset: 0, length: 1)?.first,
            let range = layout.pieceRange(file: first.file), let root = files[first.file].root
        else { return nil }
        let number = range.lowerBound.distance(to: piece)
        return TreePlace(
            fileRoot: root, first: number << pieceHeight, root: digest.root, height: digest.height,
            length: digest.length)
    }
}
