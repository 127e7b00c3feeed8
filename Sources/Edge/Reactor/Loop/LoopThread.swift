// The thread of the loop: owns the event_base, runs it forever, and is the executor of Loop.
// Jobs from other threads come in through an array under a lock; an eventfd wakes the loop when
// the array goes from empty to non-empty. Only this thread ever calls libevent.

import CLibevent
import Glibc
import Synchronization

/// The executor of the loop, which lives as long as the process.
final class LoopThread: SerialExecutor, @unchecked Sendable {
    /// The event base; used on the loop's thread only.
    let base: OpaquePointer
    /// Whom to call at the end of the turn; used on the loop's thread only.
    private var endOfTurn: [any TurnEndObserver] = []
    /// Becomes due when somebody waits for the end of the turn.
    private var turnEnd: OpaquePointer?

    private let jobs = Mutex<[UnownedJob]>([])
    private let wakeup: Int32
    /// The loop's pthread, or 0 until it runs.
    private let owner = Atomic<UInt>(0)
    /// The jobs being run; swapped with `jobs`, so that neither array is allocated anew.
    private var batch: [UnownedJob] = []

    init() {
        // A peer that goes away must be an error of write, not a signal.
        signal(SIGPIPE, SIG_IGN)
        // What matters of it comes to us as errors; standard error is for people.
        event_set_log_callback { _, _ in }
        wakeup = eventfd(0, Int32(EFD_NONBLOCK | EFD_CLOEXEC))
        precondition(wakeup >= 0, "no descriptor for the event loop")
        base = Self.makeBase()
        start()
    }

    private static func makeBase() -> OpaquePointer {
        let config = event_config_new()
        defer { event_config_free(config) }
        // Without it libevent reads the coarse clock, 4 ms to the tick.
        event_config_set_flag(config, Int32(EVENT_BASE_FLAG_PRECISE_TIMER.rawValue))
        guard let base = event_base_new_with_config(config) else {
            preconditionFailure("the event loop cannot be made")
        }
        return base
    }

    private func start() {
        let context = Unmanaged.passRetained(self).toOpaque()
        let event = event_new(
            base, wakeup, Int16(EV_READ | EV_PERSIST),
            { _, _, context in LoopThread.from(context).runJobs() }, context)
        event_add(event, nil)
        turnEnd = event_new(
            base, -1, 0, { _, _, context in LoopThread.from(context).finishTurn() }, context)
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { context in
                LoopThread.from(context).run()
                return nil
            }, context)
        precondition(result == 0, "no thread for the event loop")
        pthread_detach(thread)
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> LoopThread {
        guard let context else { preconditionFailure("a callback without its context") }
        return Unmanaged<LoopThread>.fromOpaque(context).takeUnretainedValue()
    }

    private func run() {
        owner.store(UInt(pthread_self()), ordering: .relaxed)
        event_base_loop(base, 0)
    }

    /// Calls `turnEnded` of `object` after the callbacks that are due now.
    func atEndOfTurn(_ object: any TurnEndObserver) {
        // What becomes active now comes last among what is due.
        if endOfTurn.isEmpty { event_active(turnEnd, 0, 0) }
        endOfTurn.append(object)
    }

    private func finishTurn() {
        // What an observer asks for meanwhile still belongs to this turn.
        while !endOfTurn.isEmpty {
            let observers = endOfTurn
            endOfTurn.removeAll(keepingCapacity: true)
            Loop.assumeIsolated { for observer in observers { observer.turnEnded() } }
        }
    }

    private func runJobs() {
        var count: UInt64 = 0
        _ = read(wakeup, &count, 8)
        jobs.withLock { swap(&$0, &batch) }
        let executor = asUnownedSerialExecutor()
        for job in batch { job.runSynchronously(on: executor) }
        batch.removeAll(keepingCapacity: true)
    }

    // MARK: SerialExecutor

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let wasEmpty = jobs.withLock { jobs in
            jobs.append(job)
            return jobs.count == 1
        }
        guard wasEmpty else { return }
        var one: UInt64 = 1
        _ = write(wakeup, &one, 8)
    }

    func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        UnownedSerialExecutor(ordinary: self)
    }

    /// Whether this is the loop's thread.
    var isCurrent: Bool { owner.load(ordering: .relaxed) == UInt(pthread_self()) }

    func isIsolatingCurrentContext() -> Bool? { isCurrent }

    func checkIsolated() {
        precondition(isCurrent, "not on the loop's thread")
    }
}
