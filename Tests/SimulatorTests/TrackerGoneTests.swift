import Primitives
import Simulator
import Testing

@Suite("A swarm whose tracker is gone")
struct TrackerGoneTests {
    @Test("takes in newcomers who know a single viewer, and they find the others")
    func newcomers() throws {
        var stage = try Stage(viewers: 6)
        stage.world.trackerEnds = .second(4)
        let known = stage.viewers[3]
        for number in 0..<4 {
            let second = 8 + Double(number)
            stage.viewers.append(
                stage.world.addViewer(Stage.line(up: 1.5), at: .second(second), knowing: known))
        }
        let report = stage.play(to: 30, from: 14)
        #expect(report.skipped == 0, "\(report)")
        #expect(report.viewers.allSatisfy { $0.delivered > 150 }, "\(report)")
        for newcomer in stage.viewers.suffix(4) {
            #expect(stage.world.neighbours(of: newcomer).count >= 6)
        }
    }
}
