import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("What readers need")
struct TorrentReaderTests {
    private let bitrate = ByteRate(bytesPerSecond: 65_536)

    @Test("A reader's first piece is spread over all who have it, one block each in turn")
    func spreading() {
        var rig = TorrentRig(pieces: 64, blocks: 8)
        for slot in 1...4 {
            rig.meet(slot)
            rig.says(slot, .haveAll)
        }
        // Everybody unchokes before the reader comes; what they do then is taken back.
        for slot in 1...4 { rig.says(slot, .unchoke) }
        rig.tell(.readerOpened(ReaderID(1), 40 * 131_072..<64 * 131_072))
        let lines = rig.tell(
            .readerMoved(ReaderID(1), to: 40 * 131_072, isWaiting: true))
        let asked = requests(lines)
        let first = asked.filter { $0.contains(" 40.") }
        #expect(Set(first.compactMap(\.first)).count <= 4)
        let all = rig.engine.open.place(of: PieceIndex(40)).flatMap { rig.engine.open[$0] }
        let askedOf = Set((all?.blocks ?? []).flatMap { $0.asked.all.map(\.slot) })
        #expect(askedOf == [1, 2, 3, 4])
    }

    @Test("A jump takes back what nobody needs soon, and asks for the target in the same turn")
    func jumping() {
        var rig = TorrentRig(pieces: 4000, blocks: 2)
        rig.meetSeed(1)
        let lines = rig.tell(.readerOpened(ReaderID(1), 3000 * 32_768..<4000 * 32_768))
        #expect(lines.count { $0.contains("cancel") } == 8)
        #expect(requests(lines).first == "1 3000.0")
    }

    @Test("What is played already needs nobody: with a minute in hand nothing is urgent")
    func playhead() {
        var rig = TorrentRig(pieces: 4000, blocks: 2)
        rig.tell(.bitrateLearned(bitrate, of: 0..<4000 * 32_768))
        rig.tell(.readerOpened(ReaderID(1), 0..<4000 * 32_768))
        let minute = Int64(60 * 65_536)
        rig.tell(.readerMoved(ReaderID(1), to: minute, isWaiting: true))
        let early = rig.engine.isUrgent(rig.now)
        #expect(!early)
        rig.wait(.seconds(57))
        rig.tell(.readerMoved(ReaderID(1), to: minute, isWaiting: true))
        let late = rig.engine.isUrgent(rig.now)
        #expect(late)
    }

    @Test("Each reader has the deadlines of its own film's rate, also when that is learnt later")
    func rates() {
        var rig = TorrentRig(pieces: 4000, blocks: 2)
        let (slow, quick) = (
            0..<2000 * 32_768 as TorrentRange, 2000 * 32_768..<4000 * 32_768 as TorrentRange
        )
        rig.tell(.bitrateLearned(ByteRate(bytesPerSecond: 32_768), of: slow))
        rig.tell(.readerOpened(ReaderID(1), slow))
        rig.tell(.readerOpened(ReaderID(2), quick))
        rig.tell(.bitrateLearned(ByteRate(bytesPerSecond: 327_680), of: quick))
        rig.wait(.milliseconds(200))
        func wait(_ piece: UInt32) -> Double? {
            rig.engine.wishes.first { $0.piece.value == piece }.map {
                ($0.due - rig.engine.wishedAt).seconds
            }
        }
        // A piece a second of the one, ten of the other.
        #expect(wait(10) == 10)
        #expect(wait(2010) == 1)
        #expect(wait(40) == nil)
        #expect(wait(2290) == 29)
        #expect(rig.engine.readers.taken == ByteRate(bytesPerSecond: 360_448))
        // Both were given ten seconds of their films, and play them.
        rig.tell(.readerMoved(ReaderID(1), to: 10 * 32_768, isWaiting: false))
        rig.tell(.readerMoved(ReaderID(2), to: 2100 * 32_768, isWaiting: false))
        #expect(rig.engine.buffer(at: rig.now) == .seconds(10))
        rig.wait(.seconds(4))
        #expect(rig.engine.buffer(at: rig.now) == .seconds(6))
        #expect(wait(10) == 4)
        #expect(wait(2100) == 4)
    }

    @Test("While somebody reads, a peer is asked for little ahead, though nobody is in need")
    func shallow() {
        var asked: [Int] = []
        for isRead in [false, true] {
            var rig = TorrentRig(pieces: 4000, blocks: 2)
            rig.meetSeed(1)
            rig.tell(.bitrateLearned(bitrate, of: 0..<4000 * 32_768))
            if isRead { rig.tell(.readerOpened(ReaderID(1), 0..<4000 * 32_768)) }
            // 50 blocks a second, for four seconds: the reader has a minute and more in hand.
            for number in 0..<200 as Range<Int64> {
                rig.wait(.milliseconds(20))
                if isRead {
                    rig.tell(
                        .readerMoved(ReaderID(1), to: number * 32_768, isWaiting: true))
                }
                guard let next = rig.engine.peers[PeerHandle(1)].requests.first else { continue }
                rig.brings(1, next.piece.value, Int(next.block))
                if next.block == 1 { rig.tell(.pieceVerified(next.piece, blocks: [])) }
            }
            let isUrgent = rig.engine.isUrgent(rig.now)
            #expect(!isUrgent)
            asked.append(rig.engine.peers[PeerHandle(1)].requests.count)
        }
        // Three seconds of what it brings are 150 blocks; a quarter of a second is 13.
        #expect(asked[0] > 100)
        #expect(asked[1] < 20)
    }

    @Test("A peer that sends what it was to leave to others is not relieved again and again")
    func heeding() {
        var rig = TorrentRig(pieces: 100, blocks: 8)
        rig.meetSeed(1)
        rig.tell(.readerOpened(ReaderID(1), 0..<100 * 131_072))
        let before = rig.engine.peers[PeerHandle(1)].heed
        // A jump takes back what was asked; one block comes all the same, one is rejected.
        rig.tell(.readerClosed(ReaderID(1)))
        rig.tell(.readerOpened(ReaderID(2), 90 * 131_072..<100 * 131_072))
        let owed = rig.engine.peers[PeerHandle(1)].withdrawn
        #expect(owed.count >= 2)
        guard let first = owed.first, let last = owed.last else { return }
        rig.brings(1, first.piece.value, Int(first.block))
        let ignored = rig.engine.peers[PeerHandle(1)].heed
        #expect(ignored == before - 1)
        rig.says(1, .reject(rig.engine.block(Int(last.block), of: last.piece)))
        let heeded = rig.engine.peers[PeerHandle(1)].heed
        #expect(heeded == before)
    }

    @Test("A slow peer that has not shown that it takes requests back keeps what it was asked for")
    func keeping() {
        var rig = TorrentRig(pieces: 100, blocks: 16)
        rig.meetSeed(1)
        rig.meetSeed(2)
        rig.tell(.bitrateLearned(ByteRate(bytesPerSecond: 500_000), of: 0..<100 * 262_144))
        rig.tell(.readerOpened(ReaderID(1), 0..<100 * 262_144))
        rig.tell(.readerMoved(ReaderID(1), to: 0, isWaiting: true))
        var cancels = 0
        for step in 1...100 {
            var lines = rig.wait(.milliseconds(20))
            for (slot, every) in [(1, 12), (2, 2)] where step % every == 0 {
                let asked = rig.engine.peers[PeerHandle(slot)].requests.first
                if let asked { lines += rig.brings(slot, asked.piece.value, Int(asked.block)) }
            }
            cancels += lines.count { $0.hasPrefix("1: cancel") }
        }
        // A cancel follows a copy that has come; nothing is taken back without.
        #expect(cancels <= rig.engine.counters.duplicates)
    }

    @Test("A peer that stands still loses the block that a reader waits for to a second one")
    func rescuing() {
        var rig = TorrentRig(pieces: 100, blocks: 2)
        rig.meetSeed(1)
        rig.tell(.readerOpened(ReaderID(1), 0..<100 * 32_768))
        rig.tell(.readerMoved(ReaderID(1), to: 0, isWaiting: true))
        rig.meetSeed(2)
        // The second one delivers what it is asked for, the first one nothing.
        var lines: [String] = []
        for _ in 0..<10 {
            lines += rig.wait(.milliseconds(100))
            for asked in rig.engine.peers[PeerHandle(2)].requests.all.prefix(1) {
                lines += rig.brings(2, asked.piece.value, Int(asked.block))
            }
        }
        #expect(requests(lines).contains("2 0.0"))
    }

    @Test("Several readers are served side by side, and one that closes takes nothing from others")
    func several() {
        var rig = TorrentRig(pieces: 1000, blocks: 2)
        rig.meetSeed(1)
        for number in 0..<16 as Range<Int64> {
            let start = number * 50 * 32_768
            rig.tell(.readerOpened(ReaderID(UInt64(number)), start..<1000 * 32_768))
            rig.tell(.readerMoved(ReaderID(UInt64(number)), to: start, isWaiting: true))
        }
        let blocking = rig.engine.wishes.filter(\.isBlocking).map(\.piece.value)
        #expect(blocking.sorted() == (0..<16).map { $0 * 50 })
        for number in 1..<16 { rig.tell(.readerClosed(ReaderID(UInt64(number)))) }
        let left = rig.engine.wishes.filter(\.isBlocking).map(\.piece.value)
        #expect(left == [0])
    }

    @Test("Opening, moving and closing at random leaves nothing behind")
    func random() {
        var rig = TorrentRig(pieces: 300, blocks: 2)
        var random = SeededRandom(seed: 3)
        for slot in 1...3 { rig.meetSeed(slot) }
        var open: [UInt64] = []
        for number in 0..<2000 as Range<UInt64> {
            let start = Int64.random(in: 0..<299, using: &random) * 32_768
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                open.append(number)
                rig.tell(.readerOpened(ReaderID(number), start..<300 * 32_768))
                rig.tell(.readerMoved(ReaderID(number), to: start, isWaiting: true))
            case 1: if let id = open.popLast() { rig.tell(.readerClosed(ReaderID(id))) }
            default: rig.wait(.milliseconds(10))
            }
            let isAsked = rig.engine.isAskedFor
            #expect(isAsked)
        }
        for id in open { rig.tell(.readerClosed(ReaderID(id))) }
        let (wishes, isEmpty) = (rig.engine.wishes.count, rig.engine.readers.isEmpty)
        #expect(wishes == 0)
        #expect(isEmpty)
    }
}

@Suite("Who sent what is wrong")
struct TorrentLiarTests {
    @Test("One who sent all of a wrong piece is closed, and its address kept out")
    func alone() {
        var rig = TorrentRig(pieces: 1)
        rig.meetSeed(1)
        rig.brings(1, 0, 0)
        rig.brings(1, 0, 1)
        let lines = rig.tell(.pieceRefused(PieceIndex(0), blocks: [1, 2]))
        #expect(lines.first == "1: close poisoned")
        #expect(rig.meet(1) == ["1: close poisoned"])
    }

    @Test("Where others are known to be, an address is kept out for the third poisoner")
    func sharedAddress() {
        var rig = TorrentRig(pieces: 1)
        let address = IPAddress.v4(0x0a00_0007)
        rig.tell(.discovered([Endpoint(address: address, port: 7000)]))
        for slot in 1...3 {
            rig.meet(slot, address: 0x0a00_0007)
            rig.says(slot, .haveAll)
            rig.says(slot, .unchoke)
            rig.brings(slot, 0, 0)
            rig.brings(slot, 0, 1)
            let lines = rig.tell(.pieceRefused(PieceIndex(0), blocks: [1, 2]))
            #expect(lines.first == "\(slot): close poisoned")
            #expect(rig.engine.planner.isBanned(address) == (slot == 3))
        }
    }

    @Test("Of several, the one whose block was another when the piece came right is closed")
    func shared() {
        var rig = TorrentRig(pieces: 1)
        rig.meetSeed(1)
        rig.meetSeed(2)
        rig.says(1, .reject(rig.engine.block(1, of: PieceIndex(0))))
        rig.wait(.milliseconds(100))
        rig.brings(1, 0, 0)
        rig.brings(2, 0, 1)
        let lines = rig.tell(.pieceRefused(PieceIndex(0), blocks: [10, 66]))
        #expect(!lines.contains { $0.contains("close") })
        // Asked whole of one of them, so that the blame is clear.
        #expect(Set(requests(lines).compactMap(\.first)).count == 1)
        guard let one = requests(lines).first?.first.flatMap({ Int(String($0)) }) else { return }
        rig.brings(one, 0, 0)
        rig.brings(one, 0, 1)
        let end = rig.tell(.pieceVerified(PieceIndex(0), blocks: [10, 20]))
        #expect(end.contains("2: close poisoned"))
        #expect(!end.contains("1: close poisoned"))
    }

    @Test("Blocks that nobody asked for are not kept, and many of them close the connection")
    func unasked() {
        var rig = TorrentRig(pieces: 400)
        rig.meet(1)
        var isClosed = false
        for number in 0..<400 as Range<UInt32> {
            let lines = rig.brings(1, number, 0)
            #expect(!lines.contains { $0.hasPrefix("keep") })
            isClosed = isClosed || lines.contains { $0.contains("close") }
        }
        #expect(isClosed)
    }

    @Test("Useless messages without end close the connection")
    func floods() {
        let floods: [Message] = [
            .notInterested, .choke, .cancel(Block(piece: PieceIndex(0), offset: 0, length: 1)),
            .have(PieceIndex(0)), .allowedFast(PieceIndex(1)), .suggest(PieceIndex(1)),
            .keepAlive, .bitfield([0x80]),
        ]
        for message in floods {
            var rig = TorrentRig(pieces: 4)
            rig.meet(1)
            var isClosed = false
            for _ in 0..<20_000 where !isClosed {
                isClosed = rig.says(1, message).contains { $0.contains("close") }
            }
            #expect(isClosed, "\(message)")
        }
    }

    @Test("A bitfield of another torrent, and a piece that does not exist, close the connection")
    func nonsense() {
        var rig = TorrentRig(pieces: 8)
        rig.meet(1)
        #expect(rig.says(1, .bitfield([0x40, 0])).first?.contains("close") == true)
        rig.meet(2)
        #expect(rig.says(2, .have(PieceIndex(8))).first?.contains("close") == true)
    }

    @Test("Peers that came and are of no use make room after a while, the first one first")
    func idlers() {
        var rig = TorrentRig(pieces: 4) { ($0.maxPeers, $0.targetPeers) = (3, 3) }
        for slot in 1...3 { rig.meet(slot) }
        #expect(rig.meet(4).contains { $0 == "4: close full" })
        let found = Endpoint(address: .v4(0x5000_0001), port: 6881)
        rig.tell(.discovered([found]))
        #expect(!rig.wait(.seconds(100)).contains { $0.hasPrefix("dial") })
        for slot in 1...3 { rig.says(slot, .keepAlive) }
        #expect(rig.wait(.seconds(25)).contains("dial 80.0.0.1:6881"))
        let lines = rig.meet(5)
        #expect(lines.first == "1: close full")
        #expect(!lines.contains { $0.hasPrefix("5: close") })
    }

    @Test("Who wants nothing makes room first, then who had its turn and took nothing")
    func waiters() {
        var rig = TorrentRig(pieces: 4, have: [0, 1, 2, 3]) {
            ($0.maxPeers, $0.targetPeers, $0.uploadSlots) = (3, 3, 1)
        }
        for slot in 1...3 { rig.meet(slot) }
        for slot in 1...2 { rig.says(slot, .interested) }
        rig.wait(.seconds(100))
        for slot in 1...3 { rig.says(slot, .keepAlive) }
        rig.wait(.seconds(25))
        #expect(rig.meet(4).first == "3: close full")
        let choked = rig.engine.peers[PeerHandle(1)].isChoked ? 1 : 2
        #expect(rig.meet(5).first == "\(choked): close full")
    }

    @Test("The bitfield of a torrent of two million pieces is not too much")
    func largestBitfield() {
        var rig = TorrentRig(pieces: 2_097_152, blocks: 1)
        rig.meet(1)
        var bytes = [UInt8](repeating: 0xff, count: 262_144)
        bytes[5] = 0
        #expect(rig.says(1, .bitfield(bytes)) == ["1: interested"])
    }

    @Test("A second bitfield stands for many haves, as aria2 sends it, and is counted once")
    func lateBitfield() {
        var rig = TorrentRig(pieces: 8)
        rig.meet(1)
        #expect(rig.says(1, .bitfield([0x80])) == ["1: interested"])
        rig.says(1, .bitfield([0xc0]))
        let counts = (0..<3).map { rig.engine.rarity.availability(PieceIndex($0)) }
        #expect(counts == [1, 1, 0])
        let pieces = rig.engine.peers[PeerHandle(1)].hasCount
        #expect(pieces == 2)
    }
}
