import Pieces
import Primitives
import Testing

@testable import Swarm

private func rates(_ rates: [Double]) -> [ByteRate] { rates.map { ByteRate(bytesPerSecond: $0) } }

@Suite("An upload limit is divided")
struct UplinkSharesTests {
    @Test(
        "so that modest needs are met, the rest share alike, and all of it is given",
        arguments: [
            ([100], [900]),
            ([], []),
            ([0, 0, 0], [300, 300, 300]),
            ([100, 200, 300], [200, 300, 400]),
            ([100, 1000, 1000], [100, 400, 400]),
            ([1000, 100, 500], [400, 100, 400]),
            ([900, 900, 900], [300, 300, 300]),
            ([1e12, 0, 0], [900, 0, 0]),
        ] as [([Double], [Double])])
    func divided(demands: [Double], shares: [Double]) {
        let limit = ByteRate(bytesPerSecond: 900)
        let given = UplinkShares.divide(limit, among: rates(demands))
        #expect(given == rates(shares))
    }

    @Test("and never exceeded, whatever the needs")
    func never() {
        var random = SeededRandom(seed: 3)
        for _ in 0..<200 {
            let demands = (0..<7).map { _ in Double(random.next() % 1_000_000) }
            let shares = UplinkShares.divide(
                ByteRate(bytesPerSecond: 1_000_000), among: rates(demands))
            let sum = shares.reduce(0) { $0 + $1.bytesPerSecond }
            #expect(abs(sum - 1_000_000) < 1)
            // Less than an equal share is what is wanted, or what is left for all.
            for (share, demand) in zip(shares, demands) {
                #expect(share.bytesPerSecond + 1 >= min(demand, 1_000_000 / 7))
            }
        }
    }

    @Test("by what was sent, what waits, and room to grow")
    func demand() {
        let demand = UplinkShares.demand(rate: ByteRate(bytesPerSecond: 80_000), waiting: 16_384)
        #expect(demand.bytesPerSecond == 100_000 + 16_384 + 32_768)
    }
}

@Suite("A relay's engine")
struct RelayEngineTests {
    @Test("keeps to a rate that changes while it runs")
    func limit() {
        var rig = fedViewer()
        rig.meet(2)
        let nothing = UplinkSample(
            unacknowledged: 0, unsent: 0, roundTrip: .milliseconds(20),
            leastRoundTrip: .milliseconds(20))
        #expect(rig.tell(.upLimitChanged(ByteRate(bytesPerSecond: 20_000))) == [])
        #expect(rig.request(4, by: 2) == ["2: block #4"])
        _ = rig.tell(.uplinkObserved(PeerHandle(2), nothing))
        #expect(rig.request(5, by: 2) == [])
        #expect(rig.engine.waitingBytes == 16_384)
        #expect(!rig.wait(.milliseconds(700)).contains("2: block #5"))
        #expect(rig.wait(.milliseconds(200)).contains("2: block #5"))
        _ = rig.tell(.uplinkObserved(PeerHandle(2), nothing))
        #expect(rig.request(6, by: 2) == [])
        _ = rig.tell(.upLimitChanged(ByteRate(bytesPerSecond: 20_000_000)))
        #expect(rig.wait(.milliseconds(5)).contains("2: block #6"))
        #expect(rig.engine.waitingBytes == 0)
    }

    @Test("asks for what is near the live edge, and not for what nobody needs any more")
    func reach() {
        var rig = Rig(.relay) { $0.relayReach = 4 }
        rig.meet(1, holding: 0...15, depth: 1)
        #expect(rig.learn(0...15, from: 1).contains("1: request #16"))
        rig.learn(16...31, from: 1)
        let lines = rig.meet(2, holding: 12...31, depth: 1) + rig.wait(.seconds(3))
        let asked = Set(
            (16...31).filter { number in lines.contains("2: request #\(number)") })
        #expect(!asked.isEmpty && asked.allSatisfy { $0 >= 27 }, "\(asked)")
    }

    @Test(
        "keeps as much under way as its limit carries in a second, however late it is acknowledged")
    func acknowledgedLate() throws {
        let geometry = try #require(PieceGeometry(pieceLength: 16_384))
        var settings = SwarmSettings(role: .relay)
        #expect(settings.leastInFlight == 262_144)
        settings.begin(with: ByteRate(bytesPerSecond: 500_000), geometry: geometry)
        #expect(settings.leastInFlight == 500_000)
        for least in [65_536, settings.leastInFlight] {
            var uplink = Uplink(
                initial: least, least: least, target: .milliseconds(60), limit: nil)
            // What is under way is acknowledged after a second, over a path of 50 ms.
            for second in 1...30 as ClosedRange<Int64> {
                uplink.acknowledged(
                    uplink.inFlight, leastRoundTrip: .milliseconds(50),
                    at: .zero + .milliseconds(second * 1000))
            }
            #expect(uplink.inFlight == least)
        }
        settings.begin(with: ByteRate(bytesPerSecond: 1e12), geometry: geometry)
        #expect(settings.leastInFlight == 4 << 20)
    }

    @Test("gives streams in larger pieces the same seconds, not the same bytes")
    func largerPieces() throws {
        let large = try #require(PieceGeometry(pieceLength: 65_536))
        var viewer = SwarmSettings(role: .viewer)
        let usual = viewer
        viewer.fit(large)
        #expect(viewer.initialInFlight == 4 * usual.initialInFlight)
        #expect(viewer.leastInFlight == 4 * usual.leastInFlight)
        #expect(viewer.catchUpQueue == 4 * usual.catchUpQueue)
        #expect(viewer.rescueBurst == 4 * usual.rescueBurst)
        // What a limit carries is the same whatever the pieces are.
        var relay = SwarmSettings(role: .relay)
        relay.begin(with: ByteRate(bytesPerSecond: 500_000), geometry: large)
        relay.fit(large)
        #expect(relay.leastInFlight == 500_000 && relay.catchUpQueue == 24)
    }

    @Test("begins with as many feeds as its line carries, within what its neighbours can take")
    func slots() throws {
        let geometry = try #require(PieceGeometry(pieceLength: 16_384))
        var settings = SwarmSettings(role: .relay)
        #expect(settings.initialSlots == 32)
        settings.begin(with: ByteRate(bitsPerSecond: 10e6), geometry: geometry)
        #expect(settings.initialSlots == 30)
        settings.begin(with: ByteRate(bitsPerSecond: 100e6), geometry: geometry)
        #expect(settings.initialSlots == 305)
        #expect(settings.catchUpQueue == 64)
        settings.begin(with: ByteRate(bitsPerSecond: 8), geometry: geometry)
        #expect(settings.initialSlots == 8)
        #expect(settings.catchUpQueue == 6)
        settings.begin(with: ByteRate(bitsPerSecond: 1e300), geometry: geometry)
        #expect(settings.initialSlots == settings.maxPeers * 8)
    }
}
