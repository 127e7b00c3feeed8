// Bytes that wait to be handed to the kernel, as slices of shared arrays.
// Small messages are gathered into one array; a large one is kept as it is, without a copy.

import CLibevent
import Glibc

/// What a write to a socket came to.
enum WriteResult: Equatable {
    /// The kernel took all that was offered.
    case wroteAll
    /// The kernel took some or nothing and will say when it takes more.
    case wouldBlock
    /// The error number of the write.
    case failed(Int32)
}

/// A queue of slices that leaves with writev.
struct SendQueue {
    private var slices: [ArraySlice<UInt8>] = []
    private var head = 0
    /// How many bytes wait.
    private(set) var count = 0
    /// Whether the last slice is an array of our own, to which more may be added.
    private var tailIsOwn = false

    /// Below this, copying a message costs less than an entry of its own in writev.
    private static let smallMessage = 1024
    /// How long an array of gathered messages may grow.
    private static let gatheredLimit = 16_384
    /// Slices a system call: enough for a full window of 16 KiB blocks with their headers.
    private static let slicesPerCall = 32

    /// Appends `bytes`.
    mutating func append(_ bytes: ArraySlice<UInt8>) {
        guard !bytes.isEmpty else { return }
        count += bytes.count
        guard bytes.count < Self.smallMessage else {
            slices.append(bytes)
            tailIsOwn = false
            return
        }
        let last = slices.count - 1
        if tailIsOwn, last >= head, slices[last].count + bytes.count <= Self.gatheredLimit {
            slices[last].append(contentsOf: bytes)
        } else {
            slices.append(ArraySlice(Array(bytes)))
            tailIsOwn = true
        }
    }

    /// Forgets everything.
    mutating func removeAll() { self = SendQueue() }

    /// Hands to the kernel what it takes.
    mutating func write(to descriptor: Int32) -> WriteResult {
        while count > 0 {
            let last = min(slices.count, head + Self.slicesPerCall)
            let offered = slices[head..<last].reduce(0) { $0 + $1.count }
            var vector: [iovec] = []
            vector.reserveCapacity(last - head)
            let (wrote, failure) = Self.gather(slices[head..<last], into: &vector) { vector in
                let result = writev(descriptor, vector, Int32(vector.count))
                return (result, errno)
            }
            guard wrote >= 0 else {
                return failure == EAGAIN || failure == EINTR ? .wouldBlock : .failed(failure)
            }
            drop(wrote)
            if wrote < offered { return .wouldBlock }
        }
        return .wroteAll
    }

    /// Calls `body` with an entry for each slice, all of which stay where they are meanwhile.
    private static func gather(
        _ rest: ArraySlice<ArraySlice<UInt8>>, into vector: inout [iovec],
        _ body: ([iovec]) -> (Int, Int32)
    ) -> (Int, Int32) {
        guard let first = rest.first else { return body(vector) }
        return first.withUnsafeBytes { raw in
            vector.append(
                iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: raw.baseAddress),
                    iov_len: raw.count))
            return gather(rest.dropFirst(), into: &vector, body)
        }
    }

    private mutating func drop(_ wrote: Int) {
        count -= wrote
        var left = wrote
        while left > 0, left >= slices[head].count {
            left -= slices[head].count
            slices[head] = []
            head += 1
        }
        if left > 0 {
            slices[head] = slices[head].dropFirst(left)
            // A slice that has begun to leave is not added to: that would copy what has left.
            if head == slices.count - 1 { tailIsOwn = false }
        }
        guard head == slices.count || head > 64 else { return }
        slices.removeFirst(head)
        head = 0
        if slices.isEmpty { tailIsOwn = false }
    }
}
