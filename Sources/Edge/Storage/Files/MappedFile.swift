// Stretches of files that lie in the system's own memory: what is sent from there is not copied
// into this process. Reading them could wait for the disk, and be a signal where the file has
// become shorter; so they are made on a worker, which has the system read them, and are handed to
// writev(2) only, for which a missing page is an error (EFAULT).

import Glibc
import Pieces

/// A stretch of a file in memory; it is unmapped when it is let go.
final class MappedFile: @unchecked Sendable {
    private let base: UnsafeMutableRawPointer
    private let size: Int
    /// The bytes that were asked for, behind those that the page began with.
    let bytes: UnsafeRawBufferPointer

    /// Linux 5.14; glibc names it, Swift does not see it.
    private static let populateRead: Int32 = 22

    /// Maps `count` bytes from `offset` of an open file; nil where the system does not.
    ///
    /// Blocks until they are read in.
    init?(_ descriptor: Int32, offset: Int64, count: Int) {
        let page = Int64(sysconf(Int32(_SC_PAGESIZE)))
        let start = offset / page * page
        let lead = Int(offset - start)
        guard count > 0,
            let mapped = mmap(nil, lead + count, PROT_READ, MAP_SHARED, descriptor, off_t(start)),
            mapped != MAP_FAILED
        else { return nil }
        (base, size) = (mapped, lead + count)
        bytes = UnsafeRawBufferPointer(start: mapped + lead, count: count)
        if madvise(mapped, size, Self.populateRead) != 0 {
            madvise(mapped, size, MADV_WILLNEED)
        }
    }

    deinit { munmap(base, size) }
}

/// Bytes that lie in a mapped stretch of a file, for writev(2) and nothing else.
package struct MappedBytes: Equatable, @unchecked Sendable {
    /// Where they are, for as long as `owner` is held.
    package let bytes: UnsafeRawBufferPointer
    /// What keeps them there.
    package let owner: AnyObject

    package static func == (a: Self, b: Self) -> Bool {
        a.bytes.baseAddress == b.bytes.baseAddress && a.bytes.count == b.bytes.count
    }
}

/// The stretches that were used last.
struct MapCache {
    /// A stretch of a file, by its number.
    struct Key: Hashable, Sendable {
        let file: Int
        let part: Int64
    }

    private let limit: Int
    private var maps: [Key: MappedFile] = [:]
    private var order: [Key] = []
    /// Who waits for a stretch that is being mapped: where in it, and how much.
    var waiting: [Key: [(ticket: ReadTicket, range: Range<Int>)]] = [:]

    /// At most `limit` stretches.
    init(limit: Int) { self.limit = limit }

    subscript(key: Key) -> MappedFile? { maps[key] }

    mutating func keep(_ map: MappedFile, _ key: Key) {
        guard maps[key] == nil else { return }
        maps[key] = map
        order.append(key)
        if order.count > limit { maps[order.removeFirst()] = nil }
    }
}

extension TorrentStore {
    /// A part of a piece that is in its file, from the system's memory.
    ///
    /// Nil where it is not in one file alone: it is then to be read.
    func map(
        _ piece: PieceIndex, _ range: Range<Int>, ticket: ReadTicket
    ) -> StoreRead? {
        let spans = files.layout.spans(
            piece: piece, offset: range.lowerBound, length: range.count)
        guard let spans, spans.count == 1, let span = spans.first,
            !files.layout.files[span.file].isPadding
        else { return nil }
        let unit = Int64(settings.mapLength)
        let part = span.offset / unit
        let start = Int(span.offset - part * unit)
        // What runs over the border of a stretch is rare.
        guard start + span.length <= settings.mapLength else { return nil }
        let key = MapCache.Key(file: span.file, part: part)
        let within = start..<start + span.length
        if let map = maps[key] { return Self.part(map, within).map { .mapped($0) } }
        if maps.waiting[key] != nil {
            maps.waiting[key]?.append((ticket, within))
            return .later
        }
        guard maps.waiting.count < settings.reads else { return .refused }
        maps.waiting[key] = [(ticket, within)]
        let length = files.layout.files[span.file].length
        let count = Int(min(unit, length - part * unit))
        queue.enqueue(isUrgent: true) { [files] post in
            post(.mapped(key, files.map(span.file, offset: part * unit, count: count)))
        }
        return .later
    }

    func finished(_ key: MapCache.Key, _ map: MappedFile?) -> [StoreEvent] {
        let waiting = maps.waiting.removeValue(forKey: key) ?? []
        if let map { maps.keep(map, key) }
        return waiting.map { it in
            guard let map, let bytes = Self.part(map, it.range) else {
                return .unreadable(it.ticket, .tooShort(path: files.path(of: key.file)))
            }
            return .mapped(it.ticket, bytes)
        }
    }

    private static func part(_ map: MappedFile, _ range: Range<Int>) -> MappedBytes? {
        guard range.upperBound <= map.bytes.count else { return nil }
        return MappedBytes(
            bytes: UnsafeRawBufferPointer(rebasing: map.bytes[range]), owner: map)
    }
}

extension TorrentFiles {
    /// A stretch of a file in memory; nil where it cannot be had, or the file is shorter.
    func map(_ file: Int, offset: Int64, count: Int) -> MappedFile? {
        guard let handle = try? handle(file, forWriting: false) else { return nil }
        var status = stat()
        guard fstat(handle.descriptor.raw, &status) == 0,
            Int64(status.st_size) >= offset + Int64(count)
        else { return nil }
        return MappedFile(handle.descriptor.raw, offset: offset, count: count)
    }
}
