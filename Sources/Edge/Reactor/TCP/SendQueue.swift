// Bytes that wait to be handed to the kernel: slices of shared arrays, memory of somebody else's, and
// parts of open files. Small messages are gathered into one array; what is large is kept as it is,
// without a copy, and files are not read here. Waits for nothing: the connection knows when to write.

import CLibevent
import Glibc

/// What a write to a socket came to.
enum WriteResult: Equatable {
    /// The kernel took all that was offered.
    case wroteAll
    /// Not all was taken; the kernel says when it takes more.
    case wouldBlock
    /// The error number of the write.
    case failed(Int32)
}

/// Bytes in memory of somebody else's, which stay there as they are while `owner` is held.
package struct ForeignBytes: @unchecked Sendable {
    let bytes: UnsafeRawBufferPointer
    let owner: AnyObject

    /// The memory `bytes`, which `owner` keeps.
    package init(_ bytes: UnsafeRawBufferPointer, owner: AnyObject) {
        (self.bytes, self.owner) = (bytes, owner)
    }
}

/// Bytes of an open file, which the kernel sends from where it has them (sendfile(2)).
package struct FileBytes: Sendable {
    let descriptor: Int32
    var offset: Int64
    var count: Int
    let owner: any AnyObject & Sendable

    /// The `count` bytes from `offset` of the file open as `descriptor`, which `owner` keeps open.
    ///
    /// If the file becomes shorter than that meanwhile, the connection fails.
    package init(descriptor: Int32, offset: Int64, count: Int, owner: any AnyObject & Sendable) {
        (self.descriptor, self.offset) = (descriptor, offset)
        (self.count, self.owner) = (count, owner)
    }
}

/// A stretch of what is to be sent.
private enum Stretch {
    case array(ArraySlice<UInt8>)
    case foreign(UnsafeRawBufferPointer, AnyObject)
    case file(FileBytes)

    var count: Int {
        switch self {
        case .array(let slice): slice.count
        case .foreign(let bytes, _): bytes.count
        case .file(let part): part.count
        }
    }

    var isFile: Bool { if case .file = self { true } else { false } }

    func dropFirst(_ count: Int) -> Self {
        switch self {
        case .array(let slice): return .array(slice.dropFirst(count))
        case .foreign(let bytes, let owner):
            return .foreign(UnsafeRawBufferPointer(rebasing: bytes.dropFirst(count)), owner)
        case .file(var part):
            (part.offset, part.count) = (part.offset + Int64(count), part.count - count)
            return .file(part)
        }
    }
}

/// A queue of slices that leaves with writev, and with sendfile where they are of files.
struct SendQueue {
    private var slices: [Stretch] = []
    private var head = 0
    /// How many bytes wait.
    private(set) var count = 0
    /// Whether the last slice is an array of our own, to which more may be added.
    private var tailIsOwn = false
    /// How many of the slices are of files.
    private var files = 0

    /// Below this, copying a message costs less than an entry of its own in writev.
    private static let smallMessage = 1024
    /// How long an array of gathered messages may grow.
    private static let gatheredLimit = 16_384
    /// Slices a system call: enough for a full window of 16 KiB blocks with their headers.
    private static let slicesPerCall = 64
    /// System calls a turn, so that others have theirs: 2 MiB of blocks from files.
    private static let callsPerTurn = 256

    /// Appends `bytes`.
    mutating func append(_ bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty else { return }
        count += bytes.count
        guard bytes.count < Self.smallMessage else {
            slices.append(.array(bytes))
            tailIsOwn = false
            return
        }
        let last = slices.count - 1
        if tailIsOwn, last >= head, case .array(var tail) = slices[last],
            tail.count + bytes.count <= Self.gatheredLimit
        {
            // Out of the queue meanwhile: with two holders it would be copied.
            slices[last] = .array([])
            tail.append(contentsOf: bytes)
            slices[last] = .array(tail)
        } else {
            slices.append(.array(ArraySlice(Array(bytes))))
            tailIsOwn = true
        }
    }

    /// Appends bytes of somebody else's.
    mutating func append(_ foreign: ForeignBytes) {
        guard !foreign.bytes.isEmpty else { return }
        count += foreign.bytes.count
        slices.append(.foreign(foreign.bytes, foreign.owner))
        tailIsOwn = false
    }

    /// Appends bytes of a file.
    mutating func append(_ part: FileBytes) {
        guard part.count > 0 else { return }
        count += part.count
        files += 1
        slices.append(.file(part))
        tailIsOwn = false
    }

    /// Forgets everything.
    mutating func removeAll() { self = SendQueue() }

    /// Hands to the kernel what it takes.
    mutating func write(to descriptor: Int32) -> WriteResult {
        // Bytes of files and their headers go in calls of their own, and are to share packets.
        let isCorked = files > 0 && slices.count - head > 1
        if isCorked { cork(descriptor, true) }
        defer { if isCorked { cork(descriptor, false) } }
        var calls = 0
        while count > 0 {
            // The rest when the kernel says once more that it takes some.
            guard calls < Self.callsPerTurn else { return .wouldBlock }
            calls += 1
            let (wrote, offered, failure) = writeSome(to: descriptor)
            guard wrote >= 0 else {
                return failure == EAGAIN || failure == EINTR ? .wouldBlock : .failed(failure)
            }
            // A file that has become shorter than what was said of it.
            guard wrote > 0 else { return .failed(EIO) }
            drop(wrote)
            if wrote < offered { return .wouldBlock }
        }
        return .wroteAll
    }

    /// One call: the bytes of one file, or what there is before those.
    private func writeSome(to descriptor: Int32) -> (wrote: Int, offered: Int, failure: Int32) {
        let most = min(slices.count, head + Self.slicesPerCall)
        var last = head
        while last < most, !slices[last].isFile { last += 1 }
        switch slices[head] {
        case .file(let part):
            var offset = off_t(part.offset)
            let wrote = sendfile(descriptor, part.descriptor, &offset, part.count)
            return (wrote, part.count, errno)
        case .array(let slice) where last == head + 1:
            let wrote = slice.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            return (wrote, slice.count, errno)
        default: return writeMany(slices[head..<last], to: descriptor)
        }
    }

    private func writeMany(
        _ rest: ArraySlice<Stretch>, to descriptor: Int32
    ) -> (wrote: Int, offered: Int, failure: Int32) {
        let offered = rest.reduce(0) { $0 + $1.count }
        var vector: [iovec] = []
        vector.reserveCapacity(rest.count)
        let (wrote, failure) = Self.gather(rest, into: &vector) { vector in
            let result = writev(descriptor, vector, Int32(vector.count))
            return (result, errno)
        }
        return (wrote, offered, failure)
    }

    /// Lets packets wait until they are full (TCP_CORK), or lets them go.
    private func cork(_ descriptor: Int32, _ isOn: Bool) {
        var value: Int32 = isOn ? 1 : 0
        setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_CORK, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Calls `body` with an entry for each slice, all of which stay where they are meanwhile.
    private static func gather(
        _ rest: ArraySlice<Stretch>, into vector: inout [iovec],
        _ body: ([iovec]) -> (Int, Int32)
    ) -> (Int, Int32) {
        guard let first = rest.first else { return body(vector) }
        switch first {
        case .array(let slice):
            return slice.withUnsafeBytes { raw in
                vector.append(entry(raw))
                return gather(rest.dropFirst(), into: &vector, body)
            }
        case .foreign(let bytes, _):
            vector.append(entry(bytes))
            return gather(rest.dropFirst(), into: &vector, body)
        case .file: return body(vector)
        }
    }

    private static func entry(_ raw: UnsafeRawBufferPointer) -> iovec {
        iovec(iov_base: UnsafeMutableRawPointer(mutating: raw.baseAddress), iov_len: raw.count)
    }

    private mutating func drop(_ wrote: Int) {
        count -= wrote
        var left = wrote
        while left > 0, left >= slices[head].count {
            left -= slices[head].count
            if slices[head].isFile { files -= 1 }
            slices[head] = .array([])
            head += 1
        }
        if left > 0 {
            slices[head] = slices[head].dropFirst(left)
            // A slice that has begun to leave is not added to: that would copy what has left.
            if head == slices.count - 1 { tailIsOwn = false }
        }
        guard head == slices.count || head > 64 && head > slices.count / 2 else { return }
        slices.removeFirst(head)
        head = 0
        if slices.isEmpty { tailIsOwn = false }
    }
}
