// Transcripts of the schedule: pieces of 100 ms, times in milliseconds.

import Pieces
import Playout
import Primitives
import Testing

/// A schedule in milliseconds: piece n was made at 1,000,000 + 100 n ms of the source's clock.
struct Script {
    var schedule: PlayoutSchedule
    typealias Output = PlayoutSchedule.Output

    init(startedAt: Int64? = nil, _ change: (inout PlayoutSettings) -> Void = { _ in }) {
        var settings = PlayoutSettings()
        (settings.initialLag, settings.minimumLag) = (.seconds(3), .seconds(1))
        // How streams begin has tests of its own.
        settings.headStart = .zero
        change(&settings)
        schedule = PlayoutSchedule(
            settings: settings,
            startedAt: startedAt.map { Instant(nanoseconds: 0) + .milliseconds($0) })
    }

    static func wall(_ piece: UInt32) -> WallTime {
        WallTime(microseconds: 1_000_000_000 + UInt64(piece) * 100_000)
    }

    mutating func at(_ ms: Int64, _ input: PlayoutSchedule.Input) -> [Output] {
        var outputs: [Output] = []
        schedule.handle(
            input, at: Instant(nanoseconds: 0) + .milliseconds(ms), into: &outputs)
        #expect(schedule.checkInvariants())
        return outputs
    }

    mutating func arrive(_ ms: Int64, _ pieces: UInt32...) -> [Output] {
        pieces.flatMap { at(ms, .pieceArrived(PieceIndex($0), wall: Self.wall($0))) }
    }

    mutating func play(_ pieces: ClosedRange<UInt32>, from ms: Int64) {
        for piece in pieces {
            #expect(
                arrive(ms + Int64(piece - pieces.lowerBound) * 100, piece)
                    == [.emit(PieceIndex(piece))])
        }
    }

    func due(_ piece: UInt32) -> Int? {
        schedule.deadline(of: PieceIndex(piece)).map { Int(($0 - .zero).milliseconds) }
    }

    var wake: Int { Int((schedule.nextDeadline.at - .zero).milliseconds) }
    var why: String { schedule.nextDeadline.reason }
}

func p(_ n: UInt32) -> PieceIndex { PieceIndex(n) }

@Suite struct PlayoutScheduleTests {
    @Test("Pieces in order go out at once, each due its distance plus the target later")
    func inOrder() {
        var s = Script()
        #expect(s.at(0, .tunedIn(p(10))) == [])
        #expect(s.schedule.playPoint == p(10))
        #expect(s.schedule.nextDeadline == .never)
        #expect(s.arrive(50, 10) == [.emit(p(10))])
        #expect(s.due(10) == nil)
        #expect(s.due(11) == 50 + 100 + 3000)
        #expect(s.due(30) == 50 + 2000 + 3000)
        #expect(s.why == "stall" && s.wake == 3150)
        #expect(s.arrive(150, 11) == [.emit(p(11))])
        #expect(s.arrive(151, 11) == [])
        #expect(s.arrive(152, 3) == [])
    }

    @Test("A hole that is filled in time lets everything behind it out in order")
    func holeFilled() {
        var s = Script()
        _ = s.at(0, .tunedIn(p(0)))
        #expect(s.arrive(0, 0) == [.emit(p(0))])
        #expect(s.arrive(300, 2, 3) == [])
        #expect(s.why == "hole" && s.wake == 3100)
        #expect(s.arrive(3099, 1) == [.emit(p(1)), .emit(p(2)), .emit(p(3))])
        #expect(s.schedule.lagTarget == .seconds(3))
    }

    @Test("A hole that is not filled is skipped at its deadline, and the target grows")
    func holeGivenUp() {
        var s = Script()
        _ = s.at(0, .tunedIn(p(0)))
        _ = s.arrive(0, 0)
        #expect(s.arrive(500, 3, 4, 6) == [])
        #expect(s.at(3099, .woken) == [])
        #expect(s.at(3100, .woken) == [.skip(p(1)..<p(3)), .emit(p(3)), .emit(p(4))])
        #expect(s.schedule.lagTarget == .seconds(4))
        #expect(s.wake == 500 + 4000)
        #expect(s.arrive(3200, 1) == [])
        #expect(s.at(4500, .woken) == [.skip(p(5)..<p(6)), .emit(p(6))])
    }

    @Test("An outage stalls, skips nothing, and moves every deadline")
    func outage() {
        var s = Script()
        _ = s.at(0, .tunedIn(p(0)))
        _ = s.arrive(0, 0)
        #expect(s.at(3100, .woken) == [.stalled(at: p(1))])
        #expect(s.schedule.nextDeadline == .never)
        #expect(s.at(9000, .woken) == [])
        #expect(s.arrive(9100, 1) == [.resumed(after: .seconds(6)), .emit(p(1))])
        #expect(s.schedule.lagTarget == .seconds(4))
        #expect(s.due(2) == 9100 + 100 + 4000)
    }

    @Test("After an outage the first piece may come late too")
    func outageThenHole() {
        var s = Script()
        _ = s.at(0, .tunedIn(p(0)))
        _ = s.arrive(0, 0)
        #expect(s.at(3100, .woken) == [.stalled(at: p(1))])
        #expect(s.arrive(8000, 5) == [])
        #expect(s.why == "hole" && s.wake == 8000 + 4000)
        #expect(s.arrive(8100, 1) == [.resumed(after: .milliseconds(5000)), .emit(p(1))])
        #expect(s.at(12_100, .woken) == [.skip(p(2)..<p(5)), .emit(p(5))])
    }

    @Test("When the source itself paused, its clock paused the deadlines with it")
    func sourcePause() {
        var s = Script()
        _ = s.at(0, .tunedIn(p(0)))
        _ = s.arrive(0, 0)
        #expect(s.at(3100, .woken) == [.stalled(at: p(1))])
        let late = WallTime(microseconds: Script.wall(0).microseconds + 20_000_000)
        #expect(
            s.at(20_000, .pieceArrived(p(1), wall: late))
                == [.resumed(after: .milliseconds(16_900)), .emit(p(1))])
        #expect(s.schedule.lagTarget == .seconds(3))
    }

    @Test("Far behind the newest record a jump is advised once, and skips forward only")
    func fallBehind() {
        var s = Script()
        _ = s.at(0, .tunedIn(p(0)))
        _ = s.arrive(0, 0)
        _ = s.at(0, .timeKnown(p(1), Script.wall(1)))
        #expect(s.at(3100, .woken) == [.stalled(at: p(1))])
        #expect(s.at(4000, .timeKnown(p(101), Script.wall(101))) == [])
        let said = s.at(4100, .timeKnown(p(102), Script.wall(102)))
        #expect(said == [.fellBehind(by: .milliseconds(10_100))])
        #expect(s.at(12_200, .timeKnown(p(103), Script.wall(103))) == [])
        #expect(s.at(12_300, .tunedIn(p(95))) == [.skip(p(1)..<p(95))])
        #expect(s.at(12_300, .tunedIn(p(40))) == [])
        #expect(s.arrive(12_400, 50) == [])
        #expect(s.arrive(12_500, 95) == [.resumed(after: .milliseconds(9400)), .emit(p(95))])
        #expect(s.due(96) == 12_500 + 100 + 3000)
    }

    @Test("After a long stall a jump is advised sooner, also when a few old pieces come first")
    func longStall() {
        var s = Script()
        _ = s.at(0, .tunedIn(p(0)))
        _ = s.arrive(0, 0)
        _ = s.at(0, .timeKnown(p(1), Script.wall(1)))
        #expect(s.at(3100, .woken) == [.stalled(at: p(1))])
        #expect(s.arrive(13_000, 1) == [.resumed(after: .milliseconds(9900)), .emit(p(1))])
        #expect(s.at(13_100, .timeKnown(p(41), Script.wall(41))) == [])
        #expect(
            s.at(13_200, .timeKnown(p(43), Script.wall(43)))
                == [.fellBehind(by: .milliseconds(4100))])
    }

    @Test("The end finishes; a hole in front of it is given up like any other")
    func end() {
        var s = Script()
        _ = s.at(0, .tunedIn(p(0)))
        _ = s.arrive(0, 0)
        #expect(s.at(50, .ended(p(2))) == [])
        #expect(s.arrive(100, 1) == [.emit(p(1)), .finished])
        #expect(s.arrive(200, 2) == [])
        #expect(s.schedule.nextDeadline == .never)

        var holed = Script()
        _ = holed.at(0, .tunedIn(p(0)))
        _ = holed.arrive(0, 0)
        #expect(holed.at(50, .ended(p(2))) == [])
        #expect(holed.at(3100, .woken) == [.skip(p(1)..<p(2)), .finished])
        #expect(holed.at(9000, .tunedIn(p(2))) == [])
        #expect(holed.arrive(9000, 2) == [.emit(p(2))])
    }

    @Test("An end that is learned of in an outage still leaves time for the last pieces")
    func endInOutage() {
        var s = Script()
        _ = s.at(0, .tunedIn(p(0)))
        _ = s.arrive(0, 0)
        #expect(s.at(3100, .woken) == [.stalled(at: p(1))])
        #expect(s.at(60_000, .ended(p(3))) == [])
        #expect(s.wake == 63_000)
        #expect(s.arrive(61_000, 1).last == .emit(p(1)))
    }

    @Test("What is known before tune-in counts")
    func before() {
        var s = Script()
        for n in 0..<2000 as Range<UInt32> { _ = s.at(0, .timeKnown(p(n), Script.wall(n))) }
        #expect(s.arrive(0, 1990, 1991) == [])
        #expect(s.at(0, .tunedIn(p(1990))) == [.emit(p(1990)), .emit(p(1991))])
        #expect(s.due(1999) == 900 + 3000)
        #expect(s.due(2010) == 2000 + 3000)
    }

    @Test("A target that the user gave never moves")
    func fixed() {
        var s = Script { $0.fixedLag = .seconds(12) }
        _ = s.at(0, .tunedIn(p(0)))
        s.play(0...100, from: 0)
        #expect(s.schedule.lagTarget == .seconds(12))
        #expect(s.arrive(10_200, 102) == [])
        #expect(s.wake == 10_100 + 12_000)
        #expect(s.at(22_100, .woken).first == .skip(p(101)..<p(102)))
        #expect(s.schedule.lagTarget == .seconds(12))
    }

    @Test("In calm the target shrinks to its least, some two per cent a second")
    func shrink() {
        var s = Script()
        _ = s.at(0, .tunedIn(p(0)))
        s.play(0...250, from: 0)
        #expect((1.9...2.1).contains(s.schedule.lagTarget.seconds))
        s.play(251...1500, from: 25_100)
        #expect(s.schedule.lagTarget == .seconds(1))
    }
}
