// Answers to those who ask for hashes of a torrent of version 2 (BEP 52), from its piece layers.
// Hashes of blocks are not kept, so nothing below the piece layer is answered.

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
    /// Hashes of all pieces.
    private let hashCount: Int

    /// How often a peer is sent each hash, on the average: once, and once more for what was lost.
    private static var servings: Int { 2 }
    /// Hashes that are sent besides: the uncles of a few small files.
    private static var slack: Int { 4_096 }

    /// The serving of `torrent`.
    package init(_ torrent: TorrentFile) {
        self.torrent = torrent
        hashCount = torrent.layers.values.reduce(0) { $0 + $1.count }
    }

    /// A peer is gone; another may take its name.
    package mutating func left(_ peer: Peer) { served[peer] = nil }

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
