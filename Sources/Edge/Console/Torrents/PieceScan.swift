// Reads all pieces of a torrent from disk and hashes them, on all cores. Each worker takes the
// next pieces that nobody has: as many as are hashed side by side, if they are short enough to be
// held, else one, of which it holds a quarter of a MiB.

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
    /// The most bytes of pieces that a worker holds to hash them side by side: what is longer goes
    /// through its cache in parts.
    private static let held = 8_388_608

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
        let share = (count + workers - 1) / workers
        let room = min(Digests.lanes, Self.held / layout.pieceLength, share)
        let isWorth = wantsSHA1 && Digests.usesLanes && room * 2 >= Digests.lanes
        let together = isWorth ? room : 1
        return await withTaskGroup(of: [(Int, PieceFinding)].self) { group in
            for _ in 0..<workers {
                group.addTask { work(next, together, progress, isFatal: isFatal) }
            }
            var findings = [PieceFinding](repeating: PieceFinding(), count: count)
            for await part in group {
                for (number, finding) in part { findings[number] = finding }
            }
            return findings
        }
    }

    private func work(
        _ next: NextPiece, _ together: Int, _ progress: ScanProgress, isFatal: Bool
    ) -> [(Int, PieceFinding)] {
        var reader = FileReader()
        var chunk = [UInt8](repeating: 0, count: Self.chunk)
        var held: [[UInt8]] = []
        var found: [(Int, PieceFinding)] = []
        while let numbers = next.take(together, below: layout.pieceCount) {
            let pieces = numbers.map { PieceIndex(UInt32($0)) }
            let findings =
                together > 1
                ? scan(pieces, &reader, &held, progress)
                : pieces.map { scan($0, &reader, &chunk, progress) }
            found += zip(numbers, findings)
            if isFatal, findings.contains(where: { $0.fault != nil }) { next.stop() }
        }
        return found
    }

    /// What `pieces` turn out to be, hashed side by side.
    private func scan(
        _ pieces: [PieceIndex], _ reader: inout FileReader, _ held: inout [[UInt8]],
        _ progress: ScanProgress
    ) -> [PieceFinding] {
        while held.count < pieces.count { held.append([]) }
        var (faults, whole): ([Int: ScanFault], [Int]) = ([:], [])
        for (number, piece) in pieces.enumerated() {
            let length = layout.length(ofPiece: piece) ?? 0
            if held[number].count != length { held[number] = [UInt8](repeating: 0, count: length) }
            do throws(ScanFault) {
                progress.advance(try read(piece, &reader, into: &held[number]))
                whole.append(number)
            } catch {
                faults[number] = error
            }
        }
        var findings = pieces.indices.map { PieceFinding(fault: faults[$0]) }
        for (number, sha1) in zip(whole, Digests.sha1(each: whole.map { held[$0] })) {
            findings[number].sha1 = sha1
            if wantsRoots { findings[number].root = root(pieces[number], held[number]) }
        }
        return findings
    }

    /// Reads a whole piece; answers how many of its bytes are of files that are read.
    private func read(
        _ piece: PieceIndex, _ reader: inout FileReader, into bytes: inout [UInt8]
    ) throws(ScanFault) -> Int {
        var (at, own) = (0, 0)
        for span in layout.spans(piece: piece) ?? [] {
            let part = at..<at + span.length
            at = part.upperBound
            if let place = places[span.file] {
                try reader.read(span.file, place, at: span.offset, into: &bytes, part)
                own += span.length
            } else {
                FileReader.clear(&bytes, part)
            }
        }
        return own
    }

    /// The root of a piece over its own bytes, which come before padding.
    private func root(_ piece: PieceIndex, _ bytes: [UInt8]) -> SHA256Digest? {
        let spans = layout.spans(piece: piece) ?? []
        let own = spans.reduce(0) { places[$1.file] == nil ? $0 : $0 + $1.length }
        return root(Digests.leaves(of: bytes.span.extracting(0..<own)), spans.first?.file)
    }

    private func scan(
        _ piece: PieceIndex, _ reader: inout FileReader, _ chunk: inout [UInt8],
        _ progress: ScanProgress
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
                            span.file, place, at: span.offset + Int64(done), into: &chunk,
                            0..<count)
                    } catch {
                        return PieceFinding(fault: error)
                    }
                } else {
                    FileReader.clear(&chunk, 0..<count)
                }
                let bytes = chunk.span.extracting(0..<count)
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

/// The numbers of the next pieces that no worker has taken.
private final class NextPiece: Sendable {
    private let number = Atomic<Int>(0)

    /// The numbers of up to `count` pieces in a row; nil where none below `limit` is left.
    func take(_ count: Int, below limit: Int) -> Range<Int>? {
        let taken = number.add(count, ordering: .relaxed).oldValue
        return taken < limit ? taken..<min(taken + count, limit) : nil
    }

    /// Leaves nothing to take.
    func stop() { number.store(.max / 2, ordering: .relaxed) }
}

/// Reads parts of files; keeps the file open that it read last.
private struct FileReader: ~Copyable {
    private var file = -1
    private var descriptor: Int32 = -1

    init() {}

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Fills `part` of a buffer with zeros.
    static func clear(_ bytes: inout [UInt8], _ part: Range<Int>) {
        bytes.withUnsafeMutableBytes { buffer in
            guard let start = buffer.baseAddress, !part.isEmpty else { return }
            memset(start + part.lowerBound, 0, part.count)
        }
    }

    /// Fills `part` of a buffer with a part of file number `number`.
    mutating func read(
        _ number: Int, _ place: String, at offset: Int64, into bytes: inout [UInt8],
        _ part: Range<Int>
    ) throws(ScanFault) {
        try select(number, place)
        var done = 0
        while done < part.count {
            let count = bytes.withUnsafeMutableBytes { buffer in
                pread(
                    descriptor, buffer.baseAddress?.advanced(by: part.lowerBound + done),
                    part.count - done, Int(offset) + done)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .unreadable(file: number, errno: errno) }
            guard count > 0 else { throw .short(file: number) }
            done += count
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
