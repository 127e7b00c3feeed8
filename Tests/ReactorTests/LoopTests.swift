import Glibc
import Primitives
import Reactor
import Synchronization
import Testing

@Loop
private final class Counter {
    var value = 0
    func increment() { value += 1 }
}

@Suite("The loop", .timeLimit(.minutes(1)))
struct LoopTests {
    @Test("runs what is isolated to it on its own thread")
    func ownThread() async {
        let mine = UInt(pthread_self())
        let (first, isolated) = await onLoop()
        let (second, _) = await onLoop()
        #expect(first == second)
        #expect(first != mine)
        #expect(isolated)
    }

    @Loop private func onLoop() -> (UInt, Bool) {
        Loop.preconditionIsolated()
        return (UInt(pthread_self()), Loop.assumeIsolated { true })
    }

    @Test("loses no hop of a thousand tasks on other threads")
    func hops() async {
        let counter = Counter()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<1000 {
                group.addTask { for _ in 0..<20 { await counter.increment() } }
            }
        }
        #expect(await counter.value == 20_000)
    }

    @Test("refuses to be assumed from another thread")
    func refuses() async {
        await #expect(processExitsWith: .failure) {
            Loop.assumeIsolated {}
        }
    }

    @Test("has clocks that run forward")
    func clocks() {
        let before = Loop.now
        #expect(Loop.now >= before)
        // 2020-01-01
        #expect(Loop.wallNow.microseconds > 1_577_836_800_000_000)
    }

    @Test("delivers a signal")
    @Loop func signals() async {
        let log = Log<Int32>()
        let source = SignalSource([SIGUSR1, SIGUSR2]) { log.add($0) }
        kill(getpid(), SIGUSR2)
        #expect(await eventually { log.entries == [SIGUSR2] })
        source.close()
    }

    @Test("survives a write to a pipe that nobody reads")
    @Loop func sigpipe() {
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        close(ends[0])
        let wrote = write(ends[1], "x", 1)
        let failure = errno
        #expect(wrote == -1 && failure == EPIPE)
        close(ends[1])
    }
}

@Suite("A timer", .timeLimit(.minutes(1)))
@Loop
struct LoopTimerTests {
    @Test("fires once, in the order of the deadlines and never early")
    func order() async {
        let log = Log<Int>()
        let start = Loop.now
        var timers: [LoopTimer] = []
        for milliseconds in [30, 10, 50, 20, 40] {
            let due = start + .milliseconds(Int64(milliseconds))
            let timer = LoopTimer {
                #expect(Loop.now >= due)
                log.add(milliseconds)
            }
            timer.schedule(at: due)
            timers.append(timer)
        }
        await pause(.milliseconds(90))
        #expect(log.entries == [10, 20, 30, 40, 50])
        #expect(timers.allSatisfy { !$0.isScheduled })
    }

    @Test("can be put off, brought forward and cancelled")
    func rescheduled() async {
        let log = Log<String>()
        let later = LoopTimer { log.add("put off") }
        later.schedule(at: Loop.now + .milliseconds(10))
        later.schedule(at: Loop.now + .milliseconds(60))
        let sooner = LoopTimer { log.add("brought forward") }
        sooner.schedule(at: Loop.now + .seconds(100))
        sooner.schedule(at: Loop.now + .milliseconds(30))
        let cancelled = LoopTimer { log.add("cancelled") }
        cancelled.schedule(at: Loop.now + .milliseconds(20))
        cancelled.cancel()
        let past = LoopTimer { log.add("past") }
        past.schedule(at: .zero)
        #expect(await eventually { log.entries.count == 3 })
        #expect(log.entries == ["past", "brought forward", "put off"])
    }

    @Test("may be scheduled again by its own handler, and be let go unfired")
    func again() async {
        let log = Log<Int>()
        var timer: LoopTimer?
        timer = LoopTimer {
            log.add(log.entries.count)
            if log.entries.count < 3 { timer?.schedule(at: Loop.now + .milliseconds(1)) }
        }
        timer?.schedule(at: Loop.now)
        #expect(await eventually { log.entries == [0, 1, 2] })
        timer?.schedule(at: Loop.now + .milliseconds(1))
        timer = nil
        await pause(.milliseconds(10))
        #expect(log.entries == [0, 1, 2])
    }
}
