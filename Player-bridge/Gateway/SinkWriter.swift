// The thread that writes for a FeedSink. Opens, writes and closes; may block in each.

import Glibc
import Synchronization

/// A thread that writes what is put into its queue, in order.
final class SinkWriter: @unchecked Sendable {
    enum Item: Sendable {
        case bytes([UInt8])
        case end
    }

    enum Report: Sendable {
        /// That many bytes have left.
        case wrote(Int)
        /// The writer has ended.
        case over(SinkEvent)
    }

    private struct State {
        var items: [Item] = []
        var isStopped = false
    }

    private let destination: FeedSink.Destination
    private let state = Mutex(State())
    /// Counts what is in the queue; a semaphore must not move in memory.
    private let filled = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init(_ destination: FeedSink.Destination) {
        self.destination = destination
        sem_init(filled, 0, 0)
    }

    deinit {
        sem_destroy(filled)
        filled.deallocate()
    }

    func enqueue(_ item: Item) {
        state.withLock { $0.items.append(item) }
        sem_post(filled)
    }

    /// Ends the thread without writing the rest, and without a report, once it does not block.
    func stop() {
        state.withLock { $0.isStopped = true }
        sem_post(filled)
    }

    func start(report: @escaping @Sendable (Report) -> Void) {
        let body = Unmanaged.passRetained(Body { self.run(report) })
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, body.toOpaque())
        if result == 0 {
            pthread_detach(thread)
        } else {
            body.release()
            report(.over(.failed(.system(result))))
        }
    }

    private final class Body {
        let run: () -> Void
        init(_ run: @escaping () -> Void) { self.run = run }
    }

    private func run(_ report: (Report) -> Void) {
        do throws(SinkFault) {
            let descriptor = try open()
            defer { if case .file = destination { close(descriptor) } }
            if try drain(to: descriptor, report) { report(.over(.finished)) }
        } catch {
            report(.over(error == .system(EPIPE) ? .readerGone : .failed(error)))
        }
    }

    private func open() throws(SinkFault) -> Int32 {
        switch destination {
        case .descriptor(let descriptor): return descriptor
        case .file(let path):
            let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
            let failure = errno
            guard descriptor >= 0 else { throw .cannotCreate(failure) }
            return descriptor
        }
    }

    /// Writes until the end of the stream; false where the writer was stopped.
    private func drain(
        to descriptor: Int32, _ report: (Report) -> Void
    ) throws(SinkFault) -> Bool {
        while let item = next() {
            guard case .bytes(let bytes) = item else { return true }
            try write(bytes, to: descriptor)
            report(.wrote(bytes.count))
        }
        return false
    }

    /// The next item; nil once stopped.
    private func next() -> Item? {
        while true {
            while sem_wait(filled) != 0 {}
            let (item, stopped): (Item?, Bool) = state.withLock {
                $0.isStopped
                    ? (nil, true) : ($0.items.isEmpty ? nil : $0.items.removeFirst(), false)
            }
            if item != nil || stopped { return item }
        }
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32) throws(SinkFault) {
        var offset = 0
        while offset < bytes.count {
            let (count, failure) = bytes[offset...].withUnsafeBytes {
                (Glibc.write(descriptor, $0.baseAddress, $0.count), errno)
            }
            if count >= 0 {
                offset += count
            } else if failure == EAGAIN {
                // Somebody else made the shared descriptor non-blocking.
                var wait = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&wait, 1, 1000)
            } else if failure != EINTR {
                throw SinkFault(errno: failure)
            }
        }
    }
}
