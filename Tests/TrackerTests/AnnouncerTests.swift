import Primitives
import Testing
import Tracker

@Suite("An announcer with one tracker")
struct AnnouncerTests {
    @Test("starts, hands on peers, and comes back after the interval without an event")
    func life() {
        var talk = Conversation([["http://a/announce"]])
        #expect(talk.deadline == "never")
        #expect(talk.say(.started) == ["ask 1 a started"])
        #expect(talk.deadline == "5 s: next tracker")
        let answer = AnnounceResponse(
            interval: 120, seeders: 1, leechers: 4, peers: [endpoint("10.0.0.1:6881")])
        #expect(
            talk.answer(1, answer) == [
                "note http://a/announce: 1 peers, 1/4, 120 s", "found 10.0.0.1:6881",
            ])
        #expect(talk.deadline == "120 s: announce")
        #expect(talk.wait() == ["ask 2 a -"])
    }

    @Test("writes the URL byte by byte as BEP 3, 7 and 23 have it")
    func url() {
        var talk = Conversation([["http://a:80/x/announce?pass=1"]])
        _ = talk.say(.counted(TransferCounters(uploaded: 1, downloaded: 2, left: 3)))
        _ = talk.say(.started)
        guard case .request(_, let url) = talk.outputs.first else {
            Issue.record("no request")
            return
        }
        let parts = url.split(separator: "&key=")
        #expect(
            parts.first == """
                http://a:80/x/announce?pass=1&info_hash=%00%0D%1A%274AN%5Bhu%82%8F%9C%A9%B6%C3\
                %D0%DD%EA%F7&peer_id=-PT0100-abcdefghijkl&port=6881&uploaded=1&downloaded=2\
                &left=3&compact=1&numwant=50&event=started
                """)
        #expect(parts.last?.count == 8)
        #expect(parts.last.map { unhex(String($0)) } != nil)
    }

    @Test("keeps its key, and repeats the identifier that the tracker gave")
    func identifiers() {
        var talk = Conversation([["http://a/announce"]])
        _ = talk.say(.started)
        let first = talk.outputs
        _ = talk.answer(1, AnnounceResponse(trackerID: Array("a b&".utf8)))
        #expect(talk.wait() == ["ask 2 a -"])
        guard case .request(_, let before) = first.first,
            case .request(_, let after) = talk.outputs.first
        else {
            Issue.record("no request")
            return
        }
        let key = before.split(separator: "&").first { $0.hasPrefix("key=") } ?? "none"
        #expect(after.contains(key))
        #expect(after.hasSuffix("&trackerid=a%20b%26"))
    }

    @Test(
        "comes back sooner while peers are wanted, as the tracker allows",
        arguments: [
            (nil, nil, "60 s: announce"), (120, nil, "60 s: announce"), (20, nil, "20 s: announce"),
            (120, 15, "15 s: announce"), (120, 3, "15 s: announce"), (120, 200, "200 s: announce"),
        ] as [(Int?, Int?, String)])
    func wanted(interval: Int?, minInterval: Int?, deadline: String) {
        var talk = Conversation([["http://a/announce"]])
        _ = talk.say(.started)
        _ = talk.answer(1, AnnounceResponse(interval: interval, minInterval: minInterval))
        #expect(talk.say(.peersWanted) == [])
        #expect(talk.deadline == deadline)
        talk.now = talk.now + .seconds(14)
        #expect(talk.say(.timePassed) == [])
        #expect(talk.wait() == ["ask 2 a -"])
    }

    @Test("forgets that peers were wanted when an answer has come")
    func satisfied() {
        var talk = Conversation([["http://a/announce"]])
        _ = talk.say(.started)
        _ = talk.say(.peersWanted)
        _ = talk.answer(1, AnnounceResponse(interval: 120, minInterval: 15))
        #expect(talk.deadline == "120 s: announce")
    }

    @Test(
        "clamps the interval to a minute and a day (TC6)",
        arguments: [
            (0, "60 s: announce"), (-1, "60 s: announce"), (Int.min, "60 s: announce"),
            (Int.max, "86400 s: announce"), (nil, "1800 s: announce"),
        ] as [(Int?, String)])
    func interval(_ said: Int?, deadline: String) {
        var talk = Conversation([["http://a/announce"]])
        _ = talk.say(.started)
        _ = talk.answer(1, AnnounceResponse(interval: said))
        #expect(talk.deadline == deadline)
    }

    @Test("survives any least interval (TC6)", arguments: [Int.min, -1, 0, Int.max])
    func leastInterval(_ said: Int) {
        var talk = Conversation([["http://a/announce"]])
        _ = talk.say(.started)
        _ = talk.answer(1, AnnounceResponse(interval: 60, minInterval: said))
        _ = talk.say(.peersWanted)
        let wait = (talk.announcer.nextDeadline.at - talk.now).seconds
        #expect((15...86400).contains(wait))
    }

    @Test("says completed at once, and once")
    func completed() {
        var talk = Conversation([["http://a/announce"]])
        _ = talk.say(.started)
        _ = talk.answer(1, AnnounceResponse(interval: 120))
        #expect(talk.say(.completed) == ["ask 2 a completed"])
        _ = talk.answer(2, AnnounceResponse(interval: 120))
        #expect(talk.wait() == ["ask 3 a -"])
    }

    @Test("says started before completed")
    func completedEarly() {
        var talk = Conversation([["http://a/announce"]])
        _ = talk.say(.started)
        #expect(talk.say(.completed) == [])
        #expect(
            talk.answer(1, AnnounceResponse(interval: 120)) == [
                "note http://a/announce: 0 peers, ?/?, 120 s", "ask 2 a completed",
            ])
    }

    @Test("doubles its pause from 5 s to a quarter of an hour, with a fifth of jitter")
    func pauses() {
        var talk = Conversation([["http://a/announce"]])
        _ = talk.say(.started)
        for (number, pause) in zip(1..., [5.0, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]) {
            #expect(talk.fail(UInt64(number)) == ["note http://a/announce: failed: refused"])
            let wait = (talk.announcer.nextDeadline.at - talk.now).seconds
            #expect((pause * 0.8...pause * 1.2).contains(wait))
            #expect(talk.wait() == ["ask \(number + 1) a started"])
        }
        _ = talk.answer(12, AnnounceResponse(interval: 60))
        _ = talk.wait()
        _ = talk.fail(13)
        #expect((talk.announcer.nextDeadline.at - talk.now).seconds <= 6)
    }

    @Test("gives up a tracker that hangs after 30 s, and ignores what it says then (TC7)")
    func hang() {
        var talk = Conversation([["http://a/announce"]])
        _ = talk.say(.started)
        talk.now = talk.now + .seconds(29)
        #expect(talk.say(.timePassed) == [])
        #expect(talk.deadline == "1 s: tracker answer")
        #expect(
            talk.wait() == ["note http://a/announce: failed: no answer within 30 s"])
        #expect(talk.answer(1, AnnounceResponse(interval: 60)) == [])
        #expect(talk.wait() == ["ask 2 a started"])
    }

    @Test("counts the swarm by answers, and by a scrape where somebody looks and they are old")
    func counts() {
        var talk = Conversation([["http://a/x/announce.php?pass=1"]])
        _ = talk.say(.started)
        #expect(talk.say(.countsWanted) == [])
        _ = talk.answer(1, AnnounceResponse(interval: 7200, seeders: 3, leechers: 4))
        #expect(talk.announcer.counts == SwarmCounts(seeders: 3, leechers: 4))
        #expect(talk.say(.countsWanted) == [])
        talk.now = talk.now + .seconds(300)
        #expect(talk.say(.countsWanted) == ["ask 2 a -"])
        guard case .request(_, let url) = talk.outputs.first else { return }
        #expect(
            url == "http://a/x/scrape.php?pass=1&info_hash="
                + "%00%0D%1A%274AN%5Bhu%82%8F%9C%A9%B6%C3%D0%DD%EA%F7")
        #expect(talk.say(.countsWanted) == [])
        let files =
            Array("d5:filesd20:".utf8) + infoHash.value.bytes
            + Array("d8:completei9e10:downloadedi-2e10:incompletei8eeee".utf8)
        #expect(talk.say(.responded(RequestID(2), status: 200, body: files)) == [])
        #expect(talk.announcer.counts == SwarmCounts(seeders: 9, leechers: 8))
        // A scrape that fails takes nothing away, and is not tried again for a while.
        for (number, body) in zip(3..., ["", "d5:filesde", "d5:filesi1ee", "le"]) {
            talk.now = talk.now + .seconds(300)
            #expect(talk.say(.countsWanted).count == 1)
            let answer = Announcer.Input.responded(
                RequestID(UInt64(number)), status: 200, body: Array(body.utf8))
            #expect(talk.say(answer) == [])
            #expect(talk.say(.countsWanted) == [])
        }
        #expect(talk.announcer.counts.seeders == 9)
        talk.now = talk.now + .seconds(300)
        #expect(talk.say(.countsWanted).count == 1)
        #expect(talk.fail(7) == [])
        #expect(talk.say(.stopped) == ["ask 8 a stopped"])
        #expect(talk.say(.countsWanted) == [])
    }

    @Test("scrapes by UDP what it announces by UDP, and not where there is no convention for it")
    func scrapes() {
        var talk = Conversation([["udp://a:80/announce"], ["http://b/list"]])
        _ = talk.say(.started)
        _ = talk.reply(1, AnnounceResponse(interval: 1800))
        #expect(talk.announcer.counts == SwarmCounts())
        #expect(talk.say(.countsWanted) == ["scrape 2 a:80 1"])
        let counts = SwarmCounts(seeders: 1, leechers: 2, completed: 3)
        #expect(talk.say(.answered(RequestID(2), .scraped([counts]))) == [])
        #expect(talk.announcer.counts == counts)
        _ = talk.wait()
        _ = talk.fail(3)
        _ = talk.answer(4, AnnounceResponse(interval: 1800, seeders: 5))
        // Of several trackers the largest numbers count.
        #expect(talk.announcer.counts == SwarmCounts(seeders: 5, leechers: 2, completed: 3))
        talk.now = talk.now + .seconds(1000)
        #expect(talk.say(.countsWanted) == [])
    }

    @Test("says goodbye and ends")
    func stop() {
        var talk = Conversation([["http://a/announce"]])
        _ = talk.say(.started)
        _ = talk.answer(1, AnnounceResponse(interval: 120))
        #expect(talk.say(.stopped) == ["ask 2 a stopped"])
        #expect(talk.deadline == "5 s: tracker stop")
        #expect(talk.answer(2, AnnounceResponse(peers: [endpoint("1.2.3.4:5")])) == ["finished"])
        #expect(talk.deadline == "never")
        #expect(talk.say(.started) == [])
        #expect(talk.say(.stopped) == [])
    }

    @Test("ends without an answer, and without a tracker")
    func stopUnanswered() {
        var talk = Conversation([["http://a/announce"]])
        _ = talk.say(.started)
        #expect(talk.say(.stopped) == ["ask 2 a stopped"])
        #expect(talk.wait() == ["finished"])
        var failing = Conversation([["http://a/announce"]])
        _ = failing.say(.started)
        _ = failing.say(.stopped)
        #expect(failing.fail(2) == ["finished"])
        var idle = Conversation([["http://a/announce"]])
        #expect(idle.say(.stopped) == ["finished"])
    }
}
