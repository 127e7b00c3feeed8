import Pieces
import Primitives
import Testing

@testable import Swarm

@Suite("Torrents in virtual time")
struct TorrentWorldTests {
    /// A leech and `lines` of seeds, all connected to it.
    private func world(
        pieces: Int = 128, blocks: Int = 4, lines: [Double],
        manners: [Int: TorrentWorld.Manner] = [:], delay: Interval = .milliseconds(25)
    ) -> TorrentWorld {
        var world = TorrentWorld(pieces: pieces, blocks: blocks, delay: delay)
        world.add(line: 100_000, isEmpty: true)
        for (number, line) in lines.enumerated() {
            world.add(manners[number] ?? .honest, line: line)
            world.connect(0, number + 1)
        }
        return world
    }

    @Test("Everything comes, and hardly anything twice")
    func downloading() {
        var world = world(lines: [500_000, 400_000, 300_000, 200_000])
        world.run(.seconds(10))
        let (isComplete, counters) =
            (world.nodes[0].engine.isComplete, world.nodes[0].engine.counters)
        #expect(isComplete)
        #expect(counters.wastedBytes * 100 < counters.usefulBytes * 3)
    }

    @Test("A player starts before a third of its peers' rate could have brought the first piece")
    func starting() {
        // 1 MiB pieces: one peer alone would need 2 s for the first, all four half a second.
        var world = world(
            pieces: 16, blocks: 64, lines: [524_288, 524_288, 524_288, 524_288])
        var player = WorldPlayer(&world, at: 0, 1, from: 0)
        let begin = world.now
        world.run(.seconds(5)) { player.look(&$0) }
        let first = player.firstAt.map { $0 - begin } ?? .forever
        #expect(first < .seconds(0.9))
    }

    @Test("At hardly more than the bitrate the first pieces take little longer than their bytes")
    func beginning() {
        // 4 Mbit/s of film in pieces of 256 KiB, and 1.2 times that from four seeds together.
        var world = world(
            pieces: 64, blocks: 16, lines: [150_000, 150_000, 150_000, 150_000])
        var player = WorldPlayer(&world, at: 0, 1, from: 0)
        let begin = world.now
        var wholeAt: [PieceIndex: Interval] = [:]
        world.run(.seconds(4)) { world in
            player.look(&world)
            for piece in (0..<8).map({ PieceIndex($0) })
            where world.nodes[0].engine.have.contains(piece) && wholeAt[piece] == nil {
                wholeAt[piece] = world.now - begin
            }
        }
        // The first MiB takes 1.75 s of all lines; two blocks' time and two round trips more.
        #expect(wholeAt[PieceIndex(3)] ?? .forever < .seconds(2.1))
        let order = wholeAt.sorted { $0.value < $1.value }.map(\.key)
        #expect(order == order.sorted())
    }

    @Test("So it is where three of four are held up, and the fourth seems to be quicker")
    func lumps() {
        var world = world(
            pieces: 64, blocks: 16, lines: [150_000, 150_000, 150_000, 150_000],
            manners: [1: .lumping, 2: .lumping, 3: .lumping])
        var player = WorldPlayer(&world, at: 0, 1, from: 0)
        let begin = world.now
        var wholeAt: Interval?
        world.run(.seconds(4)) { world in
            player.look(&world)
            guard wholeAt == nil,
                (0..<4).allSatisfy({ piece in
                    world.nodes[0].engine.have.contains(PieceIndex(piece))
                })
            else { return }
            wholeAt = world.now - begin
        }
        #expect(wholeAt ?? .forever < .seconds(2.4))
        let counters = world.nodes[0].engine.counters
        #expect(counters.wastedBytes * 100 < counters.usefulBytes * 3)
    }

    @Test("Where peers give hardly more than the film takes, no line runs dry for a lost packet")
    func losing() {
        var world = world(
            pieces: 80, blocks: 16, lines: [150_000, 150_000, 150_000, 150_000],
            manners: [1: .losing, 2: .losing, 3: .losing, 0: .losing], delay: .milliseconds(75))
        var player = WorldPlayer(&world, at: 0, 1, from: 0)
        world.run(.seconds(5)) { player.look(&$0) }
        let before = world.nodes[0].engine.counters.usefulBytes
        world.run(.seconds(20)) { player.look(&$0) }
        let came = world.nodes[0].engine.counters.usefulBytes - before
        #expect(Double(came) > 0.96 * 600_000 * 20)
    }

    @Test("A peer that is ten times slower works as far ahead as it is late")
    func slowAhead() {
        var world = world(pieces: 64, blocks: 16, lines: [280_000, 280_000, 28_000])
        var player = WorldPlayer(&world, at: 0, 1, from: 0)
        var longest = Interval.zero
        world.run(.seconds(2)) { player.look(&$0) }
        player.longestWait = .zero
        world.run(.seconds(12)) { world in
            player.look(&world)
            longest = max(longest, player.longestWait)
        }
        // A piece takes the two quick ones 0.47 s.
        #expect(longest < .seconds(1))
    }

    @Test("Peers that pause are asked a second time for little, and little comes twice")
    func pausing() {
        var world = world(
            pieces: 64, blocks: 16, lines: [450_000, 450_000, 450_000, 450_000],
            manners: [0: .pausing, 1: .pausing, 2: .pausing, 3: .pausing])
        var player = WorldPlayer(&world, at: 0, 1, from: 0)
        world.run(.seconds(20)) { player.look(&$0) }
        let counters = world.nodes[0].engine.counters
        #expect(counters.duplicates > 0)
        #expect(counters.wastedBytes * 100 < counters.usefulBytes * 3)
    }

    @Test("With two of five peers ten times slower, nobody waits for long")
    func slowPeers() {
        // 1.3 times the bitrate of 1 MB/s together.
        var world = world(lines: [430_000, 430_000, 430_000, 30_000, 30_000])
        var player = WorldPlayer(&world, at: 0, 1, from: 0)
        world.run(.seconds(1)) { player.look(&$0) }
        player.longestWait = .zero
        world.run(.seconds(6)) { player.look(&$0) }
        #expect(player.longestWait < .seconds(1.2))
    }

    @Test("A peer that takes requests and sends nothing holds a player up for a second at most")
    func stalling() {
        var world = world(lines: [400_000, 400_000, 400_000], manners: [1: .stalling])
        var player = WorldPlayer(&world, at: 0, 1, from: 0)
        world.run(.seconds(8)) { player.look(&$0) }
        #expect(player.longestWait < .seconds(1.3))
        let counters = world.nodes[0].engine.counters
        #expect(counters.wastedBytes * 10 < counters.usefulBytes)
    }

    @Test("A poisoner is found, and no honest peer is blamed")
    func poisoning() {
        var world = world(
            lines: [300_000, 300_000, 300_000, 300_000], manners: [2: .poisoning])
        world.run(.seconds(30))
        let isComplete = world.nodes[0].engine.isComplete
        #expect(isComplete)
        #expect(world.nodes[0].poisoners == [3])
    }

    @Test("Two poisoners and one honest peer: both are found, and everything comes")
    func twoPoisoners() {
        var world = world(
            pieces: 32, lines: [300_000, 300_000, 300_000],
            manners: [0: .poisoning, 1: .poisoning])
        world.run(.seconds(60))
        let isComplete = world.nodes[0].engine.isComplete
        #expect(isComplete)
        #expect(world.nodes[0].poisoners.sorted() == [1, 2])
    }

    @Test(
        "A player that waits has a request under way, or there is a cause with a name",
        arguments: 9..<17 as Range<UInt64>)
    func invariant(_ seed: UInt64) {
        var world = world(
            lines: [300_000, 200_000, 100_000, 50_000], manners: [1: .poisoning, 3: .stalling])
        var random = SeededRandom(seed: seed)
        var player: WorldPlayer?
        var broken = 0
        for number in 0..<60 as Range<UInt64> {
            if let old = player { world.tell(0, .readerClosed(old.id)) }
            let piece = Int64.random(in: 0..<128, using: &random)
            var next = WorldPlayer(&world, at: 0, number, from: piece * 65_536)
            world.run(.seconds(0.4)) { world in
                next.look(&world)
                let engine = world.nodes[0].engine
                if next.waitingSince != nil, !engine.isAskedFor, engine.cause == .underWay {
                    broken += 1
                }
            }
            player = next
        }
        #expect(broken == 0)
    }

    @Test("A jump to where nothing is brings the first piece within a second at 500 kB/s a peer")
    func seeking() {
        var world = world(
            pieces: 1000, blocks: 16, lines: [500_000, 500_000, 500_000, 500_000])
        var player = WorldPlayer(&world, at: 0, 1, from: 0)
        world.run(.seconds(3)) { player.look(&$0) }
        var worst = Interval.zero
        for number in 2..<12 as Range<UInt64> {
            world.tell(0, .readerClosed(player.id))
            let begin = world.now
            player = WorldPlayer(&world, at: 0, number, from: Int64(number) * 80 * 262_144)
            world.run(.seconds(1.5)) { player.look(&$0) }
            worst = max(worst, (player.firstAt ?? world.now) - begin)
        }
        #expect(worst < .seconds(0.7))
    }

    @Test("A swarm of leeches spreads the pieces of one seed among them")
    func spreading() {
        var world = TorrentWorld(pieces: 64, blocks: 4, delay: .milliseconds(20))
        world.add(line: 400_000)
        for _ in 0..<5 { world.add(line: 400_000, isEmpty: true) }
        for a in 0..<6 { for b in a + 1..<6 { world.connect(a, b) } }
        world.run(.seconds(60))
        for node in 1..<6 {
            let isComplete = world.nodes[node].engine.isComplete
            #expect(isComplete)
        }
        let copies =
            Double(world.nodes[0].engine.counters.sentBytes) / Double(world.layout.totalLength)
        #expect(copies < 2.5)
    }
}
