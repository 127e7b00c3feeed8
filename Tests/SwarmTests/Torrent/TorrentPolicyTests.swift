import Pieces
import Primitives
import Testing

@testable import Swarm

@Suite("Policies of a torrent's engine")
struct TorrentPolicyTests {
    @Test("Pieces stay sorted by how many have them, whatever happens")
    func rarity() {
        var random = SeededRandom(seed: 11)
        var order = RarityOrder(pieceCount: 40)
        var counts = [Int](repeating: 0, count: 40)
        var inside: Set<UInt32> = []
        for _ in 0..<5000 {
            let number = UInt32.random(in: 0..<40, using: &random)
            let piece = PieceIndex(number)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                order.insert(piece)
                inside.insert(number)
            case 1:
                order.remove(piece)
                inside.remove(number)
            case 2:
                order.rise(piece)
                counts[Int(number)] += 1
            default:
                order.fall(piece)
                counts[Int(number)] = max(0, counts[Int(number)] - 1)
            }
            order.checkInvariants()
            let rarest = order.first(least: 0, looks: 40) { _ in true }
            let least = inside.map { counts[Int($0)] }.min()
            #expect(rarest.map { counts[Int($0.value)] } == least)
            let held = order.first(least: 1, looks: 40) { _ in true }
            let leastHeld = inside.map { counts[Int($0)] }.filter { $0 > 0 }.min()
            #expect(held.map { counts[Int($0.value)] } == leastHeld)
        }
    }

    @Test("Tit for tat: who gives most is served, at a seed who waits gets a turn")
    func titForTat() {
        let now = Instant.zero + .seconds(100)
        func candidate(_ slot: Int, _ gives: Double, _ gets: Double, _ since: Double?)
            -> TitForTat.Candidate
        {
            TitForTat.Candidate(
                peer: PeerHandle(slot), gives: ByteRate(bytesPerSecond: gives),
                gets: ByteRate(bytesPerSecond: gets),
                since: since.map { Instant.zero + .seconds($0) })
        }
        let three = [
            candidate(1, 10, 0, 50), candidate(2, 30, 0, nil), candidate(3, 20, 0, nil),
        ]
        #expect(
            TitForTat.choose(three, slots: 2, isSeed: false, at: now).map(\.slot) == [2, 3])
        let atSeed = [
            candidate(1, 0, 10, 50), candidate(2, 0, 90, 60), candidate(3, 0, 0, nil),
            candidate(4, 0, 5, 95),
        ]
        #expect(
            TitForTat.choose(atSeed, slots: 3, isSeed: true, at: now).map(\.slot) == [4, 3, 2])
    }

    @Test("Requests grow by one a block while the rate rises, then cover rate and delay")
    func pipeline() {
        var pipeline = Pipeline(first: 8)
        func depth(_ rate: Double, _ queue: Interval) -> Int {
            pipeline.depth(
                rate: ByteRate(bytesPerSecond: rate), roundTrip: .milliseconds(100),
                queue: queue, most: 500)
        }
        #expect(pipeline.depth(rate: nil, roundTrip: .zero, queue: .zero, most: 500) == 8)
        var now = Instant.zero
        for _ in 0..<400 {
            now = now + .milliseconds(10)
            pipeline.came(16_384, at: now)
        }
        // 1.6 MB/s: no more growth, so what the rate carries in a second and the round trip.
        #expect(depth(1_638_400, .seconds(1)) == 111)
        #expect(depth(1_638_400, .seconds(3)) == 311)
        #expect(depth(100_000_000, .seconds(3)) == 500)
        #expect(depth(10, .seconds(3)) == 4)
    }

    @Test("A peer that would serve all requests at once has fewer, but twice what is on its way")
    func near() {
        func most(_ megabytes: Double?, _ roundTrip: Interval, of most: Int = 500) -> Int {
            Pipeline.most(
                most, near: 160, rate: megabytes.map { ByteRate(bytesPerSecond: $0 * 1e6) },
                roundTrip: roundTrip)
        }
        #expect(most(nil, .zero) == 500)
        // A gigabit, or a Transmission seed, which serves twice a second.
        #expect(most(120, .zero) == 500)
        #expect(most(16, .milliseconds(1)) == 500)
        #expect(most(800, .milliseconds(0)) == 160)
        // 800 MB/s and 3 ms: 147 blocks are on their way.
        #expect(most(800, .milliseconds(3)) == 292)
        #expect(most(800, .milliseconds(100)) == 500)
        #expect(most(1e9, .seconds(1_000_000)) == 500)
        #expect(most(800, .zero, of: 100) == 100)
        #expect(most(1e9, .zero, of: 0) == 0)
    }

    @Test("The rate of a peer counts the time in which it was asked for something")
    func throughput() {
        var it = Throughput()
        #expect(it.rate == nil)
        var now = Instant.zero
        for _ in 0..<100 {
            it.began(at: now)
            now = now + .milliseconds(100)
            it.came(16_384, at: now)
            // Nothing is asked for a while.
            now = now + .seconds(5)
        }
        let rate = it.rate?.bytesPerSecond ?? 0
        #expect((150_000...175_000).contains(rate))
    }
}
