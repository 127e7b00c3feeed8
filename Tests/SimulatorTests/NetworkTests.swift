import Primitives
import Simulator
import Testing

@Suite("The virtual network")
struct NetworkTests {
    @Test("loses packets, which costs time and bytes and no pieces")
    func loss() throws {
        /// Also answers what was sent for each byte that came.
        func play(_ loss: Double, seed: UInt64 = 1) throws -> (Report, spent: Double) {
            var stage = try Stage(viewers: 0, seed: seed)
            for number in 0..<4 {
                stage.viewers.append(stage.add(at: 2 + Double(number) * 0.1) { $0.loss = loss })
            }
            let report = stage.play(to: 20, from: 8)
            let logs = (stage.viewers + [stage.source]).map { stage.world.log(of: $0) }
            let (sent, came) = (logs.map(\.sent).reduce(0, +), logs.map(\.received).reduce(0, +))
            return (report, Double(sent) / Double(came))
        }
        let ((clean, usual), (lossy, spent)) = (try play(0), try play(0.01))
        // What is lost is chance: five of 400 pieces on average, of four runs.
        let others = try (2...4).map { try play(0.01, seed: $0).0.skipped }
        #expect(others.reduce(lossy.skipped, +) <= 20, "\(lossy)\n\(others)")
        #expect(lossy.lagHigh > clean.lagHigh + .milliseconds(50), "\(clean)\n\(lossy)")
        #expect(spent > usual + 0.005, "\(usual), \(spent)")
    }

    @Test("hides whoever is behind a NAT, who dials and plays all the same")
    func nat() throws {
        var stage = try Stage(viewers: 4)
        for number in 0..<4 {
            stage.viewers.append(stage.add(at: 3 + Double(number) * 0.1) { $0.isBehindNAT = true })
        }
        let report = stage.play(to: 20)
        #expect(report.viewers.suffix(4).allSatisfy { $0.isBehindNAT && $0.delivered > 150 })
        #expect(report.skipped == 0, "\(report)")
    }

    @Test("leaves two alone who are both behind a NAT")
    func twoBehindNAT() throws {
        var stage = try Stage(viewers: 0)
        let pair = (0..<2).map { _ in stage.add(at: 2) { $0.isBehindNAT = true } }
        _ = stage.play(to: 15)
        // Each hears of the other by the tracker, and has the source as its only neighbour.
        for viewer in pair { #expect(stage.world.neighbours(of: viewer) == [stage.source]) }
    }

    @Test("is parted: those with the source go on, the others come back when it heals")
    func partition() throws {
        var stage = try Stage(viewers: 8)
        stage.world.part(Array(stage.viewers.prefix(3)), at: .second(10), for: .seconds(4))
        let report = stage.play(to: 26)
        #expect(report.viewers.suffix(5).allSatisfy { $0.skipped == 0 }, "\(report)")
        for viewer in stage.viewers.prefix(3) {
            let all = stage.deliveries(of: viewer)
            // What had been published before may still be passed on among them, and be played late
            // where a player gives up what it waits for.
            let after = all.filter { $0.at - $0.lag > .second(10) }
            #expect(!after.contains { $0.at < .second(14) }, "\(report)")
            #expect(!after.isEmpty)
            #expect(all.contains { $0.at > .second(15) && $0.lag < .seconds(8) }, "\(report)")
        }
    }

    @Test("agrees with itself when packets are sent four at a time")
    func quantum() throws {
        func play(_ quantum: Int) -> Report? {
            guard var scenario = Scenario.small else { return nil }
            scenario.quantum = quantum
            var world = World(scenario)
            world.run(until: .zero + scenario.length)
            return world.report()
        }
        let (fine, coarse) = (try #require(play(1448)), try #require(play(5792)))
        let lag = (fine.lagMedian.seconds, coarse.lagMedian.seconds)
        #expect(abs(lag.0 - lag.1) < 0.25 * lag.0, "\(fine)\n\(coarse)")
        #expect(abs(fine.copies - coarse.copies) < 0.1, "\(fine)\n\(coarse)")
    }
}
