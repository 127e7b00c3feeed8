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
        #expect(talk.wait() == ["ask 3 c started"])
        #expect(talk.fail(3) == ["note http://c/: failed: refused"])
        // The pause of a is over, but b may still answer.
        #expect(talk.deadline == "25 s: tracker answer")
        #expect(
            talk.wait() == ["note http://b/: failed: no answer within 30 s", "ask 4 a started"])
    }

    @Test(
        "asks the next tracker after 5 s of silence, and takes what the slow one says all the same")
    func turns() {
        var talk = Conversation([["udp://a:80"], ["http://b/"], ["udp://c:80/x?y=z"]])
        #expect(talk.say(.started) == ["ask 1 a:80 started"])
        #expect(talk.deadline == "5 s: next tracker")
        #expect(talk.wait() == ["ask 2 b started"])
        #expect(talk.wait() == ["ask 3 c:80 started"])
        #expect(
            talk.reply(3, AnnounceResponse(interval: 120, peers: [endpoint("10.0.0.1:1")])) == [
                "note udp://c:80/x?y=z: 1 peers, ?/?, 120 s", "found 10.0.0.1:1",
            ])
        #expect(talk.deadline == "25 s: tracker answer")
        #expect(
            talk.reply(1, AnnounceResponse(interval: 60, peers: [endpoint("10.0.0.2:1")])) == [
                "note udp://a:80: 1 peers, ?/?, 60 s", "found 10.0.0.2:1",
            ])
        #expect(talk.wait() == ["note http://b/: failed: no answer within 30 s"])
        #expect(talk.deadline == "95 s: announce")
        // Both list this node, so both are told; b was asked and did not answer.
        #expect(talk.wait() == ["ask 4 a:80 -"])
        #expect(talk.say(.stopped) == ["ask 5 a:80 stopped", "ask 6 c:80 stopped"])
    }

    @Test("gives a tracker by UDP a minute, as it is repeated to after 15 s and 45 s (TC10)")
    func patience() {
        var talk = Conversation([["udp://a:80"]])
        #expect(talk.say(.started) == ["ask 1 a:80 started"])
        #expect(talk.wait() == [])
        #expect(talk.deadline == "55 s: tracker answer")
        #expect(talk.say(.answered(RequestID(1), .scraped([]))) == [])
        #expect(talk.wait() == ["note udp://a:80: failed: no answer within 60 s"])
        #expect(talk.reply(1, AnnounceResponse()) == [])
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
            ["udp://t/announce", "udp://t:0"],
            ["gopher://g/", "http://a/\r\nX: y", "http://"],
            ["HTTP://a/announce#x", "HTTP://a/announce"],
        ])
        #expect(
            talk.say(.started) == [
                "note udp://t/announce: passed over: its URL names no port",
                "note udp://t:0: passed over: its URL names no port",
                "note gopher://g/: passed over: not the URL of a tracker",
                "note http://a/\\u{d}\\u{a}X: y: passed over: not the URL of a tracker",
                "note http://: passed over: not the URL of a tracker",
                "ask 1 a started",
            ])
        #expect(talk.fail(1).count == 1)
        #expect(talk.say(.started) == [])
    }

    @Test("asks by https as by http")
    func secure() {
        var talk = Conversation([["https://s/announce"]])
        #expect(talk.say(.started) == ["ask 1 s started"])
        guard case .request(_, let url) = talk.outputs.first else { return }
        #expect(url.hasPrefix("https://s/announce?info_hash="))
    }

    @Test("rests without a tracker")
    func none() {
        var talk = Conversation([["udp://t/announce"], []])
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
        var talk = Conversation([["http://a/", "udp://b:1"], ["http://c/"]], seed: seed)
        var finished = 0
        var open: Set<RequestID> = []
        for step in 0..<400 {
            let id = RequestID(UInt64.random(in: 0...12, using: &random) + UInt64(step / 20))
            let inputs: [Announcer.Input] = [
                .started, .completed, .peersWanted, .countsWanted, .timePassed, .timePassed,
                .responded(id, status: 200, body: Array("d8:intervali60e5:peers0:e".utf8)),
                .responded(id, status: 500, body: []), .failed(id, reason: "x"),
                .answered(id, .announced(AnnounceResponse(interval: 60))),
                step > 380 ? .stopped : .timePassed,
            ]
            guard let input = inputs.randomElement(using: &random) else { continue }
            _ = talk.say(input)
            for case .request(let id, _) in talk.outputs { #expect(open.insert(id).inserted) }
            for case .ask(let id, _, _) in talk.outputs { #expect(open.insert(id).inserted) }
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
