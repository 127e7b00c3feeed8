// Answers to those who ask for hashes of a torrent of version 2 (BEP 52): from its piece layers at
// once, and below them from the leaves of a piece, which must be read for it, as they are not kept.

package import Pieces
package import Primitives

/// A stretch of one layer of a file's tree: what a hash request names (BEP 52).
package struct HashSpan: Hashable, Sendable {
    /// The root of the file's tree.
    package var root: SHA256Digest
    /// The hashes, and how far up they are proved.
    package var range: MerkleRange

    /// The stretch `range` of the tree under `root`.
    package init(root: SHA256Digest, range: MerkleRange) { (self.root, self.range) = (root, range) }
}

/// The serving of a torrent's hashes to its peers.
package struct HashServing<Peer: Hashable & Sendable>: Sendable {
    private let torrent: TorrentFile
    /// Trees of those files that somebody asked for.
    private var trees: [SHA256Digest: MerkleTree] = [:]
    /// Hashes that each peer was sent.
    private var served: [Peer: Int] = [:]
    /// Leaves that were made for each peer.
    private var made: [Peer: Int] = [:]
    /// Hashes of all pieces, and leaves of all files.
    private let hashCount: Int
    private let leafCount: Int

    /// How often a peer is sent each hash, on the average: once, and once more for what was lost.
    private static var servings: Int { 2 }
    /// Hashes that are sent besides: the uncles of a few small files.
    private static var slack: Int { 4_096 }

    /// The longest piece that is read for its leaves, in bytes: a tenth of a second of a disk.
    private static var longestPiece: Int { 16_777_216 }

    /// The serving of `torrent`.
    package init(_ torrent: TorrentFile) {
        self.torrent = torrent
        hashCount = torrent.layers.values.reduce(0) { $0 + $1.count }
        leafCount = torrent.files.reduce(0) { $0 + MerkleTree.leafCount($1.length) }
    }

    /// A peer is gone; another may take its name.
    package mutating func left(_ peer: Peer) {
        served[peer] = nil
        made[peer] = nil
    }

    /// The hashes that answer `span` with their uncles, or nil where `peer` is to be refused.
    package mutating func answer<Hash: HashFunctions>(
        _ span: HashSpan, to peer: Peer, using hash: Hash.Type
    ) -> [SHA256Digest]? {
        guard served[peer] ?? 0 <= hashCount * Self.servings + Self.slack,
            let tree = tree(span.root, using: hash), let hashes = tree.hashes(span.range)
        else { return nil }
        served[peer, default: 0] += hashes.count
        return hashes
    }

    /// The piece whose leaves `peer` asks for, or what lies between them and the piece's own hash.
    ///
    /// Read it and call `answer` with its leaves. Nil where `span` is of another kind, or `peer` is to
    /// be refused.
    package mutating func pieceToRead(_ span: HashSpan, for peer: Peer) -> PieceIndex? {
        let range = span.range
        guard let file = torrent.files.firstIndex(where: { $0.root == span.root }),
            let pieces = torrent.layout.pieceRange(file: file),
            torrent.layout.pieceLength <= Self.longestPiece,
            made[peer] ?? 0 <= leafCount * Self.servings + Self.slack
        else { return nil }
        let count = min(
            1 << torrent.pieceHeight, MerkleTree.leafCount(torrent.files[file].length))
        let height = pieces.count > 1 ? torrent.pieceHeight : .max
        guard range.layer + range.depth <= height else { return nil }
        let number = pieces.count > 1 ? range.index >> (height - range.layer) : 0
        guard number < pieces.count else { return nil }
        made[peer, default: 0] += count
        return pieces.lowerBound.advanced(by: number)
    }

    /// The answer to `span`, given the leaves of the piece that was named by `pieceToRead`; nil where
    /// they do not lead to its hash, or there is no such part of the tree.
    package mutating func answer<Hash: HashFunctions>(
        _ span: HashSpan, leaves: [SHA256Digest], of piece: PieceIndex, using hash: Hash.Type
    ) -> [SHA256Digest]? {
        guard let place = torrent.place(ofTree: piece), place.fileRoot == span.root,
            let below = MerkleTree(leaves, height: place.height, using: hash),
            below.root == place.root
        else { return nil }
        let above = tree(span.root, using: hash)
        return MerkleTree.hashes(span.range, height: above?.height ?? place.height) {
            guard $0 < place.height || above == nil else {
                return above?.hash(layer: $0, index: $1)
            }
            return below.hash(layer: $0, index: $1 - place.first >> $0)
        }
    }

    private mutating func tree<Hash: HashFunctions>(
        _ root: SHA256Digest, using hash: Hash.Type
    ) -> MerkleTree? {
        if let known = trees[root] { return known }
        guard let layer = torrent.layers[root],
            let file = torrent.files.first(where: { $0.root == root })
        else { return nil }
        let tree = MerkleTree(
            layer, base: torrent.pieceHeight,
            height: MerkleTree.height(leafCount: MerkleTree.leafCount(file.length)), using: hash)
        trees[root] = tree
        return tree
    }
}
