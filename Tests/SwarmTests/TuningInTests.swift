import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("A viewer's engine tunes in")
struct TuningInTests {
    @Test("at the newest key frame that its only neighbour holds, and asks on from there")
    func one() {
        var rig = Rig()
        rig.meet(1, holding: 0...6, depth: 0, isSource: true)
        var lines = rig.learn(4...6, from: 1)
        lines += rig.wait(.milliseconds(300))
        #expect(lines.contains("tune in #4+0"))
        let asked = lines.filter { $0.hasPrefix("1: request") }
        // What exists, then two rounds of eight stripes ahead of the edge.
        #expect(Set(asked) == Set((4...22).map { "1: request #\($0)" }))
        #expect(asked.count == 19)
    }

    @Test("at an older key frame that enough neighbours hold, while it is gathering")
    func several() {
        var rig = Rig()
        rig.meet(1, holding: 0...8, depth: 1)
        rig.meet(2, holding: 0...6, depth: 1)
        rig.meet(3, holding: 0...6, depth: 1)
        let digests = (4...8 as ClosedRange<UInt32>).reversed()
        let lines = digests.flatMap { rig.learn($0...$0, from: 1) }
        #expect(lines.contains("tune in #4+0"))
    }

    @Test("not before somebody holds a key frame")
    func nobody() throws {
        var rig = Rig()
        rig.meet(1, holding: 5...7, depth: 1)
        var lines = rig.learn(5...7, from: 1)
        lines += rig.wait(.seconds(1))
        #expect(!lines.contains { $0.hasPrefix("tune in") })
        let have = try #require(PieceMap(first: PieceIndex(8), bitmap: [0x80]))
        lines = rig.tell(.liveReceived(PeerHandle(1), .have(have)))
        lines += rig.learn(8...8, from: 1)
        #expect(lines.contains("tune in #8+0"))
    }

    @Test("anew at what only the source has, or as soon as there is a newer key frame at all")
    func afterOutage() {
        var rig = Rig()
        rig.meet(1, holding: 0...6, depth: 0, isSource: true)
        rig.learn(4...6, from: 1)
        _ = rig.wait(.milliseconds(300))
        #expect(!rig.tell(.fellBehind).contains { $0.hasPrefix("tune in") })
        _ = rig.tell(.liveReceived(PeerHandle(1), .status(rig.status(0, newest: 30))))
        var lines = rig.learn(7...30, from: 1)
        lines += rig.wait(.milliseconds(200))
        #expect(lines.contains("tune in #28+0"))
    }

    @Test("anew at the edge when the player is too far behind")
    func anew() {
        var rig = Rig()
        rig.meet(1, holding: 0...6, depth: 0, isSource: true)
        rig.learn(4...6, from: 1)
        _ = rig.wait(.milliseconds(300))
        rig.learn(7...30, from: 1)
        _ = rig.wait(.milliseconds(200))
        rig.give(28, from: 1)
        let lines = rig.tell(.fellBehind)
        #expect(lines.contains("tune in #28+0"))
        #expect(lines.contains("discard #4"))
        #expect(lines.contains("1: cancel #4"))
        #expect(lines.contains("deliver #28"))
    }
}
