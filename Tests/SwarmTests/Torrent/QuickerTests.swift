import Primitives
import Testing

@testable import Swarm

@Suite("What quicker peers bring first")
struct QuickerTests {
    private func rival(_ slot: Int, _ eta: Double, each: Double) -> TorrentEngine.Rival {
        TorrentEngine.Rival(peer: PeerHandle(slot), eta: .seconds(eta), each: .seconds(each))
    }

    @Test("A rival brings one block, and one more for each time that a block takes it")
    func counting() {
        var quicker = Quicker([rival(1, 0.125, each: 0.125)], than: .seconds(0.5))
        #expect(quicker.bring(3) { _ in true })
        #expect(quicker.bring(1) { _ in true })
        #expect(!quicker.bring(1) { _ in true })
    }

    @Test("Whoever is no quicker brings nothing first")
    func slower() {
        var quicker = Quicker(
            [rival(1, 0.5, each: 0.1), rival(2, 0.9, each: 0.1)], than: .seconds(0.5))
        #expect(!quicker.bring(1) { _ in true })
    }

    @Test("Only those who have a piece bring its blocks, and what is not enough is not used up")
    func holders() {
        var quicker = Quicker(
            [rival(1, 0.25, each: 0.25), rival(2, 0.25, each: 0.25)], than: .seconds(0.5))
        #expect(!quicker.bring(3) { $0.slot == 1 })
        #expect(quicker.bring(2) { $0.slot == 1 })
        #expect(!quicker.bring(1) { $0.slot == 1 })
        #expect(quicker.bring(2) { _ in true })
    }

    @Test("A rate without end is counted up to a bound")
    func endless() {
        var quicker = Quicker([rival(1, 0, each: 0)], than: .forever)
        #expect(quicker.bring(10_000) { _ in true })
        #expect(!quicker.bring(10_000) { _ in true })
    }
}
