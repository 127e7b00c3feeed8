// The entry to ingest: one input, one thread, events to one callback. Decides nothing about the
// stream; see IngestWorker for its life and OutputLine for the life of a packet.
import Glibc
import Primitives

/// A session that reads one input and delivers it as a transport stream.
///
/// Call `start()` once. Events come one at a time on the session's own thread, in order: `.opened`
/// once, chunks, around each loss of a URL `.interrupted` and `.resumed`, and at the end either
/// `.ended` or `.failed`. Call `consumed(bytes:)` for the bytes of every chunk when they are done
/// with: reading pauses while more than `IngestLimits.unconsumedBytes` are outstanding. `stop()`
/// may be called at any time, from any thread but the session's own; no event begins after it has
/// returned. The last reference that goes stops the session.
package final class IngestSession: Sendable {
    private let control = IngestControl()
    private let options: IngestOptions
    private let deliver: @Sendable (IngestEvent) -> Void

    /// A session that has not begun.
    package init(_ options: IngestOptions, deliver: @escaping @Sendable (IngestEvent) -> Void) {
        self.options = options
        self.deliver = deliver
    }

    deinit { control.requestStop() }

    /// Begins to read, on a thread of its own.
    package func start() {
        guard control.claimStart() else { return }
        let job = ThreadJob(options, control, deliver)
        var thread = pthread_t()
        let opaque = Unmanaged.passRetained(job).toOpaque()
        let status = pthread_create(&thread, nil, ThreadJob.entry, opaque)
        guard status == 0 else {
            Unmanaged<ThreadJob>.fromOpaque(opaque).release()
            control.workerLeft()
            return deliver(.failed(.readFailed("no thread can be started")))
        }
        pthread_detach(thread)
    }

    /// Ends the session; waits at most a second for its thread.
    ///
    /// A thread that is stuck longer, as in a name look-up, is left to end by itself.
    package func stop() {
        control.requestStop()
        if control.hasStarted { _ = control.awaitWorker(.milliseconds(1000)) }
    }

    /// Tells that `bytes` of what was delivered need no memory any more.
    package func consumed(bytes: Int) { control.consume(bytes) }
}

/// What the thread is given; it does not hold the session, which may go first.
private final class ThreadJob {
    static let entry: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = {
        guard let opaque = $0 else { return nil }
        let job = Unmanaged<ThreadJob>.fromOpaque(opaque).takeRetainedValue()
        job.run()
        return nil
    }

    private let options: IngestOptions
    private let control: IngestControl
    private let deliver: @Sendable (IngestEvent) -> Void

    init(
        _ options: IngestOptions, _ control: IngestControl,
        _ deliver: @escaping @Sendable (IngestEvent) -> Void
    ) {
        (self.options, self.control, self.deliver) = (options, control, deliver)
    }

    func run() {
        IngestWorker(options, control: control, deliver: deliver).run()
        control.workerLeft()
    }
}
