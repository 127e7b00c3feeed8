import Metainfo
import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("A swarm engine turns from liars")
struct LiarTests {
    @Test("closes the one sender of a piece whose hash is wrong, and asks another")
    func poisoned() {
        var rig = fedViewer()
        rig.meet(2, holding: 4...8, depth: 1)
        rig.learn(8...8, from: 1)
        #expect(
            rig.tell(.blockReceived(PeerHandle(1), rig.block(8))) == ["accept #8", "verify #8"])
        let lines = rig.tell(.pieceRefused(PieceIndex(8)))
        #expect(lines == ["discard #8", "1: close, poisoned"])
        #expect(rig.wait(.milliseconds(20)).contains("2: request #8"))
        // Its address stays out.
        #expect(rig.meet(1).first == "1: close, full")
    }

    @Test("closes neither of two senders, and asks one of them for the whole piece")
    func twoSenders() {
        var rig = fedViewer(pieceLength: 32_768)
        rig.meet(2, holding: 4...8, depth: 1)
        rig.learn(8...8, from: 1)
        _ = rig.tell(.blockReceived(PeerHandle(1), rig.geometry.block(0, of: PieceIndex(8))))
        let rescue = rig.wait(until: "2: request #8/1")
        #expect(rescue.contains("2: request #8/1"))
        let whole = rig.tell(
            .blockReceived(PeerHandle(2), rig.geometry.block(1, of: PieceIndex(8))))
        #expect(whole == ["accept #8/1", "verify #8"])
        #expect(rig.tell(.pieceRefused(PieceIndex(8))) == ["discard #8"])
        let lines = rig.wait(.milliseconds(20)).filter { $0.contains("request #8") }
        #expect(
            lines == ["1: request #8", "1: request #8/1"]
                || lines == ["2: request #8", "2: request #8/1"])
        #expect(rig.engine.peers.count == 2)
    }

    /// Two who had a share in a wrong piece, suspected so often before.
    private func shared(_ first: Int, _ second: Int) -> (rig: Rig, lines: [String]) {
        var rig = fedViewer()
        rig.meet(2, holding: 4...8, depth: 1)
        rig.engine.peers[PeerHandle(1)]?.suspicion = first
        rig.engine.peers[PeerHandle(2)]?.suspicion = second
        var outputs: [SwarmOutput] = []
        rig.engine.suspect(together: [PeerHandle(1), PeerHandle(2)], rig.now, &outputs)
        return (rig, outputs.compactMap(Script.line))
    }

    private func suspicion(_ rig: Rig) -> [Int?] {
        [1, 2].map { rig.engine.peers[PeerHandle($0)]?.suspicion }
    }

    @Test("closes neither of two who shared as many wrong pieces, however many")
    func equallySuspicious() {
        let (rig, lines) = shared(7, 7)
        #expect(lines.isEmpty)
        #expect(suspicion(rig) == [8, 8])
    }

    @Test("closes the one of two who shared more wrong pieces, and believes the other again")
    func mostSuspicious() {
        let (rig, lines) = shared(4, 3)
        #expect(lines == ["1: close, poisoned"])
        #expect(suspicion(rig) == [nil, 0])
    }

    @Test("closes nobody for few wrong pieces that were shared")
    func fewShares() {
        let (rig, lines) = shared(3, 0)
        #expect(lines.isEmpty)
        #expect(suspicion(rig) == [4, 1])
    }

    @Test("closes the sender of a record with a wrong signature")
    func forged() {
        var rig = fedViewer()
        let bytes = rig.record(8, salt: 9).bytes
        #expect(
            rig.tell(.liveReceived(PeerHandle(1), .records([bytes]))) == ["verify record #8"])
        #expect(rig.tell(.recordRefused(PeerHandle(1))) == ["1: close, forged"])
        #expect(rig.engine.counters.forged == 1)
    }

    @Test("closes the sender of a record that is none")
    func garbage() {
        var rig = fedViewer()
        let lines = rig.tell(.liveReceived(PeerHandle(1), .records([[1, 2, 3]])))
        #expect(lines == ["1: close, forged"])
    }

    @Test("needs no second look at a record that it has")
    func known() {
        var rig = fedViewer()
        let bytes = rig.record(7).bytes
        #expect(rig.tell(.liveReceived(PeerHandle(1), .records([bytes]))) == [])
    }

    @Test("does not look at records from afar")
    func afar() {
        var rig = fedViewer()
        // A thousand hours on, but a minute later by the source's clock.
        let bytes = rig.record(50_000_000, second: 1060).bytes
        #expect(rig.tell(.liveReceived(PeerHandle(1), .records([bytes]))) == [])
        let slept = rig.record(50_000).bytes
        #expect(
            rig.tell(.liveReceived(PeerHandle(1), .records([slept])))
                == ["verify record #50000"])
    }

    @Test("reports two truths about a piece, and follows the first")
    func contradiction() {
        var rig = fedViewer()
        let other = rig.record(7, salt: 9)
        let digest = Rig.digest(7, salt: 9)
        #expect(
            rig.tell(.recordVerified(PeerHandle(1), other, digest)) == ["contradiction #7"])
        #expect(rig.engine.metainfo.entry(of: PieceIndex(7))?.merkleRoot == Rig.digest(7))
    }

    @Test("closes whoever sends blocks that do not exist")
    func noSuchBlock() {
        var rig = fedViewer()
        let block = Block(piece: PieceIndex(8), offset: 1, length: 16_384)
        #expect(
            rig.tell(.blockReceived(PeerHandle(1), block))
                == ["1: close, a block that does not exist"])
    }

    @Test("closes whoever goes on with blocks that nobody asked for")
    func unasked() {
        var rig = fedViewer()
        rig.meet(2)
        var closed: Int?
        for count in 1...400 where closed == nil {
            let lines = rig.tell(.blockReceived(PeerHandle(2), rig.block(9)))
            if lines == ["2: close, blocks that were not asked for"] { closed = count }
        }
        #expect(closed.map { (250...350).contains($0) } ?? false)
        #expect(rig.engine.counters.usefulBytes == 4 * 16_384)
    }
}

@Suite("A swarm engine is flooded")
struct FloodTests {
    @Test("with requests, and keeps 500 of them")
    func requests() {
        var rig = fedViewer(pieceLength: 1 << 20)
        rig.meet(2)
        var kept = 0
        for piece in 8...39 as ClosedRange<UInt32> {
            for number in 0..<64 {
                let block = rig.geometry.block(number, of: PieceIndex(piece))
                let lines = rig.tell(.messageReceived(PeerHandle(2), .request(block)))
                kept += lines.isEmpty ? 1 : 0
            }
        }
        #expect(kept == 500)
        #expect(rig.engine.uploads.count(of: PeerHandle(2)) == 500)
    }

    @Test("with the same request, and keeps it once")
    func sameRequest() {
        var rig = fedViewer()
        rig.meet(2)
        for _ in 0..<1000 { _ = rig.request(9, by: 2) }
        #expect(rig.engine.uploads.count(of: PeerHandle(2)) == 1)
    }

    @Test(
        "with idle talk, and closes the talker",
        arguments: [
            Message.suggest(PieceIndex(1)), .allowedFast(PieceIndex(1)), .unknown(id: 99),
        ])
    func talk(message: Message) {
        var rig = fedViewer()
        rig.meet(2)
        var lines: [String] = []
        for _ in 0..<400 { lines += rig.tell(.messageReceived(PeerHandle(2), message)) }
        #expect(lines == ["2: close, idle talk"])
    }

    @Test("with a little idle talk over hours, and closes nobody")
    func littleTalk() {
        var rig = fedViewer()
        rig.meet(2)
        for _ in 0..<400 {
            _ = rig.tell(.messageReceived(PeerHandle(2), .unknown(id: 99)))
            rig.now = rig.now + .seconds(10)
        }
        #expect(rig.engine.counters.dropped == 0)
    }
}
