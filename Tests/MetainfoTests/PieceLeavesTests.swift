import Crypto
import Metainfo
import Pieces
import Primitives
import Testing

/// A torrent of version 2, the bytes of its files, and the leaves of each of its pieces.
private struct Leaved {
    let torrent: TorrentFile
    var leaves: [[SHA256Digest]] = []

    /// Files of these lengths, whose bytes differ, in pieces of `blocks` blocks.
    init(_ lengths: [Int64], blocks: Int) throws {
        let unit = blocks * 16_384
        let files = lengths.enumerated().map {
            TorrentDraft.File(path: ["f\($0.offset)"], length: $0.element)
        }
        var draft = try #require(
            TorrentDraft(
                name: "it", isFolder: true, files: files, pieceLength: unit, versions: .v2))
        for (number, length) in lengths.enumerated() {
            let bytes = (0..<Int(length)).map { UInt8(truncatingIfNeeded: $0 / 97 + number) }
            let layer = Digests.leaves(of: bytes.span)
            let height = MerkleTree.height(leafCount: layer.count)
            let tree = try #require(MerkleTree(layer, height: height, using: Digests.self))
            let pieces = stride(from: 0, to: layer.count, by: blocks).map {
                Array(layer[$0..<min($0 + blocks, layer.count)])
            }
            leaves += pieces
            let base = min(height, blocks.trailingZeroBitCount)
            let roots = pieces.indices.compactMap { tree.hash(layer: base, index: $0) }
            draft.setTree(number, root: tree.root, layer: roots)
        }
        torrent = try TorrentFile.parse(draft.encoded(), using: Digests.self)
    }
}

@Suite("The leaves of a piece (BEP 52)")
struct PieceLeavesTests {
    @Test(
        "What one node asks for another answers, and the answer is proved",
        arguments: [2, 4, 64, 1_024])
    func roundTrip(_ blocks: Int) throws {
        let unit = Int64(blocks * 16_384)
        let it = try Leaved([unit * 2 + 40_000, unit / 2 + 7_000, 16_385], blocks: blocks)
        var serving = HashServing<Int>(it.torrent)
        for piece in it.leaves.indices {
            let index = PieceIndex(UInt32(piece))
            var fetch = try #require(PieceLeaves(index, of: it.torrent))
            #expect(fetch.spans.allSatisfy { $0.range.count <= 512 })
            for (number, span) in fetch.spans.enumerated() {
                #expect(serving.answer(span, to: 1, using: Digests.self) == nil)
                #expect(serving.pieceToRead(span, for: 1) == index)
                let answer = serving.answer(
                    span, leaves: it.leaves[piece], of: index, using: Digests.self)
                let hashes = try #require(answer)
                var lie = fetch
                #expect(lie.take(span, hashes.reversed(), using: Digests.self) == .wrong)
                #expect(lie.take(span, [], using: Digests.self) == .wrong)
                let isLast = number == fetch.spans.count - 1
                let taken = fetch.take(span, hashes, using: Digests.self)
                #expect(taken == (isLast ? .complete : .part))
                #expect(fetch.take(span, hashes, using: Digests.self) == .unasked)
            }
            #expect(fetch.leaves == it.leaves[piece])
        }
    }

    @Test("A piece of one block has none, nor has one of version 1 or without its layer")
    func none() throws {
        let it = try Leaved([16_384, 16_384 * 3], blocks: 2)
        #expect(PieceLeaves(PieceIndex(0), of: it.torrent) == nil)
        #expect(PieceLeaves(PieceIndex(1), of: it.torrent) != nil)
        #expect(PieceLeaves(PieceIndex(9), of: it.torrent) == nil)
        let bare = try TorrentFile.parse(info: it.torrent.infoBytes, using: Digests.self)
        #expect(PieceLeaves(PieceIndex(1), of: bare) == nil)
    }

    @Test("What is no stretch of leaves within a piece is not read")
    func refused() throws {
        let it = try Leaved([16_384 * 64], blocks: 16)
        var serving = HashServing<Int>(it.torrent)
        let root = try #require(it.torrent.files.first?.root)
        func piece(_ layer: Int, _ index: Int, _ count: Int, _ proof: Int) -> UInt32? {
            guard
                let range = MerkleRange(
                    layer: layer, index: index, count: count, proofLayers: proof)
            else { return nil }
            return serving.pieceToRead(HashSpan(root: root, range: range), for: 1)?.value
        }
        #expect(piece(0, 0, 16, 3) == 0)
        #expect(piece(0, 48, 16, 3) == 3)
        #expect(piece(2, 12, 2, 5) == 3)
        #expect(piece(0, 64, 16, 3) == nil)
        #expect(piece(0, 1 << 40, 16, 3) == nil)
        #expect(piece(0, 0, 32, 3) == nil)
        #expect(piece(4, 0, 4, 3) == nil)
        let other = SHA256Digest(Bytes32())
        let range = try #require(MerkleRange(layer: 0, index: 0, count: 16, proofLayers: 3))
        #expect(serving.pieceToRead(HashSpan(root: other, range: range), for: 1) == nil)
    }

    @Test("Leaves that are not those of the piece, as from a disk that errs, are not sent")
    func damaged() throws {
        let it = try Leaved([16_384 * 8], blocks: 4)
        var serving = HashServing<Int>(it.torrent)
        let fetch = try #require(PieceLeaves(PieceIndex(1), of: it.torrent))
        let span = fetch.spans[0]
        for leaves in [it.leaves[0], [], it.leaves[1] + it.leaves[1]] {
            #expect(
                serving.answer(span, leaves: leaves, of: PieceIndex(1), using: Digests.self) == nil)
        }
    }

    @Test("A peer that asks without end is refused in the end, and another is not")
    func bounded() throws {
        let it = try Leaved([16_384 * 8], blocks: 4)
        var serving = HashServing<Int>(it.torrent)
        let fetch = try #require(PieceLeaves(PieceIndex(1), of: it.torrent))
        let span = fetch.spans[0]
        var count = 0
        while serving.pieceToRead(span, for: 1) != nil, count < 100_000 { count += 1 }
        #expect((2...2_000).contains(count))
        #expect(serving.pieceToRead(span, for: 2) != nil)
        serving.left(1)
        #expect(serving.pieceToRead(span, for: 1) != nil)
    }
}
