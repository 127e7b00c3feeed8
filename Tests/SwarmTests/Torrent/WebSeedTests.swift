import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

extension TorrentRig {
    /// The web seed, which has the first number.
    static let web = PeerHandle(0)

    @discardableResult
    mutating func meetWebSeed() -> [String] { tell(.peerJoined(Self.web, .webSeed)) }

    /// A peer that has some pieces joins and lets itself be asked.
    @discardableResult
    mutating func meetHolder(_ slot: Int, of pieces: [UInt32]) -> [String] {
        var has = Bitfield(pieceCount: layout.pieceCount)
        for piece in pieces { has.insert(PieceIndex(piece)) }
        meet(slot)
        return says(slot, .bitfield(has.bytes)) + says(slot, .unchoke)
    }
}

@Suite("Web seeds")
struct WebSeedTests {
    private func ofWeb(_ lines: [String]) -> [String] {
        requests(lines).filter { $0.hasPrefix("0 ") }.map { String($0.dropFirst(2)) }
    }

    @Test("Alone it is asked for everything in order, and told nothing but what it is asked for")
    func alone() {
        var rig = TorrentRig(pieces: 4)
        let lines = rig.meetWebSeed()
        #expect(ofWeb(lines) == ["0.0", "0.1", "1.0", "1.1", "2.0", "2.1", "3.0", "3.1"])
        #expect(lines.count == 8)
        for piece in 0..<4 as Range<UInt32> {
            rig.brings(0, piece, 0)
            rig.brings(0, piece, 1)
            let isLast = piece == 3
            let said = rig.tell(.pieceVerified(PieceIndex(piece), blocks: []))
            #expect(said == (isLast ? ["completed"] : []))
        }
        #expect(rig.wait(.seconds(10)).contains("0: close full"))
    }

    @Test("It is asked for the next stretch when half of the last one has come")
    func stretches() {
        var rig = TorrentRig(pieces: 40)
        #expect(ofWeb(rig.meetWebSeed()).count == 32)
        var asked: [Int] = []
        for number in 0..<32 as Range<UInt32> {
            rig.now = rig.now + .milliseconds(50)
            asked.append(ofWeb(rig.brings(0, number / 2, Int(number % 2))).count)
        }
        // At 50 ms a block two seconds are forty, which twenty more make of twenty.
        let stretches = asked.filter { $0 > 0 }
        #expect(!stretches.isEmpty && stretches.allSatisfy { $0 >= 16 })
    }

    @Test("With a limit of what comes it is asked in stretches too, and not in single blocks")
    func limited() {
        var rig = TorrentRig(pieces: 400) { $0.downLimit = ByteRate(bytesPerSecond: 1_000_000) }
        var stretches = [ofWeb(rig.meetWebSeed()).count]
        var next: UInt32 = 0
        for _ in 0..<100 {
            stretches.append(ofWeb(rig.wait(.milliseconds(20))).count)
            guard rig.engine.peers[TorrentRig.web].requests.count > 0 else { continue }
            stretches.append(ofWeb(rig.brings(0, next / 2, Int(next % 2))).count)
            next += 1
        }
        // Two seconds at a megabyte a second are 118 blocks with their headers.
        #expect((60...118).contains(Int(next)))
        #expect(stretches.filter { $0 > 0 }.allSatisfy { $0 >= 16 })
    }

    @Test("A swarm that suffices is left to itself")
    func suffices() {
        var rig = TorrentRig(pieces: 40)
        rig.meetSeed(1)
        #expect(ofWeb(rig.meetWebSeed() + rig.wait(.milliseconds(900))) == [])
    }

    @Test("What no peer has is asked of it, and nothing else")
    func rare() {
        var rig = TorrentRig(pieces: 4)
        rig.meetHolder(1, of: [0, 1, 3])
        #expect(ofWeb(rig.meetWebSeed()) == ["2.0", "2.1"])
    }

    @Test("Peers that choke give nothing: all is asked of it until they do")
    func choked() {
        var rig = TorrentRig(pieces: 40)
        rig.meet(1)
        rig.says(1, .haveAll)
        #expect(ofWeb(rig.meetWebSeed()).count == 32)
        rig.says(1, .unchoke)
        var lines: [String] = []
        for number in 0..<32 as Range<UInt32> {
            lines += rig.brings(0, number / 2, Int(number % 2))
        }
        #expect(ofWeb(lines) == [])
    }

    @Test("What peers would bring too late for a reader it is asked for, the first late one first")
    func rescuing() {
        // 8 Mbit/s are read, the only peer is thought to give 0.8: it falls behind at once.
        var rig = TorrentRig(pieces: 64) { $0.firstUrgentRequests = 2 }
        rig.meetSeed(1)
        rig.meetWebSeed()
        let lines = rig.tell(.readerOpened(ReaderID(1), 0..<64 * 32_768))
        let asked = ofWeb(lines)
        #expect(!asked.isEmpty && !asked.contains("0.0"))
        #expect(asked == asked.sorted { pieceNumber($0) < pieceNumber($1) })
    }

    private func pieceNumber(_ place: String) -> Int {
        Int(place.prefix { $0 != "." }) ?? 0
    }

    @Test("A jump takes back what it was asked for")
    func jumping() {
        var rig = TorrentRig(pieces: 4_000)
        rig.meetWebSeed()
        let lines = rig.tell(.readerOpened(ReaderID(1), 3_900 * 32_768..<4_000 * 32_768))
        #expect(lines.count { $0.hasPrefix("0: cancel") } == 32)
        #expect(ofWeb(lines).first == "3900.0")
    }

    @Test("What it sends wrong closes it, and honest peers stay")
    func poisoning() {
        var rig = TorrentRig(pieces: 1)
        rig.meetWebSeed()
        rig.brings(0, 0, 0)
        rig.brings(0, 0, 1)
        rig.meet(1)
        #expect(
            rig.tell(.pieceRefused(PieceIndex(0), blocks: [1, 2])).contains("0: close poisoned"))
        #expect(rig.engine.webSeedCount == 0 && rig.engine.peerCount == 1)
    }

    @Test("What it shared with a peer in a wrong piece is found by the blocks")
    func sharedPoison() {
        var rig = TorrentRig(pieces: 1)
        rig.meetWebSeed()
        rig.brings(0, 0, 0)
        rig.tell(.webSeedFailed(TorrentRig.web, isFinal: false))
        rig.meetSeed(1)
        rig.brings(1, 0, 1)
        rig.tell(.pieceRefused(PieceIndex(0), blocks: [1, 2]))
        rig.brings(1, 0, 0)
        rig.brings(1, 0, 1)
        let lines = rig.tell(.pieceVerified(PieceIndex(0), blocks: [9, 2]))
        #expect(lines.contains("0: close poisoned"))
        #expect(rig.engine.peerCount == 1)
    }

    @Test("A failure lets it rest, longer each time; the sixth in a row is the last")
    func failing() {
        var rig = TorrentRig(pieces: 4)
        rig.meetWebSeed()
        for rest in [5, 10, 20, 40, 80] {
            #expect(rig.tell(.webSeedFailed(TorrentRig.web, isFinal: false)) == [])
            #expect(ofWeb(rig.wait(.seconds(Double(rest) - 0.6))) == [])
            #expect(ofWeb(rig.wait(.seconds(1.2))).count == 8)
        }
        #expect(
            rig.tell(.webSeedFailed(TorrentRig.web, isFinal: false))
                == ["0: close misbehaved(\"a web seed that fails\")"])
        #expect(rig.wait(.seconds(200)) == [])
    }

    @Test("What it brings makes earlier failures forgotten; one that is final ends it")
    func finally() {
        var rig = TorrentRig(pieces: 4)
        rig.meetWebSeed()
        for piece in 0..<3 as Range<UInt32> {
            for _ in 0..<2 {
                rig.tell(.webSeedFailed(TorrentRig.web, isFinal: false))
                rig.wait(.seconds(11))
            }
            rig.brings(0, piece, 0)
        }
        #expect(rig.engine.webSeedCount == 1)
        let lines = rig.tell(.webSeedFailed(TorrentRig.web, isFinal: true))
        #expect(lines == ["0: close misbehaved(\"a web seed that fails\")"])
    }

    @Test("A failure gives its blocks to peers in the same turn")
    func handingOver() {
        var rig = TorrentRig(pieces: 2)
        rig.meetWebSeed()
        // The end is near: one is asked of both.
        #expect(requests(rig.meetSeed(1)) == ["1 0.0"])
        let lines = rig.tell(.webSeedFailed(TorrentRig.web, isFinal: false))
        #expect(requests(lines) == ["1 0.1", "1 1.0", "1 1.1"])
    }
}
