// Whether the bytes of a piece are right, on the threads of a store, and a short digest of each of
// its blocks where a piece was wrong: by those the engine finds who sent what.

import Crypto
import Metainfo
import Pieces
import Primitives
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

    /// Whether `bytes` are those of `piece`.
    func check(_ piece: PieceIndex, _ bytes: [UInt8]) -> Bool {
        let isRight = isRight(piece, bytes)
        let isSuspect = suspects.withLock { suspects in
            if !isRight, suspects.count < Self.most { suspects.insert(piece) }
            return suspects.contains(piece)
        }
        if isSuspect { note(piece, bytes) }
        return isRight
    }

    /// Takes the digests of the blocks of `piece`, where they were made.
    func take(_ piece: PieceIndex) -> [UInt64] {
        blocks.withLock { $0.removeValue(forKey: piece) } ?? []
    }

    /// Whether `bytes` are those of `piece`; nothing is remembered of it.
    func isRight(_ piece: PieceIndex, _ bytes: [UInt8]) -> Bool {
        guard let digest = torrent.digest(ofPiece: piece) else { return false }
        if let sha1 = digest.sha1, Digests.sha1(bytes) != sha1 { return false }
        guard let root = digest.root else { return digest.sha1 != nil }
        let own = bytes.span.extracting(0..<min(digest.length, bytes.count))
        return Digests.merkleRoot(of: own, height: digest.height) == root
    }

    private func note(_ piece: PieceIndex, _ bytes: [UInt8]) {
        let digests = Digests.leaves(of: bytes.span).map { digest in
            digest.value.bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        }
        blocks.withLock { $0[piece] = digests }
    }
}
