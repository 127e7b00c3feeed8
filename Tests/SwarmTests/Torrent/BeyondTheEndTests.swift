// Requests that reach behind the end of a file, where files begin with pieces of their own (BEP 52).

import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

extension TorrentRig {
    /// A seed of files that each begin with a piece of two blocks.
    fileprivate init(files: [Int64], alignment: FileLayout.Alignment) throws {
        layout = try #require(
            FileLayout(
                files: files.map { FileLayout.File(length: $0) }, pieceLength: 32_768,
                alignment: alignment))
        engine = TorrentEngine(
            settings: TorrentSettings(), layout: layout, ourID: Rig.id(100),
            have: Bitfield.full(pieceCount: layout.pieceCount), seed: 7)
    }

    /// Asks for a block as a peer that may ask.
    fileprivate mutating func asks(_ piece: UInt32, _ offset: UInt32, _ length: UInt32) -> [String]
    {
        meet(1)
        says(1, .interested)
        wait(.seconds(1))
        let block = Block(piece: PieceIndex(piece), offset: offset, length: length)
        return says(1, .request(block))
    }
}

@Suite("Requests behind the end of a file")
struct BeyondTheEndTests {
    @Test("libtorrent 2.0 asks for the whole last block of each file, and is given it")
    func wholeBlocks() throws {
        var rig = try TorrentRig(files: [20_000, 3], alignment: .pieces)
        #expect(rig.asks(0, 16_384, 16_384) == ["1: block #0+16384/16384"])
        rig = try TorrentRig(files: [20_000, 3], alignment: .pieces)
        #expect(rig.asks(1, 0, 16_384) == ["1: block #1+0/16384"])
    }

    @Test("A block that begins behind the end, or ends behind the piece, is none")
    func nothing() throws {
        for (offset, length) in [(20_000, 1), (32_768, 1), (16_384, 16_385), (19_999, 16_384)] {
            var rig = try TorrentRig(files: [20_000, 3], alignment: .pieces)
            let lines = rig.asks(0, UInt32(offset), UInt32(length))
            #expect(isRefused(lines), "\(offset) \(lines)")
        }
    }

    @Test("Where files lie end to end nothing is behind the last one")
    func endToEnd() throws {
        var rig = try TorrentRig(files: [20_000, 3], alignment: .none)
        let lines = rig.asks(0, 16_384, 16_384)
        #expect(isRefused(lines), "\(lines)")
    }

    private func isRefused(_ lines: [String]) -> Bool {
        lines.contains { $0.contains("a request that cannot be") }
    }
}
