import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("What a neighbour is told of the others (BEP 11)")
struct PeerExchangeTests {
    private func second(_ second: Double) -> Instant { .zero + .seconds(second) }

    private func contacts(_ numbers: [Int]) -> [Contact] {
        numbers.map { Contact(Rig.endpoint($0)) }
    }

    /// What is told, as `+1 +2 -3`, or nothing.
    private func tell(_ exchange: inout PeerExchange, _ numbers: [Int], at time: Double) -> String {
        guard let news = exchange.next(contacts(numbers), at: second(time)) else { return "" }
        let text = { (endpoint: Endpoint) in
            endpoint.address.bytes.suffix(2).reduce(0) { $0 << 8 | Int($1) }
        }
        return (news.added.map { "+\(text($0.endpoint))" } + news.dropped.map { "-\(text($0))" })
            .joined(separator: " ")
    }

    @Test("is nothing while it does not ask for it, and nothing while there is no news")
    func mute() {
        var exchange = PeerExchange()
        #expect(tell(&exchange, [1, 2], at: 1) == "")
        exchange.isWanted = true
        #expect(tell(&exchange, [], at: 2) == "")
        #expect(tell(&exchange, [1, 2], at: 3) == "+1 +2")
        #expect(tell(&exchange, [1, 2], at: 100) == "")
    }

    @Test("is what has changed, once a minute at most")
    func changes() {
        var exchange = PeerExchange()
        exchange.isWanted = true
        #expect(tell(&exchange, [1, 2], at: 5) == "+1 +2")
        #expect(tell(&exchange, [2, 3], at: 64.9) == "")
        #expect(tell(&exchange, [2, 3], at: 65) == "+3 -1")
        #expect(exchange.nextAt == second(125))
        // 4 came and went meanwhile, 2 went and came back.
        #expect(tell(&exchange, [2, 3, 1], at: 125) == "+1")
    }

    @Test("is at most fifty contacts and fifty departures, the rest a minute later")
    func fifty() {
        var exchange = PeerExchange()
        exchange.isWanted = true
        let crowd = Array(1...70)
        #expect(exchange.next(contacts(crowd), at: second(1))?.added.count == 50)
        #expect(exchange.next(contacts(crowd), at: second(61))?.added.count == 20)
        #expect(exchange.next([], at: second(121))?.dropped.count == 50)
        #expect(exchange.next([], at: second(181))?.dropped.count == 20)
        #expect(exchange.next([], at: second(241)) == nil)
    }

    @Test("may be told three times at once, and then once in 45 seconds")
    func admits() {
        var exchange = PeerExchange()
        let times = [0, 0, 0, 0, 44, 46, 60, 91, 500, 500, 500, 500] as [Double]
        let verdicts = times.map { exchange.admits(at: second($0)) }
        #expect(
            verdicts == [
                true, true, true, false, false, true, false, true, true, true, true, false,
            ])
    }
}

@Suite("What neighbours tell of")
struct HearsayTests {
    private func endpoint(_ number: Int, port: UInt16 = 6881) -> Endpoint {
        Endpoint(address: .v4(0x5000_0000 | UInt32(number)), port: port)
    }

    private func endpoints(_ numbers: ClosedRange<Int>) -> [Endpoint] {
        numbers.map { endpoint($0) }
    }

    private func teller(_ number: UInt32) -> IPAddress { .v4(0x5100_0000 | number) }

    /// Empties a planner, one address at a time.
    private func order(_ planner: inout ConnectionPlanner) -> [Endpoint] {
        var out: [Endpoint] = []
        while let next = planner.next(room: 1, at: .zero).first { out.append(next) }
        return out
    }

    @Test("is tried after what trackers tell, each teller in turn")
    func turns() {
        var planner = ConnectionPlanner()
        planner.hear(endpoints(1...3), from: teller(1))
        planner.hear(endpoints(11...12), from: teller(2))
        planner.add([endpoint(99)])
        #expect(order(&planner) == [99, 1, 11, 2, 12, 3].map { endpoint($0) })
    }

    @Test("is as good as any when a tracker tells it too, or when it was a neighbour")
    func vouched() {
        var planner = ConnectionPlanner()
        planner.hear(endpoints(1...3), from: teller(1))
        planner.add([endpoint(2)])
        planner.connected(endpoint(3))
        #expect(planner.heard == 1)
        planner.withdraw(endpoints(1...3), by: teller(1))
        #expect(planner.heard == 0)
        #expect(order(&planner) == [endpoint(2)])
    }

    @Test("is taken back only by whoever told it, and not while it is tried")
    func withdrawn() {
        var planner = ConnectionPlanner()
        planner.hear(endpoints(1...2), from: teller(1))
        let tried = planner.next(room: 1, at: .zero)
        #expect(tried == [endpoint(1)])
        planner.withdraw(endpoints(1...2), by: teller(2))
        #expect(planner.heard == 2)
        planner.withdraw(endpoints(1...2), by: teller(1))
        #expect(planner.heard == 1)
        #expect(planner.dialing == 1)
    }

    @Test("is forgotten after two failures, and all at once when its teller is banned")
    func forgotten() {
        var planner = ConnectionPlanner()
        planner.hear([endpoint(1)], from: teller(1))
        for second in [0, 10] as [Double] {
            let tried = planner.next(room: 1, at: .zero + .seconds(second))
            #expect(tried == [endpoint(1)])
            planner.failed(endpoint(1), at: .zero + .seconds(second))
        }
        #expect(planner.heard == 0)
        planner.hear(endpoints(1...9), from: teller(1))
        planner.ban(teller(1))
        #expect(order(&planner).isEmpty)
    }

    @Test("is fifty addresses of one teller, and four ports of one address")
    func flood() {
        var planner = ConnectionPlanner()
        planner.hear(endpoints(1...500), from: teller(1))
        #expect(planner.heard == 50)
        planner.hear((1...50).map { endpoint(600, port: $0) }, from: teller(2))
        #expect(planner.heard == 54)
        planner.hear([endpoint(700, port: 0), Endpoint(address: .v4(0), port: 1)], from: teller(3))
        #expect(planner.heard == 54)
    }

    @Test("of those who flood makes room for others, and never takes a tracker's place")
    func fair() {
        var planner = ConnectionPlanner()
        for number in 1...9 as ClosedRange<UInt32> {
            let first = Int(number) * 1000
            planner.hear(endpoints(first...first + 99), from: teller(number))
        }
        #expect(planner.heard == 200)
        planner.hear(endpoints(1...2), from: teller(20))
        #expect(planner.heard == 200)
        planner.add(endpoints(20_000...22_000))
        let all = order(&planner)
        #expect(all.count == 1200)
        #expect(all.contains(endpoint(1)) && all.contains(endpoint(2)))
        #expect(all.prefix(1000).allSatisfy { $0.address.bytes[2] >= 78 })
    }

    @Test("is not dialled when it is near already")
    func near() {
        var planner = ConnectionPlanner()
        planner.hear(endpoints(1...2), from: teller(1))
        planner.add([endpoint(3)])
        let near: Set = [endpoint(1), endpoint(3)]
        let chosen = planner.next(room: 9, avoiding: near, at: .zero)
        #expect(chosen == [endpoint(2)])
    }
}

@Suite("A swarm engine exchanges contacts")
struct ExchangeTests {
    /// A neighbour that dialled us from a port of no use, and says where it listens.
    private func greet(
        _ rig: inout Rig, _ slot: Int, at address: String, outgoing: Bool = false,
        listens port: UInt16? = 7000, speaks: Bool = true
    ) -> [String] {
        guard let endpoint = Endpoint(address + (outgoing ? ":6881" : ":50001")) else { return [] }
        var handshake = rig.handshake(nil, false)
        handshake.listenPort = port
        if speaks { handshake.ids = [.live: 3, .peerExchange: 2] }
        var lines = rig.tell(
            .peerJoined(
                PeerHandle(slot),
                Introduction(endpoint: endpoint, id: Rig.id(UInt8(slot)), outgoing: outgoing)))
        lines += rig.tell(.extensionsReceived(PeerHandle(slot), handshake))
        lines += rig.tell(.woken)
        return lines.filter { $0.contains("tell") }
    }

    private func hear(_ rig: inout Rig, _ slot: Int, _ added: [String], gone: [String] = [])
        -> [String]
    {
        let message = PeerExchangeMessage(
            added: added.compactMap { text in
                let isReachable = text.hasSuffix("!")
                let endpoint = Endpoint(String(isReachable ? text.dropLast() : text[...]))
                return endpoint.map { Contact($0, isReachable ? .reachable : []) }
            }, dropped: gone.compactMap { Endpoint($0) })
        return rig.tell(.exchangeReceived(PeerHandle(slot), message))
    }

    @Test("and tells a newcomer at once who is here, and the others of it")
    func tells() {
        var rig = Rig(.source)
        #expect(greet(&rig, 1, at: "80.0.0.1") == [])
        #expect(
            greet(&rig, 2, at: "80.0.0.2")
                == ["1: tell +80.0.0.2:7000", "2: tell +80.0.0.1:7000"])
        #expect(
            greet(&rig, 3, at: "80.0.0.3") == ["3: tell +80.0.0.1:7000 +80.0.0.2:7000"])
        _ = rig.tell(.peerLeft(PeerHandle(2)))
        #expect(rig.wait(.seconds(25)).filter { $0.contains("tell") } == [])
        // What nobody says anything for half a minute is closed.
        for slot in [1, 3] { _ = rig.tell(.messageReceived(PeerHandle(slot), .keepAlive)) }
        _ = rig.wait(.seconds(25))
        for slot in [1, 3] { _ = rig.tell(.messageReceived(PeerHandle(slot), .keepAlive)) }
        #expect(
            rig.wait(.seconds(12)).filter { $0.contains("tell") } == [
                "1: tell +80.0.0.3:7000 -80.0.0.2:7000", "3: tell -80.0.0.2:7000",
            ])
    }

    @Test("and tells where it connected to itself, with a mark")
    func dialled() {
        var rig = Rig()
        _ = greet(&rig, 1, at: "80.0.0.1", outgoing: true)
        #expect(greet(&rig, 2, at: "80.0.0.2").last == "2: tell +80.0.0.1:6881!")
    }

    @Test("and tells nobody of those that do not say where they listen")
    func unknownPort() {
        var rig = Rig()
        _ = greet(&rig, 1, at: "80.0.0.1", listens: nil)
        #expect(greet(&rig, 2, at: "80.0.0.2") == ["1: tell +80.0.0.2:7000"])
    }

    @Test("and tells only those who speak it, and nobody of a private channel")
    func mute() {
        var rig = Rig()
        _ = greet(&rig, 1, at: "80.0.0.1", speaks: false)
        #expect(greet(&rig, 2, at: "80.0.0.2") == ["2: tell +80.0.0.1:7000"])
        var silent = Rig(.viewer) { $0.exchangesPeers = false }
        _ = greet(&silent, 1, at: "80.0.0.1")
        #expect(greet(&silent, 2, at: "80.0.0.2") == [])
        #expect(hear(&silent, 2, ["80.0.0.3:6881!"]) == [])
    }

    @Test("and keeps private addresses within their network")
    func scopes() {
        var rig = Rig()
        _ = greet(&rig, 1, at: "127.0.0.1")
        _ = greet(&rig, 2, at: "192.168.1.2")
        #expect(greet(&rig, 3, at: "80.0.0.3").last == "2: tell +80.0.0.3:7000")
        var other = Rig()
        _ = greet(&other, 1, at: "192.168.1.1")
        #expect(
            greet(&other, 2, at: "10.0.0.2")
                == ["1: tell +10.0.0.2:7000", "2: tell +192.168.1.1:7000"])
    }

    @Test("and dials whom it hears of, reachable ones first")
    func dials() {
        var rig = Rig(.viewer) { $0.targetPeers = 2 }
        _ = greet(&rig, 1, at: "80.0.0.1")
        #expect(hear(&rig, 1, ["80.0.0.2:6881", "80.0.0.3:6881!"]) == ["dial 80.0.0.3:6881"])
    }

    @Test(
        "and dials no private address that a stranger names",
        arguments: [
            "127.0.0.1", "10.0.0.9", "172.16.0.1", "172.31.255.1", "192.168.0.1", "169.254.1.1",
            "100.64.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
        ])
    func noScan(_ address: String) {
        var rig = Rig()
        _ = greet(&rig, 1, at: "80.0.0.1")
        #expect(hear(&rig, 1, ["\(address):6881!"]) == [])
        var home = Rig()
        _ = greet(&home, 1, at: "127.0.0.1")
        let isHost = !["0.0.0.0", "224.0.0.1", "255.255.255.255"].contains(address)
        #expect(hear(&home, 1, ["\(address):6881!"]).isEmpty == !isHost)
    }

    @Test("and dials nobody as a source, nor whoever is here already")
    func noDial() {
        var source = Rig(.source)
        _ = greet(&source, 1, at: "80.0.0.1")
        #expect(hear(&source, 1, ["80.0.0.2:6881!"]) == [])
        var rig = Rig()
        _ = greet(&rig, 1, at: "80.0.0.1")
        _ = greet(&rig, 2, at: "80.0.0.2")
        #expect(hear(&rig, 1, ["80.0.0.2:7000!"]) == [])
        _ = rig.tell(.peerLeft(PeerHandle(2)))
        #expect(rig.wait(.seconds(1)).contains("dial 80.0.0.2:7000"))
    }

    @Test("and closes whoever never stops telling")
    func flood() {
        var rig = Rig()
        _ = greet(&rig, 1, at: "80.0.0.1")
        var lines: [String] = []
        for number in 0..<400 { lines += hear(&rig, 1, ["81.0.0.\(number % 200):\(number + 1)!"]) }
        #expect(lines.count { $0.hasPrefix("dial") } <= 3)
        #expect(lines.last == "1: close, peer exchange out of season")
    }
}
