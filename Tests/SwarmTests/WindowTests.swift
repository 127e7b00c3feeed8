import Primitives
import Testing
import Wire

@testable import Swarm

/// A source of whom two viewers have asked for what comes next; four pieces have come since.
@Suite("To a connection blocks go only while TCP lets them out")
struct WindowTests {
    private func busySource() -> (rig: Rig, lines: [String]) {
        var rig = Rig(.source)
        rig.publish(0...6)
        for slot in 1...2 {
            rig.meet(slot, outgoing: false)
            for piece in 7...10 as ClosedRange<UInt32> { _ = rig.request(piece, by: slot) }
        }
        let lines = rig.publish(7...10).filter { $0.contains("block") }
        return (rig, lines)
    }

    private func look(
        at slot: Int, underWay: Int, unsent: Int, held: Int = 0, window: Int,
        roundTrip: Interval = .milliseconds(300), _ rig: inout Rig
    ) -> [String] {
        let sample = UplinkSample(
            unacknowledged: underWay, unsent: unsent, held: held, window: window,
            roundTrip: roundTrip, leastRoundTrip: roundTrip)
        return rig.tell(.uplinkObserved(PeerHandle(slot), sample)).filter { $0.contains("block") }
    }

    @Test("a new one gets one: the first ten packets hold less than a block")
    func new() {
        #expect(busySource().lines == ["1: block #7", "2: block #7"])
    }

    @Test("one whose window is full gets nothing, and keeps nobody waiting")
    func full() {
        var (rig, _) = busySource()
        #expect(look(at: 1, underWay: 16_397, unsent: 1917, window: 14_480, &rig) == [])
        #expect(
            look(at: 2, underWay: 0, unsent: 0, window: 40_000, &rig)
                == ["2: block #8", "2: block #9", "2: block #10"])
        #expect(
            look(at: 1, underWay: 8192, unsent: 0, window: 20_000, &rig) == ["1: block #8"])
    }

    @Test("what has come behind a lost packet keeps nobody waiting either")
    func held() {
        for (held, expected) in [
            (0, []), (80_000, ["2: block #8", "2: block #9", "2: block #10"]),
        ] {
            var (rig, _) = busySource()
            _ = look(at: 1, underWay: 98_304, unsent: 2000, held: held, window: 7240, &rig)
            #expect(look(at: 2, underWay: 0, unsent: 0, window: 60_000, &rig) == expected)
        }
    }

    @Test("behind a lost packet it gets the next block when nothing waits in the kernel")
    func lossy() {
        var (rig, _) = busySource()
        #expect(
            look(at: 1, underWay: 16_397, unsent: 0, window: 7240, &rig) == ["1: block #8"])
        #expect(look(at: 1, underWay: 32_794, unsent: 16_397, window: 7240, &rig) == [])
    }

    /// Three more are asked for and come; answers the blocks that go to neighbour 1.
    private func next(_ rig: inout Rig) -> [String] {
        for piece in 11...13 as ClosedRange<UInt32> { _ = rig.request(piece, by: 1) }
        return rig.publish(11...13).filter { $0.hasPrefix("1: block") }
    }

    @Test("one that was idle begins anew, as TCP does, whatever its window was")
    func idle() {
        var (rig, _) = busySource()
        _ = look(at: 1, underWay: 0, unsent: 0, window: 100_000, &rig)
        _ = look(at: 1, underWay: 0, unsent: 0, window: 100_000, &rig)
        rig.now = rig.now + .milliseconds(100)
        var copy = rig
        #expect(next(&copy) == ["1: block #11", "1: block #12", "1: block #13"])
        rig.now = rig.now + .seconds(2)
        #expect(next(&rig) == ["1: block #11"])
    }

    @Test("one nearby is not held up between two looks at its window")
    func near() {
        var (rig, _) = busySource()
        #expect(
            look(
                at: 1, underWay: 16_397, unsent: 1917, window: 14_480,
                roundTrip: .milliseconds(1), &rig)
                == ["1: block #8", "1: block #9", "1: block #10"])
    }
}
