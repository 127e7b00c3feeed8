// Whether the bytes of a piece are right, on the threads of a store, and a short digest of each of
// its blocks where a piece was wrong: by those the engine finds who sent what.

import Crypto
import Metainfo
import Pieces
import Primitives
import Storage
import Synchronization

/// The check of a torrent's pieces; may be used from any thread.
final class PieceChecker: Sendable {
    private let torrent: TorrentFile
    /// The digests of the blocks of pieces that were wrong, or that were wrong before.
    private let blocks = Mutex<[PieceIndex: [UInt64]]>([:])
    /// Pieces that have been wrong.
    private let suspects = Mutex<Set<PieceIndex>>([])

    /// Pieces that are remembered as having been wrong.
    private static let most = 64

    init(_ torrent: TorrentFile) { self.torrent = torrent }

    /// How many pieces are best checked together: Merkle roots are made one by one.
    var lot: Int { Digests.usesLanes && !torrent.isV2 ? Digests.lanes : 1 }

    /// Whether the bytes of each of `pieces` are right.
    func check(_ pieces: [WholePiece]) -> [Bool] {
        let verdicts = areRight(pieces)
        for (it, isRight) in zip(pieces, verdicts) {
            let isSuspect = suspects.withLock { suspects in
                if !isRight, suspects.count < Self.most { suspects.insert(it.piece) }
                return suspects.contains(it.piece)
            }
            if isSuspect { note(it.piece, it.bytes) }
        }
        return verdicts
    }

    /// Takes the digests of the blocks of `piece`, where they were made.
    func take(_ piece: PieceIndex) -> [UInt64] {
        blocks.withLock { $0.removeValue(forKey: piece) } ?? []
    }

    /// Whether the bytes of each of `pieces` are right; nothing is remembered of it.
    func areRight(_ pieces: [WholePiece]) -> [Bool] {
        let sha1 = torrent.pieces.isEmpty ? [] : Digests.sha1(each: pieces.map(\.bytes))
        return pieces.enumerated().map { number, it in
            guard let digest = torrent.digest(ofPiece: it.piece) else { return false }
            if let expected = digest.sha1, sha1[number] != expected { return false }
            guard let root = digest.root else { return digest.sha1 != nil }
            let own = it.bytes.span.extracting(0..<min(digest.length, it.bytes.count))
            return Digests.merkleRoot(of: own, height: digest.height) == root
        }
    }

    /// The leaves of a piece: the SHA-256 of each block of the file, without padding (BEP 52).
    func leaves(of it: WholePiece) -> [SHA256Digest] {
        Digests.leaves(of: it.bytes.span.extracting(0..<ownLength(of: it.piece, it.bytes.count)))
    }

    /// Which blocks of a piece are not as its leaves say; those of padding are zero.
    func wrongBlocks(of it: WholePiece, leaves: [SHA256Digest]) -> [Int] {
        let unit = PieceGeometry.blockLength
        let count = (it.bytes.count + unit - 1) / unit
        return (0..<count).filter { number in
            let end = min(it.bytes.count, (number + 1) * unit)
            return !isRight(
                it.bytes.span.extracting(number * unit..<end), number, of: it.piece,
                leaves.indices.contains(number) ? leaves[number] : nil)
        }
    }

    /// Whether `bytes` are block number `number` of `piece`, whose leaf is given if it has one.
    func isRight(
        _ bytes: Span<UInt8>, _ number: Int, of piece: PieceIndex, _ leaf: SHA256Digest?
    ) -> Bool {
        let start = number * PieceGeometry.blockLength
        let own = min(bytes.count, max(0, ownLength(of: piece, start + bytes.count) - start))
        for i in own..<bytes.count where bytes[i] != 0 { return false }
        guard own > 0 else { return true }
        return Digests.leaves(of: bytes.extracting(0..<own)).first == leaf
    }

    /// How many of the first `count` bytes of a piece are those of its file.
    private func ownLength(of piece: PieceIndex, _ count: Int) -> Int {
        min(torrent.digest(ofPiece: piece)?.length ?? count, count)
    }

    private func note(_ piece: PieceIndex, _ bytes: [UInt8]) {
        let digests = Digests.leaves(of: bytes.span).map { digest in
            digest.value.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        blocks.withLock { $0[piece] = digests }
    }
}
