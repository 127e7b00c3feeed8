// An open file that answers refer to: the kernel reads it when its bytes leave (sendfile), so they
// never come into this process. Knows no paths.

import CLibevent
import Glibc

/// The owner of a descriptor that may be part of several answers at once.
///
/// It is closed when the last answer that refers to it is through or gone, and nobody else holds
/// it. If the file becomes shorter than what was promised of it, the answer's connection is closed.
package final class SharedFile: Sendable {
    /// The open file.
    package let descriptor: Int32

    /// Takes a descriptor over, to be closed in the end.
    package init(adopting descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }
}

/// Appends `count` bytes from `offset` of `file` to an evbuffer that goes to a socket.
///
/// Answers whether libevent took it.
func append(_ file: SharedFile, at offset: Int64, count: Int, to buffer: OpaquePointer?) -> Bool {
    // Never mapped into memory: a file that gets shorter would then be a signal (SIGBUS).
    let flags = UInt32(EVBUF_FS_DISABLE_MMAP | EVBUF_FS_DISABLE_LOCKING)
    guard
        let segment = evbuffer_file_segment_new(
            file.descriptor, offset, Int64(count), flags)
    else { return false }
    evbuffer_file_segment_add_cleanup_cb(
        segment,
        { _, _, box in
            guard let box else { return }
            Unmanaged<SharedFile>.fromOpaque(box).release()
        }, Unmanaged.passRetained(file).toOpaque())
    // Without it libevent would read the bytes now, as it cannot know where they go.
    evbuffer_set_flags(buffer, UInt64(EVBUFFER_FLAG_DRAINS_TO_FD))
    let result = evbuffer_add_file_segment(buffer, segment, 0, Int64(count))
    // The evbuffer has a reference of its own.
    evbuffer_file_segment_free(segment)
    return result == 0
}
