import Primitives
import Simulator
import Testing

extension Scenario {
    /// Six viewers for 20 seconds.
    static var small: Scenario? {
        guard let stream = StreamShape.usual(kilobits: 1500) else { return nil }
        let line = { (up: Double) in Stage.line(up: up) }
        var scenario = Scenario(stream: stream, source: line(3))
        var group = Group(count: 6, line: line(1.5))
        group.from = .seconds(1)
        group.joins = .within(.seconds(2))
        scenario.groups = [group]
        scenario.length = .seconds(20)
        scenario.measuredFrom = .seconds(8)
        return scenario
    }

    /// The report on a run.
    func play() -> Report {
        var world = World(self)
        world.run(until: .zero + length)
        return world.report()
    }
}

@Suite("A scenario")
struct ScenarioTests {
    @Test("runs the same from the same seed, with all that can go wrong in it")
    func repeats() throws {
        var scenario = try #require(Scenario.small)
        scenario.groups[0].line.loss = 0.01
        scenario.groups[0].line.jitter = .milliseconds(3)
        scenario.groups[0].natShare = 0.3
        scenario.groups[0].meanStay = .seconds(8)
        scenario.groups[0].silentShare = 0.5
        scenario.groups[0].isReplaced = true
        scenario.groups[0].joins = .poisson(3)
        scenario.incidents = [
            Scenario.Incident(at: .seconds(9), who: .viewers(share: 0.3), what: .cut(.seconds(2))),
            Scenario.Incident(
                at: .seconds(13), who: .viewers(share: 0.4), what: .partition(.seconds(1))),
        ]
        let (first, again) = (scenario.play(), scenario.play())
        #expect(first.digest == again.digest)
        #expect(first.viewers == again.viewers)
        scenario.seed = 2
        #expect(scenario.play().digest != first.digest)
    }

    @Test("shares a number of viewers out among its groups")
    func scaling() throws {
        var scenario = try #require(Scenario.small)
        scenario.groups.append(scenario.groups[0])
        scenario.groups[1].count = 18
        var relays = scenario.groups[0]
        relays.isRelay = true
        scenario.groups.append(relays)
        #expect(scenario.viewers == 24)
        #expect(scenario.scaled(to: 100).groups.map(\.count) == [25, 75, 6])
        #expect(scenario.scaled(to: 3).groups.map(\.count) == [0, 3, 6])
    }

    @Test("says how much upload there is for what is watched")
    func index() throws {
        var scenario = try #require(Scenario.small)
        #expect(abs(scenario.resourceIndex - (3 + 6 * 1.5) / 6) < 1e-9)
        scenario.groups[0].conduct = .freeRider
        #expect(abs(scenario.resourceIndex - 0.5) < 1e-9)
    }

    @Test("lets people come by chance as often as it says, and stay as long")
    func chance() throws {
        var scenario = try #require(Scenario.small)
        scenario.length = .seconds(400)
        scenario.groups[0].count = 600
        scenario.groups[0].joins = .poisson(2)
        scenario.groups[0].meanStay = .seconds(20)
        let comings = World(scenario).planned
        let joins = comings.joins.map { ($0 - .zero).seconds }
        #expect(abs(Double(joins.count) / (joins.max() ?? 1) - 2) < 0.3)
        let stays = comings.stays.map(\.seconds)
        let mean = stays.reduce(0, +) / Double(stays.count)
        // Those who would stay beyond the end are missing: a little less than the mean.
        #expect(mean > 15 && mean < 23, "\(mean)")
    }

    @Test("measures what comes after its beginning only")
    func measured() throws {
        let report = try #require(Scenario.small).play()
        #expect(report.measuredFrom == .second(8))
        #expect(report.copies > 1.9 && report.copies < 3, "\(report.copies)")
        #expect(report.continuity == 1)
        #expect(report.lag.map { $0.count > 700 } == true)
        #expect(report.hops.count > 1)
        #expect(report.fairness > 0.3 && report.fairness <= 1)
        #expect(report.overhead > 0.03 && report.overhead < 0.4, "\(report.overhead)")
    }
}
