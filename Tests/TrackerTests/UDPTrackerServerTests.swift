import Primitives
import Testing
import Tracker

/// A tracker by UDP over a registry, and its clock.
struct Server {
    var table = Registry()
    let server = UDPTrackerServer(key: Array(0..<16))

    /// Sends `request` from an address and answers with what comes back.
    mutating func send(_ request: UDPTrackerRequest, from text: String) -> UDPTrackerReply.Body? {
        send(request.encoded, from: tracker(text))
            .flatMap { UDPTrackerReply($0, from: AddressWidth(tracker(text).address)) }
            .flatMap { $0.transaction == request.transaction ? $0.body : nil }
    }

    mutating func send(_ bytes: [UInt8], from sender: Endpoint) -> [UInt8]? {
        server.answer(bytes, from: sender, by: &table.registry, at: table.now)
    }

    mutating func connect(from text: String) -> UInt64 {
        guard case .connected(let id) = send(.init(transaction: 1, body: .connect), from: text)
        else { return 0 }
        return id
    }

    /// Announces port `port` from an address, on its own connection or on `connection`.
    mutating func announce(
        _ port: UInt16 = 6881, from text: String, on connection: UInt64? = nil,
        event: AnnounceEvent? = .started, wanted: Int? = nil, of hash: InfoHash = infoHash
    ) -> UDPTrackerReply.Body? {
        let announce = AnnounceRequest(
            infoHash: hash, peerID: peerID, port: port, counters: TransferCounters(left: 1),
            event: event, wanted: wanted)
        let connection = connection ?? connect(from: text)
        let body = UDPTrackerRequest.Body.announce(announce, key: 0, urlData: [])
        return send(.init(connection: connection, transaction: 7, body: body), from: text)
    }
}

@Suite("A tracker by UDP (BEP 15)")
struct UDPTrackerServerTests {
    @Test("SipHash-2-4 gives the values of its paper")
    func sipHash() {
        let hash = SipHash(key: Array(0..<16))
        #expect(hash.hash([]) == 0x726f_db47_dd0e_0e31)
        #expect(hash.hash(Array(0..<8)) == 0x93f5_f579_9a93_2462)
        #expect(hash.hash(Array(0..<15)) == 0xa129_ca61_49be_45e5)
    }

    @Test("brings peers together, each family for itself")
    func meet() {
        var server = Server()
        guard case .announced(let first) = server.announce(1, from: "1.1.1.1:5"),
            case .announced(let second) = server.announce(2, from: "2.2.2.2:5"),
            case .announced(let third) = server.announce(3, from: "v6")
        else {
            Issue.record("refused")
            return
        }
        #expect(first.peers == [])
        #expect(second.peers == [endpoint("1.1.1.1:1")])
        #expect(second.leechers == 2)
        #expect((96...144).contains(second.interval ?? 0))
        #expect(third.peers == [])
        #expect(third.leechers == 3)
        guard case .announced(let gone) = server.announce(2, from: "2.2.2.2:9", event: .stopped)
        else { return }
        #expect(gone.peers == [])
        #expect(server.table.registry.peerCount == 2)
    }

    @Test("refuses port 0 and swarms that it does not serve, with the reason (TS2)")
    func refusals() {
        var server = Server()
        #expect(server.announce(0, from: "1.1.1.1:5") == .refused("port is malformed"))
        let other = InfoHash(Bytes20())
        #expect(
            server.announce(from: "1.1.1.1:5", of: other)
                == .refused("this tracker does not serve this torrent"))
        #expect(server.table.registry.peerCount == 0)
    }

    @Test("an identifier is good for its address, for two minutes at least and three at most (TS6)")
    func identifiers() {
        var server = Server()
        let id = server.connect(from: "1.1.1.1:5")
        #expect(server.announce(from: "1.1.1.1:6", on: id) != nil)
        #expect(server.announce(from: "1.1.1.2:5", on: id) == nil)
        for forged in [0, 1, 0x0417_2710_1980, id ^ 1, id ^ 1 << 63, ~id] {
            #expect(server.announce(from: "1.1.1.1:5", on: forged) == nil)
        }
        server.table.now = server.table.now + .seconds(120)
        #expect(server.announce(from: "1.1.1.1:5", on: id) != nil)
        server.table.now = server.table.now + .seconds(60)
        #expect(server.announce(from: "1.1.1.1:5", on: id) == nil)
        let other = UDPTrackerServer(key: Array(1...16))
        let connect = UDPTrackerRequest(transaction: 1, body: .connect).encoded
        #expect(
            other.answer(
                connect, from: endpoint("1.1.1.1:5"), by: &server.table.registry,
                at: server.table.now)
                != server.send(connect, from: endpoint("1.1.1.1:5")))
    }

    @Test("sends no more than it got to whoever has no identifier, whatever the size (TS5)")
    func amplification() {
        var server = Server()
        var random = SeededRandom(seed: 1)
        let announce = UDPTrackerRequest(
            connection: 5, transaction: 1,
            body: .announce(UDPTrackerCodingTests.announce, key: 0, urlData: [])
        ).encoded
        let scrape = UDPTrackerRequest(
            connection: 5, transaction: 1, body: .scrape(Array(repeating: infoHash, count: 74))
        ).encoded
        let connect = UDPTrackerRequest(transaction: 1, body: .connect).encoded
        for size in 0..<1500 {
            let noise = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
            for sample in [announce, scrape, connect, noise] {
                let bytes = Array((sample + noise).prefix(size))
                let answer = server.send(bytes, from: endpoint("1.1.1.1:5"))
                #expect(answer?.count ?? 0 <= bytes.count)
                #expect(bytes.starts(with: connect) || answer == nil)
            }
        }
        // Nor to addresses that are nobody's.
        for sender in ["1.1.1.1:0", "224.0.0.1:5", "255.255.255.255:5"] {
            #expect(server.send(connect, from: endpoint(sender)) == nil)
        }
    }

    @Test("an answer fits into a packet of any link, in both versions of IP (TS4)")
    func sizes() {
        var server = Server()
        server.table = Registry { $0.portsPerAddress = 1000 }
        for port in 1...300 as ClosedRange<UInt16> {
            _ = server.announce(port, from: "1.1.1.1:5")
            _ = server.announce(port, from: "v6")
        }
        for (sender, most) in [("1.1.1.1:5", 200), ("v6", 67)] {
            for wanted in [nil, 0, 1, 100_000] as [Int?] {
                let id = server.connect(from: sender)
                let announce = AnnounceRequest(
                    infoHash: infoHash, peerID: peerID, port: 9000,
                    counters: TransferCounters(left: 1), wanted: wanted)
                let request = UDPTrackerRequest(
                    connection: id, transaction: 2,
                    body: .announce(announce, key: 0, urlData: []))
                let answer = server.send(request.encoded, from: tracker(sender))
                let size = sender == "v6" ? 18 : 6
                #expect(answer?.count == 20 + size * min(wanted ?? 50, most))
                #expect(answer?.count ?? 0 <= 1232)
            }
        }
    }

    @Test("counts swarms, of none that it does not serve, and of at most 74 (TS9)")
    func scrape() {
        var server = Server()
        _ = server.announce(1, from: "1.1.1.1:5")
        let id = server.connect(from: "1.1.1.1:5")
        func ask(_ hashes: [InfoHash], _ server: inout Server) -> UDPTrackerReply.Body? {
            server.send(
                .init(connection: id, transaction: 3, body: .scrape(hashes)), from: "1.1.1.1:5")
        }
        let none = SwarmCounts(seeders: 0, leechers: 0, completed: 0)
        let one = SwarmCounts(seeders: 0, leechers: 1, completed: 0)
        #expect(ask([InfoHash(Bytes20()), infoHash], &server) == .scraped([none, one]))
        let many = Array(repeating: infoHash, count: 74)
        #expect(ask(many, &server) == .scraped(Array(repeating: one, count: 74)))
        let tooMany = "name 1 to 74 torrents in one scrape"
        #expect(ask(many + [infoHash], &server) == .refused(tooMany))
        #expect(ask([], &server) == .refused(tooMany))
        let torn = UDPTrackerRequest(
            connection: id, transaction: 3, body: .scrape([infoHash])
        ).encoded
        let answer = server.send(torn + [1, 2, 3], from: endpoint("1.1.1.1:5"))
        #expect(answer.map(\.count) == 20)
    }

    @Test("survives mutated requests", arguments: 0..<4)
    func mutation(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var server = Server()
        let id = server.connect(from: "1.1.1.1:5")
        let announce = UDPTrackerRequest(
            connection: id, transaction: 1,
            body: .announce(UDPTrackerCodingTests.announce, key: 0, urlData: [47]))
        let scrape = UDPTrackerRequest(
            connection: id, transaction: 1, body: .scrape([infoHash, infoHash]))
        for _ in 0..<3000 {
            var bytes = Bool.random(using: &random) ? announce.encoded : scrape.encoded
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place = Int.random(in: 8..<bytes.count, using: &random)
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            let answer = server.send(bytes, from: endpoint("1.1.1.1:5"))
            #expect(answer?.count ?? 0 <= 1232)
        }
        #expect(server.table.registry.peerCount <= 8)
    }
}
