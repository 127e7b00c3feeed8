// The source may be anybody: its clock and its numbering are claims.

import Pieces
import Playout
import Primitives
import Testing

@Suite struct HostileClockTests {
    @Test("A clock that leaps a day ahead lets no hole wait for a day")
    func leapAhead() {
        var s = Script()
        _ = s.at(0, .tunedIn(p(0)))
        _ = s.arrive(0, 0)
        let tomorrow = WallTime(microseconds: Script.wall(0).microseconds + 86_400_000_000)
        _ = s.at(100, .pieceArrived(p(2), wall: tomorrow))
        _ = s.at(100, .timeKnown(p(1), tomorrow))
        #expect(s.wake == 8100)
        let outputs = s.at(8100, .woken)
        #expect(outputs.prefix(2) == [.skip(p(1)..<p(2)), .emit(p(2))])
        #expect(s.due(3).map { $0 < 16_000 } == true)
    }

    @Test("A clock that leaps back costs one new anchor, not every piece")
    func leapBack() {
        var s = Script()
        _ = s.at(0, .tunedIn(p(100)))
        s.play(100...110, from: 0)
        for n in 0..<20 as Range<UInt32> {
            let wall = WallTime(microseconds: 1_000_000 + UInt64(n) * 100_000)
            let outputs = s.at(1100 + Int64(n) * 100, .pieceArrived(p(111 + n), wall: wall))
            #expect(outputs == [.emit(p(111 + n))])
        }
        #expect(s.schedule.lagTarget == .seconds(4))
    }

    @Test("The last number of the numbering is no trap", arguments: [UInt32.max - 1, .max])
    func lastNumber(_ n: UInt32) {
        var s = Script()
        _ = s.at(0, .tunedIn(p(n)))
        for _ in 0..<3 { _ = s.arrive(10, n, .max) }
        _ = s.at(20, .ended(p(.max)))
        _ = s.at(100_000, .woken)
        #expect(s.schedule.playPoint == p(.max))
    }

    @Test("Random inputs emit or skip every piece once and in order, and never trap")
    func random() {
        for seed in 0..<40 as Range<UInt64> {
            var random = SeededRandom(seed: seed)
            var s = Script { $0.horizon = 64 }
            var now: Int64 = 0
            var next: PieceIndex?
            for _ in 0..<500 {
                now += Int64.random(in: 0...400, using: &random)
                let input = input(&random, around: s.schedule.playPoint)
                for output in s.at(now, input) {
                    switch output {
                    case .emit(let piece):
                        #expect(piece == next ?? piece)
                        next = piece.advanced(by: 1)
                    case .skip(let range):
                        #expect(range.lowerBound == next ?? range.lowerBound && !range.isEmpty)
                        next = range.upperBound
                    case .finished: next = nil
                    case .stalled(let piece): #expect(piece == next ?? piece)
                    case .resumed, .fellBehind: break
                    }
                }
                let wake = s.schedule.nextDeadline.at
                if wake != .never { #expect(wake - .zero <= .milliseconds(now + 200_000)) }
            }
        }
    }

    private func input(
        _ random: inout SeededRandom, around point: PieceIndex?
    ) -> PlayoutSchedule.Input {
        let near = (point ?? p(1000)).advanced(by: Int.random(in: -5...80, using: &random))
        let wall =
            Int.random(in: 0..<20, using: &random) == 0
            ? WallTime(microseconds: random.next()) : Script.wall(near.value)
        switch Int.random(in: 0..<40, using: &random) {
        case 0: return .tunedIn(near)
        case 1: return .ended(near.advanced(by: 200))
        case 2..<8: return .woken
        case 8..<16: return .timeKnown(near, wall)
        default: return .pieceArrived(near, wall: wall)
        }
    }
}
