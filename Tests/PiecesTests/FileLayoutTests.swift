import Pieces
import Primitives
import Testing

/// The files and pieces as pictures: a letter a byte, pieces between bars.
private func picture(_ layout: FileLayout) -> String {
    let names = Array("abcdefghijklmnopqrstuvwxyz")
    return (0..<UInt32(layout.pieceCount)).map { number in
        (layout.spans(piece: PieceIndex(number)) ?? []).map { span in
            let name = layout.files[span.file].isPadding ? "." : names[span.file]
            return String(repeating: String(name), count: span.length)
        }.joined()
    }.joined(separator: "|")
}

private func plain(_ lengths: [Int64], _ pieceLength: Int) -> FileLayout? {
    FileLayout(fileLengths: lengths, pieceLength: pieceLength)
}

private func aligned(_ lengths: [Int64], _ pieceLength: Int) -> FileLayout? {
    FileLayout(
        files: lengths.map { FileLayout.File(length: $0) }, pieceLength: pieceLength,
        alignment: .pieces)
}

@Suite("A layout of files")
struct FileLayoutTests {
    @Test("runs pieces over the borders of files, as BEP 3 does")
    func endToEnd() throws {
        #expect(picture(try #require(plain([10], 4))) == "aaaa|aaaa|aa")
        #expect(picture(try #require(plain([5, 1, 0, 7], 4))) == "aaaa|abdd|dddd|d")
        #expect(picture(try #require(plain([0, 4, 0, 0, 4, 0], 4))) == "bbbb|eeee")
        #expect(picture(try #require(plain([1, 1, 1, 1, 1], 16))) == "abcde")
        #expect(picture(try #require(plain([], 4))).isEmpty)
        #expect(picture(try #require(plain([0, 0], 4))).isEmpty)
    }

    @Test("gives every file pieces of its own, as BEP 52 does")
    func aligning() throws {
        #expect(picture(try #require(aligned([5, 1, 0, 7], 4))) == "aaaa|a|b|dddd|ddd")
        #expect(picture(try #require(aligned([4, 4], 4))) == "aaaa|bbbb")
        #expect(picture(try #require(aligned([0, 3, 0], 4))) == "bbb")
        let layout = try #require(aligned([5, 1, 0, 7], 4))
        #expect(layout.totalLength == 13)
        #expect(layout.length(ofPiece: PieceIndex(1)) == 1)
        #expect(layout.spans(piece: PieceIndex(1), offset: 0, length: 2) == nil)
        #expect(layout.pieceRange(file: 3) == PieceIndex(3)..<PieceIndex(5))
        #expect(layout.pieceRange(file: 2)?.isEmpty == true)
    }

    @Test("counts padding files as files that hold nothing")
    func padding() throws {
        let layout = try #require(
            FileLayout(
                files: [
                    .init(length: 5), .init(length: 3, isPadding: true), .init(length: 2),
                ], pieceLength: 4))
        #expect(picture(layout) == "aaaa|a...|cc")
        #expect(layout.totalLength == 10)
        #expect(layout.contentLength == 7)
    }

    @Test("finds parts of pieces in files, and the pieces of parts of files")
    func parts() throws {
        let layout = try #require(plain([5, 1, 0, 7], 4))
        let one = PieceIndex(1)
        #expect(
            layout.spans(piece: one, offset: 1, length: 2) == [
                FileSpan(file: 1, offset: 0, length: 1), FileSpan(file: 3, offset: 0, length: 1),
            ])
        #expect(layout.spans(piece: one, offset: 4, length: 0) == [])
        #expect(layout.spans(piece: one, offset: 3, length: 2) == nil)
        #expect(layout.spans(piece: one, offset: -1, length: 1) == nil)
        #expect(layout.spans(piece: one, offset: .max, length: .max) == nil)
        #expect(layout.spans(piece: PieceIndex(4), offset: 0, length: 0) == nil)
        #expect(layout.length(ofPiece: PieceIndex(3)) == 1)
        #expect(layout.pieceRange(file: 0) == PieceIndex(0)..<PieceIndex(2))
        #expect(layout.pieceRange(file: 3, range: 2..<3) == PieceIndex(2)..<PieceIndex(3))
        #expect(layout.pieceRange(file: 3, range: 0..<8) == nil)
        #expect(layout.pieceRange(file: 4, range: 0..<0) == nil)
        #expect(
            layout.place(file: 3, offset: 2).map { [Int($0.piece.value), $0.offset] } == [2, 0])
        #expect(layout.place(file: 2, offset: 0) == nil)
    }

    @Test("refuses lengths that no torrent can have")
    func refusals() {
        #expect(plain([-1], 4) == nil)
        #expect(plain([.max, .max], 1 << 30) == nil)
        #expect(plain([.max], 1 << 30) == nil)
        #expect(plain([.max - 5, 5], 1 << 30) == nil)
        #expect(plain([10], 0) == nil)
        #expect(plain([10], -4) == nil)
        #expect(plain([10], .max) == nil)
        #expect(plain([1 << 32], 1) == nil)
        #expect(plain([(1 << 32) - 1], 1)?.pieceCount == (1 << 32) - 1)
        #expect(aligned([.max, 1], 1 << 30) == nil)
    }

    @Test("has each byte of each file exactly once, whatever the lengths", arguments: 0..<40)
    func everyByte(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let files = (0..<Int.random(in: 0...12, using: &random)).map { _ in
            FileLayout.File(
                length: Int64.random(in: 0...20, using: &random),
                isPadding: Bool.random(using: &random))
        }
        let layout = try #require(
            FileLayout(
                files: files, pieceLength: Int.random(in: 1...9, using: &random),
                alignment: Bool.random(using: &random) ? .pieces : .none))
        var next = [Int64](repeating: 0, count: files.count)
        for number in 0..<UInt32(layout.pieceCount) {
            let piece = PieceIndex(number)
            var (offset, length) = (0, try #require(layout.length(ofPiece: piece)))
            #expect(length > 0 && length <= layout.pieceLength)
            for span in try #require(layout.spans(piece: piece)) {
                #expect(span.offset == next[span.file])
                let place = try #require(layout.place(file: span.file, offset: span.offset))
                #expect(place == (piece, offset))
                let range = span.offset..<span.offset + Int64(span.length)
                #expect(
                    layout.pieceRange(file: span.file, range: range)
                        == piece..<piece.advanced(by: 1))
                next[span.file] += Int64(span.length)
                offset += span.length
                length -= span.length
            }
            #expect(length == 0)
        }
        #expect(next == files.map(\.length))
    }

    @Test("The pieces of some files are all that have a byte of one, borders too")
    func piecesOfFiles() throws {
        let lengths: [Int64] = [25, 0, 10, 5]
        let joined = try #require(FileLayout(fileLengths: lengths, pieceLength: 10))
        #expect(joined.pieces(of: [0]).indices.map(\.value) == [0, 1, 2])
        #expect(joined.pieces(of: [2]).indices.map(\.value) == [2, 3])
        #expect(joined.pieces(of: [1, 3, 9]).indices.map(\.value) == [3])
        let aligned = try #require(
            FileLayout(
                files: lengths.map { FileLayout.File(length: $0) }, pieceLength: 10,
                alignment: .pieces))
        #expect(aligned.pieces(of: [2]).indices.map(\.value) == [3])
    }
}
