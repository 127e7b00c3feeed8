// Where the bytes of a torrent's pieces lie in its files, and back. Knows lengths only: names,
// hashes and disks are others' business.
//
//     BEP 3    files end to end, pieces run over their borders
//              file  ├──── 0 ────┼ 1 ┼─────── 2 ───────┤
//              piece ├─── #0 ───┼─── #1 ───┼─── #2 ────┤
//
//     BEP 52   every file begins with a piece of its own; the rest of a last piece is nothing
//              file  ├──── 0 ────┤         ├ 1 ┤       ├─ …
//              piece ├─── #0 ───┼#1        ├#2 ┤       ├─ …

/// A part of one file.
package struct FileSpan: Hashable, Sendable {
    /// The number of the file in the layout, from 0.
    package let file: Int
    /// Where the part begins in the file, in bytes.
    package let offset: Int64
    /// Its length in bytes, never 0.
    package let length: Int

    /// The `length` bytes from `offset` of file number `file`.
    package init(file: Int, offset: Int64, length: Int) {
        (self.file, self.offset, self.length) = (file, offset, length)
    }
}

/// How the files of a torrent and its pieces lie over each other.
package struct FileLayout: Equatable, Sendable {
    /// What a file takes up.
    package struct File: Hashable, Sendable {
        /// Its length in bytes; 0 is a file that has no pieces.
        package let length: Int64
        /// Whether it is all zeros, and to be neither written nor read (BEP 47).
        package let isPadding: Bool

        /// A file of `length` bytes.
        package init(length: Int64, isPadding: Bool = false) {
            (self.length, self.isPadding) = (length, isPadding)
        }
    }

    /// Where files begin.
    package enum Alignment: Hashable, Sendable {
        /// Each where the one before it ends: BEP 3, and hybrids, whose padding files are files.
        case none
        /// Each with a piece of its own: BEP 52 without BEP 3.
        case pieces
    }

    /// The files in the order of the torrent.
    package let files: [File]
    /// The length in bytes of every piece that is not the last of the torrent, or, where files
    /// are aligned, of its file.
    package let pieceLength: Int
    /// Where files begin.
    package let alignment: Alignment
    /// The number of pieces, of which the last may be short.
    package let pieceCount: Int
    /// The bytes of all files, with padding.
    package let totalLength: Int64
    /// The bytes of all files that are not padding.
    package let contentLength: Int64
    /// Where each file begins if pieces lie end to end, each in its full length.
    private let starts: [Int64]

    /// A layout, or nil.
    ///
    /// Nil where a length is negative, the piece length is not in `1...2^30`, or the sum does
    /// not fit 63 bits or its pieces do not fit the 32 bits of an index on the wire.
    package init?(files: [File], pieceLength: Int, alignment: Alignment = .none) {
        guard (1...1 << 30).contains(pieceLength) else { return nil }
        var (starts, end, total, content): ([Int64], Int64, Int64, Int64) = ([], 0, 0, 0)
        starts.reserveCapacity(files.count)
        for file in files {
            if alignment == .pieces {
                guard let next = Self.roundedUp(end, to: pieceLength) else { return nil }
                end = next
            }
            starts.append(end)
            let (sum, overflow) = end.addingReportingOverflow(file.length)
            guard file.length >= 0, !overflow else { return nil }
            end = sum
            // Neither is more than `end`, which has just been checked.
            total += file.length
            if !file.isPadding { content += file.length }
        }
        guard let last = Self.roundedUp(end, to: pieceLength),
            let count = UInt32(exactly: last / Int64(pieceLength))
        else { return nil }
        (self.files, self.pieceLength, self.alignment) = (files, pieceLength, alignment)
        (totalLength, contentLength, self.starts) = (total, content, starts)
        pieceCount = Int(count)
    }

    /// A layout of files without padding, end to end; nil as above.
    package init?(fileLengths: [Int64], pieceLength: Int) {
        self.init(files: fileLengths.map { File(length: $0) }, pieceLength: pieceLength)
    }

    private static func roundedUp(_ value: Int64, to unit: Int) -> Int64? {
        let (sum, overflow) = value.addingReportingOverflow(Int64(unit) - 1)
        return overflow ? nil : sum / Int64(unit) * Int64(unit)
    }

    /// The file that has the byte at `position` of the pieces end to end, if a file has it.
    private func file(at position: Int64) -> Int? {
        var (low, high) = (0, starts.count)
        while low < high {
            let middle = (low + high) / 2
            if starts[middle] <= position { low = middle + 1 } else { high = middle }
        }
        // The last that begins there or before: those of length 0 come first.
        guard low > 0, position - starts[low - 1] < files[low - 1].length else { return nil }
        return low - 1
    }
}

extension FileLayout {
    /// The length of `piece` in bytes, which is less than `pieceLength` only at an end; nil where
    /// there is no such piece.
    package func length(ofPiece piece: PieceIndex) -> Int? {
        guard Int(piece.value) < pieceCount else { return nil }
        let start = Int64(piece.value) * Int64(pieceLength)
        let end: Int64
        switch alignment {
        case .none: end = totalLength
        case .pieces:
            guard let file = file(at: start) else { return nil }
            end = starts[file] + files[file].length
        }
        return Int(min(end - start, Int64(pieceLength)))
    }

    /// How many bytes of `piece` may be asked for; nil where there is no such piece.
    ///
    /// Where files are aligned that is the length of any piece: libtorrent 2.0 thinks of the rest
    /// of a file's last piece as padding, and asks for whole blocks, zeros behind the end included.
    package func askableLength(ofPiece piece: PieceIndex) -> Int? {
        guard let length = length(ofPiece: piece) else { return nil }
        return alignment == .pieces ? pieceLength : length
    }

    /// The parts of files, in order, that make up `length` bytes from `offset` of `piece`.
    ///
    /// Padding files are among them; files of length 0 are not. Nil where the bytes do not all
    /// lie within the piece.
    package func spans(piece: PieceIndex, offset: Int, length: Int) -> [FileSpan]? {
        guard let whole = self.length(ofPiece: piece), offset >= 0, length >= 0, offset <= whole,
            length <= whole - offset
        else { return nil }
        guard length > 0 else { return [] }
        var position = Int64(piece.value) * Int64(pieceLength) + Int64(offset)
        guard var file = file(at: position) else { return nil }
        var (rest, out): (Int, [FileSpan]) = (length, [])
        while rest > 0, file < files.count {
            let within = position - starts[file]
            let taken = Int(min(Int64(rest), files[file].length - within))
            if taken > 0 { out.append(FileSpan(file: file, offset: within, length: taken)) }
            position += Int64(taken)
            rest -= taken
            file += 1
        }
        return out
    }

    /// The parts of files, in order, that make up `piece`; nil where there is no such piece.
    package func spans(piece: PieceIndex) -> [FileSpan]? {
        guard let length = length(ofPiece: piece) else { return nil }
        return spans(piece: piece, offset: 0, length: length)
    }

    /// The pieces that have any of the bytes `range` of file number `file`.
    ///
    /// Nil where there is no such file or the range does not lie within it; an empty range, at
    /// the piece that would come next, where the range is empty.
    package func pieceRange(file: Int, range: Range<Int64>) -> Range<PieceIndex>? {
        guard files.indices.contains(file), range.lowerBound >= 0,
            range.upperBound <= files[file].length
        else { return nil }
        let unit = Int64(pieceLength)
        let first = PieceIndex(UInt32((starts[file] + range.lowerBound) / unit))
        guard !range.isEmpty else { return first..<first }
        let last = PieceIndex(UInt32((starts[file] + range.upperBound - 1) / unit))
        return first..<last.advanced(by: 1)
    }

    /// The pieces that have any byte of file number `file`; nil where there is no such file.
    package func pieceRange(file: Int) -> Range<PieceIndex>? {
        guard files.indices.contains(file) else { return nil }
        return pieceRange(file: file, range: 0..<files[file].length)
    }

    /// The piece that has the byte at `offset` of file number `file`, and where in it; nil where
    /// there is no such byte.
    package func place(file: Int, offset: Int64) -> (piece: PieceIndex, offset: Int)? {
        guard files.indices.contains(file), (0..<files[file].length).contains(offset)
        else { return nil }
        let position = starts[file] + offset
        let unit = Int64(pieceLength)
        return (PieceIndex(UInt32(position / unit)), Int(position % unit))
    }
}

extension FileLayout {
    /// The pieces that have any byte of the files `chosen`, which are given by their numbers.
    package func pieces(of chosen: Set<Int>) -> Bitfield {
        var pieces = Bitfield(pieceCount: pieceCount)
        for file in chosen {
            for piece in pieceRange(file: file) ?? PieceIndex(0)..<PieceIndex(0) {
                pieces.insert(piece)
            }
        }
        return pieces
    }
}
