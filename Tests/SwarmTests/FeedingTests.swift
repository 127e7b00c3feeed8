import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

/// A viewer that is fed by neighbour 1 (one hop from the source) and plays from piece 4 on; its
/// edge is piece 7, and pieces 8 to 23 stand requested.
func fedViewer(
    pieceLength: Int = 16_384, _ change: (inout SwarmSettings) -> Void = { _ in }
) -> Rig {
    var rig = Rig(.viewer, pieceLength: pieceLength, change)
    rig.meet(1, holding: 0...7, depth: 1)
    rig.learn(4...7, from: 1)
    _ = rig.wait(.milliseconds(10))
    for piece in 4...7 as ClosedRange<UInt32> { rig.give(piece, from: 1) }
    _ = rig.wait(.milliseconds(600))
    return rig
}

@Suite("A viewer's engine passes on")
struct FeedingTests {
    @Test("a piece that it holds, to whoever was told its record on joining")
    func held() {
        var rig = fedViewer()
        #expect(rig.meet(2).contains("2: records 4"))
        #expect(rig.request(5, by: 2) == ["2: block #5"])
        // What it does not hold any more or never will.
        #expect(rig.request(3, by: 2) == [])
    }

    @Test("a piece that comes after it was asked for, its record ahead of it")
    func standing() {
        var rig = fedViewer()
        rig.meet(2)
        #expect(rig.request(9, by: 2) == [])
        rig.learn(8...9, from: 1)
        #expect(
            rig.give(9, from: 1)
                == ["accept #9", "verify #9", "deliver #9", "2: records 1", "2: block #9"])
    }

    @Test("nothing that lies further ahead than two look-aheads")
    func tooFar() {
        var rig = fedViewer()
        rig.meet(2)
        #expect(rig.request(39, by: 2) == [])
        #expect(rig.request(40, by: 2) == ["2: reject #40"])
    }

    @Test("to four children in a stripe, and refuses the fifth")
    func fanOut() {
        var rig = fedViewer()
        for slot in 2...6 { rig.meet(slot) }
        for slot in 2...5 { #expect(rig.request(9, by: slot) == []) }
        #expect(rig.request(9, by: 6) == ["6: reject #9"])
        #expect(rig.request(10, by: 6) == [])
    }

    @Test("in eight stripes to begin with")
    func slots() {
        var rig = fedViewer()
        for slot in 2...4 { rig.meet(slot) }
        for piece in 8...15 as ClosedRange<UInt32> { _ = rig.request(piece, by: 2) }
        #expect(rig.engine.feedsGiven == 8)
        // Nothing waits, so that one more is tried; but only one at a time.
        #expect(rig.request(8, by: 3) == [])
        #expect(rig.request(9, by: 3) == ["3: reject #9"])
    }

    @Test("and answers a CANCEL")
    func cancel() {
        var rig = fedViewer()
        rig.meet(2)
        _ = rig.request(9, by: 2)
        let cancel = SwarmInput.messageReceived(PeerHandle(2), .cancel(rig.block(9)))
        #expect(rig.tell(cancel) == ["2: reject #9"])
        #expect(rig.tell(cancel) == [])
        rig.learn(8...9, from: 1)
        #expect(!rig.give(9, from: 1).contains("2: block #9"))
    }

    @Test("and tells of its pieces together")
    func haves() {
        var rig = fedViewer()
        rig.meet(2)
        _ = rig.wait(.seconds(2))
        rig.learn(8...10, from: 1)
        for piece in 8...10 as ClosedRange<UInt32> { rig.give(piece, from: 1) }
        let lines = rig.wait(.seconds(2)).filter { $0.hasPrefix("2: have") }
        #expect(lines == ["2: have #8 #9 #10"])
    }

    @Test("and tells nobody of what it has from it")
    func noEcho() {
        var rig = fedViewer()
        let lines = rig.wait(.seconds(3))
        #expect(!lines.contains { $0.hasPrefix("1: have") })
    }
}

@Suite("A viewer's engine is fed")
struct BeingFedTests {
    @Test("further ahead as the edge moves")
    func ahead() {
        var rig = fedViewer()
        var lines = rig.learn(8...8, from: 1)
        lines += rig.give(8, from: 1)
        lines += rig.wait(.milliseconds(20))
        #expect(lines.contains("1: request #24"))
        #expect(!lines.contains("1: request #25"))
    }

    @Test("by another when one refuses to")
    func refused() {
        var rig = fedViewer()
        rig.meet(2, holding: 4...7, depth: 1)
        var lines = rig.tell(.messageReceived(PeerHandle(1), .reject(rig.block(9))))
        lines += rig.wait(.milliseconds(20))
        // The stripe has a new parent; what stands with the old one stays there.
        #expect(lines == ["2: request #9"])
    }

    @Test("by another when one goes away, at once")
    func gone() {
        var rig = fedViewer()
        rig.meet(2, holding: 4...7, depth: 1)
        var lines = rig.tell(.peerLeft(PeerHandle(1)))
        lines += rig.wait(.milliseconds(20))
        #expect(
            Set(lines.filter { $0.hasPrefix("2: request") })
                == Set((8...23).map { "2: request #\($0)" }))
    }

    @Test("by another when one chokes it")
    func choked() {
        var rig = fedViewer()
        rig.meet(2, holding: 4...7, depth: 1)
        _ = rig.tell(.messageReceived(PeerHandle(1), .choke))
        _ = rig.wait(.milliseconds(20))
        #expect(rig.engine.stripes.allSatisfy { $0.parent == PeerHandle(2) })
    }

    @Test("by one that is two hops nearer, without losing what stands with the other")
    func better() {
        var rig = Rig()
        rig.meet(1, holding: 0...7, depth: 5)
        rig.learn(4...7, from: 1)
        for _ in 1...4 {
            _ = rig.wait(.seconds(1))
            _ = rig.tell(.liveReceived(PeerHandle(1), .status(rig.status(5))))
        }
        var lines = rig.meet(2, holding: 4...7, depth: 1)
        lines += rig.wait(.milliseconds(20))
        #expect(rig.engine.stripes.count { $0.parent == PeerHandle(2) } <= 1)
        // Not before the old one has had a while, and one stripe after the other.
        for second in 1...8 {
            lines += rig.tell(.liveReceived(PeerHandle(1), .status(rig.status(5))))
            lines += rig.tell(.liveReceived(PeerHandle(2), .status(rig.status(1))))
            lines += rig.wait(.seconds(1))
            if second == 1 {
                let moved = rig.engine.stripes.count { $0.parent == PeerHandle(2) }
                #expect((1...4).contains(moved))
            }
        }
        #expect(rig.engine.stripes.allSatisfy { $0.parent == PeerHandle(2) })
        #expect(!lines.contains("1: cancel #8") && !lines.contains("1: cancel #23"))
    }

    @Test("by the better one at once while the tree is young")
    func young() {
        var rig = Rig()
        rig.meet(1, holding: 0...7, depth: 5)
        rig.learn(4...7, from: 1)
        _ = rig.wait(.milliseconds(800))
        rig.meet(2, holding: 4...7, depth: 1)
        _ = rig.wait(.milliseconds(20))
        #expect(rig.engine.stripes.allSatisfy { $0.parent == PeerHandle(2) })
    }

    @Test("and asks elsewhere for what is late; a block that crossed the CANCEL is kept")
    func late() {
        var rig = fedViewer()
        rig.meet(2, holding: 4...8, depth: 1)
        rig.learn(8...8, from: 2)
        let lines = rig.wait(until: "2: request #8")
        #expect(lines.contains("1: cancel #8"))
        #expect(lines.contains("2: request #8"))
        #expect(rig.engine.counters.rescues == 1)
        let block = rig.tell(.blockReceived(PeerHandle(1), rig.block(8)))
        #expect(block == ["2: cancel #8", "accept #8", "verify #8"])
        // The second copy is worth nothing.
        _ = rig.tell(.pieceVerified(PieceIndex(8)))
        #expect(rig.tell(.blockReceived(PeerHandle(2), rig.block(8))) == [])
        #expect(rig.engine.counters.wastedBytes == 16_384)
    }

    @Test("and while the swarm grows waits for one that says it has little to send")
    func busyHolder() {
        var rig = fedViewer()
        rig.meet(2, holding: 4...8)
        var status = rig.status(1)
        status.wait = 15
        _ = rig.tell(.liveReceived(PeerHandle(2), .status(status)))
        rig.learn(8...8, from: 2)
        let patience = rig.engine.stripes[0].patience.limit
        #expect(!rig.wait(patience * 1.9).contains("2: request #8"))
        #expect(rig.wait(patience * 0.3).contains("2: request #8"))
    }

    @Test("by no more children than its line carries, though it knows few records")
    func fewRecords() {
        let rig = fedViewer()
        // 4 records, 80 ms each: too few. 9: 12.5 pieces a second.
        #expect(rig.engine.streamRate.bytesPerSecond == 8 * 16_384)
        var later = rig
        later.learn(8...12, from: 1)
        #expect(abs(later.engine.streamRate.bytesPerSecond - 12.5 * 16_384) < 1)
    }

    @Test("and waits longer after the first one has sent the piece too")
    func spurious() {
        var rig = fedViewer()
        rig.meet(2, holding: 4...8, depth: 1)
        rig.learn(8...8, from: 2)
        let late = rig.wait(until: "2: request #8")
        #expect(late.contains("1: cancel #8"))
        let before = rig.engine.stripes.map(\.patience.limit)
        rig.give(8, from: 2)
        _ = rig.wait(.milliseconds(900))
        #expect(rig.engine.stripes.map(\.patience.limit) == before)
        // It was sent before the CANCEL came: so long this path takes, in its stripe alone.
        _ = rig.tell(.blockReceived(PeerHandle(1), rig.block(8)))
        let after = rig.engine.stripes.map(\.patience.limit)
        #expect(after[0] > before[0] + .milliseconds(300))
        #expect(after.dropFirst() == before.dropFirst())
    }

    @Test("but not for who was not asked, nor for the same piece again")
    func unasked() {
        var rig = fedViewer()
        rig.meet(2, holding: 4...8, depth: 1)
        rig.meet(3, holding: 4...8, depth: 1)
        rig.learn(8...8, from: 2)
        _ = rig.wait(until: "2: request #8")
        rig.give(8, from: 2)
        _ = rig.wait(.milliseconds(900))
        let before = rig.engine.stripes.map(\.patience.limit)
        for _ in 1...3 { _ = rig.tell(.blockReceived(PeerHandle(3), rig.block(8))) }
        #expect(rig.engine.stripes.map(\.patience.limit) == before)
        _ = rig.tell(.blockReceived(PeerHandle(1), rig.block(8)))
        let once = rig.engine.stripes.map(\.patience.limit)
        #expect(once[0] > before[0])
        _ = rig.tell(.blockReceived(PeerHandle(1), rig.block(8)))
        #expect(rig.engine.stripes.map(\.patience.limit) == once)
    }

    @Test("and takes all blocks of a piece of whoever was asked first, if they come after all")
    func crossing() {
        var rig = fedViewer(pieceLength: 32_768)
        rig.meet(2, holding: 4...8, depth: 1)
        rig.learn(8...8, from: 2)
        #expect(rig.wait(until: "2: request #8/1").contains("1: cancel #8"))
        func come(_ block: Int, from peer: Int) -> [String] {
            rig.tell(
                .blockReceived(PeerHandle(peer), rig.geometry.block(block, of: PieceIndex(8))))
        }
        #expect(come(0, from: 2) == ["accept #8"])
        #expect(come(0, from: 1) == [])
        #expect(come(1, from: 1) == ["2: cancel #8/1", "accept #8/1", "verify #8"])
    }

    @Test("but not of whoever has the number of one that was asked and has left")
    func inheriting() {
        var rig = fedViewer()
        rig.meet(2, holding: 4...8, depth: 1)
        rig.learn(8...8, from: 2)
        #expect(rig.wait(until: "2: request #8").contains("1: cancel #8"))
        _ = rig.tell(.peerLeft(PeerHandle(1)))
        rig.meet(1, holding: 4...7, depth: 1)
        #expect(rig.tell(.blockReceived(PeerHandle(1), rig.block(8))) == [])
        #expect(rig.engine.counters.wastedBytes == 16_384)
        #expect(rig.give(8, from: 2).contains("accept #8"))
    }

    @Test("by others when one acknowledges nothing any more")
    func dead() {
        var rig = fedViewer()
        rig.meet(2, holding: 4...7, depth: 1)
        for _ in 0..<80 {
            let sample = UplinkSample(
                unacknowledged: 300, unsent: 0, roundTrip: .milliseconds(50),
                leastRoundTrip: .milliseconds(50))
            _ = rig.tell(.uplinkObserved(PeerHandle(1), sample))
            _ = rig.wait(.milliseconds(15))
        }
        #expect(rig.engine.stripes.allSatisfy { $0.parent == PeerHandle(2) })
    }
}
