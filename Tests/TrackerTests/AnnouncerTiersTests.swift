import Primitives
import Testing
import Tracker

@Suite("An announcer with several trackers")
struct AnnouncerTiersTests {
    @Test("asks a whole tier before the next, and promotes the one that answered (BEP 12)")
    func tiers() {
        var talk = Conversation([["http://a/", "http://b/"], ["http://c/"]], seed: 1)
        // The shuffle of this seed asks b first.
        #expect(talk.say(.started) == ["ask 1 b started"])
        #expect(talk.fail(1) == ["note http://b/: failed: refused", "ask 2 a started"])
        #expect(talk.fail(2) == ["note http://a/: failed: refused", "ask 3 c started"])
        #expect(
            talk.answer(3, AnnounceResponse(interval: 60)) == ["note http://c/: 0 peers, ?/?, 60 s"]
        )
        #expect(talk.wait() == ["ask 4 b started"])
        #expect(talk.fail(4) == ["note http://b/: failed: refused", "ask 5 a started"])
        #expect(
            talk.answer(5, AnnounceResponse(interval: 60)) == ["note http://a/: 0 peers, ?/?, 60 s"]
        )
        #expect(talk.wait() == ["ask 6 a -"])
        #expect(talk.say(.stopped) == ["ask 7 a stopped", "ask 8 c stopped"])
        #expect(talk.answer(8, AnnounceResponse()) == [])
        #expect(talk.fail(7) == ["finished"])
    }

    @Test("asks each tracker once a round, though the first pause is over before the last fails")
    func slowRound() {
        var talk = Conversation([["http://a/"], ["http://b/"], ["http://c/"]])
        #expect(talk.say(.started) == ["ask 1 a started"])
        _ = talk.fail(1)
        #expect(
            talk.wait() == ["note http://b/: failed: no answer within 30 s", "ask 3 c started"])
        #expect(talk.fail(3) == ["note http://c/: failed: refused", "ask 4 a started"])
    }

    @Test("shuffles within a tier, by the seed, and never across tiers")
    func shuffle() {
        var firsts: Set<[String]> = []
        for seed in 0..<40 {
            var talk = Conversation(
                [["http://a/", "http://b/", "http://c/"], ["http://d/"]], seed: UInt64(seed))
            firsts.insert(talk.say(.started))
        }
        #expect(firsts == [["ask 1 a started"], ["ask 1 b started"], ["ask 1 c started"]])
    }

    @Test("notes what it cannot drive and goes on to others")
    func passedOver() {
        var talk = Conversation([
            ["udp://t:80/announce", "https://s/announce"],
            ["gopher://g/", "http://a/\r\nX: y", "http://"],
            ["HTTP://a/announce#x", "HTTP://a/announce"],
        ])
        #expect(
            talk.say(.started) == [
                "note udp://t:80/announce: passed over: udp trackers are not supported yet",
                "note https://s/announce: passed over: https trackers are not supported yet",
                "note gopher://g/: passed over: not the URL of a tracker",
                "note http://a/\\u{d}\\u{a}X: y: passed over: not the URL of a tracker",
                "note http://: passed over: not the URL of a tracker",
                "ask 1 a started",
            ])
        #expect(talk.fail(1).count == 1)
        #expect(talk.say(.started) == [])
    }

    @Test("rests without a tracker")
    func none() {
        var talk = Conversation([["udp://t:80/announce"], []])
        #expect(talk.say(.started).count == 1)
        #expect(talk.say(.peersWanted) == [])
        #expect(talk.say(.completed) == [])
        #expect(talk.deadline == "never")
        #expect(talk.say(.stopped) == ["finished"])
    }

    @Test("lists no more than 100 trackers (M6)")
    func many() {
        var talk = Conversation([(0..<10_000).map { "http://t\($0)/" }])
        _ = talk.say(.started)
        var asked = 1
        while talk.fail(UInt64(asked)).count == 2 { asked += 1 }
        #expect(asked == 100)
    }

    @Test("keeps its promises under any sequence of inputs", arguments: 0..<20)
    func anything(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var talk = Conversation([["http://a/", "http://b/"], ["http://c/"]], seed: seed)
        var finished = 0
        var open: Set<RequestID> = []
        for step in 0..<400 {
            let id = RequestID(UInt64.random(in: 0...12, using: &random) + UInt64(step / 20))
            let inputs: [Announcer.Input] = [
                .started, .completed, .peersWanted, .timePassed, .timePassed,
                .responded(id, status: 200, body: Array("d8:intervali60e5:peers0:e".utf8)),
                .responded(id, status: 500, body: []), .failed(id, reason: "x"),
                step > 380 ? .stopped : .timePassed,
            ]
            guard let input = inputs.randomElement(using: &random) else { continue }
            _ = talk.say(input)
            for case .request(let id, _) in talk.outputs { #expect(open.insert(id).inserted) }
            finished += talk.outputs.count { $0 == .finished }
            if case .timePassed = input { #expect(talk.announcer.nextDeadline.at > talk.now) }
            talk.now = talk.now + .milliseconds(Int64.random(in: 0...20_000, using: &random))
        }
        _ = talk.say(.stopped)
        finished += talk.outputs.count { $0 == .finished }
        _ = talk.wait()
        finished += talk.outputs.count { $0 == .finished }
        #expect(finished == 1)
    }
}
