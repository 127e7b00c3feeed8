// The hash tree of BEP 52: leaves are the SHA-256 of blocks, every other hash is that of its two
// children. Keeps one layer and all above it; padding is known and takes no room. Fetches nothing,
// and never sees the blocks.
//
//     layer 2 = height            root
//                            ┌──────┴──────┐
//     layer 1               h0            h1            a piece of two blocks: the piece layer
//                         ┌──┴──┐       ┌──┴──┐
//     layer 0            l0    l1      l2     0         three blocks, and a leaf of zeros

package import Primitives

/// A hash tree from some layer up to its root.
package struct MerkleTree: Equatable, Sendable {
    /// The layer of the lowest hashes that are kept, counted from the leaves.
    package let base: Int
    /// The layer of the root: the tree has 2 to this power leaves.
    package let height: Int
    /// From the base up, each without its padding; the last is the root alone.
    private let layers: [[SHA256Digest]]
    /// What stands for a subtree of zero leaves, by layer from the leaves up.
    private let padding: [SHA256Digest]

    /// The greatest height: that of a file of 2^63 bytes.
    package static let maximumHeight = 49

    /// The tree over `hashes`, which stand at the left of layer `base`, or nil.
    ///
    /// What is missing at the right is padding. Nil where there are no hashes, or more than the
    /// layer of a tree of this height has.
    package init?<Hash: HashFunctions>(
        _ hashes: [SHA256Digest], base: Int = 0, height: Int, using _: Hash.Type
    ) {
        guard (0...Self.maximumHeight).contains(height), (0...height).contains(base),
            (1...1 << (height - base)).contains(hashes.count)
        else { return nil }
        (self.base, self.height) = (base, height)
        var padding = [SHA256Digest(Bytes32())]
        for layer in 0..<height { padding += Hash.parents(of: [padding[layer], padding[layer]]) }
        var layers = [hashes]
        for layer in base..<height {
            var children = layers[layer - base]
            if children.count % 2 == 1 { children.append(padding[layer]) }
            layers.append(Hash.parents(of: children))
        }
        (self.layers, self.padding) = (layers, padding)
    }

    /// The length in bytes of what one leaf covers: a block.
    package static let leafLength = 16_384

    /// The number of leaves over `length` bytes.
    package static func leafCount(_ length: Int64) -> Int {
        let whole = Int64(leafLength)
        return Int(length / whole + (length % whole == 0 ? 0 : 1))
    }

    /// The height of the tree over `leafCount` leaves: the least that has room for them.
    package static func height(leafCount: Int) -> Int {
        leafCount <= 1 ? 0 : Int.bitWidth - (leafCount - 1).leadingZeroBitCount
    }

    /// The root.
    package var root: SHA256Digest { layers[height - base][0] }

    /// The hash number `index` of `layer`; nil outside the tree or below the base.
    package func hash(layer: Int, index: Int) -> SHA256Digest? {
        guard (base...height).contains(layer), (0..<1 << (height - layer)).contains(index)
        else { return nil }
        let kept = layers[layer - base]
        return index < kept.count ? kept[index] : padding[layer]
    }

    /// What answers a hash request: the hashes of `range` and their uncles, from the lowest up.
    ///
    /// Nil where the range, or a layer of its proof, does not lie within what the tree keeps.
    package func hashes(_ range: MerkleRange) -> [SHA256Digest]? {
        Self.hashes(range, height: height) { hash(layer: $0, index: $1) }
    }

    /// The same of a tree of which `hash` knows the hashes by their layer and index.
    package static func hashes(
        _ range: MerkleRange, height: Int, _ hash: (Int, Int) -> SHA256Digest?
    ) -> [SHA256Digest]? {
        guard range.fits(height: height) else { return nil }
        var out: [SHA256Digest] = []
        for index in range.index..<range.index + range.count {
            guard let hash = hash(range.layer, index) else { return nil }
            out.append(hash)
        }
        var (layer, index) = (range.layer + range.depth, range.index >> range.depth)
        for _ in 0..<range.uncleCount {
            guard let uncle = hash(layer, index ^ 1) else { return nil }
            out.append(uncle)
            (layer, index) = (layer + 1, index / 2)
        }
        return out
    }

    /// Whether `hashes`, an answer about `range`, prove themselves to be under `root`.
    ///
    /// The proof must reach the root of a tree of this height; a part of a tree is a tree too.
    package static func proves<Hash: HashFunctions>(
        _ hashes: [SHA256Digest], _ range: MerkleRange, height: Int, root: SHA256Digest,
        using _: Hash.Type
    ) -> Bool {
        guard range.fits(height: height), hashes.count == range.count + range.uncleCount,
            range.layer + range.depth + range.uncleCount == height
        else { return false }
        var layer = Array(hashes.prefix(range.count))
        while layer.count > 1 { layer = Hash.parents(of: layer) }
        var (own, index) = (layer[0], range.index >> range.depth)
        for uncle in hashes.dropFirst(range.count) {
            own = Hash.parents(of: index % 2 == 0 ? [own, uncle] : [uncle, own])[0]
            index /= 2
        }
        return own == root
    }
}

/// What a hash request names: neighbours in one layer, and how far up to prove them (BEP 52).
package struct MerkleRange: Hashable, Sendable {
    /// The layer of the hashes, counted from the leaves.
    package let layer: Int
    /// The first hash; a multiple of `count`.
    package let index: Int
    /// How many hashes: a power of two.
    package let count: Int
    /// How many layers above to prove, also those that follow from the hashes themselves.
    package let proofLayers: Int

    /// The most hashes that may be asked for at once; BEP 52 advises no more.
    package static let maximumCount = 512

    /// The range, or nil where the numbers are not those of a hash request.
    package init?(layer: Int, index: Int, count: Int, proofLayers: Int) {
        guard (0...MerkleTree.maximumHeight).contains(layer),
            (0...MerkleTree.maximumHeight).contains(proofLayers),
            (2...Self.maximumCount).contains(count), count.nonzeroBitCount == 1,
            index >= 0, index % count == 0
        else { return nil }
        (self.layer, self.index, self.count) = (layer, index, count)
        self.proofLayers = proofLayers
    }

    /// How many layers lie between the hashes and the one hash above all of them.
    package var depth: Int { count.trailingZeroBitCount }

    /// How many uncles an answer has: the lowest layers of the proof follow from the hashes.
    package var uncleCount: Int { max(0, proofLayers - (depth - 1)) }

    /// Whether a tree of this height has the hashes and the uncles.
    package func fits(height: Int) -> Bool {
        guard layer + depth <= height, layer + depth + uncleCount <= height else { return false }
        return index <= (1 << (height - layer)) - count
    }
}
