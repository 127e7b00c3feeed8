// Pieces whose blocks have hashes of their own (BEP 52): a whole piece that is wrong is kept, until it
// is known which blocks of it are; and hashes of blocks are made for those who ask. What is right,
// and how hashes are made, is for others.

package import Pieces
package import Primitives

extension TorrentStore {
    /// Keeps a whole piece that is wrong.
    func doubt(_ piece: PieceIndex, _ memory: PieceMemory) {
        doubtful[piece] = memory
        pendingBytes += memory.bytes.count
    }

    /// Finds out by `judge`, on another thread, which blocks of a wrong piece are wrong.
    ///
    /// An event tells. False where no such piece is kept.
    @discardableResult
    package func sift(
        _ piece: PieceIndex, by judge: @escaping @Sendable (WholePiece) -> [Int]
    ) -> Bool {
        guard let memory = doubtful[piece] else { return false }
        queue.enqueue { post in
            let wrong = judge(WholePiece(piece: piece, bytes: memory.bytes))
            post(.sifted(piece, memory, wrong))
        }
        return true
    }

    func sifted(_ piece: PieceIndex, _ memory: PieceMemory, _ wrong: [Int]) -> [StoreEvent] {
        // It may have been forgotten meanwhile, and begun anew.
        guard doubtful[piece] === memory else { return [] }
        if !wrong.isEmpty {
            doubtful[piece] = nil
            assembling[piece] = BlockAssembly(in: memory, missing: wrong)
        }
        return [.sifted(piece, wrong: wrong)]
    }

    /// Reads a whole piece and has `make` make digests of it, on another thread.
    ///
    /// An event brings them. False where it is not there, or too many reads are under way.
    package func derive(
        _ piece: PieceIndex, ticket: ReadTicket,
        by make: @escaping @Sendable (WholePiece) -> [SHA256Digest]
    ) -> Bool {
        guard let length = files.layout.length(ofPiece: piece), has(piece),
            reads.count < settings.reads
        else { return false }
        let there = pending[piece]?.memory.bytes ?? cache[.whole(piece)]
        queue.enqueue { [files] post in
            let bytes = there ?? (try? files.read(piece, offset: 0, length: length))
            let digests = bytes.map { make(WholePiece(piece: piece, bytes: $0)) }
            post(.derived(ticket, digests ?? []))
        }
        return true
    }

    /// Calls `body` with the bytes of a block that lies in its place since `withPlaces`; nil where
    /// there is no such place.
    package func placed<Result>(
        _ block: Block, _ body: (Span<UInt8>) -> Result
    ) -> Result? {
        // Held no longer than this, as who writes to bytes that others hold copies them.
        guard let bytes = assembling[block.piece]?.memory.bytes else { return nil }
        let (start, length) = (Int(block.offset), Int(block.length))
        guard length > 0, start <= bytes.count - length else { return nil }
        return body(bytes.span.extracting(start..<start + length))
    }
}
