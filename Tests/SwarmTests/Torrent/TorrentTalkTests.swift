import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("What a torrent's engine says")
struct TorrentTalkTests {
    @Test("A newcomer says that it has nothing and greets, and is interested in a seed at once")
    func greeting() {
        var rig = TorrentRig()
        #expect(rig.meet(1) == ["1: have none", "1: greeting"])
        #expect(rig.says(1, .haveAll) == ["1: interested"])
    }

    @Test("To whom does not speak BEP 6 it says nothing of having nothing")
    func plainGreeting() {
        var rig = TorrentRig()
        #expect(rig.meet(1, fast: false) == [])
        var half = TorrentRig(have: [0, 1])
        #expect(half.meet(1, fast: false) == ["1: bitfield of 1"])
    }

    @Test("A seed says that it has all, and what may be asked of it before it unchokes")
    func seeding() {
        var rig = TorrentRig(pieces: 100, have: Array(0..<100))
        let lines = rig.meet(1)
        #expect(lines.first == "1: have all")
        #expect(lines.count { $0.contains("allowed fast") } == 5)
    }

    @Test("Unchoked, it asks for blocks in order where all have everything, and no more than 8")
    func asking() {
        var rig = TorrentRig(pieces: 8)
        rig.meet(1)
        rig.says(1, .haveAll)
        let asked = requests(rig.says(1, .unchoke))
        #expect(asked == ["1 0.0", "1 0.1", "1 1.0", "1 1.1", "1 2.0", "1 2.1", "1 3.0", "1 3.1"])
    }

    @Test("What it expects of a peer is what it asked for first, without what has begun to come")
    func expecting() {
        var rig = TorrentRig(pieces: 8)
        #expect(rig.engine.expected(of: PeerHandle(1), besides: nil, most: 4) == [])
        rig.meetSeed(1)
        func expected(_ begun: Block?) -> [String] {
            rig.engine.expected(of: PeerHandle(1), besides: begun, most: 3).map(\.description)
        }
        #expect(expected(nil) == ["#0+0/16384", "#0+16384/16384", "#1+0/16384"])
        let second = Block(piece: PieceIndex(0), offset: 16_384, length: 16_384)
        #expect(expected(second) == ["#0+0/16384", "#1+0/16384", "#1+16384/16384"])
        rig.brings(1, 0, 0)
        #expect(expected(second) == ["#1+0/16384", "#1+16384/16384", "#2+0/16384"])
    }

    @Test("Each block that comes lets it ask for two more, until the rate is known")
    func growing() {
        var rig = TorrentRig(pieces: 8)
        rig.meetSeed(1)
        rig.now = rig.now + .milliseconds(20)
        let lines = rig.brings(1, 0, 0)
        #expect(lines.first == "keep #0+0/16384")
        #expect(requests(lines) == ["1 4.0", "1 4.1"])
    }

    @Test("Blocks that come together are kept in order, and others are asked for after them")
    func together() {
        var rig = TorrentRig(pieces: 8)
        rig.meetSeed(1)
        rig.now = rig.now + .milliseconds(20)
        let blocks = [(0, 0), (0, 1), (1, 0)].map { rig.engine.block($0.1, of: PieceIndex($0.0)) }
        let lines = rig.tell(.blocksReceived(PeerHandle(1), blocks))
        #expect(
            lines[..<3] == ["keep #0+0/16384", "keep #0+16384/16384", "keep #1+0/16384"])
        #expect(requests(lines) == ["1 4.0", "1 4.1", "1 5.0", "1 5.1", "1 6.0", "1 6.1"])
        #expect(lines.count == 9)
    }

    @Test("Of blocks that come together those that nobody asked for are not kept")
    func togetherUnasked() {
        var rig = TorrentRig(pieces: 8)
        rig.meetSeed(1)
        let asked = rig.engine.block(0, of: PieceIndex(0))
        let others = [
            rig.engine.block(0, of: PieceIndex(7)),
            Block(piece: PieceIndex(99), offset: 1, length: 7),
        ]
        let lines = rig.tell(.blocksReceived(PeerHandle(1), [others[0], asked, others[1]]))
        #expect(lines.filter { $0.hasPrefix("keep") } == ["keep #0+0/16384"])
        #expect(rig.engine.counters.wastedBytes == 16_384 + 7)
        #expect(rig.tell(.blocksReceived(PeerHandle(5), [asked])) == [])
    }

    /// A seed that sends all that it was asked for once in half a second, as Transmission does: how
    /// much it is asked for then, and in how many lumps.
    private func ticks(_ rig: inout TorrentRig, _ count: Int) -> (asked: [Int], lumps: [Int]) {
        var greeting = ExtensionHandshake()
        greeting.requestQueue = 500
        rig.meet(1)
        rig.says(1, .haveAll)
        rig.tell(.extensionsReceived(PeerHandle(1), greeting))
        var waiting = requests(rig.says(1, .unchoke), blocks: 16)
        var (asked, lumps) = ([waiting.count], [1])
        for _ in 1..<count {
            rig.now = rig.now + .milliseconds(500)
            let served = waiting
            (waiting, lumps) = ([], lumps + [0])
            for block in served {
                let place = block.split { $0 == " " || $0 == "." }.compactMap { UInt32($0) }
                let more = requests(rig.brings(1, place[1], Int(place[2])), blocks: 16)
                waiting += more
                if !more.isEmpty { lumps[lumps.count - 1] += 1 }
            }
            asked.append(waiting.count)
        }
        return (asked, lumps)
    }

    @Test("A seed that serves in ticks is asked for three times as much from one to the next")
    func inTicks() {
        var rig = TorrentRig(pieces: 20, blocks: 16)
        let asked = ticks(&rig, 3).asked
        #expect(asked[..<2] == [8, 24])
        #expect((64...72).contains(asked[2]))
    }

    @Test("So it is where a reader waits, though with less to begin with")
    func inTicksForReader() {
        var rig = TorrentRig(pieces: 20, blocks: 16)
        rig.tell(.readerOpened(ReaderID(1), 0..<Int64(20 * 16 * 16_384)))
        rig.tell(.readerMoved(ReaderID(1), to: 0, isWaiting: true))
        #expect(ticks(&rig, 4).asked == [4, 12, 36, 108])
    }

    @Test("Many requests are kept up in lumps of an eighth: few packets for both ends")
    func inLumps() {
        var rig = TorrentRig(pieces: 40, blocks: 16) { $0.mostRequests = 64 }
        let seen = ticks(&rig, 5)
        #expect((57...64).contains(seen.asked[4]))
        #expect((7...8).contains(seen.lumps[4]), "for \(seen.asked[3]) blocks")
    }

    @Test("A piece that is right is told to those who lack it, and to nobody else")
    func telling() {
        var rig = TorrentRig(pieces: 8)
        rig.meetSeed(1)
        rig.meet(2)
        rig.brings(1, 0, 0)
        rig.brings(1, 0, 1)
        #expect(rig.tell(.pieceVerified(PieceIndex(0), blocks: [])) == ["2: have #0"])
    }

    @Test("At the end who has nothing to do is asked for what others would bring later, once each")
    func endgame() {
        var rig = TorrentRig(pieces: 1, blocks: 6)
        let all = (0..<6).map { "1 0.\($0)" }
        #expect(requests(rig.meetSeed(1), blocks: 6) == all)
        // Each of the others does one copy at a time, of blocks that wait behind others.
        var copies = requests(rig.meetSeed(2), blocks: 6)
        #expect(copies.count == 1)
        copies += requests(rig.meetSeed(3), blocks: 6)
        #expect(copies.count == 2)
        #expect(Set(copies.map { $0.dropFirst(2) }).count == 2)
        #expect(requests(rig.wait(.seconds(1)), blocks: 6) == [])
        let number = copies[0].last.flatMap(\.wholeNumberValue) ?? 0
        let lines = rig.brings(2, 0, number)
        let cancels = lines.filter { $0.contains("cancel") }
        #expect(cancels.count == 1)
        #expect(cancels.first?.hasPrefix("1: cancel #0+\(number * 16_384)") == true, "\(lines)")
        copies += requests(lines, blocks: 6)
        #expect(Set(copies.map { $0.dropFirst(2) }).count == copies.count)
    }

    @Test("Those who send nothing keep no block from an honest peer for good, however many")
    func endgameOfLiars() {
        var rig = TorrentRig(pieces: 1, blocks: 2)
        for liar in 1...4 {
            rig.meetSeed(liar)
            rig.wait(.seconds(25))
        }
        var lines = rig.meetSeed(5)
        for _ in 0..<4 where rig.engine.counters.usefulBytes < 2 * 16_384 {
            for number in 0..<2 where requests(lines).contains("5 0.\(number)") {
                lines += rig.brings(5, 0, number)
            }
            lines += rig.wait(.seconds(1))
        }
        #expect(rig.engine.counters.usefulBytes == 2 * 16_384)
    }

    @Test("The last piece completes it, and it wants nothing more")
    func completing() {
        var rig = TorrentRig(pieces: 1)
        rig.meetSeed(1)
        rig.brings(1, 0, 0)
        rig.brings(1, 0, 1)
        let lines = rig.tell(.pieceVerified(PieceIndex(0), blocks: []))
        #expect(lines == ["completed", "1: not interested"])
    }

    @Test("A choked node asks for the pieces that it is allowed, and for nothing else")
    func allowedFast() {
        var rig = TorrentRig(pieces: 8)
        rig.meet(1)
        rig.says(1, .haveAll)
        #expect(requests(rig.says(1, .allowedFast(PieceIndex(5)))) == ["1 5.0", "1 5.1"])
        #expect(rig.says(1, .allowedFast(PieceIndex(5))) == [])
    }

    @Test("A choke without BEP 6 voids what was asked; others are asked for it")
    func choking() {
        var rig = TorrentRig(pieces: 2)
        rig.meetSeed(1, fast: false)
        let lines = rig.meetSeed(2) + rig.says(1, .choke)
        #expect(Set(requests(lines)).isSuperset(of: ["2 0.0", "2 0.1"]))
    }

    @Test("A reject frees the block, which is asked of somebody else soon")
    func rejecting() {
        var rig = TorrentRig(pieces: 1)
        rig.meetSeed(1)
        var lines = rig.meetSeed(2)
        lines += rig.says(1, .reject(rig.engine.block(0, of: PieceIndex(0))))
        #expect(requests(lines + rig.wait(.milliseconds(100))).contains("2 0.0"))
    }

    @Test("Who leaves takes nothing along: its blocks are asked of others in the same turn")
    func leaving() {
        var rig = TorrentRig(pieces: 2)
        rig.meetSeed(1)
        let lines = rig.meetSeed(2) + rig.tell(.peerLeft(PeerHandle(1)))
        #expect(requests(lines).sorted() == ["2 0.0", "2 0.1", "2 1.0", "2 1.1"])
    }
}

@Suite("What a torrent's engine gives")
struct TorrentServingTests {
    @Test("Whoever is interested is unchoked at once while a slot is free")
    func unchoking() {
        var rig = TorrentRig(have: [0, 1, 2, 3])
        rig.meet(1)
        #expect(rig.says(1, .interested) == ["1: unchoke"])
        #expect(rig.says(1, .interested) == [])
    }

    @Test("With all slots taken it waits for the deal, and somebody gets one by lot")
    func slots() {
        var rig = TorrentRig(have: [0, 1, 2, 3]) { $0.uploadSlots = 2 }
        for slot in 1...3 { rig.meet(slot) }
        #expect(rig.says(1, .interested) == ["1: unchoke"])
        #expect(rig.says(2, .interested) == ["2: unchoke"])
        #expect(rig.says(3, .interested) == [])
        let lines = rig.wait(.seconds(31))
        #expect(lines.contains("3: unchoke"))
    }

    @Test("A request is served, one that cannot be closes the connection")
    func requesting() {
        var rig = TorrentRig(have: [0, 1, 2, 3])
        rig.meet(1)
        rig.says(1, .interested)
        let block = rig.engine.block(1, of: PieceIndex(2))
        #expect(rig.says(1, .request(block)) == ["1: block #2+16384/16384"])
        let wrong = Block(piece: PieceIndex(2), offset: 32_768, length: 16_384)
        #expect(rig.says(1, .request(wrong)).first?.hasPrefix("1: close") == true)
    }

    @Test("A choked peer's request is refused by name, and a piece that is not here as well")
    func refusing() {
        var rig = TorrentRig(pieces: 40, have: [0])
        rig.meet(1)
        #expect(
            rig.says(1, .request(rig.engine.block(0, of: PieceIndex(0))))
                == ["1: reject #0+0/16384"])
        rig.says(1, .interested)
        #expect(
            rig.says(1, .request(rig.engine.block(0, of: PieceIndex(7))))
                == ["1: reject #7+0/16384"])
    }

    @Test("What a connection does not take waits here, and can be cancelled")
    func waiting() {
        var rig = TorrentRig(pieces: 8, have: Array(0..<8)) { $0.sendWindow = 16_384 }
        rig.meet(1)
        rig.says(1, .interested)
        let blocks = (0..<4).map { rig.engine.block(0, of: PieceIndex($0)) }
        #expect(rig.says(1, .request(blocks[0])) == ["1: block #0+0/16384"])
        #expect(rig.says(1, .request(blocks[1])) == [])
        #expect(rig.says(1, .request(blocks[2])) == [])
        rig.says(1, .cancel(blocks[1]))
        #expect(rig.tell(.drained(PeerHandle(1), queued: 0)) == ["1: block #2+0/16384"])
    }

    @Test("No more than 500 requests wait for a peer; more are refused")
    func flooding() {
        var rig = TorrentRig(pieces: 600, have: Array(0..<600)) { $0.sendWindow = 1 }
        rig.meet(1)
        rig.says(1, .interested)
        var refused = 0
        for number in 0..<600 as Range<UInt32> {
            let lines = rig.says(1, .request(rig.engine.block(0, of: PieceIndex(number))))
            if lines.contains(where: { $0.contains("reject") }) { refused += 1 }
        }
        #expect(refused == 99)
    }

    @Test("Uploads keep to the limit")
    func limiting() {
        var rig = TorrentRig(pieces: 100, have: Array(0..<100)) {
            $0.upLimit = ByteRate(bytesPerSecond: 65_536)
        }
        rig.meet(1)
        rig.says(1, .interested)
        var sent = 0
        for number in 0..<100 as Range<UInt32> {
            sent += rig.says(1, .request(rig.engine.block(0, of: PieceIndex(number)))).count
        }
        for _ in 0..<200 {
            sent += rig.wait(.milliseconds(10)).count { $0.contains("block") }
            sent += rig.tell(.drained(PeerHandle(1), queued: 0)).count
        }
        #expect((6...9).contains(sent))
    }
}
