// Transcripts of how a player's stream begins: pieces of 100 ms, times in milliseconds.

import Pieces
import Playout
import Primitives
import Testing

@Suite struct HeadStartTests {
    private func script(startedAt: Int64? = nil) -> Script {
        Script(startedAt: startedAt) {
            ($0.headStart, $0.headStartWait) = (.milliseconds(300), .milliseconds(500))
            $0.headStartUntil = .milliseconds(800)
        }
    }

    @Test("The first pieces wait until three tenths of a second are in hand")
    func inHand() {
        var s = script()
        #expect(s.at(0, .tunedIn(p(10))) == [])
        #expect(s.arrive(100, 10) == [])
        #expect(s.arrive(150, 11) == [])
        #expect(s.wake == 500 && s.why == "head start")
        #expect(s.arrive(200, 12) == [.emit(p(10)), .emit(p(11)), .emit(p(12))])
        #expect(s.arrive(300, 13) == [.emit(p(13))])
    }

    @Test("They wait for half a second at most")
    func patience() {
        var s = script()
        #expect(s.at(0, .tunedIn(p(10))) == [])
        #expect(s.arrive(100, 10) == [])
        #expect(s.at(499, .woken) == [])
        #expect(s.at(500, .woken) == [.emit(p(10))])
        #expect(s.arrive(900, 11) == [.emit(p(11))])
    }

    @Test("Of a viewer that found the stream soon, until eight tenths after its start")
    func soon() {
        var s = script(startedAt: 0)
        #expect(s.at(100, .tunedIn(p(10))) == [])
        #expect(s.arrive(200, 10) == [])
        #expect(s.at(799, .woken) == [])
        #expect(s.at(800, .woken) == [.emit(p(10))])
        // One that was long on its way to it has its half second, as before.
        var late = script(startedAt: 0)
        #expect(late.at(600, .tunedIn(p(10))) == [])
        #expect(late.arrive(700, 10) == [])
        #expect(late.at(1099, .woken) == [])
        #expect(late.at(1100, .woken) == [.emit(p(10))])
    }

    @Test("What comes after that goes out at once, though nothing is in hand")
    func late() {
        var s = script()
        #expect(s.at(0, .tunedIn(p(10))) == [])
        #expect(s.wake == 3000 && s.why == "hole" || s.schedule.nextDeadline == .never)
        #expect(s.arrive(700, 10) == [.emit(p(10))])
    }

    @Test("A hole is no hand: pieces behind it do not count")
    func hole() {
        var s = script()
        #expect(s.at(0, .tunedIn(p(10))) == [])
        #expect(s.arrive(100, 11, 12, 13, 14) == [])
        #expect(
            s.arrive(200, 10)
                == [.emit(p(10)), .emit(p(11)), .emit(p(12)), .emit(p(13)), .emit(p(14))])
    }

    @Test("A stream that ends meanwhile is passed on whole")
    func ends() {
        var s = script()
        #expect(s.at(0, .tunedIn(p(10))) == [])
        #expect(s.arrive(100, 10) == [])
        #expect(s.at(150, .ended(p(11))) == [.emit(p(10)), .finished])
    }

    @Test("Deadlines count from the moment the first piece goes out")
    func deadlines() {
        var s = script()
        #expect(s.at(0, .tunedIn(p(10))) == [])
        #expect(s.arrive(100, 10) == [])
        #expect(s.at(500, .woken) == [.emit(p(10))])
        #expect(s.due(11) == 500 + 100 + 3000)
    }

    @Test("A jump forward does not hold anything back again")
    func jump() {
        var s = script()
        #expect(s.at(0, .tunedIn(p(10))) == [])
        #expect(s.arrive(600, 10) == [.emit(p(10))])
        #expect(s.at(700, .tunedIn(p(40))) == [.skip(p(11)..<p(40))])
        #expect(s.arrive(750, 40) == [.emit(p(40))])
    }
}
