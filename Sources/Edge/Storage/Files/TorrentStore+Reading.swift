// Reading from a store: from what waits for the disk, from what was lately used, from the disk by
// a thread; and how far a player can be served by the kernel alone.

package import Pieces

/// What can be given of a file from some byte on.
package enum StoredRun: Equatable, Sendable {
    /// So many bytes are in the file, and can be sent from it.
    case onDisk(count: Int)
    /// These bytes are right but on their way to the disk.
    case inMemory(ArraySlice<UInt8>)
    /// The byte is not there: this piece is missing.
    case missing(PieceIndex)
    /// There is no such byte.
    case none
}

extension TorrentStore {
    /// The `length` bytes from `offset` of `piece`, at once where they are in memory.
    ///
    /// Else an event brings them under the number `ticket`. Only pieces that are right are read.
    package func read(
        _ piece: PieceIndex, offset: Int, length: Int, ticket: ReadTicket
    ) -> StoreRead {
        guard let whole = files.layout.length(ofPiece: piece), has(piece), offset >= 0,
            (1...whole).contains(length), offset <= whole - length
        else { return .refused }
        let range = offset..<offset + length
        if let bytes = pending[piece]?.memory.bytes ?? cache[.whole(piece)] {
            return .bytes(bytes[range])
        }
        if settings.stretchBytes > 0, written.contains(piece),
            let read = lend(piece, range, of: whole, ticket: ticket)
        {
            return read
        }
        let part = offset / settings.readAhead
        let start = part * settings.readAhead
        let end = min(whole, start + settings.readAhead)
        let key = ReadCache.Key(piece: piece, part: part)
        // What runs over the border of a part is rare, and is read by itself.
        guard range.upperBound <= end else { return fetchAlone(piece, range, ticket) }
        if let bytes = cache[key] {
            return .bytes(bytes[offset - start..<range.upperBound - start])
        }
        guard Self.isBlock(range, of: whole) || reads[key] != nil else {
            return fetchAlone(piece, range, ticket)
        }
        let inPart = offset - start..<range.upperBound - start
        return fetch(key, start..<end, Waiting(ticket: ticket, range: inPart))
    }

    /// Whether what is asked for is a block, or half of one, or the last of a piece that is cut into
    /// such: for fewer bytes nothing is read ahead, as the request for one byte has 17.
    static func isBlock(_ range: Range<Int>, of whole: Int) -> Bool {
        let half = PieceGeometry.blockLength / 2
        return range.count >= half
            || range.upperBound == whole && range.lowerBound % half == 0
    }

    private func fetchAlone(
        _ piece: PieceIndex, _ range: Range<Int>, _ ticket: ReadTicket
    ) -> StoreRead {
        let key = ReadCache.Key(piece: piece, part: -2 - range.lowerBound)
        return fetch(key, range, Waiting(ticket: ticket, range: 0..<range.count))
    }

    private func fetch(_ key: ReadCache.Key, _ wish: Range<Int>, _ one: Waiting) -> StoreRead {
        if reads[key]?.isEmpty == false {
            // One read serves all who wait for the same; what is read alone may be too short.
            guard key.part >= 0 else { return .refused }
            reads[key]?.append(one)
            return .later
        }
        guard reads.count < settings.reads else { return .refused }
        reads[key] = [one]
        queue.enqueue(isUrgent: true) { [files] post in
            var result: Result<[UInt8], StorageError>
            do throws(StorageError) {
                result = .success(
                    try files.read(key.piece, offset: wish.lowerBound, length: wish.count))
            } catch {
                result = .failure(error)
            }
            post(.read(key, result))
        }
        return .later
    }

    func finished(
        _ key: ReadCache.Key, _ result: Result<[UInt8], StorageError>
    ) -> [StoreEvent] {
        let waiting = reads.removeValue(forKey: key) ?? []
        switch result {
        case .success(let bytes):
            if key.part >= 0 { cache.keep(bytes, key) }
            return waiting.map { .read($0.ticket, bytes[$0.range]) }
        case .failure(let fault):
            return waiting.map { .unreadable($0.ticket, fault) }
        }
    }

    /// What can be given of file number `file` from `offset` on, at most `limit` bytes.
    package func run(file: Int, from offset: Int64, limit: Int) -> StoredRun {
        guard limit > 0, let place = files.layout.place(file: file, offset: offset)
        else { return .none }
        let layout = files.layout
        let end = min(layout.files[file].length - offset, Int64(limit))
        if written.contains(place.piece) {
            return .onDisk(count: Int(min(end, onDisk(from: place))))
        }
        guard let it = pending[place.piece], it.isRight else { return .missing(place.piece) }
        let bytes = it.memory.bytes
        let count = min(Int(end), bytes.count - place.offset)
        return .inMemory(bytes[place.offset..<place.offset + count])
    }

    /// The bytes from `place` to the end of the pieces in a row that are written.
    private func onDisk(from place: (piece: PieceIndex, offset: Int)) -> Int64 {
        var (piece, count) = (place.piece, Int64(-place.offset))
        // No window of a reader is larger, so that no call is long.
        while written.contains(piece), count < 1 << 26 {
            count += Int64(files.layout.length(ofPiece: piece) ?? 0)
            piece = piece.advanced(by: 1)
        }
        return count
    }
}
