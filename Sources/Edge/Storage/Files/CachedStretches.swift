// Stretches of pieces that the system has in memory, of which the kernel sends by itself (sendfile):
// their bytes never come into this process. Asks the system and remembers its answer for as many
// blocks as a stretch has. Reads nothing; what a disk has to be waited for is Stretches' business.

import CLinux
import Glibc
import Pieces

/// Bytes of a file that the kernel can send by itself.
package struct StoredPart: Equatable, Sendable {
    /// The open file, for as long as `owner` is held.
    package let descriptor: Int32
    /// Where in it they begin.
    package let offset: Int64
    /// How many they are.
    package let count: Int
    /// What keeps it open.
    package let owner: any AnyObject & Sendable

    package static func == (a: Self, b: Self) -> Bool {
        (a.descriptor, a.offset, a.count) == (b.descriptor, b.offset, b.count)
    }
}

/// A part of a piece that lies in one file, and that the system had in memory when it was looked at.
struct CachedStretch: Sendable {
    let piece: PieceIndex
    let range: Range<Int>
    /// Where in the file it begins.
    let offset: Int64
    let file: OpenFile

    /// A part of it, if the system has that still, and the file too; nil where it is to be read.
    ///
    /// What is being read ahead, or could not be read, has its pages already, and none of their
    /// bytes: the last byte of the part is asked for.
    func part(_ part: Range<Int>) -> StoredPart? {
        let begin = offset + Int64(part.lowerBound - range.lowerBound)
        guard file.hasByte(at: begin + Int64(part.count) - 1) else { return nil }
        return StoredPart(
            descriptor: file.descriptor.raw, offset: begin, count: part.count, owner: file)
    }
}

/// The few stretches that were found in memory last.
struct CachedStretches: Sendable {
    private var kept: [(stretch: CachedStretch, left: Int)] = []
    /// As many as are sent from at a time; each is looked for among these.
    private static let most = 4

    /// A part of one of them, if it is.
    mutating func part(_ piece: PieceIndex, _ range: Range<Int>) -> StoredPart? {
        for at in kept.indices {
            let stretch = kept[at].stretch
            guard stretch.piece == piece, stretch.range.lowerBound <= range.lowerBound,
                range.upperBound <= stretch.range.upperBound
            else { continue }
            let part = stretch.part(range)
            kept[at].left -= range.count
            if part == nil || kept[at].left <= 0 { kept.remove(at: at) }
            return part
        }
        return nil
    }

    /// Remembers one, until as many bytes were sent of it as it has: the system may have forgotten
    /// some of it by then.
    mutating func keep(_ stretch: CachedStretch) {
        if kept.count == Self.most { kept.removeFirst() }
        kept.append((stretch, stretch.range.count))
    }
}

extension TorrentFiles {
    /// The least that a stretch must have: each that is on its way keeps a file open, and is no
    /// gain where it is a few blocks.
    private static let leastSent = 65_536

    /// Where a part of a piece lies, if that is in one open file, and the system has all of it in
    /// memory, so that no disk is waited for.
    func cached(_ piece: PieceIndex, _ range: Range<Int>) -> CachedStretch? {
        guard range.count >= Self.leastSent,
            let spans = layout.spans(
                piece: piece, offset: range.lowerBound, length: range.count),
            spans.count == 1, let span = spans.first, !layout.files[span.file].isPadding,
            let file = opened(span.file), file.hasPages(span.offset, span.length)
        else { return nil }
        return CachedStretch(piece: piece, range: range, offset: span.offset, file: file)
    }
}

extension OpenFile {
    /// The system's pages, in bytes.
    private static let page = Int64(max(1, sysconf(Int32(_SC_PAGESIZE))))

    /// Whether the system has pages for all of these bytes; false where it does not tell.
    func hasPages(_ offset: Int64, _ count: Int) -> Bool {
        let pages = (offset + Int64(count) + Self.page - 1) / Self.page - offset / Self.page
        return linux_cached_pages(descriptor.raw, off_t(offset), count) >= Int(pages)
    }

    /// Whether a byte of the file can be read without a wait.
    func hasByte(at offset: Int64) -> Bool {
        withUnsafeTemporaryAllocation(byteCount: 1, alignment: 1) { readAtOnce($0, at: offset) }
    }
}
