// The last seconds of the stream, for players that join and for players that are slow.
// Shares the bytes of each chunk with every reader; knows no sockets.

package import Primitives

/// Where one reader of a feed is.
package struct FeedCursor: Sendable {
    /// How often the reader was moved forward because it was too slow.
    package fileprivate(set) var jumps = 0
    fileprivate var sequence: UInt64
    /// Whether it is moved forward only where it would miss bytes anyway.
    fileprivate var isPatient: Bool
    /// Since when it reads: what was there before did not wait for it.
    fileprivate var since: Instant
    /// Marks what a jump left out; nil for a reader that never jumped.
    fileprivate var repair: ContinuityRepair?
}

/// The newest chunks of one stream, bounded in bytes, media time and number.
///
/// `append` what the assembler makes; each reader gets a cursor from `join` and takes bytes with
/// `next` when its socket has room. A reader is slow when a chunk has waited for it too long, or
/// too many bytes have; it is then moved to the newest random access point, and what it gets
/// from there on is marked as discontinuous, PID by PID.
package struct FeedRing: Sendable {
    private struct Entry {
        var chunk: TransportChunk
        /// The media time of the stream at its beginning.
        var media: Interval
        /// The bytes of the stream before it.
        var position: Int
        var arrived: Instant
    }

    private let settings: FeedSettings
    private var entries: [Entry] = []
    /// The entries that were dropped but not yet moved out of the array.
    private var dropped = 0
    /// The sequence number of `entries[dropped]`.
    private var first: UInt64 = 0
    private var newestAccess: UInt64?
    private var media = Interval.zero
    private var wall: WallTime?
    private var position = 0
    /// Whether no chunk will come any more.
    package private(set) var hasEnded = false

    /// An empty ring.
    package init(settings: FeedSettings = FeedSettings()) { self.settings = settings }

    /// The number of chunks that are kept.
    package var count: Int { entries.count - dropped }
    /// The number of bytes that are kept.
    package var byteCount: Int { position - (entries[dropped...].first?.position ?? position) }
    private var end: UInt64 { first + UInt64(count) }

    /// Keeps a chunk of a piece that the source made at `wall`, and drops what is too old.
    package mutating func append(_ chunk: TransportChunk, wall: WallTime, at now: Instant) {
        guard !hasEnded, !chunk.bytes.isEmpty else { return }
        // The source's clock may jump; media time only runs, and never far at once.
        let step = self.wall.map { wall - $0 } ?? .zero
        media = media + min(max(step, .zero), .seconds(1))
        self.wall = wall
        if chunk.randomAccess { newestAccess = end }
        entries.append(Entry(chunk: chunk, media: media, position: position, arrived: now))
        position += chunk.bytes.count
        trim()
    }

    /// Notes that no chunk will come any more: readers that are through are done.
    package mutating func finish() { hasEnded = true }

    /// A reader that begins at the newest random access point with a burst behind it.
    ///
    /// Where none has so much behind it, at the newest; where there is none at all (sound
    /// only), a burst before the end; in an empty ring with what comes first. A patient reader
    /// (a recording) is late rather than incomplete, as long as the ring reaches back.
    package func join(at now: Instant, patient: Bool = false) -> FeedCursor {
        FeedCursor(sequence: joinPoint, isPatient: patient, since: now)
    }

    /// Whether `next` would give something.
    package func hasMore(for cursor: FeedCursor) -> Bool { cursor.sequence < end }

    /// Whether the stream has ended and the reader has everything.
    package func isDone(_ cursor: FeedCursor) -> Bool { hasEnded && !hasMore(for: cursor) }

    /// The next chunks for a reader: at least one if there is any, no second beyond `maxBytes`.
    package func next(
        _ cursor: inout FeedCursor, maxBytes: Int, at now: Instant
    ) -> [[UInt8]] {
        if isSlow(cursor, at: now) { jump(&cursor, at: now) }
        var out: [[UInt8]] = []
        var total = 0
        while cursor.sequence < end {
            let bytes = entries[index(cursor.sequence)].chunk.bytes
            guard total == 0 || total + bytes.count <= maxBytes else { break }
            cursor.sequence += 1
            let passed = cursor.repaired(bytes)
            if !passed.isEmpty { out.append(passed) }
            total += bytes.count
        }
        return out
    }
}

extension FeedRing {
    private func index(_ sequence: UInt64) -> Int { dropped + Int(sequence - first) }

    private var joinPoint: UInt64 {
        guard let newest = entries.last, count > 0 else { return end }
        let full = entries[dropped...].lastIndex {
            $0.chunk.randomAccess && newest.media - $0.media >= settings.burst
        }
        if let full { return first + UInt64(full - dropped) }
        if let newestAccess { return newestAccess }
        let recent = entries[dropped...].lastIndex { newest.media - $0.media >= settings.burst }
        return first + UInt64((recent ?? dropped) - dropped)
    }

    private func isSlow(_ cursor: FeedCursor, at now: Instant) -> Bool {
        guard cursor.sequence >= first else { return true }
        guard cursor.sequence < end, !cursor.isPatient else { return false }
        let entry = entries[index(cursor.sequence)]
        let waited = now - max(entry.arrived, cursor.since)
        return waited > settings.backlog
            || (waited > settings.backlogGrace && position - entry.position > settings.backlogBytes)
    }

    private func jump(_ cursor: inout FeedCursor, at now: Instant) {
        let target = newestAccess ?? joinPoint
        guard target > cursor.sequence else { return }
        cursor.sequence = target
        cursor.since = now
        cursor.jumps += 1
        cursor.repair = ContinuityRepair()
    }

    private mutating func trim() {
        while count > 1, let oldest = entries[dropped...].first, isTooMuch(since: oldest) {
            entries[dropped].chunk.bytes = []
            dropped += 1
            first += 1
        }
        if let newestAccess, newestAccess < first { self.newestAccess = nil }
        // Moving the rest costs as much as the appends since the last time.
        guard dropped > 64, dropped * 2 > entries.count else { return }
        entries.removeFirst(dropped)
        dropped = 0
    }

    private func isTooMuch(since oldest: Entry) -> Bool {
        position - oldest.position > settings.bytes || media - oldest.media > settings.duration
            || count > settings.chunks
    }
}

extension FeedCursor {
    fileprivate mutating func repaired(_ bytes: [UInt8]) -> [UInt8] {
        guard repair != nil else { return bytes }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        repair?.append(bytes, 0..<bytes.count, to: &out)
        return out
    }
}
