// Stretches of pieces in memory that is used again and again: what is sent to peers is read into
// it and leaves from there. To read into memory that the processor has at hand costs less than to
// map the file, whose pages have to be entered and taken out again; and less on the thread that
// sends than on another, as long as no disk is waited for. Where one is, a worker reads. What the
// kernel can send from the file itself does not come here (CachedStretches).

import Pieces

/// Memory for a stretch of a piece.
///
/// It is filled by one thread, and not written to again before nobody else holds it.
final class StretchBuffer: @unchecked Sendable {
    private let memory: UnsafeMutableRawBufferPointer
    private var count = 0

    /// Room for `capacity` bytes.
    init(capacity: Int) {
        memory = .allocate(byteCount: capacity, alignment: 4096)
    }

    deinit { memory.deallocate() }

    /// What it was filled with.
    var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: memory[..<count])
    }

    /// Reads a part of a piece, no longer than there is room for.
    func fill(
        from files: TorrentFiles, _ piece: PieceIndex, _ range: Range<Int>
    ) throws(StorageError) {
        let spans = Self.spans(files, piece, range)
        try files.fill(UnsafeMutableRawBufferPointer(rebasing: memory[..<range.count]), spans)
        count = range.count
    }

    /// The same where no disk is waited for; false, and nothing is here, where one would be.
    func fillAtOnce(
        from files: TorrentFiles, _ piece: PieceIndex, _ range: Range<Int>
    ) -> Bool {
        let spans = Self.spans(files, piece, range)
        let target = UnsafeMutableRawBufferPointer(rebasing: memory[..<range.count])
        let isHere = files.fillAtOnce(target, spans)
        count = isHere ? range.count : 0
        return isHere
    }

    private static func spans(
        _ files: TorrentFiles, _ piece: PieceIndex, _ range: Range<Int>
    ) -> [FileSpan] {
        let spans = files.layout.spans(
            piece: piece, offset: range.lowerBound, length: range.count)
        precondition(spans != nil, "no such part of a piece")
        return spans ?? []
    }
}

/// Bytes of a stretch that a store lends.
package struct LentBytes: Equatable, @unchecked Sendable {
    /// Where they are, for as long as `owner` is held.
    package let bytes: UnsafeRawBufferPointer
    /// What keeps them there.
    package let owner: AnyObject

    package static func == (a: Self, b: Self) -> Bool {
        a.bytes.baseAddress == b.bytes.baseAddress && a.bytes.count == b.bytes.count
    }
}

/// The stretches that were read last.
struct StretchCache {
    /// A stretch of a piece, by its number: what lies beyond the piece may not be written yet.
    struct Key: Hashable, Sendable {
        let piece: PieceIndex
        let part: Int
    }

    /// The bytes of a stretch; the last one of a piece may be shorter.
    let length: Int
    private let limit: Int
    private var stretches: [Key: StretchBuffer] = [:]
    private var order: [Key] = []
    /// What is not a stretch any more, though somebody may still send from it.
    private var used: [StretchBuffer] = []
    /// How many are kept of those: each is taken for the next stretch, as soon as it has left.
    private static let mostUsed = 4
    /// Who waits for a stretch that is being read: where in it, and how much.
    var waiting: [Key: [(ticket: ReadTicket, range: Range<Int>)]] = [:]

    /// At most `limit` stretches of `length` bytes.
    init(length: Int, limit: Int) { (self.length, self.limit) = (length, limit) }

    subscript(key: Key) -> StretchBuffer? { stretches[key] }

    mutating func keep(_ stretch: StretchBuffer, _ key: Key) {
        guard stretches[key] == nil else { return }
        stretches[key] = stretch
        order.append(key)
        guard order.count > limit, let gone = stretches.removeValue(forKey: order.removeFirst())
        else { return }
        if used.count == Self.mostUsed { used.removeFirst() }
        used.append(gone)
    }

    /// Memory for a stretch: what was used last of that which nobody sends from any more, as the
    /// processor has that still.
    mutating func buffer() -> StretchBuffer {
        for at in used.indices.reversed() where isKnownUniquelyReferenced(&used[at]) {
            return used.remove(at: at)
        }
        return StretchBuffer(capacity: length)
    }
}

extension TorrentStore {
    /// A part of a piece that is in its files, by way of a stretch of it.
    ///
    /// Nil where it is not in one stretch alone, which is rare, or too little to read a stretch for:
    /// it is then to be read by itself.
    func lend(
        _ piece: PieceIndex, _ range: Range<Int>, of whole: Int, ticket: ReadTicket
    ) -> StoreRead? {
        // Not while anything is to be written: on some file systems it would wait for who writes.
        let isSent = settings.sendsFromFiles && pending.isEmpty && Self.isBlock(range, of: whole)
        if isSent, let part = cached.part(piece, range) { return .inFile(part) }
        let key = StretchCache.Key(piece: piece, part: range.lowerBound / stretches.length)
        let start = key.part * stretches.length
        let end = min(whole, start + stretches.length)
        guard range.upperBound <= end else { return nil }
        let within = range.lowerBound - start..<range.upperBound - start
        if let stretch = stretches[key] { return .lent(Self.part(stretch, within)) }
        if stretches.waiting[key] == nil {
            guard Self.isBlock(range, of: whole) else { return nil }
            if isSent, let stretch = files.cached(piece, start..<end),
                let part = stretch.part(range)
            {
                cached.keep(stretch)
                return .inFile(part)
            }
            guard stretches.waiting.count < settings.reads else { return .refused }
            let buffer = stretches.buffer()
            if buffer.fillAtOnce(from: files, piece, start..<end) {
                stretches.keep(buffer, key)
                return .lent(Self.part(buffer, within))
            }
            fetch(key, start..<end, buffer)
        }
        stretches.waiting[key, default: []].append((ticket, within))
        return .later
    }

    private func fetch(_ key: StretchCache.Key, _ range: Range<Int>, _ buffer: StretchBuffer) {
        queue.enqueue(isUrgent: true) { [files] post in
            var result: Result<StretchBuffer, StorageError> = .success(buffer)
            do throws(StorageError) { try buffer.fill(from: files, key.piece, range) } catch {
                result = .failure(error)
            }
            post(.stretch(key, result))
        }
    }

    func finished(
        _ key: StretchCache.Key, _ result: Result<StretchBuffer, StorageError>
    ) -> [StoreEvent] {
        let waiting = stretches.waiting.removeValue(forKey: key) ?? []
        switch result {
        case .success(let stretch):
            stretches.keep(stretch, key)
            return waiting.map { .lent($0.ticket, Self.part(stretch, $0.range)) }
        case .failure(let fault): return waiting.map { .unreadable($0.ticket, fault) }
        }
    }

    private static func part(_ stretch: StretchBuffer, _ range: Range<Int>) -> LentBytes {
        LentBytes(bytes: UnsafeRawBufferPointer(rebasing: stretch.bytes[range]), owner: stretch)
    }
}
