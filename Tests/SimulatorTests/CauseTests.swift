import Primitives
import Simulator
import Swarm
import Testing

@Suite("The cause of a stall or a skip")
struct CauseTests {
    /// What held up some viewers from a second on.
    private func causes(_ stage: Stage, _ viewers: [NodeID], from second: Double) -> Set<Cause> {
        var causes: Set<Cause> = []
        for viewer in viewers {
            let log = stage.world.log(of: viewer)
            causes.formUnion(log.stalls.filter { $0.at > .second(second) }.map(\.cause))
            causes.formUnion(log.skips.filter { $0.at > .second(second) }.map(\.cause))
        }
        return causes
    }

    @Test("is the source, where it has gone")
    func sourceGone() throws {
        var stage = try Stage(viewers: 4)
        stage.world.leave(stage.source, at: .second(10), isSilent: true)
        let report = stage.play(to: 24)
        #expect(causes(stage, stage.viewers, from: 10) == [.sourceGone], "\(report)")
        #expect(report.viewers.allSatisfy { $0.stalls == 1 }, "\(report)")
    }

    @Test("is the source's line, where it was cut")
    func sourceCut() throws {
        var stage = try Stage(viewers: 4)
        stage.world.cut(stage.source, at: .second(10), for: .seconds(8))
        _ = stage.play(to: 20)
        #expect(causes(stage, stage.viewers, from: 10) == [.sourceCut])
    }

    @Test("is the viewer's own line, where that was cut")
    func ownLine() throws {
        var stage = try Stage(viewers: 4)
        stage.world.cut(stage.viewers[1], at: .second(10), for: .seconds(9))
        _ = stage.play(to: 20)
        #expect(causes(stage, [stage.viewers[1]], from: 10) == [.lineCut])
    }

    @Test("is a partition for those who are without the source")
    func partition() throws {
        var stage = try Stage(viewers: 4)
        stage.world.part(Array(stage.viewers.prefix(2)), at: .second(10), for: .seconds(8))
        _ = stage.play(to: 20)
        #expect(causes(stage, Array(stage.viewers.prefix(2)), from: 10) == [.partition])
    }

    @Test("is who left without a word, for whoever has only that neighbour")
    func leftSilently() throws {
        let stream = try #require(StreamShape.usual(kilobits: 1500))
        var world = World(stream: stream, seed: 1)
        var settings = SwarmSettings(role: .source)
        settings.maxPeers = 1
        world.addSource(Stage.line(up: 3), settings: settings)
        let relay = world.addRelay(Stage.line(up: 4), at: .second(1))
        let viewer = world.addViewer(Stage.line(up: 1), at: .second(4))
        world.leave(relay, at: .second(12), isSilent: true)
        world.run(until: .second(22))
        let log = world.log(of: viewer)
        #expect(log.deliveries.count > 60)
        #expect(log.stalls.map(\.cause) == [.leftSilently], "\(world.report())")
    }

    @Test("is the uploader's queue, where lines carry too little")
    func queue() throws {
        var stage = try Stage(viewers: 0)
        for number in 0..<6 { _ = stage.add(at: 2 + Double(number) * 0.1, upload: 0.3) }
        let report = stage.play(to: 30)
        #expect(report.skipped > 0)
        let skips = report.skips
        let lines = [.queue, .underWay, .upstream, .notAsked, .nobody].reduce(0) {
            $0 + (skips[$1] ?? 0)
        }
        #expect(lines == report.skipped, "\(skips)")
        #expect((skips[.queue] ?? 0) > 0, "\(skips)")
    }
}
