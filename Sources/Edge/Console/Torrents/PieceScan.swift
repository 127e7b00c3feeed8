// Reads all pieces of a torrent from disk and hashes them, on all cores. Each worker takes the
// next piece that nobody has, and holds a quarter of a MiB, however long pieces are.

import Crypto
import Glibc
package import Pieces
package import Primitives
import Synchronization

/// What a piece turned out to be.
package struct PieceFinding: Hashable, Sendable {
    /// The SHA-1 of the whole piece, with padding; where it was asked for and all could be read.
    package var sha1: SHA1Digest?
    /// The root of the Merkle tree over its own bytes; likewise.
    package var root: SHA256Digest?
    /// What could not be read, if anything.
    package var fault: ScanFault?
}

/// Why a part of a file could not be read.
package enum ScanFault: Error, Hashable, Sendable {
    /// The system said so, by this error number.
    case unreadable(file: Int, errno: Int32)
    /// The file ends too early.
    case short(file: Int)
}

/// A scan of files as the pieces of a torrent.
package struct PieceScan: Sendable {
    private let layout: FileLayout
    private let places: [String?]
    private let wantsSHA1: Bool
    private let wantsRoots: Bool

    /// How much is read at once, in bytes: whole leaves, and small enough for the cache.
    private static let chunk = 262_144

    /// A scan of the files of `layout`, which lie at `places`; nil is read as zeros.
    package init(_ layout: FileLayout, places: [String?], sha1: Bool, roots: Bool) {
        (self.layout, self.places) = (layout, places)
        (wantsSHA1, wantsRoots) = (sha1, roots)
    }

    /// Reads and hashes all pieces; `isFatal` ends it at the first that cannot be read.
    package func run(_ progress: ScanProgress, isFatal: Bool) async -> [PieceFinding] {
        let next = NextPiece()
        let count = layout.pieceCount
        let workers = max(1, min(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 64, count))
        return await withTaskGroup(of: [(Int, PieceFinding)].self) { group in
            for _ in 0..<workers {
                group.addTask { work(next, progress, isFatal: isFatal) }
            }
            var findings = [PieceFinding](repeating: PieceFinding(), count: count)
            for await part in group {
                for (number, finding) in part { findings[number] = finding }
            }
            return findings
        }
    }

    private func work(
        _ next: NextPiece, _ progress: ScanProgress, isFatal: Bool
    ) -> [(Int, PieceFinding)] {
        var reader = FileReader(chunk: Self.chunk)
        var found: [(Int, PieceFinding)] = []
        while let number = next.take(below: layout.pieceCount) {
            let finding = scan(PieceIndex(UInt32(number)), &reader, progress)
            found.append((number, finding))
            if isFatal, finding.fault != nil { next.stop() }
        }
        return found
    }

    private func scan(
        _ piece: PieceIndex, _ reader: inout FileReader, _ progress: ScanProgress
    ) -> PieceFinding {
        let spans = layout.spans(piece: piece) ?? []
        var sha1 = SHA1Context()
        var leaves: [SHA256Digest] = []
        for span in spans {
            let place = places[span.file]
            if place == nil, !wantsSHA1 { continue }
            var done = 0
            while done < span.length {
                let count = min(Self.chunk, span.length - done)
                if let place {
                    do throws(ScanFault) {
                        try reader.read(
                            span.file, place, at: span.offset + Int64(done), count: count)
                    } catch {
                        return PieceFinding(fault: error)
                    }
                } else {
                    reader.clear(count)
                }
                let bytes = reader.bytes.span.extracting(0..<count)
                if wantsSHA1 { sha1.update(bytes) }
                if wantsRoots, place != nil { leaves += Digests.leaves(of: bytes) }
                if place != nil { progress.advance(count) }
                done += count
            }
        }
        return PieceFinding(
            sha1: wantsSHA1 ? sha1.finish() : nil,
            root: wantsRoots ? root(leaves, spans.first?.file) : nil)
    }

    /// The root of a piece: one that is alone in its file has a tree of its own size.
    private func root(_ leaves: [SHA256Digest], _ file: Int?) -> SHA256Digest? {
        guard let file, let range = layout.pieceRange(file: file) else { return nil }
        let alone = MerkleTree.height(leafCount: leaves.count)
        let whole = (layout.pieceLength / MerkleTree.leafLength).trailingZeroBitCount
        return Digests.merkleRoot(ofLeaves: leaves, height: range.count > 1 ? whole : alone)
    }
}

/// The number of the next piece that no worker has taken.
private final class NextPiece: Sendable {
    private let number = Atomic<Int>(0)

    func take(below limit: Int) -> Int? {
        let taken = number.add(1, ordering: .relaxed).oldValue
        return taken < limit ? taken : nil
    }

    /// Leaves nothing to take.
    func stop() { number.store(.max / 2, ordering: .relaxed) }
}

/// Reads parts of files into one buffer; keeps the file open that it read last.
private struct FileReader: ~Copyable {
    private(set) var bytes: [UInt8]
    private var file = -1
    private var descriptor: Int32 = -1

    init(chunk: Int) { bytes = [UInt8](repeating: 0, count: chunk) }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Fills the front of the buffer with zeros.
    mutating func clear(_ count: Int) { for i in 0..<count { bytes[i] = 0 } }

    /// Fills the front of the buffer with a part of file number `number`.
    mutating func read(
        _ number: Int, _ place: String, at offset: Int64, count: Int
    ) throws(ScanFault) {
        try select(number, place)
        var done = 0
        while done < count {
            let part = bytes.withUnsafeMutableBytes { buffer in
                pread(
                    descriptor, buffer.baseAddress?.advanced(by: done), count - done,
                    Int(offset) + done)
            }
            if part < 0, errno == EINTR { continue }
            guard part >= 0 else { throw .unreadable(file: number, errno: errno) }
            guard part > 0 else { throw .short(file: number) }
            done += part
        }
    }

    private mutating func select(_ number: Int, _ place: String) throws(ScanFault) {
        guard number != file else { return }
        if descriptor >= 0 { close(descriptor) }
        (file, descriptor) = (-1, -1)
        // Not blocking, or a FIFO without a writer would hold the program.
        let opened = open(place, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard opened >= 0 else { throw .unreadable(file: number, errno: errno) }
        (file, descriptor) = (number, opened)
        posix_fadvise(opened, 0, 0, POSIX_FADV_SEQUENTIAL)
    }
}
