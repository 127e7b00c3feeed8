// Writing to standard output and standard error. What nobody takes within a bound is lost: a
// terminal that is held with Ctrl-S, or a log that is full, must not stop a broadcast.

import Glibc

/// Where something is written.
package enum Stream: Int32, Sendable {
    /// Standard output.
    case output = 1
    /// Standard error.
    case error = 2
}

/// Writes a text.
///
/// - Parameters:
///   - text: what to write, with its line ends.
///   - stream: where.
///   - patience: how many milliseconds to wait for a slow reader at most, each time.
/// - Returns: false where it was not taken.
@discardableResult
package func write(_ text: String, _ stream: Stream, patience: Int32 = 5000) -> Bool {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
        var ready = pollfd(fd: stream.rawValue, events: Int16(POLLOUT), revents: 0)
        guard poll(&ready, 1, patience) > 0 else { return false }
        // Up to this many bytes a pipe that is ready takes without blocking (POSIX PIPE_BUF).
        let count = bytes.prefix(4096).withUnsafeBytes {
            Glibc.write(stream.rawValue, $0.baseAddress, $0.count)
        }
        if count > 0 {
            bytes = bytes.dropFirst(count)
        } else if errno != EAGAIN, errno != EINTR {
            return false
        }
    }
    return true
}

/// Tells a person, on standard error.
package func say(_ text: String) { write(text, .error) }

/// Puts a line of data on standard output; false where nobody takes it.
@discardableResult
package func put(_ line: String) -> Bool { write(line + "\n", .output) }
