import Primitives
import Simulator
import Swarm
import Testing

@Suite("The recovery of a swarm")
struct RecoveryTests {
    private func lags(_ tenths: [Int64]) -> [Interval] { tenths.map { .milliseconds($0 * 100) } }

    @Test("is the moment from which on the lag stays within the bound for two seconds")
    func time() {
        let calm = Array(repeating: Int64(10), count: 20)
        let bound = Interval.seconds(1)
        #expect(Recovery.time(of: lags(calm), within: bound) == .zero)
        #expect(Recovery.time(of: lags([12, 11] + calm), within: bound) == .milliseconds(200))
        #expect(Recovery.time(of: lags([12, 10, 12] + calm), within: bound) == .milliseconds(300))
        #expect(Recovery.time(of: lags([12] + calm.dropLast()), within: bound) == nil)
    }

    @Test("is told of what has struck it, by those who stay")
    func told() throws {
        var stage = try Stage(viewers: 12)
        for viewer in stage.viewers.prefix(4) {
            stage.world.leave(viewer, at: .second(12), isSilent: true)
        }
        stage.world.watchRecovery(from: .second(12), until: .second(12))
        let report = stage.play(to: 40)
        let recovery = try #require(report.recoveries.first)
        #expect(report.recoveries.count == 1 && recovery.at == .second(12))
        #expect(recovery.before > .zero && recovery.before < .seconds(3), "\(report)")
        #expect(recovery.worst > recovery.before, "\(report)")
        #expect(recovery.took != nil, "\(report)")
    }

    @Test("is not told of where nothing happens")
    func quiet() throws {
        var stage = try Stage(viewers: 4)
        #expect(stage.play(to: 8).recoveries == [])
    }
}
