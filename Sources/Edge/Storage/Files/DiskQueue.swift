// Threads that do what may block, and the way back of what became of it. Reads go before writes:
// a player or a neighbour waits for a read, nobody for a write. Knows neither.

import Glibc
import Synchronization

/// Jobs on threads; may be used from any thread.
final class DiskQueue<Report: Sendable>: Sendable {
    /// Work, which posts what became of it as often as it likes.
    typealias Job = @Sendable (_ post: (Report) -> Void) -> Void

    private struct State {
        var urgent: [Job] = []
        var others: [Job] = []
        /// Jobs that take turns, and whether a thread is at them.
        var turns: [Job] = []
        var isTurning = false
        var isStopped = false
    }

    private let state = Mutex(State())
    private let reports = Mutex<[Report]>([])
    private let filled: Semaphore
    private let notify: @Sendable () -> Void

    /// A queue for `threads` threads, which last until `stop`.
    ///
    /// `notify` is called on one of them when there is something to `take` where there was
    /// nothing.
    init(threads: Int, notify: @escaping @Sendable () -> Void) throws(StorageError) {
        self.notify = notify
        filled = Semaphore()
        for _ in 0..<max(1, threads) {
            guard startThread({ self.work() }) else {
                stop()
                throw .system(path: "", operation: "pthread_create", errno: EAGAIN)
            }
        }
    }

    /// Has `job` done, before those that are not urgent if it is.
    func enqueue(isUrgent: Bool = false, _ job: @escaping Job) {
        state.withLock { state in
            if isUrgent { state.urgent.append(job) } else { state.others.append(job) }
        }
        filled.post()
    }

    /// Has `job` done after all that were enqueued so before it, and never two at a time; for jobs
    /// themselves to call.
    ///
    /// A thread does such jobs once it is through with its own, unless another is at them: then that
    /// one goes on with them. So no thread waits for another, as two that write to one file do,
    /// spinning, in the kernel.
    func enqueueInTurn(_ job: @escaping Job) { state.withLock { $0.turns.append(job) } }

    private func takeTurns() {
        var isOurs = false
        while let job = nextTurn(&isOurs) { job(post) }
    }

    private func nextTurn(_ isOurs: inout Bool) -> Job? {
        state.withLock { state in
            guard isOurs || !state.isTurning else { return nil }
            isOurs = !state.turns.isEmpty
            state.isTurning = isOurs
            return isOurs ? state.turns.removeFirst() : nil
        }
    }

    /// What has become of jobs since the last call, in order.
    func take() -> [Report] {
        reports.withLock { reports in
            defer { reports = [] }
            return reports
        }
    }

    /// Ends the threads once all jobs are done.
    func stop() {
        state.withLock { $0.isStopped = true }
        filled.post()
    }

    private func work() {
        while work(next()) { takeTurns() }
        // The next thread, too, is to see that there is an end.
        filled.post()
    }

    /// Does a job, and lets go of it and what it holds; false where there is none.
    private func work(_ job: Job?) -> Bool {
        job?(post)
        return job != nil
    }

    private func next() -> Job? {
        while true {
            filled.wait()
            let (job, isOver): (Job?, Bool) = state.withLock { state in
                if !state.urgent.isEmpty { return (state.urgent.removeFirst(), false) }
                if !state.others.isEmpty { return (state.others.removeFirst(), false) }
                return (nil, state.isStopped)
            }
            if job != nil || isOver { return job }
        }
    }

    private func post(_ report: Report) {
        let isFirst = reports.withLock { reports in
            reports.append(report)
            return reports.count == 1
        }
        if isFirst { notify() }
    }
}

/// A counting semaphore.
final class Semaphore: @unchecked Sendable {
    /// A semaphore must not move in memory.
    private let raw = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(raw, 0, 0) }

    deinit {
        sem_destroy(raw)
        raw.deallocate()
    }

    func post() { sem_post(raw) }
    func wait() { while sem_wait(raw) != 0 {} }
}
