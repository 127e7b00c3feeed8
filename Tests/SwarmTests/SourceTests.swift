import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("A source's engine")
struct SourceTests {
    @Test("gives each piece to the two that stood for it, and to nobody else")
    func roots() {
        var rig = Rig(.source)
        rig.publish(0...6)
        for slot in 1...3 { rig.meet(slot, outgoing: false) }
        #expect(rig.request(8, by: 1) == [])
        #expect(rig.request(8, by: 2) == [])
        #expect(rig.request(8, by: 3) == ["3: reject #8"])
        rig.publish(7...7)
        #expect(
            rig.publish(8...8)
                == ["1: records 1", "1: block #8", "2: records 1", "2: block #8"])
    }

    @Test("says nothing of what it has")
    func quiet() {
        var rig = Rig(.source)
        rig.meet(1, outgoing: false)
        rig.publish(0...6)
        #expect(!rig.wait(.seconds(5)).contains { $0.hasPrefix("1: have") })
    }

    @Test("tells a neighbour whose line was cut how far the stream has come")
    func revival() {
        var rig = Rig(.source)
        rig.publish(0...6)
        rig.meet(1, outgoing: false)
        _ = rig.request(7, by: 1)
        rig.publish(7...7)
        rig.now = rig.now + .seconds(5)
        rig.publish(8...30)
        let lines = acknowledge(1, &rig)
        #expect(lines.contains("1: records 3"), "those since the newest key frame, 28 to 30")
    }

    @Test("takes a place from whoever has too many for whoever has none")
    func fair() {
        var rig = Rig(.source)
        rig.publish(0...0)
        for slot in 1...2 { rig.meet(slot, outgoing: false) }
        for slot in 1...2 {
            for piece in 1...16 as ClosedRange<UInt32> {
                #expect(rig.request(piece, by: slot) == [])
            }
        }
        rig.meet(3, outgoing: false)
        #expect(rig.request(1, by: 3) == ["3: reject #1"])
        // What comes next it still gets: it needs a moment to find somebody else.
        _ = rig.tell(.liveReceived(PeerHandle(3), .status(rig.status(255, inner: 0b10))))
        let lines = rig.request(1, by: 3)
        #expect(lines == ["2: reject #9"] || lines == ["1: reject #9"])
    }

    @Test("keeps within its copies when everybody asks for what is old")
    func budget() {
        var rig = Rig(.source)
        rig.publish(0...63)
        for slot in 1...10 { rig.meet(slot, outgoing: false) }
        var sent = 0
        for step in 0..<300 as Range<UInt32> {
            rig.now = rig.now + .milliseconds(100)
            for slot in 1...10 {
                let lines = rig.request(step % 40, by: slot) + acknowledge(slot, &rig)
                sent += lines.count { $0.contains("block") }
            }
        }
        // 2.9 copies of 12.5 pieces a second over thirty seconds, and three seconds' worth saved.
        #expect((1080...1230).contains(sent))
    }

    /// All that is under way to a neighbour has come.
    private func acknowledge(_ slot: Int, _ rig: inout Rig) -> [String] {
        rig.tell(
            .uplinkObserved(
                PeerHandle(slot),
                UplinkSample(
                    unacknowledged: 0, unsent: 0, roundTrip: .milliseconds(50),
                    leastRoundTrip: .milliseconds(50))))
    }

    @Test("takes a place back whose child asks no more")
    func expiry() {
        var rig = Rig(.source)
        rig.publish(0...0)
        for slot in 1...3 { rig.meet(slot, outgoing: false) }
        _ = rig.request(8, by: 1)
        _ = rig.request(8, by: 2)
        #expect(rig.request(8, by: 3) == ["3: reject #8"])
        rig.now = rig.now + .seconds(5)
        #expect(rig.request(8, by: 3) == [])
    }
}
