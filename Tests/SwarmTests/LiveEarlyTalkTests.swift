import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

/// A viewer that knows from the source of pieces 0 to 20, of 80 ms each, and begins at the first:
/// 0 to 7 are older than a second.
@Suite("A newcomer asks along with its handshake")
struct LiveEarlyTalkTests {
    private static func newcomer(dialing: ClosedRange<Int>) -> Rig {
        var rig = Rig()
        rig.keyEvery = 64
        rig.meet(1, isSource: true)
        rig.learn(0...20, from: 1)
        _ = rig.tell(.liveReceived(PeerHandle(1), .status(rig.status(0, newest: 20))))
        #expect(rig.wait(until: "tune in #0+0").contains("1: request #0"))
        let lines = rig.tell(.discovered(dialing.map { Rig.endpoint($0) }))
        #expect(lines.count { $0.hasPrefix("dial") } == dialing.count)
        return rig
    }

    private static func ask(_ rig: inout Rig, _ slot: Int) -> [UInt32]? {
        rig.engine.greeting(to: Rig.endpoint(slot), at: rig.now)?.requests.map(\.piece.value)
    }

    private static func answer(_ rig: inout Rig, _ slot: Int) -> [String] {
        let introduction = Introduction(
            endpoint: Rig.endpoint(slot), id: Rig.id(UInt8(slot)), outgoing: true, isGreeted: true)
        return rig.tell(.peerJoined(PeerHandle(slot), introduction))
    }

    @Test("each of four for its share of what is a second old")
    func shares() {
        var rig = Self.newcomer(dialing: 2...5)
        #expect(Self.ask(&rig, 2) == [0, 1])
        #expect(Self.ask(&rig, 3) == [2, 3])
        #expect(Self.ask(&rig, 4) == [4])
        #expect(Self.ask(&rig, 5) == [5])
    }

    @Test("one alone for no more than four pieces")
    func most() {
        var rig = Self.newcomer(dialing: 2...2)
        #expect(Self.ask(&rig, 2) == [0, 1, 2, 3])
    }

    @Test("and nobody for anything as long as it knows of nothing, or once it holds something")
    func nothing() {
        var rig = Rig()
        #expect(Self.ask(&rig, 2) == [])
        rig = Self.newcomer(dialing: 2...2)
        rig.give(0, from: 1)
        #expect(rig.engine.greeting(to: Rig.endpoint(2), at: rig.now) == nil)
    }

    @Test("and takes what comes as asked for")
    func comes() {
        var rig = Self.newcomer(dialing: 2...2)
        _ = Self.ask(&rig, 2)
        #expect(!Self.answer(&rig, 2).contains { $0.contains("cancel") })
        let lines = rig.give(2, from: 2)
        #expect(lines.contains { $0.hasPrefix("accept") })
        #expect(rig.engine.counters.wastedBytes == 0)
    }

    @Test("and asks nobody else for it meanwhile, but for a third of a second only")
    func kept() {
        var rig = Self.newcomer(dialing: 2...3)
        #expect(Self.ask(&rig, 2) == [0, 1, 2, 3])
        var lines = rig.meet(3, holding: 0...20)
        lines += rig.wait(.milliseconds(250))
        #expect(!lines.contains("3: request #0"))
        #expect(lines.contains("3: request #4"))
        for piece in UInt32(4)...7 { rig.give(piece, from: 3) }
        lines = rig.wait(.milliseconds(250))
        #expect(lines.contains("3: request #0"))
    }

    @Test("and asks another at once when the connection comes to nothing")
    func fails() {
        var rig = Self.newcomer(dialing: 2...3)
        #expect(Self.ask(&rig, 2) == [0, 1, 2, 3])
        _ = rig.tell(.dialFailed(Rig.endpoint(2)))
        var lines = rig.meet(3, holding: 0...20)
        lines += rig.wait(.milliseconds(120))
        #expect(lines.contains("3: request #0"))
    }

    @Test("and takes back what has come from elsewhere when the answer comes")
    func tooLate() {
        var rig = Self.newcomer(dialing: 2...2)
        _ = Self.ask(&rig, 2)
        rig.give(0, from: 1)
        let lines = Self.answer(&rig, 2)
        #expect(lines.contains("2: cancel #0"))
        #expect(!lines.contains("2: cancel #1"))
        #expect(rig.engine.peers.look(PeerHandle(2), \.outstanding) == 3 * 16_384)
    }

    @Test("and is refused by one that holds nothing of it, and turns to others")
    func refused() {
        var rig = Self.newcomer(dialing: 2...2)
        _ = Self.ask(&rig, 2)
        _ = Self.answer(&rig, 2)
        _ = rig.tell(.messageReceived(PeerHandle(2), .reject(rig.block(0))))
        var lines = rig.meet(3, holding: 0...20)
        lines += rig.wait(.milliseconds(120))
        #expect(lines.contains("3: request #0"))
    }

    @Test("of a neighbour at once for what only the source was asked for")
    func sourceOnly() {
        var rig = Self.newcomer(dialing: 2...2)
        #expect(!rig.engine.table[PieceIndex(0)].asks.isEmpty)
        var lines = rig.meet(2, holding: 0...20)
        lines += rig.wait(.milliseconds(120))
        #expect(lines.contains("2: request #0"))
    }
}
