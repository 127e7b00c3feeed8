import Bencode
import Primitives
import Testing
import Tracker

/// A registry, its clock, and short ways to announce.
struct Registry {
    var registry: TrackerRegistry
    var now = Instant.zero + .seconds(1000)

    init(
        _ admission: TrackerRegistry.Admission = .only([infoHash]), seed: UInt64 = 1,
        _ change: (inout TrackerRegistrySettings) -> Void = { _ in }
    ) {
        var settings = TrackerRegistrySettings()
        change(&settings)
        registry = TrackerRegistry(
            admission: admission, settings: settings, random: SeededRandom(seed: seed))
    }

    /// Announces the peer at `text` and answers with the reply.
    mutating func reply(
        _ text: String, _ event: AnnounceEvent? = nil, left: UInt64 = 1, wanted: Int? = nil,
        of hash: InfoHash = infoHash, reachedAt reached: IPAddress? = nil
    ) -> AnnounceReply {
        let peer = endpoint(text)
        let request = AnnounceRequest(
            infoHash: hash, peerID: peerID, port: peer.port,
            counters: TransferCounters(left: left), event: event, wanted: wanted)
        return registry.announce(request, from: peer.address, reachedAt: reached, at: now)
    }

    /// Announces the peer at `text` and answers with the peers of the reply, sorted.
    mutating func announce(
        _ text: String, _ event: AnnounceEvent? = nil, left: UInt64 = 1, wanted: Int? = nil,
        reachedAt reached: IPAddress? = nil
    ) -> [String] {
        let reply = reply(text, event, left: left, wanted: wanted, reachedAt: reached)
        guard case .accepted(let response) = reply else { return ["refused"] }
        return response.peers.map(\.description).sorted()
    }
}

@Suite("The embedded tracker's registry")
struct TrackerRegistryTests {
    @Test("brings peers together, never a peer with itself")
    func meet() {
        var table = Registry()
        #expect(table.announce("1.1.1.1:10", .started) == [])
        #expect(table.announce("1.1.1.1:10") == [])
        #expect(table.announce("2.2.2.2:20", .started) == ["1.1.1.1:10"])
        #expect(table.announce("1.1.1.1:10") == ["2.2.2.2:20"])
        #expect(table.announce("1.1.1.1:11") == ["1.1.1.1:10", "2.2.2.2:20"])
        #expect(table.announce("2.2.2.2:20", .stopped) == [])
        #expect(table.announce("1.1.1.1:10") == ["1.1.1.1:11"])
    }

    @Test("knows a peer by its address and port only, and believes no ip parameter (TS3, TS8)")
    func identity() {
        var table = Registry()
        _ = table.announce("1.1.1.1:10")
        let forged = items(
            "info_hash=HASH&peer_id=ID&port=10&event=stopped&ip=1.1.1.1&ipv4=1.1.1.1&ipv6=::1")
        _ = table.registry.announce(items: forged, from: address("6.6.6.6"), at: table.now)
        #expect(table.announce("2.2.2.2:20") == ["1.1.1.1:10"])
        let claimed = items("info_hash=HASH&peer_id=ID&port=30&ip=9.9.9.9")
        _ = table.registry.announce(items: claimed, from: address("3.3.3.3"), at: table.now)
        #expect(table.announce("2.2.2.2:20") == ["1.1.1.1:10", "3.3.3.3:30"])
    }

    @Test("serves registered torrents only, and any where it is open")
    func admission() {
        let other = InfoHash(Bytes20())
        var table = Registry()
        #expect(table.reply("1.1.1.1:10", of: other) == .refused(.unknownTorrent))
        table.registry.register(other)
        #expect(table.reply("1.1.1.1:10", of: other) != .refused(.unknownTorrent))
        var open = Registry(.open)
        #expect(open.reply("1.1.1.1:10", of: other) != .refused(.unknownTorrent))
    }

    @Test("refuses in bencode, with a reason (TS1, TS2)")
    func refusal() {
        var table = Registry()
        let bad = items("info_hash=HASH&peer_id=ID&port=0")
        let reply = table.registry.announce(items: bad, from: address("1.1.1.1"), at: table.now)
        #expect(reply.encoded == Array("d14:failure reason17:port is malformede".utf8))
        #expect(table.announce("0.0.0.0:10") == ["refused"])
        #expect(table.announce("224.0.0.1:10") == ["refused"])
        #expect(table.registry.peerCount == 0)
    }

    @Test(
        "gives 50 peers, or as many as are asked for up to 200 (TS4)",
        arguments: [
            (nil, 50), (0, 0), (7, 7), (200, 200), (201, 200), (.max, 200),
        ] as [(Int?, Int)])
    func count(wanted: Int?, given: Int) {
        var table = Registry()
        for number in 0..<300 { _ = table.announce("10.0.\(number / 200).\(number % 200):1") }
        let peers = table.announce("9.9.9.9:9", wanted: wanted)
        #expect(peers.count == given)
        #expect(Set(peers).count == given)
    }

    @Test("chooses at random, by the seed, every peer alike")
    func choice() {
        var table = Registry()
        for number in 0..<20 { _ = table.announce("10.0.0.\(number):1", wanted: 0) }
        var times: [String: Int] = [:]
        for _ in 0..<2000 {
            for peer in table.announce("9.9.9.9:9", wanted: 5) { times[peer, default: 0] += 1 }
        }
        // Each of 20 is expected 500 times with a deviation of 19.
        #expect(times.count == 20)
        #expect(times.values.allSatisfy { (400...600).contains($0) })
    }

    @Test("lets one address hold 8 ports, the latest (TS7)")
    func flood() {
        var table = Registry()
        _ = table.announce("1.1.1.1:1")
        for port in 1000..<4000 {
            _ = table.announce("6.6.6.6:\(port)")
            table.now = table.now + .milliseconds(1)
        }
        #expect(table.registry.peerCount == 9)
        let held = (3992..<4000).map { "6.6.6.6:\($0)" }
        #expect(table.announce("2.2.2.2:2") == ["1.1.1.1:1"] + held)
    }

    @Test("takes a /64 of IPv6 for one address")
    func flood6() {
        var table = Registry()
        for host in 0..<100 {
            let request = AnnounceRequest(
                infoHash: infoHash, peerID: peerID, port: 1, counters: TransferCounters(left: 1))
            _ = table.registry.announce(
                request, from: .v6(0x2001_0db8_0000_0000, UInt64(host + 1)), at: table.now)
        }
        #expect(table.registry.peerCount == 8)
    }

    @Test("does not list more peers and swarms than its settings allow (TS7)")
    func bounds() {
        var table = Registry(.open) {
            $0.peersPerSwarm = 10
            $0.peers = 15
            $0.swarms = 3
        }
        for number in 0..<100 { _ = table.announce("10.0.0.\(number):1", wanted: 0) }
        #expect(table.registry.peerCount == 10)
        #expect(table.announce("10.1.0.1:1").count == 10)
        var refusals = 0
        for number in 0..<100 {
            let hash = InfoHash(Bytes20([UInt8](repeating: UInt8(number), count: 20)) ?? Bytes20())
            if table.reply("10.2.0.\(number):1", of: hash) == .refused(.full) { refusals += 1 }
        }
        #expect(refusals == 98)
        #expect(table.registry.peerCount == 12)
    }

    @Test("forgets peers that are silent for two intervals (TS12)")
    func expiry() {
        var table = Registry()
        _ = table.announce("1.1.1.1:1")
        table.now = table.now + .seconds(100)
        _ = table.announce("2.2.2.2:2")
        table.now = table.now + .seconds(139)
        #expect(table.announce("3.3.3.3:3", .stopped) == [])
        #expect(table.announce("3.3.3.3:3") == ["1.1.1.1:1", "2.2.2.2:2"])
        table.now = table.now + .seconds(1)
        #expect(table.announce("3.3.3.3:3") == ["2.2.2.2:2"])
        for _ in 0..<8 where table.registry.nextDeadline != .never {
            table.now = table.registry.nextDeadline.at
            table.registry.expire(at: table.now)
        }
        #expect(table.registry.peerCount == 0)
        #expect(table.registry.nextDeadline.at == .never)
    }

    @Test("keeps its size over days of peers that never say goodbye (TS12)")
    func days() {
        var table = Registry()
        var most = 0
        for number in 0..<20_000 {
            _ = table.announce("10.\(number / 40_000).\(number / 200 % 200).\(number % 200):1")
            table.now = table.now + .seconds(10)
            most = max(most, table.registry.peerCount)
        }
        #expect(most <= 24 + 6 + 1)
    }

    @Test("varies its interval by a fifth, so that a storm does not come back as one (TS11)")
    func jitter() {
        var table = Registry()
        var intervals: Set<Int> = []
        for number in 0..<500 {
            let text = "10.0.\(number / 200).\(number % 200):1"
            guard case .accepted(let response) = table.reply(text) else { continue }
            intervals.insert(response.interval ?? 0)
            #expect(response.minInterval == 15)
        }
        #expect(intervals.allSatisfy { (96...144).contains($0) })
        #expect(intervals.count > 40)
    }

    @Test("names a peer on its own machine by an address that the asker can reach")
    func loopback() {
        var table = Registry()
        _ = table.announce("127.0.0.1:10")
        #expect(table.announce("127.0.0.1:11") == ["127.0.0.1:10"])
        #expect(table.announce("2.2.2.2:20") == [])
        #expect(
            table.announce("2.2.2.2:20", reachedAt: address("192.168.1.2"))
                == ["192.168.1.2:10", "192.168.1.2:11"])
        #expect(table.announce("2.2.2.2:20", reachedAt: address("127.0.0.1")) == [])
        var known = Registry { $0.publicAddress = address("5.5.5.5") }
        _ = known.announce("127.0.0.1:10")
        #expect(known.announce("2.2.2.2:20", reachedAt: address("192.168.1.2")) == ["5.5.5.5:10"])
        #expect(known.announce("127.0.0.1:11") == ["127.0.0.1:10", "2.2.2.2:20"])
        #expect(known.announce("5.5.5.5:10").contains("5.5.5.5:10") == false)
    }

    @Test("counts seeders, leechers and completions, and tells a scrape (TS9)")
    func scrape() {
        var table = Registry()
        _ = table.announce("1.1.1.1:1", left: 0)
        _ = table.announce("2.2.2.2:2", left: 5)
        _ = table.announce("3.3.3.3:3", left: 5)
        _ = table.announce("3.3.3.3:3", .completed, left: 0)
        let body = table.registry.scrape(
            items: [("info_hash", infoHash.value.bytes), ("info_hash", Bytes20().bytes)],
            at: table.now)
        let expected =
            Array("d5:filesd20:".utf8) + infoHash.value.bytes
            + Array("d8:completei2e10:downloadedi1e10:incompletei1eeee".utf8)
        #expect(body == expected)
        let all = table.registry.scrape(items: [], at: table.now)
        #expect(
            all == Array("d14:failure reason35:name 1 to 74 torrents in one scrapee".utf8))
    }

    @Test("keeps its counts under any sequence of announces", arguments: 0..<10)
    func anything(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var table = Registry { $0.portsPerAddress = 3 }
        for _ in 0..<2000 {
            let peer = (0...3).map { _ in Int.random(in: 0...1, using: &random) + 1 }
            let text = "\(peer[0]).\(peer[1]).\(peer[2]).1:\(Int.random(in: 1...6, using: &random))"
            let event =
                [AnnounceEvent.stopped, .started, .completed, nil]
                .randomElement(using: &random) ?? nil
            let left = UInt64.random(in: 0...1, using: &random)
            guard case .accepted(let response) = table.reply(text, event, left: left, wanted: 99)
            else { continue }
            let listed = table.registry.peerCount
            #expect((response.seeders ?? -1) + (response.leechers ?? -1) == listed)
            #expect(response.peers.count <= max(0, listed - 1))
            table.now = table.now + .seconds(Double.random(in: 0...20, using: &random))
            table.registry.expire(at: table.now)
        }
    }
}
