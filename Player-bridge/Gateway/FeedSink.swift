// The stream to standard output or into a file. A thread of its own does the writing, so that a
// reader that does not read, or a disk that thinks, holds up nothing but itself; how much may
// wait for it is bounded by LiveFeed.

import Glibc
package import Reactor

/// Why a sink cannot be written to.
package enum SinkFault: Error, Hashable, Sendable {
    /// The file cannot be made or opened (the error number of open).
    case cannotCreate(Int32)
    /// No space, or no quota, is left on the device (ENOSPC, EDQUOT).
    case diskFull
    /// The file has reached the greatest size allowed (EFBIG).
    case tooLarge
    /// Any other error number of write.
    case system(Int32)

    init(errno code: Int32) {
        self =
            switch code {
            case ENOSPC, EDQUOT: .diskFull
            case EFBIG: .tooLarge
            default: .system(code)
            }
    }
}

/// What became of a sink.
package enum SinkEvent: Hashable, Sendable {
    /// Everything was written and the stream has ended.
    case finished
    /// Nobody reads the pipe any more (EPIPE): nothing more will be written.
    case readerGone
    /// Nothing more can be written.
    case failed(SinkFault)
}

/// A destination of the stream outside HTTP.
///
/// `LiveFeed.attach` connects it. Exactly one event comes, and is the last word.
@Loop
package final class FeedSink: FeedOutput {
    /// Where the bytes go.
    package enum Destination: Hashable, Sendable {
        /// File descriptor 1, or another open one, which is not closed in the end.
        case descriptor(Int32)
        /// A file, which is made or emptied, or a named pipe.
        case file(String)

        /// The standard output of the process.
        package static let standardOutput = Self.descriptor(STDOUT_FILENO)
    }

    /// The bytes that wait for the writer.
    package private(set) var pendingBytes = 0
    /// The bytes that have been written so far.
    package private(set) var writtenBytes = 0
    /// Called when there is room for more.
    package var onDrain: (@Loop () -> Void)?
    /// Called once nothing more is written.
    package var onClose: (@Loop () -> Void)?
    /// Whether completeness matters more than the live edge.
    let isRecording: Bool

    private var handler: (@Loop (SinkEvent) -> Void)?
    private let writer: SinkWriter
    private var keptUntilOver: FeedSink?

    /// A sink to `destination` that reports its end to `handler`.
    package init(_ destination: Destination, handler: @escaping @Loop (SinkEvent) -> Void) {
        self.handler = handler
        if case .file = destination { isRecording = true } else { isRecording = false }
        writer = SinkWriter(destination)
        writer.start { [weak self] report in
            Task { @Loop in self?.take(report) }
        }
    }

    deinit { writer.stop() }

    /// Has `bytes` written; how much waits is for the caller to bound.
    package func write(_ bytes: [UInt8]) {
        guard handler != nil else { return }
        pendingBytes += bytes.count
        writer.enqueue(.bytes(bytes))
    }

    /// There is nothing more to write.
    package func end() {
        // The feed lets go of a reader that is through, but the thread is not through yet.
        keptUntilOver = self
        writer.enqueue(.end)
    }

    /// Ends without the rest, for the reason given.
    package func abandon(_ event: SinkEvent) {
        writer.stop()
        take(.over(event))
    }

    private func take(_ report: SinkWriter.Report) {
        switch report {
        case .wrote(let count):
            pendingBytes -= count
            writtenBytes += count
            if pendingBytes * 2 < LiveFeed.highWater { onDrain?() }
        case .over(let event):
            pendingBytes = 0
            onClose?()
            (onDrain, onClose, keptUntilOver) = (nil, nil, nil)
            let last = handler
            handler = nil
            last?(event)
        }
    }
}
