import Primitives
import Testing
import Tracker

/// An exchange, its clock, and a tracker that can be made to say anything.
struct Exchange {
    var machine = UDPTrackerExchange(random: SeededRandom(seed: 1))
    var now = Instant.zero + .seconds(1000)
    /// The last requests that were sent to each address.
    var sent: [Endpoint: UDPTrackerRequest] = [:]

    static let announce = UDPTrackerExchange.Question.announce(
        UDPTrackerCodingTests.announce, key: 4, urlData: [])

    mutating func say(_ input: UDPTrackerExchange.Input) -> [String] {
        var outputs: [UDPTrackerExchange.Output] = []
        machine.handle(input, at: now, into: &outputs)
        return outputs.map { line($0) }
    }

    mutating func ask(
        _ number: UInt64, _ question: UDPTrackerExchange.Question = announce,
        at addresses: String...
    ) -> [String] {
        say(.asked(RequestID(number), question, at: addresses.map(tracker)))
    }

    /// Lets `from` answer what it was last asked.
    mutating func reply(_ body: UDPTrackerReply.Body, from: String = "10.0.0.9:80") -> [String] {
        let endpoint = tracker(from)
        let reply = UDPTrackerReply(transaction: sent[endpoint]?.transaction ?? 0, body: body)
        return say(.received(reply.encoded(for: AddressWidth(endpoint.address)), from: endpoint))
    }

    /// Moves to the deadline and says that time has passed.
    mutating func wait() -> [String] {
        now = max(now, machine.nextDeadline.at)
        return say(.timePassed)
    }

    var seconds: Int { Int((machine.nextDeadline.at - now).seconds.rounded()) }

    private mutating func line(_ output: UDPTrackerExchange.Output) -> String {
        switch output {
        case .send(let bytes, let endpoint):
            guard let request = UDPTrackerRequest(bytes) else { return "send garbage" }
            sent[endpoint] = request
            switch request.body {
            case .connect: return "\(endpoint) connect"
            case .announce: return "\(endpoint) announce on \(request.connection)"
            case .scrape(let hashes):
                return "\(endpoint) scrape \(hashes.count) on \(request.connection)"
            }
        case .answered(let id, .announced(let response)):
            return "\(id.number): \(response.peers.count) peers"
        case .answered(let id, .scraped(let counts)): return "\(id.number): \(counts.count) counts"
        case .discovered(let id, let peers): return "\(id.number): \(peers.count) more"
        case .failed(let id, let reason): return "\(id.number): \(reason)"
        case .finished(let id): return "\(id.number): over"
        }
    }
}

/// An address in dotted decimal with its port, or `v6` for one of IPv6.
func tracker(_ text: String) -> Endpoint {
    text == "v6" ? Endpoint(address: .v6(0x2001_0db8 << 32, 9), port: 80) : endpoint(text)
}

private let peers = UDPTrackerReply.Body.announced(
    AnnounceResponse(interval: 60, peers: [endpoint("10.1.1.1:1"), endpoint("10.1.1.2:1")]))

@Suite("Questions to trackers by UDP (BEP 15)")
struct UDPTrackerExchangeTests {
    @Test("connect, then announce; the identifier is good for a minute")
    func life() {
        var talk = Exchange()
        #expect(talk.ask(1, at: "10.0.0.9:80") == ["10.0.0.9:80 connect"])
        #expect(talk.reply(.connected(77)) == ["10.0.0.9:80 announce on 77"])
        #expect(talk.reply(peers) == ["1: 2 peers", "1: over"])
        #expect(talk.machine.nextDeadline == .init(at: .never, reason: "UDP tracker"))
        talk.now = talk.now + .seconds(59)
        #expect(talk.ask(2, at: "10.0.0.9:80") == ["10.0.0.9:80 announce on 77"])
        #expect(talk.reply(peers) == ["2: 2 peers", "2: over"])
        talk.now = talk.now + .seconds(1)
        let scrape = UDPTrackerExchange.Question.scrape([infoHash])
        #expect(talk.ask(3, scrape, at: "10.0.0.9:80") == ["10.0.0.9:80 connect"])
        #expect(talk.reply(.connected(78)) == ["10.0.0.9:80 scrape 1 on 78"])
        #expect(talk.reply(.scraped([SwarmCounts(seeders: 1)])) == ["3: 1 counts", "3: over"])
    }

    @Test(
        "what gets no answer is said again after 15 s and 45 s, and given up after a minute (TC10)")
    func silence() {
        var talk = Exchange()
        _ = talk.ask(1, at: "10.0.0.9:80")
        let first = talk.sent
        #expect(talk.seconds == 15)
        #expect(talk.wait() == ["10.0.0.9:80 connect"])
        #expect(talk.sent == first)
        #expect(talk.seconds == 30)
        #expect(talk.wait() == ["10.0.0.9:80 connect"])
        #expect(talk.wait() == ["1: no answer within 60 s", "1: over"])
        #expect(talk.reply(.connected(1)) == [])
    }

    @Test("the times of BEP 15's example of an announce without an answer")
    func announceTimesOut() {
        var patient = UDPTrackerSettings()
        patient.answerTime = .seconds(100_000)
        var talk = Exchange()
        talk.machine = UDPTrackerExchange(settings: patient, random: SeededRandom(seed: 1))
        let began = talk.now
        _ = talk.ask(1, at: "10.0.0.9:80")
        talk.now = talk.now + .seconds(1)
        _ = talk.reply(.connected(77))
        var times: [String] = []
        for _ in 0..<10 {
            let lines = talk.wait()
            times.append("\(Int((talk.now - began).seconds)) \(lines.first ?? "")")
        }
        let endpoint = "10.0.0.9:80"
        // Ours asks for a new connection at the second repetition: the tracker may have forgotten.
        #expect(times[0] == "16 \(endpoint) announce on 77")
        #expect(times[1] == "46 \(endpoint) connect")
        #expect(times[2] == "106 \(endpoint) connect")
        // 15·2^8 s is the longest wait.
        #expect(talk.seconds == 3840)
    }

    @Test("a tracker that has forgotten its connections is asked for a new one")
    func forgotten() {
        var talk = Exchange()
        _ = talk.ask(1, at: "10.0.0.9:80")
        _ = talk.reply(.connected(77))
        _ = talk.reply(peers)
        #expect(talk.ask(2, at: "10.0.0.9:80") == ["10.0.0.9:80 announce on 77"])
        #expect(talk.reply(.refused("who are you?")) == ["10.0.0.9:80 connect"])
        #expect(talk.reply(.connected(78)) == ["10.0.0.9:80 announce on 78"])
        #expect(talk.reply(.refused("go away")) == ["2: go away", "2: over"])
        // And where it says nothing at all.
        #expect(talk.ask(3, at: "10.0.0.9:80") == ["10.0.0.9:80 announce on 78"])
        #expect(talk.wait() == ["10.0.0.9:80 connect"])
    }

    @Test("what comes from elsewhere, for another request or in the wrong place is nothing (TC9)")
    func spoofed() {
        var talk = Exchange()
        _ = talk.ask(1, at: "10.0.0.9:80")
        let transaction = talk.sent[tracker("10.0.0.9:80")]?.transaction ?? 0
        let good = UDPTrackerReply(transaction: transaction, body: .connected(5)).encoded(for: .v4)
        for address in ["10.0.0.8:80", "10.0.0.9:81"] {
            #expect(talk.say(.received(good, from: endpoint(address))) == [])
        }
        let wrong: [UDPTrackerReply] = [
            UDPTrackerReply(transaction: transaction &+ 1, body: .connected(5)),
            UDPTrackerReply(transaction: transaction, body: peers),
            UDPTrackerReply(transaction: transaction, body: .scraped([])),
        ]
        for reply in wrong {
            let bytes = reply.encoded(for: .v4)
            #expect(talk.say(.received(bytes, from: endpoint("10.0.0.9:80"))) == [])
        }
        for count in 0..<16 {
            let short = Array(good[..<count])
            #expect(talk.say(.received(short, from: endpoint("10.0.0.9:80"))) == [])
        }
        let long = good + Array(repeating: 0, count: 8193 - 16)
        #expect(talk.say(.received(long, from: endpoint("10.0.0.9:80"))) == [])
        #expect(talk.reply(.connected(5)) == ["10.0.0.9:80 announce on 5"])
        #expect(talk.reply(.scraped([])) == [])
        #expect(talk.reply(.connected(6)) == [])
        #expect(talk.reply(peers) == ["1: 2 peers", "1: over"])
    }

    @Test("a tracker with an address of each family is asked at both")
    func families() {
        var talk = Exchange()
        let lines = talk.ask(1, at: "10.0.0.9:80", "10.0.0.10:80", "v6")
        #expect(lines == ["10.0.0.9:80 connect", "\(tracker("v6")) connect"])
        _ = talk.reply(.connected(1))
        _ = talk.reply(.connected(2), from: "v6")
        #expect(talk.reply(peers) == ["1: 2 peers"])
        let other = Endpoint(address: .v6(0x2001_0db8 << 32, 77), port: 1)
        let answer = AnnounceResponse(interval: 60, peers: [other])
        #expect(talk.reply(.announced(answer), from: "v6") == ["1: 1 more", "1: over"])
        // One that fails is not missed while the other may answer.
        _ = talk.ask(2, at: "10.0.0.9:80", "v6")
        let gone = UDPTrackerExchange.Input.unreachable(tracker("v6"), reason: "no route")
        #expect(talk.say(gone) == [])
        #expect(
            talk.say(.unreachable(tracker("10.0.0.9:80"), reason: "none")) == [
                "2: none", "2: over",
            ])
    }

    @Test("addresses that no tracker can have are not asked, nor one question too many")
    func refusals() {
        var talk = Exchange()
        #expect(
            talk.ask(1, at: "224.0.0.1:80") == ["1: no tracker can have its address", "1: over"])
        #expect(talk.ask(2) == ["2: no tracker can have its address", "2: over"])
        for number in 10..<(10 + 2048) {
            #expect(talk.ask(UInt64(number), at: "10.0.0.9:80").count == 1)
        }
        #expect(
            talk.ask(3, at: "10.0.0.9:80") == ["3: too many trackers are being asked", "3: over"])
        #expect(talk.say(.cancelled(RequestID(10))) == ["10: over"])
        #expect(talk.say(.cancelled(RequestID(10))) == [])
        #expect(talk.ask(4, at: "10.0.0.9:80").count == 1)
    }

    @Test("keeps its promises whatever comes", arguments: 0..<10)
    func anything(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var talk = Exchange()
        var answered: [String: Int] = [:]
        for number in 0..<300 as Range<UInt64> {
            let address = ["10.0.0.9:80", "10.0.0.8:80", "v6"].randomElement(using: &random)
            let bodies: [UDPTrackerReply.Body] = [
                .connected(number), peers, .scraped([]), .refused("no"),
            ]
            var lines: [String] = []
            switch UInt64.random(in: 0..<6, using: &random) {
            case 0: lines = talk.ask(number, at: "10.0.0.9:80", "v6")
            case 1: lines = talk.ask(number, .scrape([infoHash]), at: address ?? "v6")
            case 2: lines = talk.wait()
            case 3: lines = talk.say(.cancelled(RequestID(number / 2)))
            default:
                if let body = bodies.randomElement(using: &random) {
                    lines = talk.reply(body, from: address ?? "v6")
                }
            }
            for line in lines where line.hasSuffix("over") { answered[line, default: 0] += 1 }
            #expect(talk.machine.nextDeadline.at >= talk.now)
        }
        #expect(answered.values.allSatisfy { $0 == 1 })
    }
}
