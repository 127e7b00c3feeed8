import Primitives
import Simulator
import Swarm
import Testing

@Suite("A swarm in trouble")
struct TroubleTests {
    @Test("loses a third of its viewers without a word, and the others miss nothing")
    func churn() throws {
        var stage = try Stage(viewers: 12)
        for viewer in stage.viewers.prefix(4) {
            stage.world.leave(viewer, at: .second(12), isSilent: true)
        }
        let report = stage.play(to: 26)
        let left = report.viewers.dropFirst(4)
        #expect(left.allSatisfy { $0.skipped == 0 }, "\(report)")
        #expect(left.allSatisfy { $0.delivered > 230 }, "\(report)")
    }

    @Test("loses a third of its viewers with a word, and the others miss nothing")
    func leaving() throws {
        var stage = try Stage(viewers: 12)
        for viewer in stage.viewers.prefix(4) { stage.world.leave(viewer, at: .second(12)) }
        let report = stage.play(to: 24)
        #expect(report.viewers.dropFirst(4).allSatisfy { $0.skipped == 0 }, "\(report)")
    }

    @Test("is cut off from its source for three seconds, and plays again within five")
    func cut() throws {
        var stage = try Stage(viewers: 8)
        stage.world.cut(stage.source, at: .second(10), for: .seconds(3))
        let report = stage.play(to: 24)
        for (number, viewer) in stage.viewers.enumerated() {
            let deliveries = stage.deliveries(of: viewer)
            let back = deliveries.first { $0.at > .second(13.1) && $0.at < .second(18) }
            #expect(back != nil, "viewer \(number)\n\(report)")
            // Of the six seconds' pieces all but half a second's, and the newest is near.
            let played = deliveries.count { $0.at > .second(18) }
            #expect(played >= 62, "viewer \(number)\n\(report)")
            let end = try #require(deliveries.last)
            #expect(end.at > .second(23) && end.lag < .seconds(4), "viewer \(number)\n\(report)")
        }
    }

    @Test("is cut off for three seconds as a viewer, and plays again")
    func viewerCut() throws {
        var stage = try Stage(viewers: 8)
        stage.world.cut(stage.viewers[3], at: .second(10), for: .seconds(3))
        let report = stage.play(to: 24)
        let end = try #require(stage.deliveries(of: stage.viewers[3]).last)
        #expect(end.at > .second(23.5) && end.lag < .seconds(6), "\(report)")
        for (number, viewer) in report.viewers.enumerated() where number != 3 {
            #expect(viewer.skipped == 0, "viewer \(number)\n\(report)")
        }
    }

    @Test("has a polluter in it, whose bytes nobody plays and who is dropped")
    func polluter() throws {
        var stage = try Stage(viewers: 6)
        _ = stage.add(at: 3, conduct: .polluter)
        let report = stage.play(to: 20)
        #expect(report.viewers.allSatisfy { $0.garbage == 0 }, "\(report)")
        #expect(report.viewers.prefix(6).contains { $0.counters.poisoned > 0 }, "\(report)")
        #expect(report.viewers.prefix(6).allSatisfy { $0.counters.poisoned <= 1 }, "\(report)")
        #expect(report.viewers.prefix(6).allSatisfy { $0.skipped == 0 }, "\(report)")
    }

    @Test("has a free rider in it, and the others miss nothing")
    func freeRider() throws {
        var stage = try Stage(viewers: 8)
        _ = stage.add(at: 2.2, conduct: .freeRider)
        let report = stage.play(to: 20)
        #expect(report.viewers.allSatisfy { $0.skipped == 0 }, "\(report)")
    }

    @Test("has a newcomer after a while, who starts at the live edge")
    func newcomer() throws {
        var stage = try Stage(viewers: 8)
        let late = stage.add(at: 12)
        let report = stage.play(to: 20)
        let first = try #require(stage.deliveries(of: late).first)
        #expect(first.at < .second(13.5), "\(report)")
        #expect(first.lag < .seconds(5), "\(report)")
        #expect(report.skipped == 0, "\(report)")
    }
}
