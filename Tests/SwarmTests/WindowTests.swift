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
        _ rig: inout Rig
    ) -> [String] {
        let sample = UplinkSample(
            unacknowledged: underWay, unsent: unsent, held: held, window: window,
            roundTrip: .milliseconds(300), leastRoundTrip: .milliseconds(300))
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
}
