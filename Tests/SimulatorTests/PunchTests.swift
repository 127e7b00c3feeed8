import Primitives
import Simulator
import Swarm
import Testing

@Suite("Viewers behind NATs in the virtual network")
struct PunchTests {
    private func behindNAT(_ line: inout AccessLink) {
        line.isBehindNAT = true
        line.isPunchable = true
    }

    @Test("are introduced by the source, and become neighbours within a second")
    func introduced() throws {
        var stage = try Stage(viewers: 0)
        let first = stage.add(at: 2, behindNAT)
        let second = stage.add(at: 4, behindNAT)
        _ = stage.play(to: 5)
        #expect(stage.world.neighbours(of: first).contains(second))
        #expect(stage.world.neighbours(of: second).contains(first))
        #expect(stage.world.neighbours(of: first).count == 2)
    }

    @Test("are alone where one of them has another port for each that it dials")
    func symmetric() throws {
        var stage = try Stage(viewers: 0)
        let first = stage.add(at: 2, behindNAT)
        let second = stage.add(at: 4) { $0.isBehindNAT = true }
        _ = stage.play(to: 15)
        #expect(stage.world.neighbours(of: first) == [stage.source])
        #expect(stage.world.neighbours(of: second) == [stage.source])
    }

    @Test("feed each other: as many as the lines carry play without a gap")
    func feed() throws {
        for seed in 1...2 as ClosedRange<UInt64> {
            var stage = try Stage(viewers: 0, seed: seed)
            let viewers = (0..<8).map { stage.add(at: 2 + Double($0) * 0.3, behindNAT) }
            let report = stage.play(to: 24, from: 8)
            for viewer in viewers { #expect(stage.world.neighbours(of: viewer).count >= 7) }
            #expect(report.skipped == 0, "\(report)")
            #expect(report.lagMedian < .seconds(2), "\(report)")
        }
    }

    @Test("are let in by a hole that a dial in vain has left")
    func hole() throws {
        // Without introductions: the second has dialled the first in vain, whom the source then
        // tells of the second (BEP 11).
        var stage = try Stage(viewers: 0)
        var plain = SwarmSettings(role: .viewer)
        plain.policies.remove(.holePunching)
        var line = Stage.line(up: 1.5)
        behindNAT(&line)
        let pair = [2, 2.5].map {
            stage.world.addViewer(line, at: .second($0), conduct: .honest, settings: plain)
        }
        _ = stage.play(to: 5)
        #expect(stage.world.neighbours(of: pair[0]).contains(pair[1]))
        #expect(stage.world.neighbours(of: pair[1]).contains(pair[0]))
    }

    @Test("make a run that follows from its seed")
    func repeats() throws {
        func digest() throws -> UInt64 {
            var stage = try Stage(viewers: 4, seed: 5)
            for number in 0..<6 { _ = stage.add(at: 3 + Double(number) * 0.1, behindNAT) }
            _ = stage.play(to: 12)
            return stage.world.digest
        }
        #expect(try digest() == digest())
    }
}
