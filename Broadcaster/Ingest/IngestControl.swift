// What the owner's thread and the worker's thread share: the wish to stop, the bytes that wait
// for the consumer, and the deadline of a read. Every wait here ends within a moment of stop().
import CFFmpeg
import Glibc
import Primitives
import Synchronization

/// A descriptor that becomes readable when it is raised.
@safe struct Signal: ~Copyable, Sendable {
    /// For poll; -1 where the process has no descriptor left, and then waits end by their slices.
    let descriptor: Int32

    init() { descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func raise() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    func lower() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, 8)
    }
}

/// The state that both threads may touch.
final class IngestControl: Sendable {
    private struct Credit {
        var outstanding = 0
        var isAwaited = false
    }

    /// A wait is cut into slices, so that a lost signal costs little.
    private static let slice = Interval.milliseconds(200)

    private let stopping = Atomic(false)
    private let readDeadline = Atomic(Int64.max)
    private let credit = Mutex(Credit())
    private let stopSignal = Signal()
    private let creditSignal = Signal()
    private let doneSignal = Signal()
    private let done = Atomic(false)
    private let started = Atomic(false)

    /// Whether the owner asked to stop.
    var isStopping: Bool { stopping.load(ordering: .acquiring) }

    /// Whether a blocking call of libavformat should give up now.
    var shouldGiveUp: Bool {
        isStopping || monotonicNow().nanoseconds > readDeadline.load(ordering: .relaxed)
    }

    /// Whether a worker was started.
    var hasStarted: Bool { started.load(ordering: .acquiring) }

    /// Claims the one start; false where it was claimed before.
    func claimStart() -> Bool { !started.exchange(true, ordering: .acquiringAndReleasing) }

    /// Asks the worker to stop.
    func requestStop() {
        stopping.store(true, ordering: .releasing)
        stopSignal.raise()
    }

    /// The worker has left.
    func workerLeft() {
        done.store(true, ordering: .releasing)
        doneSignal.raise()
    }

    /// Waits until the worker has left, at most for `limit`; false where it has not.
    func awaitWorker(_ limit: Interval) -> Bool {
        let end = monotonicNow() + limit
        while !done.load(ordering: .acquiring) {
            guard monotonicNow() < end else { return false }
            wait([doneSignal.descriptor], until: end)
        }
        return true
    }

    /// From when on `shouldGiveUp` holds.
    func setReadDeadline(_ moment: Instant) {
        readDeadline.store(moment.nanoseconds, ordering: .relaxed)
    }

    /// Sleeps until `moment`; false where the owner asked to stop.
    func sleep(until moment: Instant) -> Bool {
        while !isStopping, monotonicNow() < moment {
            wait([stopSignal.descriptor], until: moment)
        }
        return !isStopping
    }

    /// Waits until `descriptor` can be read; false where it is time to give up.
    func awaitReadable(_ descriptor: Int32) -> Bool {
        while !shouldGiveUp {
            let end = Instant(nanoseconds: readDeadline.load(ordering: .relaxed))
            if wait([descriptor, stopSignal.descriptor], until: end) { return true }
        }
        return false
    }

    /// Counts `count` bytes that were delivered.
    func deliver(_ count: Int) { credit.withLock { $0.outstanding += count } }

    /// Counts `count` bytes that were consumed.
    func consume(_ count: Int) {
        let wake = credit.withLock { credit in
            credit.outstanding = max(0, credit.outstanding - count)
            defer { credit.isAwaited = false }
            return credit.isAwaited
        }
        if wake { creditSignal.raise() }
    }

    /// Waits until fewer than `limit` bytes wait for the consumer; false where it is to stop.
    func awaitCredit(below limit: Int) -> Bool {
        while !isStopping {
            let enough = credit.withLock { credit in
                credit.isAwaited = credit.outstanding >= limit
                return !credit.isAwaited
            }
            if enough { return true }
            wait([creditSignal.descriptor, stopSignal.descriptor], until: .never)
            creditSignal.lower()
        }
        return false
    }

    /// Waits for one slice at most; whether the first of `descriptors` can be read or is closed.
    @discardableResult
    private func wait(_ descriptors: [Int32], until moment: Instant) -> Bool {
        let left = min(max(.zero, moment - monotonicNow()), Self.slice)
        // Rounded up: a wait that ends a little early would be repeated without rest.
        let milliseconds = Int32(left.milliseconds.rounded(.up))
        var polls = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let ready = poll(&polls, nfds_t(polls.count), milliseconds)
        return ready > 0 && polls[0].revents != 0
    }
}

/// Now on the monotonic clock.
func monotonicNow() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
}
