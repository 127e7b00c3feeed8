import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("What is said before a peer has answered")
struct EarlyTalkTests {
    private func endpoint(_ slot: Int) -> Endpoint {
        Endpoint(address: .v4(0x0a00_0000 + UInt32(slot)), port: 6881)
    }

    private func connect(
        _ rig: inout TorrentRig, _ slot: Int, roundTrip: Interval = .milliseconds(50)
    ) -> [String] {
        rig.tell(.connected(PeerHandle(slot), endpoint(slot), roundTrip: roundTrip))
    }

    /// A node whose reader waits for the first piece.
    private func waiting(
        blocks: Int = 8, _ change: (inout TorrentSettings) -> Void = { _ in }
    ) -> TorrentRig {
        var rig = TorrentRig(pieces: 64, blocks: blocks, change)
        let piece = Int64(blocks * 16_384)
        rig.tell(.readerOpened(ReaderID(1), 0..<64 * piece))
        rig.tell(.readerMoved(ReaderID(1), to: 0, isWaiting: true))
        return rig
    }

    private func answer(
        _ rig: inout TorrentRig, _ slot: Int, fast: Bool = true, name: PeerID? = nil
    ) -> [String] {
        rig.tell(
            .peerJoined(
                PeerHandle(slot),
                TorrentIntroduction(
                    endpoint: endpoint(slot), id: name ?? Rig.id(UInt8(slot)), outgoing: true,
                    features: fast ? [.fast, .extensionProtocol] : [.extensionProtocol])))
    }

    @Test("Where a reader waits it says what it has and wants, and asks each peer for other blocks")
    func asking() {
        var rig = waiting()
        let first = connect(&rig, 1)
        #expect(first.prefix(2) == ["1: bitfield of 8", "1: interested"])
        #expect(requests(first) == (0..<5).map { "1 0.\($0)" })
        #expect(requests(connect(&rig, 2)) == ["2 0.5", "2 0.6", "2 0.7", "2 1.0", "2 1.1"])
    }

    @Test("Nothing is said where nobody waits, and of a torrent with too many pieces")
    func silent() {
        var idle = TorrentRig(pieces: 64, blocks: 8)
        #expect(connect(&idle, 1) == [])
        var large = TorrentRig(pieces: 8193, blocks: 1)
        large.tell(.readerOpened(ReaderID(1), 0..<Int64(8193 * 16_384)))
        large.tell(.readerMoved(ReaderID(1), to: 0, isWaiting: true))
        #expect(connect(&large, 1) == [])
    }

    @Test("With its answer a peer is greeted, not told again, and what it brings is kept")
    func answering() {
        var rig = waiting()
        _ = connect(&rig, 1)
        rig.now = rig.now + .milliseconds(50)
        #expect(answer(&rig, 1) == ["1: greeting"])
        rig.says(1, .haveAll)
        rig.says(1, .unchoke)
        #expect(rig.engine.peers[PeerHandle(1)].requests.count == 5)
        #expect(rig.brings(1, 0, 0).first == "keep #0+0/16384")
        #expect(rig.engine.counters.wastedBytes == 0)
    }

    @Test("Who chokes and rejects is asked again as soon as it unchokes")
    func rejected() {
        var rig = waiting()
        _ = connect(&rig, 1)
        _ = answer(&rig, 1)
        rig.says(1, .haveAll)
        for block in 0..<5 { rig.says(1, .reject(rig.engine.block(block, of: PieceIndex(0)))) }
        #expect(rig.engine.peers[PeerHandle(1)].requests.count == 0)
        #expect(requests(rig.says(1, .unchoke)).prefix(2) == ["1 0.0", "1 0.1"])
    }

    @Test("Without BEP 6 an unchoke that comes later tells that requests were dropped")
    func dropped() {
        var rig = waiting()
        _ = connect(&rig, 1)
        _ = answer(&rig, 1, fast: false)
        rig.says(1, .bitfield(Bitfield.full(pieceCount: 64).bytes))
        rig.now = rig.now + .milliseconds(100)
        #expect(requests(rig.says(1, .unchoke)).prefix(2) == ["1 0.0", "1 0.1"])
    }

    @Test("Without BEP 6 an unchoke along with the answer leaves them standing, for half a second")
    func doubted() {
        var rig = waiting()
        _ = connect(&rig, 1)
        _ = answer(&rig, 1, fast: false)
        rig.says(1, .bitfield(Bitfield.full(pieceCount: 64).bytes))
        #expect(requests(rig.says(1, .unchoke)) == [])
        #expect(requests(rig.wait(.milliseconds(400))) == [])
        #expect(requests(rig.wait(.milliseconds(200))).contains("1 0.0"))
    }

    @Test("A peer that does not answer keeps nothing from others for long")
    func unanswered() {
        var rig = waiting()
        _ = connect(&rig, 1)
        rig.meetSeed(2)
        let first = { (rig: TorrentRig) in
            rig.engine.peers[PeerHandle(2)].requests.all.filter { $0.piece == PieceIndex(0) }
                .map(\.block)
        }
        #expect(first(rig) == [5, 6, 7])
        rig.wait(.milliseconds(500))
        rig.brings(2, 0, 5)
        #expect(first(rig).contains(0))
        // It answers after all: what it brings is taken.
        _ = answer(&rig, 1)
        rig.says(1, .haveAll)
        #expect(rig.brings(1, 0, 4).first == "keep #0+65536/16384")
    }

    @Test("Who closes instead of answering is dialled again at once, and told only who we are")
    func closing() {
        var rig = waiting()
        let dialled = rig.tell(.discovered([endpoint(1)]))
        #expect(dialled.contains("dial 10.0.0.1:6881"))
        _ = connect(&rig, 1)
        rig.tell(.dialFailed(endpoint(1)))
        #expect(rig.wait(.milliseconds(1)).contains("dial 10.0.0.1:6881"))
        #expect(connect(&rig, 2) != [])
        #expect(connect(&rig, 1) == [])
        // Its blocks are everybody's again: the next one fails as any other address does.
        rig.tell(.dialFailed(endpoint(1)))
        #expect(!rig.wait(.milliseconds(1)).contains("dial 10.0.0.1:6881"))
    }

    @Test("Who answers, says nothing and closes is dialled again as well")
    func closingLater() {
        var rig = waiting()
        rig.tell(.discovered([endpoint(1)]))
        _ = connect(&rig, 1)
        _ = answer(&rig, 1)
        rig.now = rig.now + .seconds(0.1)
        rig.tell(.peerLeft(PeerHandle(1)))
        #expect(rig.wait(.milliseconds(100)).contains("dial 10.0.0.1:6881"))
    }

    @Test("aria2, which would close a second later, is dialled again as soon as it tells its name")
    func abrupt() {
        var rig = waiting()
        rig.tell(.discovered([endpoint(1)]))
        _ = connect(&rig, 1)
        let name = PeerID(Bytes20(Array("A2-1-36-0-abcdefghij".utf8)) ?? Bytes20())
        #expect(answer(&rig, 1, name: name) == ["1: close abrupt"])
        #expect(rig.wait(.milliseconds(1)).contains("dial 10.0.0.1:6881"))
        #expect(connect(&rig, 1) == [])
        #expect(answer(&rig, 1, name: name) == ["1: have none", "1: greeting"])
    }

    @Test("With a limit of what comes nothing is asked for early")
    func limited() {
        var rig = waiting { $0.downLimit = ByteRate(bytesPerSecond: 50_000) }
        #expect(requests(connect(&rig, 1)) == [])
    }
}
