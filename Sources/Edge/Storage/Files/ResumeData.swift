// What a torrent must remember between runs so as not to check all of its content again, and its
// form as bytes: which pieces there are, and how long and how old each file was then. Believes
// nothing: a file that is not as it was is checked anew.
//
//     8  "p2ptv rs"        4  piece length      16 × files  length, time of change in ns
//     4  version           4  pieces                        (both -1: not there)
//    32  content           4  files             n  a bit a piece     4  CRC-32 of all before
//
// Version 2 has a bit a file, those that were chosen, before the CRC; version 1 is written where all
// were.
//
// Numbers are in network byte order.

import Glibc
package import Pieces
package import Primitives

/// What names a torrent's content: an info-hash, a shorter one with zeros behind it.
package typealias ContentID = Bytes32

/// How long a file is and when it was last changed.
package struct FileStamp: Hashable, Sendable {
    /// Its length in bytes; -1 where there is no file.
    package let length: Int64
    /// Its time of last change in nanoseconds; -1 where there is no file.
    package let changed: Int64

    /// The stamp of no file.
    package static let absent = FileStamp(length: -1, changed: -1)

    /// A file of `length` bytes that was changed at `changed`.
    package init(length: Int64, changed: Int64) {
        (self.length, self.changed) = (length, changed)
    }
}

/// The state of a torrent's files at some moment.
package struct ResumeData: Equatable, Sendable {
    /// The content.
    package let content: ContentID
    /// The length of its pieces, and which of them were written.
    package let pieceLength: Int
    /// The pieces that were whole and right.
    package let have: Bitfield
    /// The state of each file.
    package let stamps: [FileStamp]
    /// The files that were chosen, by their numbers; nil where all were.
    package let chosen: Set<Int>?

    /// A state.
    package init(
        content: ContentID, pieceLength: Int, have: Bitfield, stamps: [FileStamp],
        chosen: Set<Int>? = nil
    ) {
        (self.content, self.pieceLength) = (content, pieceLength)
        (self.have, self.stamps, self.chosen) = (have, stamps, chosen)
    }

    /// The state of `files` now; blocks.
    package init(
        content: ContentID, have: Bitfield, files: TorrentFiles
    ) throws(StorageError) {
        self.init(
            content: content, pieceLength: files.layout.pieceLength, have: have,
            stamps: try files.stamps(), chosen: files.chosen)
    }

    /// What to believe of this now that the files are as `now` says.
    ///
    /// `have` are the pieces all of whose files are as they were; `doubtful` are those, whether or
    /// not they were there, that have bytes in a file that is not. All are doubtful where this is
    /// about something else.
    package func judge(
        content: ContentID, layout: FileLayout, now: [FileStamp]
    ) -> (have: Bitfield, doubtful: Bitfield) {
        guard content == self.content, layout.pieceLength == pieceLength,
            layout.pieceCount == have.pieceCount, layout.files.count == stamps.count,
            now.count == stamps.count
        else {
            let count = layout.pieceCount
            return (Bitfield(pieceCount: count), .full(pieceCount: count))
        }
        var (kept, doubtful) = (have, Bitfield(pieceCount: have.pieceCount))
        for (number, pair) in zip(stamps, now).enumerated() where !layout.files[number].isPadding {
            // A file that was taken away while it was in use is gone as well as one that is gone now.
            let isChanged = pair.0 != pair.1
            guard isChanged || pair.1 == .absent && layout.files[number].length > 0,
                let pieces = layout.pieceRange(file: number)
            else { continue }
            for number in pieces.lowerBound.value..<pieces.upperBound.value {
                let piece = PieceIndex(number)
                if isChanged || have.contains(piece) { doubtful.insert(piece) }
            }
        }
        kept.subtract(doubtful)
        return (kept, doubtful)
    }
}

extension TorrentFiles {
    /// The state of each file; blocks.
    ///
    /// What cannot be opened counts as not there: it will be told when it is to be used.
    package func stamps() throws(StorageError) -> [FileStamp] {
        var out: [FileStamp] = []
        out.reserveCapacity(layout.files.count)
        for (number, file) in layout.files.enumerated() {
            out.append(file.isPadding ? .absent : try stamp(number))
        }
        return out
    }

    private func stamp(_ file: Int) throws(StorageError) -> FileStamp {
        do throws(StorageError) {
            let handle = try handle(file, forWriting: false)
            var status = stat()
            let raw = handle.descriptor.raw
            try systemCall("fstat", handle.descriptor.path) { fstat(raw, &status) }
            // An open file that has been removed is not there for a next start.
            guard status.st_nlink > 0 else { return .absent }
            let time = status.st_mtim
            return FileStamp(
                length: Int64(status.st_size),
                changed: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
        } catch .system(_, "open", ENOENT) {
            return .absent
        }
    }
}
