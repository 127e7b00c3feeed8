import Crypto
import Pieces
import Primitives
import Testing

/// Leaves that differ from each other.
private func leaves(_ count: Int) -> [SHA256Digest] {
    (0..<count).map { Digests.sha256([UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)]) }
}

private func tree(_ count: Int, base: Int = 0, height: Int? = nil) -> MerkleTree? {
    let height = height ?? MerkleTree.height(leafCount: count) + base
    return MerkleTree(leaves(count), base: base, height: height, using: Digests.self)
}

private func pair(_ left: SHA256Digest, _ right: SHA256Digest) -> SHA256Digest {
    Digests.sha256(left.value.bytes + right.value.bytes)
}

@Suite("A Merkle tree")
struct MerkleTreeTests {
    @Test("has as its root the hash of hashes, with zeros where leaves are missing")
    func roots() throws {
        let (l, zero) = (leaves(5), SHA256Digest(Bytes32()))
        #expect(try #require(tree(1)).root == l[0])
        #expect(try #require(tree(2)).root == pair(l[0], l[1]))
        #expect(try #require(tree(3)).root == pair(pair(l[0], l[1]), pair(l[2], zero)))
        let right = pair(pair(l[4], zero), pair(zero, zero))
        let left = pair(pair(l[0], l[1]), pair(l[2], l[3]))
        #expect(try #require(tree(5)).root == pair(left, right))
        #expect(try #require(tree(1, height: 1)).root == pair(l[0], zero))
        for count in 1...40 {
            #expect(try #require(tree(count)).root == Digests.merkleRoot(ofLeaves: leaves(count)))
        }
    }

    @Test("over a piece layer has the root of the tree over the leaves")
    func pieceLayer() throws {
        for count in 1...40 {
            let whole = try #require(
                tree(count, height: max(2, MerkleTree.height(leafCount: count))))
            let layer = (0..<(count + 3) / 4).compactMap { whole.hash(layer: 2, index: $0) }
            let part = MerkleTree(layer, base: 2, height: whole.height, using: Digests.self)
            #expect(part?.root == whole.root)
        }
    }

    @Test("is as high as its leaves need")
    func heights() {
        let heights = [0, 1, 2, 3, 4, 5, 8, 9, 1 << 20, (1 << 20) + 1].map {
            MerkleTree.height(leafCount: $0)
        }
        #expect(heights == [0, 0, 1, 2, 2, 3, 3, 4, 20, 21])
        #expect(MerkleTree.height(leafCount: .max) == 63)
        #expect(tree(3, height: 1) == nil)
        #expect(tree(1, base: 3, height: 2) == nil)
        #expect(tree(1, height: 50) == nil)
        #expect(tree(1, height: -1) == nil)
        #expect(MerkleTree([], height: 3, using: Digests.self) == nil)
    }

    @Test("answers a hash request as BEP 52 says, without what follows from the hashes")
    func answers() throws {
        let it = try #require(tree(13))
        func hash(_ layer: Int, _ index: Int) -> SHA256Digest {
            it.hash(layer: layer, index: index) ?? Digests.sha256([])
        }
        // Two hashes and three proof layers: an uncle in each.
        let two = try #require(MerkleRange(layer: 0, index: 2, count: 2, proofLayers: 3))
        #expect(
            it.hashes(two) == [hash(0, 2), hash(0, 3), hash(1, 0), hash(2, 1), hash(3, 1)])
        // Of four, the first layer is left out.
        let four = try #require(MerkleRange(layer: 0, index: 12, count: 4, proofLayers: 3))
        let zero = SHA256Digest(Bytes32())
        #expect(it.hashes(four) == [hash(0, 12), zero, zero, zero, hash(2, 2), hash(3, 0)])
        let all = try #require(MerkleRange(layer: 1, index: 0, count: 8, proofLayers: 0))
        #expect(it.hashes(all)?.count == 8)
        let outside = try #require(MerkleRange(layer: 0, index: 16, count: 2, proofLayers: 0))
        #expect(it.hashes(outside) == nil)
        let high = try #require(MerkleRange(layer: 0, index: 0, count: 2, proofLayers: 4))
        #expect(it.hashes(high) == nil)
        let low = try #require(MerkleRange(layer: 0, index: 0, count: 2, proofLayers: 0))
        #expect(tree(4, base: 2)?.hashes(low) == nil)
    }

    @Test("proves every range that it answers, and nothing that was changed")
    func proofs() throws {
        var random = SeededRandom(seed: 52)
        for count in [2, 3, 5, 8, 13, 32] {
            let it = try #require(tree(count))
            for layer in 0..<it.height {
                for depth in 1...it.height - layer {
                    let width = 1 << depth
                    for index in stride(from: 0, to: 1 << (it.height - layer), by: width) {
                        let range = try #require(
                            MerkleRange(
                                layer: layer, index: index, count: width,
                                proofLayers: it.height - layer - 1))
                        var hashes = try #require(it.hashes(range))
                        func holds(_ hashes: [SHA256Digest]) -> Bool {
                            MerkleTree.proves(
                                hashes, range, height: it.height, root: it.root,
                                using: Digests.self)
                        }
                        #expect(holds(hashes))
                        #expect(!holds(Array(hashes.dropLast())))
                        #expect(!holds(hashes + leaves(1)))
                        let place = Int.random(in: 0..<hashes.count, using: &random)
                        hashes[place] = pair(hashes[place], hashes[place])
                        #expect(!holds(hashes))
                    }
                }
            }
        }
    }

    @Test("takes no range that a hash request cannot name")
    func ranges() {
        func range(_ layer: Int, _ index: Int, _ count: Int, _ proof: Int) -> MerkleRange? {
            MerkleRange(layer: layer, index: index, count: count, proofLayers: proof)
        }
        #expect(range(0, 0, 2, 0) != nil)
        #expect(range(0, 512, 512, 49) != nil)
        #expect(range(0, 0, 1, 0) == nil)
        #expect(range(0, 0, 3, 0) == nil)
        #expect(range(0, 2, 4, 0) == nil)
        #expect(range(0, -2, 2, 0) == nil)
        #expect(range(0, 0, 1024, 0) == nil)
        #expect(range(-1, 0, 2, 0) == nil)
        #expect(range(0, 0, 2, -1) == nil)
        #expect(range(.max, 0, 2, .max) == nil)
        #expect(range(0, .max - 1, 2, 0)?.fits(height: 49) == false)
    }
}
