import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("Blocks with hashes of their own (BEP 52)")
struct LeafTests {
    private let piece = PieceIndex(0)

    /// A piece of two blocks, the first of which peer 1 sent and the second peer 2; it is wrong.
    private func wrongPiece(
        pieces: Int = 1, peers: ClosedRange<Int> = 1...3, v2: Bool = true
    ) -> (rig: TorrentRig, lines: [String]) {
        var rig = TorrentRig(pieces: pieces) { $0.hasLeaves = true }
        rig.meetSeed(1, v2: v2)
        rig.meetSeed(2, v2: v2)
        rig.says(1, .reject(rig.engine.block(1, of: piece)))
        rig.wait(.milliseconds(100))
        rig.brings(1, 0, 0)
        rig.brings(2, 0, 1)
        for slot in peers.dropFirst(2) { rig.meetSeed(slot, v2: v2) }
        let lines = rig.tell(.pieceRefused(piece, blocks: [10, 66]))
        return (rig, lines)
    }

    @Test("Only the wrong block of a wrong piece comes anew, and who sent it is closed at once")
    func sifted() {
        var (rig, lines) = wrongPiece()
        // Whoever sent nothing of the piece is asked first.
        #expect(lines == ["3: leaves of #0"])
        #expect(rig.tell(.leavesAnswered(PeerHandle(3), piece, .right)) == ["sift #0"])
        let end = rig.tell(.blocksJudged(piece, wrong: [1]))
        #expect(end.contains("2: close poisoned"))
        #expect(!end.contains("1: close poisoned"))
        #expect(requests(end).map { $0.suffix(3) } == ["0.1"])
        let whom = requests(end).first?.first.flatMap { Int(String($0)) } ?? 0
        #expect(rig.brings(whom, 0, 1).first?.hasPrefix("keep") == true)
        #expect(rig.tell(.pieceVerified(piece, blocks: [])).contains("completed"))
    }

    @Test("Another is asked where one refuses or leaves; after three the piece comes anew whole")
    func others() {
        var (rig, asked) = wrongPiece(peers: 1...5)
        asked += rig.tell(.leavesAnswered(PeerHandle(3), piece, .refused))
        asked += rig.tell(.peerLeft(PeerHandle(4)))
        #expect(asked == (3...5).map { "\($0): leaves of #0" })
        let end = rig.tell(.leavesAnswered(PeerHandle(5), piece, .refused))
        #expect(end.first == "drop #0")
        #expect(requests(end).map { $0.suffix(3) } == ["0.0", "0.1"])
    }

    @Test("Whoever is silent has three seconds, and one where a reader stands before the piece")
    func silence() {
        for isRead in [false, true] {
            var (rig, _) = wrongPiece(peers: 1...5)
            if isRead { rig.tell(.readerOpened(ReaderID(1), 0..<32_768)) }
            rig.tell(.leavesAnswered(PeerHandle(3), piece, .refused))
            let soon = rig.wait(.seconds(1.5)).filter { $0.contains("leaves of") }
            #expect(soon == (isRead ? ["5: leaves of #0"] : []))
        }
    }

    @Test("A piece of which there are no leaves is not held against anybody")
    func withoutLeaves() {
        var (rig, _) = wrongPiece()
        let end = rig.tell(.leavesAnswered(PeerHandle(3), piece, .none))
        #expect(end.first == "drop #0")
        #expect(rig.engine.peers[PeerHandle(3)].keptLeaves == 0)
    }

    @Test("Whoever sends leaves that are not those of the piece is closed")
    func lies() {
        var (rig, _) = wrongPiece()
        let lines = rig.tell(.leavesAnswered(PeerHandle(3), piece, .wrong))
        #expect(lines == ["3: close poisoned", "1: leaves of #0"])
    }

    @Test("Where nobody has leaves, all blocks come anew, from one peer")
    func nobody() {
        var (rig, lines) = wrongPiece(v2: false)
        #expect(lines.first == "drop #0")
        #expect(requests(lines).map { $0.suffix(3) } == ["0.0", "0.1"])
        (rig, lines) = wrongPiece()
        for slot in [3, 1] { rig.tell(.leavesAnswered(PeerHandle(slot), piece, .refused)) }
        let end = rig.tell(.leavesAnswered(PeerHandle(2), piece, .refused))
        #expect(end.first == "drop #0")
        #expect(requests(end).map { $0.suffix(3) } == ["0.0", "0.1"])
    }

    @Test("Where every block is right and the whole is not, all of them come anew")
    func hybrid() {
        var (rig, _) = wrongPiece()
        rig.tell(.leavesAnswered(PeerHandle(3), piece, .right))
        let lines = rig.tell(.blocksJudged(piece, wrong: []))
        #expect(lines.first == "drop #0")
        #expect(!lines.contains { $0.contains("close") })
        #expect(requests(lines).map { $0.suffix(3) } == ["0.0", "0.1"])
    }

    @Test("After one wrong piece a wrong block is known at once: leaves come along with blocks")
    func wary() {
        var (rig, lines) = wrongPiece(pieces: 40)
        // Of what is under way, too; but of each peer no more than four at a time.
        let asked = lines.filter { $0.contains("leaves of") }
        #expect(Set(asked).count == asked.count)
        for slot in 1...3 { #expect(asked.filter { $0.hasPrefix("\(slot)") }.count <= 4) }
        rig.tell(.leavesAnswered(PeerHandle(3), piece, .right))
        rig.tell(.blocksJudged(piece, wrong: [1]))
        guard let words = asked.last?.split(separator: " "),
            let number = UInt32(words[3].dropFirst()),
            let asker = Int(words[0].dropLast())
        else { return }
        let open = PieceIndex(number)
        rig.tell(.leavesAnswered(PeerHandle(asker), open, .right))
        // Its first block comes, and is wrong: nobody waits for the second.
        guard let at = rig.engine.open.place(of: open),
            let sender = rig.engine.open[at]?.blocks[0].asked.all.first
        else { return }
        rig.brings(sender.slot, number, 0)
        let end = rig.tell(.blocksJudged(open, wrong: [0]))
        #expect(end.contains("\(sender.slot): close poisoned"))
        let isHere = rig.engine.open[at]?.blocks[0].isHere
        #expect(isHere == false)
    }

    @Test("A poisoner costs a swarm with leaves hardly more than the blocks that it sent")
    func world() {
        var wasted: [Int] = []
        for hasLeaves in [false, true] {
            var world = TorrentWorld(
                pieces: 16, blocks: 32, delay: .milliseconds(20), hasLeaves: hasLeaves)
            let leech = world.add(line: 1_000_000, isEmpty: true)
            for number in 1...4 {
                let other = world.add(number == 2 ? .poisoning : .honest, line: 400_000)
                world.connect(leech, other)
            }
            world.run(.seconds(40))
            let isComplete = world.nodes[leech].engine.isComplete
            #expect(isComplete)
            #expect(world.nodes[leech].poisoners == [2])
            let counters = world.nodes[leech].engine.counters
            let useful = world.layout.totalLength
            #expect(counters.usefulBytes == Int(useful))
            wasted.append(counters.wrongBytes)
        }
        #expect(wasted[1] * 3 < wasted[0], "\(wasted)")
    }
}
