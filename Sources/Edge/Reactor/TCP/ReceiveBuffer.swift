// Bytes that have come from a socket and are not consumed yet.
// Storage is given back when all is consumed, so that an idle connection costs little.

import CLibevent
import Glibc

/// What a read from a socket came to.
enum ReadResult: Equatable {
    /// This many bytes were added.
    case received(Int)
    /// Nothing there now.
    case wouldBlock
    /// The other side has ended its stream.
    case endOfStream
    /// The error number of the read.
    case failed(Int32)
}

/// A queue of received bytes in one array, consumed from the front.
package struct ReceiveBuffer: Sendable {
    /// The storage; of it `readable` is valid.
    package private(set) var bytes: [UInt8] = []
    /// How many bytes of the storage have been consumed.
    package private(set) var offset = 0
    /// How much to ask the kernel for: doubles while reads fill it, halves while they do not.
    private(set) var chunk = Self.smallestChunk

    /// A page: what an idle peer's keep-alives need.
    private static let smallestChunk = 4096
    /// Eight blocks of 16 KiB: beyond this a system call is no longer what costs.
    static let largestChunk = 131_072

    /// The part of `bytes` that has not been consumed.
    package var readable: Range<Int> { offset..<bytes.count }

    /// How many bytes have not been consumed.
    package var count: Int { bytes.count - offset }

    /// Drops `count` bytes from the front, which must be there.
    mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= self.count, "consumed more than was received")
        offset += count
    }

    /// Reads once from `descriptor`, as much as keeps the buffer within `limit` bytes.
    mutating func read(from descriptor: Int32, limit: Int) -> ReadResult {
        compact()
        let room = min(chunk, limit - bytes.count)
        guard room > 0 else { return .wouldBlock }
        var got = 0
        var failure: Int32 = 0
        bytes.append(addingCapacity: room) { span in
            span.withUnsafeMutableBufferPointer { buffer, initialized in
                got = Glibc.read(descriptor, buffer.baseAddress, room)
                failure = errno
                initialized = max(0, got)
            }
        }
        guard got >= 0 else {
            return failure == EAGAIN || failure == EINTR ? .wouldBlock : .failed(failure)
        }
        adapt(to: got, of: room)
        return got == 0 ? .endOfStream : .received(got)
    }

    /// Reads once from `descriptor`: first `ahead` bytes, which are added here, then what `places`
    /// hold, in order.
    ///
    /// Answers how many bytes came in all.
    mutating func read(
        from descriptor: Int32, ahead: Int, then places: [UnsafeMutableRawBufferPointer]
    ) -> ReadResult {
        compact()
        var got = 0
        var failure: Int32 = 0
        bytes.append(addingCapacity: ahead) { span in
            span.withUnsafeMutableBufferPointer { buffer, initialized in
                var vector: [iovec] = []
                vector.reserveCapacity(places.count + 1)
                vector.append(iovec(iov_base: buffer.baseAddress, iov_len: ahead))
                for place in places {
                    vector.append(iovec(iov_base: place.baseAddress, iov_len: place.count))
                }
                got = readv(descriptor, vector, Int32(vector.count))
                failure = errno
                initialized = max(0, min(got, ahead))
            }
        }
        guard got >= 0 else {
            return failure == EAGAIN || failure == EINTR ? .wouldBlock : .failed(failure)
        }
        adapt(to: got, of: chunk)
        return got == 0 ? .endOfStream : .received(got)
    }

    /// Adds bytes that were read elsewhere.
    mutating func append(_ more: [UInt8]) {
        compact()
        bytes += more
    }

    private mutating func compact() {
        guard offset > 0 else { return }
        if offset < bytes.count {
            bytes.removeSubrange(0..<offset)
        } else if bytes.capacity > 2 * chunk {
            bytes = []
        } else {
            bytes.removeAll(keepingCapacity: true)
        }
        offset = 0
    }

    private mutating func adapt(to got: Int, of room: Int) {
        if got >= chunk {
            chunk = min(chunk * 2, Self.largestChunk)
        } else if got < room / 4 {
            chunk = max(chunk / 2, Self.smallestChunk)
        }
    }
}
