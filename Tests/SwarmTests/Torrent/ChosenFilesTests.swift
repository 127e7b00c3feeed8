// Of a torrent only some pieces are wanted: what is asked for, what peers are told, and what a
// reader of the others changes.

import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("A torrent of which only some files are wanted")
struct ChosenFilesTests {
    /// What a piece of two blocks takes.
    private let piece: Int64 = 32_768

    private func piece(_ rig: inout TorrentRig, _ number: UInt32) -> [String] {
        rig.brings(1, number, 0)
        rig.brings(1, number, 1)
        return rig.tell(.pieceVerified(PieceIndex(number), blocks: []))
    }

    private func bits(_ rig: TorrentRig, _ pieces: [UInt32]) -> Message {
        var field = Bitfield(pieceCount: rig.layout.pieceCount)
        for piece in pieces { field.insert(PieceIndex(piece)) }
        return .bitfield(field.bytes)
    }

    @Test("Nothing else is asked for, in order or by rarity, and it is complete with those")
    func asking() {
        var rig = TorrentRig(pieces: 8, chosen: 2..<4)
        let asked = requests(rig.meetSeed(1))
        #expect(asked == ["1 2.0", "1 2.1", "1 3.0", "1 3.1"])
        let first = piece(&rig, 2)
        #expect(!first.contains("completed"))
        let last = piece(&rig, 3)
        #expect(last == ["completed", "1: not interested"])
        #expect(rig.engine.isFinished && !rig.engine.isComplete)
        #expect(rig.engine.chosenCount == 2 && rig.engine.leftCount == 0)
    }

    @Test("A peer that has only what is not wanted is of no interest, until it has more")
    func interest() {
        var rig = TorrentRig(pieces: 8, chosen: 2..<4)
        rig.meet(1)
        #expect(rig.says(1, bits(rig, [0, 1, 4, 5, 6])) == [])
        #expect(rig.says(1, .have(PieceIndex(7))) == [])
        #expect(rig.says(1, .have(PieceIndex(3))) == ["1: interested"])
    }

    @Test("A piece that a choked peer allows is left where nobody wants it")
    func allowed() {
        var rig = TorrentRig(pieces: 8, chosen: 2..<4)
        rig.meet(1)
        rig.says(1, .haveAll)
        #expect(requests(rig.says(1, .allowedFast(PieceIndex(6)))) == [])
        #expect(requests(rig.says(1, .allowedFast(PieceIndex(3)))) == ["1 3.0", "1 3.1"])
    }

    @Test("What was there before counts, and what others want is offered to them")
    func seeding() {
        var rig = TorrentRig(pieces: 8, have: [2, 3, 6], chosen: 2..<4)
        #expect(rig.engine.isFinished)
        #expect(rig.meet(1).contains("1: bitfield of 1"))
        #expect(rig.says(1, .haveAll) == [])
        rig.meet(2)
        #expect(rig.says(2, .interested) == ["2: unchoke"])
        let block = rig.engine.block(0, of: PieceIndex(6))
        #expect(rig.says(2, .request(block)) == ["2: block \(block)"])
    }

    @Test("A reader gets what nobody chose, and only that: those who have it are told of interest")
    func reading() {
        var rig = TorrentRig(pieces: 100, have: [2, 3], chosen: 2..<4) {
            $0.assumedBitrate = ByteRate(bytesPerSecond: 2_000)
        }
        rig.meet(1)
        rig.says(1, .haveAll)
        rig.meet(2)
        rig.says(2, bits(rig, [2, 3, 90]))
        let opened = rig.tell(.readerOpened(ReaderID(1), 10 * piece..<100 * piece))
        #expect(opened.contains("1: interested") && !opened.contains("2: interested"))
        // Thirty seconds of it lie in two pieces, and one more is looked at ahead.
        let asked = requests(rig.says(1, .unchoke)) + requests(rig.wait(.milliseconds(200)))
        let pieces = Set(asked.compactMap { $0.dropFirst(2).split(separator: ".").first })
        #expect(pieces == ["10", "11", "12"])
    }

    @Test("Interest outlasts a reader for a while, as players close and open again as they jump")
    func jumping() {
        var rig = TorrentRig(pieces: 100, have: [2, 3], chosen: 2..<4)
        rig.meet(1)
        rig.says(1, .haveAll)
        rig.meet(2)
        rig.says(2, bits(rig, [10, 11]))
        rig.tell(.readerOpened(ReaderID(1), 10 * piece..<100 * piece))
        #expect(!rig.tell(.readerClosed(ReaderID(1))).contains("2: not interested"))
        #expect(rig.wait(.seconds(9)) == [])
        // A seed is of no more use then, and leaves its place to others.
        #expect(rig.wait(.seconds(3)) == ["1: close full", "2: not interested"])
    }

    @Test("What was begun for a reader that is gone becomes whole")
    func begun() {
        var rig = TorrentRig(pieces: 100, have: [2, 3], chosen: 2..<4)
        rig.meet(1)
        rig.says(1, .haveAll)
        rig.tell(.readerOpened(ReaderID(1), 10 * piece..<11 * piece))
        rig.says(1, .unchoke)
        rig.brings(1, 10, 0)
        rig.tell(.readerClosed(ReaderID(1)))
        let meanwhile = rig.wait(.seconds(15))
        #expect(!meanwhile.contains("1: close full"))
        rig.brings(1, 10, 1)
        rig.tell(.pieceVerified(PieceIndex(10), blocks: []))
        #expect(rig.engine.have.contains(PieceIndex(10)))
        #expect(rig.wait(.seconds(15)).contains("1: close full"))
    }

    @Test("Everything that is read in the end makes it a seed")
    func everything() {
        var rig = TorrentRig(pieces: 4, have: [2, 3], chosen: 2..<4)
        rig.meetSeed(1)
        rig.tell(.readerOpened(ReaderID(1), 0..<2 * piece))
        rig.says(1, .unchoke)
        #expect(!piece(&rig, 0).contains("completed"))
        #expect(piece(&rig, 1).contains("completed"))
        #expect(rig.engine.isComplete)
        #expect(rig.meet(2).first == "2: have all")
    }
}
