import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("Introductions (BEP 55): whom to ask")
struct RendezvousTests {
    private func ms(_ milliseconds: Int64) -> Instant { .zero + .milliseconds(milliseconds) }
    private let host = Rig.endpoint(9)
    private let relays = (1...5).map { PeerHandle($0) }

    /// A node that has dialled somebody at the moment zero.
    private func dialling() -> Rendezvous {
        var rendezvous = Rendezvous(RendezvousSettings())
        rendezvous.dialled(host, at: .zero)
        return rendezvous
    }

    /// Who is asked at a moment, if anybody.
    private func ask(_ rendezvous: inout Rendezvous, _ among: [PeerHandle], at time: Int64) -> Int?
    {
        guard !rendezvous.due(at: ms(time)).isEmpty else { return nil }
        return rendezvous.ask(for: host, among: among, at: ms(time))?.slot
    }

    @Test("nobody before 300 ms, then the likeliest, and another one 600 ms later")
    func likeliest() {
        var rendezvous = dialling()
        #expect(rendezvous.nextAt == ms(300))
        #expect(ask(&rendezvous, relays, at: 299) == nil)
        #expect(ask(&rendezvous, relays, at: 300) == 1)
        #expect(rendezvous.nextAt == ms(900))
        #expect(ask(&rendezvous, relays, at: 899) == nil)
        #expect(ask(&rendezvous, relays, at: 900) == 2)
        // Two guesses are enough: who does not say that it knows it mostly does not.
        #expect(ask(&rendezvous, relays, at: 1500) == nil)
        #expect(ask(&rendezvous, relays, at: 9999) == nil)
    }

    @Test("first those who say that they are connected to it, three in all")
    func tellers() {
        var rendezvous = dialling()
        rendezvous.told(of: [host], by: PeerHandle(4), at: .zero)
        rendezvous.told(of: [host], by: PeerHandle(5), at: .zero)
        rendezvous.withdrawn([host], by: PeerHandle(4))
        #expect(ask(&rendezvous, relays, at: 300) == 5)
        #expect(ask(&rendezvous, relays, at: 900) == 1)
        rendezvous.told(of: [host], by: PeerHandle(3), at: ms(1000))
        #expect(ask(&rendezvous, relays, at: 1000) == 3)
        rendezvous.told(of: [host], by: PeerHandle(2), at: ms(1001))
        #expect(rendezvous.nextAt == .never)
    }

    @Test("at once the next one when the first cannot, nobody when the other cannot")
    func refused() {
        var rendezvous = dialling()
        #expect(ask(&rendezvous, relays, at: 300) == 1)
        rendezvous.refused(host, by: PeerHandle(2), forGood: false, at: ms(350))
        #expect(ask(&rendezvous, relays, at: 350) == nil)
        rendezvous.refused(host, by: PeerHandle(1), forGood: false, at: ms(400))
        #expect(ask(&rendezvous, relays, at: 400) == 2)
        var other = dialling()
        #expect(ask(&other, relays, at: 300) == 1)
        other.refused(host, by: PeerHandle(1), forGood: true, at: ms(400))
        #expect(other.nextAt == .never)
    }

    @Test("at once where the address refuses us, as some NATs do")
    func reset() {
        var rendezvous = dialling()
        rendezvous.failed(host, at: ms(50))
        #expect(ask(&rendezvous, relays, at: 50) == 1)
        #expect(rendezvous.wants(host))
        // One that was asked for in vain until the dial ended is forgotten.
        rendezvous.failed(host, at: ms(10_000))
        #expect(!rendezvous.wants(host))
    }

    @Test("whoever comes later, where there was nobody")
    func later() {
        var rendezvous = dialling()
        #expect(ask(&rendezvous, [], at: 300) == nil)
        #expect(ask(&rendezvous, relays, at: 400) == nil)
        rendezvous.gained(at: ms(500))
        #expect(ask(&rendezvous, relays, at: 500) == 1)
        rendezvous.forget(PeerHandle(1))
        rendezvous.told(of: [host], by: PeerHandle(7), at: ms(510))
        #expect(ask(&rendezvous, relays + [PeerHandle(7)], at: 510) == 7)
    }

    @Test("nobody once it is a neighbour, or is introduced")
    func done() {
        var rendezvous = dialling()
        let wasIntroduced = rendezvous.met(host)
        #expect(!wasIntroduced)
        #expect(rendezvous.nextAt == .never)
        var other = dialling()
        #expect(ask(&other, relays, at: 300) == 1)
        // Whoever was not asked may be right, or keep us from asking.
        other.introduced(host, by: PeerHandle(2), at: ms(350))
        #expect(other.nextAt == ms(900))
        other.introduced(host, by: PeerHandle(1), at: ms(400))
        #expect(other.nextAt == .never)
        let isIntroduced = other.met(host)
        #expect(isIntroduced)
    }

    @Test("a hundred addresses of one teller, whatever it tells, and none of those who have gone")
    func garbage() {
        var rendezvous = dialling()
        let crowd = (100...400).map { Rig.endpoint($0) }
        rendezvous.told(of: crowd + [host], by: PeerHandle(1), at: .zero)
        rendezvous.told(of: [host], by: PeerHandle(2), at: .zero)
        #expect(ask(&rendezvous, relays, at: 300) == 2)
        var other = dialling()
        other.told(of: [host], by: PeerHandle(5), at: .zero)
        other.forget(PeerHandle(5))
        #expect(ask(&other, relays, at: 300) == 1)
    }

    @Test("each at most thirty times a minute")
    func quota() {
        var rendezvous = Rendezvous(RendezvousSettings())
        var asked: [Int: Int] = [:]
        for number in 0..<100 {
            rendezvous.dialled(Rig.endpoint(number + 20), at: .zero)
        }
        for endpoint in rendezvous.due(at: ms(300)) {
            let slot = rendezvous.ask(for: endpoint, among: Array(relays[..<2]), at: ms(300))?.slot
            if let slot { asked[slot, default: 0] += 1 }
        }
        #expect(asked == [1: 30, 2: 30])
        var quota = MinuteQuota()
        let grants = (0..<40).count { _ in quota.take(of: 30, at: ms(300)) }
        #expect(grants == 30)
        let more = (0..<40).count { _ in quota.take(of: 30, at: ms(10_300)) }
        #expect(more == 5)
    }
}

@Suite("A swarm engine introduces, and is introduced (BEP 55)")
struct IntroductionTests {
    /// A neighbour that dialled us from the port that it listens on.
    private func meet(
        _ rig: inout Rig, _ slot: Int, at address: String, port: UInt16 = 6881,
        observed: UInt16? = nil, outgoing: Bool = false, isSource: Bool = false,
        speaks: Bool = true
    ) {
        guard let endpoint = Endpoint("\(address):\(observed ?? port)") else { return }
        var handshake = rig.handshake(nil, isSource)
        handshake.listenPort = port
        handshake.ids = [.live: 3, .peerExchange: 2]
        if speaks { handshake.ids[.holepunch] = 4 }
        _ = rig.tell(
            .peerJoined(
                PeerHandle(slot),
                Introduction(endpoint: endpoint, id: Rig.id(UInt8(slot)), outgoing: outgoing)))
        _ = rig.tell(.extensionsReceived(PeerHandle(slot), handshake))
    }

    private func say(
        _ rig: inout Rig, _ slot: Int, _ make: (Endpoint) -> HolepunchMessage, _ endpoint: String
    ) -> [String] {
        guard let endpoint = Endpoint(endpoint) else { return ["no endpoint"] }
        return rig.tell(.holepunchReceived(PeerHandle(slot), make(endpoint)))
    }

    private func discover(_ rig: inout Rig, _ endpoints: [String]) -> [String] {
        rig.tell(.discovered(endpoints.compactMap { Endpoint($0) }))
    }

    private func asks(_ lines: [String]) -> [String] {
        lines.filter { $0.contains("introduce") || $0.hasPrefix("dial") }
    }

    @Test("asks the source for one that does not answer, and whoever tells of it before")
    func asksSource() {
        var rig = Rig()
        meet(&rig, 1, at: "80.0.0.1", outgoing: true)
        meet(&rig, 2, at: "80.0.0.2", isSource: true)
        #expect(discover(&rig, ["80.0.0.9:6881"]) == ["dial 80.0.0.9:6881"])
        #expect(asks(rig.wait(.milliseconds(299))) == [])
        #expect(asks(rig.wait(.milliseconds(1))) == ["2: introduce me to 80.0.0.9:6881"])
        let told = PeerExchangeMessage(added: [Contact(Rig.endpoint(0))])
        _ = rig.tell(.exchangeReceived(PeerHandle(1), told))
        let heard = PeerExchangeMessage(
            added: ["80.0.0.8:6881"].compactMap { Endpoint($0).map { Contact($0) } })
        #expect(asks(rig.tell(.exchangeReceived(PeerHandle(1), heard))) == ["dial 80.0.0.8:6881"])
        #expect(asks(rig.wait(.milliseconds(300))) == ["1: introduce me to 80.0.0.8:6881"])
    }

    @Test("asks another one at once when it is told that there is no way")
    func asksOn() {
        var rig = Rig()
        meet(&rig, 1, at: "80.0.0.1", outgoing: true)
        meet(&rig, 2, at: "80.0.0.2", isSource: true)
        _ = discover(&rig, ["80.0.0.9:6881"])
        #expect(asks(rig.wait(.milliseconds(300))) == ["2: introduce me to 80.0.0.9:6881"])
        #expect(say(&rig, 2, { .error($0, .notConnected) }, "80.0.0.9:6881") == [])
        #expect(asks(rig.wait(.milliseconds(1))) == ["1: introduce me to 80.0.0.9:6881"])
        // What comes unasked changes nothing.
        #expect(say(&rig, 2, { .error($0, .notConnected) }, "80.0.0.9:6881") == [])
        #expect(say(&rig, 2, { .error($0, .noSelf) }, "80.0.0.77:1") == [])
    }

    @Test("asks at once for one that refuses it, and dials it again when it is introduced")
    func refused() throws {
        var rig = Rig()
        meet(&rig, 2, at: "80.0.0.2", isSource: true)
        _ = discover(&rig, ["80.0.0.9:6881"])
        _ = rig.wait(.milliseconds(40))
        let endpoint = try #require(Endpoint("80.0.0.9:6881"))
        _ = rig.tell(.dialFailed(endpoint))
        #expect(asks(rig.wait(.milliseconds(1))) == ["2: introduce me to 80.0.0.9:6881"])
        #expect(say(&rig, 2, { .connect($0) }, "80.0.0.9:6881") == ["dial 80.0.0.9:6881"])
        // While it is being dialled there is nothing to do.
        #expect(say(&rig, 2, { .connect($0) }, "80.0.0.9:6881") == [])
    }

    @Test("asks nobody when it has enough neighbours, nor where introductions are not given")
    func enough() {
        var rig = Rig(.viewer) { $0.targetPeers = 2 }
        meet(&rig, 2, at: "80.0.0.2", isSource: true)
        #expect(discover(&rig, ["80.0.0.9:6881"]) == ["dial 80.0.0.9:6881"])
        meet(&rig, 3, at: "80.0.0.3")
        #expect(asks(rig.wait(.seconds(2))) == [])
        for change in [
            { $0.exchangesPeers = false }, { $0.policies.remove(.holePunching) },
        ] as [(inout SwarmSettings) -> Void] {
            var private_ = Rig(.viewer, change)
            #expect(!private_.engine.punchesHoles)
            meet(&private_, 2, at: "80.0.0.2", isSource: true)
            meet(&private_, 3, at: "80.0.0.3")
            _ = discover(&private_, ["80.0.0.9:6881"])
            #expect(asks(private_.wait(.seconds(2))).allSatisfy { $0.hasPrefix("dial") })
            #expect(say(&private_, 2, { .rendezvous($0) }, "80.0.0.3:6881") == [])
            #expect(say(&private_, 2, { .connect($0) }, "80.0.0.5:6881") == [])
        }
    }

    @Test(
        "tells two of its neighbours to dial each other, as a source too", arguments: [true, false])
    func introduces(_ isSource: Bool) {
        var rig = Rig(isSource ? .source : .viewer)
        meet(&rig, 1, at: "80.0.0.1")
        meet(&rig, 2, at: "80.0.0.2", port: 7000, observed: 51_234)
        #expect(
            say(&rig, 1, { .rendezvous($0) }, "80.0.0.2:7000")
                == ["2: connect to 80.0.0.1:6881", "1: connect to 80.0.0.2:7000"])
        // One is known by the address that it is seen at too, and named by the port it listens on.
        #expect(
            say(&rig, 1, { .rendezvous($0) }, "80.0.0.2:51234")
                == ["2: connect to 80.0.0.1:6881", "1: connect to 80.0.0.2:51234"])
        #expect(
            say(&rig, 2, { .rendezvous($0) }, "80.0.0.1:6881")
                == ["1: connect to 80.0.0.2:7000", "2: connect to 80.0.0.1:6881"])
        // Who says from which port it dials is dialled back there.
        #expect(
            say(&rig, 2, { .rendezvous($0, from: 40_000) }, "80.0.0.1:6881")
                == ["1: connect to 80.0.0.2:40000", "2: connect to 80.0.0.1:6881"])
    }

    @Test("says why it does not introduce")
    func errors() throws {
        var rig = Rig()
        meet(&rig, 1, at: "80.0.0.1")
        meet(&rig, 2, at: "80.0.0.2", speaks: false)
        meet(&rig, 3, at: "10.0.0.3")
        let own = try #require(Endpoint("80.0.0.50:6881"))
        _ = rig.tell(
            .peerJoined(
                PeerHandle(9), Introduction(endpoint: own, id: Rig.id(100), outgoing: true)))
        for (endpoint, code) in [
            // Nobody, at senseless addresses, itself, and one that is of another network.
            ("0.0.0.0:6881", 1), ("224.0.0.1:6881", 1), ("80.0.0.1:6881", 1), ("10.0.0.3:6881", 1),
            ("80.0.0.4:6881", 2), ("80.0.0.2:6881", 3), ("80.0.0.50:6881", 4),
        ] as [(String, UInt32)] {
            #expect(
                say(&rig, 1, { .rendezvous($0) }, endpoint)
                    == ["1: no introduction to \(endpoint): \(code)"])
        }
        // Nor is one out there told of to one in here, who would be of no use to the other.
        #expect(
            say(&rig, 3, { .rendezvous($0) }, "80.0.0.1:6881")
                == ["3: no introduction to 80.0.0.1:6881: 1"])
    }

    @Test("hears nothing of those who have not said that they speak it, nor of strangers")
    func mute() {
        var rig = Rig()
        meet(&rig, 1, at: "80.0.0.1")
        meet(&rig, 2, at: "80.0.0.2", speaks: false)
        #expect(say(&rig, 2, { .rendezvous($0) }, "80.0.0.1:6881") == [])
        #expect(say(&rig, 2, { .connect($0) }, "80.0.0.7:6881") == [])
        #expect(say(&rig, 8, { .rendezvous($0) }, "80.0.0.1:6881") == [])
    }

    @Test("dials whom it is introduced to, once")
    func obeys() throws {
        var rig = Rig()
        meet(&rig, 1, at: "80.0.0.1")
        #expect(say(&rig, 1, { .connect($0) }, "80.0.0.9:6881") == ["dial 80.0.0.9:6881"])
        #expect(say(&rig, 1, { .connect($0) }, "80.0.0.9:6881") == [])
        let endpoint = try #require(Endpoint("80.0.0.9:6881"))
        _ = rig.wait(.seconds(10))
        _ = rig.tell(.dialFailed(endpoint))
        #expect(!rig.wait(.seconds(15)).contains("dial 80.0.0.9:6881"))
    }

    @Test("tells others that one whom it was introduced to may not wait to be dialled")
    func notReachable() throws {
        var rig = Rig()
        meet(&rig, 1, at: "80.0.0.1")
        meet(&rig, 3, at: "80.0.0.3", outgoing: true)
        _ = say(&rig, 1, { .connect($0) }, "80.0.0.9:6881")
        meet(&rig, 9, at: "80.0.0.9", outgoing: true)
        let told = rig.wait(.milliseconds(1)).filter { $0.hasPrefix("1: tell") }
        #expect(told == ["1: tell +80.0.0.3:6881! +80.0.0.9:6881"])
    }

    @Test("dials nobody whom it knows already, who is banned, or whom nobody may name")
    func obeysNot() throws {
        var rig = Rig()
        meet(&rig, 1, at: "80.0.0.1")
        meet(&rig, 2, at: "80.0.0.2", port: 7000, observed: 50_001)
        rig.engine.planner.ban(.v4(0x5000_0007))
        let endpoints = [
            "80.0.0.2:7000", "80.0.0.2:50001", "80.0.0.1:6881", "80.0.0.7:6881", "0.0.0.0:6881",
            "224.0.0.1:6881", "255.255.255.255:6881", "127.0.0.1:6881", "10.0.0.9:6881",
            "172.16.0.1:6881", "192.168.0.1:6881", "169.254.1.1:6881", "100.64.0.1:6881",
        ]
        for endpoint in endpoints {
            #expect(say(&rig, 1, { .connect($0) }, endpoint) == [], "\(endpoint)")
        }
        // A source dials nobody.
        var source = Rig(.source)
        meet(&source, 1, at: "80.0.0.1")
        #expect(say(&source, 1, { .connect($0) }, "80.0.0.9:6881") == [])
        // Where there is no place for a neighbour none is dialled.
        var full = Rig(.viewer) { $0.maxPeers = 1 }
        meet(&full, 1, at: "80.0.0.1")
        #expect(say(&full, 1, { .connect($0) }, "80.0.0.9:6881") == [])
    }

    @Test("is no tool against others: thirty dials a minute, four ports of a host, no second soon")
    func flood() throws {
        var rig = Rig(.viewer) { $0.maxHalfOpen = 1000 }
        meet(&rig, 1, at: "80.0.0.1")
        var lines: [String] = []
        for number in 1...60 {
            lines += say(&rig, 1, { .connect($0) }, "81.0.0.\(number):6881")
        }
        #expect(lines.count { $0.hasPrefix("dial") } == 30)
        // Another liar: sixty in all.
        for slot in [2, 3] {
            meet(&rig, slot, at: "80.0.0.\(slot)")
            for number in 1...60 {
                lines += say(&rig, slot, { .connect($0) }, "82.0.\(slot).\(number):6881")
            }
        }
        #expect(lines.count { $0.hasPrefix("dial") } == 60)
        var ports = Rig()
        meet(&ports, 1, at: "80.0.0.1")
        let dials = (1...20).flatMap {
            say(&ports, 1, { .connect($0) }, "81.0.0.1:\($0)")
        }
        #expect(dials.count == 4)
        var again = Rig()
        meet(&again, 1, at: "80.0.0.1")
        let victim = try #require(Endpoint("81.0.0.1:80"))
        #expect(discover(&again, ["81.0.0.1:80"]) == ["dial 81.0.0.1:80"])
        _ = again.tell(.dialFailed(victim))
        #expect(say(&again, 1, { .connect($0) }, "81.0.0.1:80") == [])
    }

    @Test("has as many dials under way as it may, whoever wants more")
    func halfOpen() {
        var rig = Rig()
        meet(&rig, 1, at: "80.0.0.1")
        meet(&rig, 2, at: "80.0.0.2")
        var lines: [String] = []
        for slot in [1, 2] {
            for number in 1...30 {
                lines += say(&rig, slot, { .connect($0) }, "81.0.\(slot).\(number):6881")
            }
        }
        #expect(lines.count == 36)
    }

    @Test("introduces nobody more than thirty times a minute, and closes who never stops")
    func endless() {
        var rig = Rig()
        meet(&rig, 1, at: "80.0.0.1")
        meet(&rig, 2, at: "80.0.0.2")
        var lines: [String] = []
        for _ in 0..<400 { lines += say(&rig, 1, { .rendezvous($0) }, "80.0.0.2:6881") }
        #expect(lines.count { $0 == "2: connect to 80.0.0.1:6881" } == 30)
        #expect(lines.last == "1: close, rendezvous without end")
        for _ in 0..<400 { lines += say(&rig, 2, { .connect($0) }, "80.0.0.9:6881") }
        #expect(lines.last == "2: close, introductions without end")
    }

    @Test("keeps one of two connections where both have dialled")
    func crossed() {
        var rig = Rig()
        meet(&rig, 9, at: "80.0.0.9", outgoing: true)
        // Our name is the greater one: the other's connection stays.
        let endpoint = Endpoint("80.0.0.9:50001")
        let lines = endpoint.map {
            rig.tell(
                .peerJoined(
                    PeerHandle(1),
                    Introduction(endpoint: $0, id: Rig.id(9), outgoing: false)))
        }
        #expect(lines?.first == "9: close, duplicate")
    }

    @Test("does not wait for dials without an answer before it tries others")
    func hope() {
        var rig = Rig()
        let silent = (1...30).map { "80.0.1.\($0):6881" }
        #expect(discover(&rig, silent).count == 12)
        #expect(rig.wait(.milliseconds(900)).count { $0.hasPrefix("dial") } == 0)
        #expect(rig.wait(.milliseconds(700)).count { $0.hasPrefix("dial") } == 12)
        // Never more than 36 within the ten seconds that a dial takes.
        #expect(discover(&rig, (1...90).map { "80.0.2.\($0):6881" }).isEmpty)
        #expect(rig.wait(.seconds(5)).count { $0.hasPrefix("dial") } == 12)
    }
}
