import Primitives
import Testing
import Tracker

@Suite("Datagrams of trackers (BEP 15)")
struct UDPTrackerCodingTests {
    static let announce = AnnounceRequest(
        infoHash: infoHash, peerID: peerID, port: 6881,
        counters: TransferCounters(uploaded: 3, downloaded: 1, left: 2), event: .started,
        wanted: 50)

    static let requests = [
        UDPTrackerRequest(transaction: 7, body: .connect),
        UDPTrackerRequest(
            connection: 1 << 60, transaction: 8,
            body: .announce(announce, key: 9, urlData: Array("/a?b=c".utf8))),
        UDPTrackerRequest(
            connection: 5, transaction: 6, body: .scrape([infoHash, InfoHash(Bytes20())])),
    ]

    @Test("a connect has the bytes of the table in BEP 15")
    func connect() {
        #expect(hex(Self.requests[0].encoded) == "00000417271019800000000000000007")
    }

    @Test("an announce has them too, and the path in options (BEP 41)")
    func announceBytes() {
        let bytes = Self.requests[1].encoded
        #expect(bytes.count == 98 + 2 + 6)
        #expect(hex(Array(bytes[..<16])) == "1000000000000000" + "00000001" + "00000008")
        #expect(Array(bytes[16..<36]) == infoHash.value.bytes)
        #expect(Array(bytes[36..<56]) == peerID.value.bytes)
        #expect(
            hex(Array(bytes[56..<98]))
                == "0000000000000001" + "0000000000000002" + "0000000000000003" + "00000002"
                + "00000000" + "00000009" + "00000032" + "1ae1")
        #expect(Array(bytes[98...]) == [2, 6] + Array("/a?b=c".utf8))
        var plain = Self.announce
        (plain.event, plain.wanted) = (nil, nil)
        let other = UDPTrackerRequest(
            transaction: 0, body: .announce(plain, key: 0, urlData: []))
        #expect(other.encoded.count == 98)
        #expect(
            hex(Array(other.encoded[80..<98])) == "00000000" + "00000000" + "00000000"
                + "ffffffff1ae1")
    }

    @Test(
        "the options of BEP 41's examples mean the same path",
        arguments: [
            [2, 0xc] + Array("/dir?a=b&c=d".utf8),
            [2, 0xc] + Array("/dir?a=b&c=d".utf8) + [1, 1, 0],
            [1, 2, 5] + Array("/dir?".utf8) + [7, 2, 0, 0, 2, 0, 2, 7] + Array("a=b&c=d".utf8),
            [2, 0xc] + Array("/dir?a=b&c=d".utf8) + [0, 2, 1, 65],
            [2, 0xc] + Array("/dir?a=b&c=d".utf8) + [2, 9, 65],
        ] as [[UInt8]])
    func options(_ options: [UInt8]) {
        let plain = UDPTrackerRequest(
            transaction: 0, body: .announce(Self.announce, key: 0, urlData: []))
        guard case .announce(_, _, let urlData) = UDPTrackerRequest(plain.encoded + options)?.body
        else {
            Issue.record("no announce")
            return
        }
        #expect(String(decoding: urlData, as: UTF8.self) == "/dir?a=b&c=d")
    }

    @Test("a long path is spread over options of 255 bytes")
    func longPath() {
        let path = Array(repeating: UInt8(ascii: "x"), count: 600)
        let request = UDPTrackerRequest(
            transaction: 1, body: .announce(Self.announce, key: 0, urlData: path))
        #expect(request.encoded.count == 98 + 600 + 3 * 2)
        #expect(UDPTrackerRequest(request.encoded) == request)
    }

    @Test("requests are read as they were written, and with more behind them", arguments: requests)
    func roundTrip(_ request: UDPTrackerRequest) {
        var read = UDPTrackerRequest(request.encoded)
        if case .connect = request.body { read?.connection = 0 }
        #expect(read == request)
        if case .connect = request.body {
            #expect(UDPTrackerRequest(request.encoded + [1, 2, 3])?.body == .connect)
        }
    }

    @Test("replies are read as they were written, each family its own peers")
    func replies() {
        let v6 = Endpoint(address: .v6(0x2001_0db8 << 32, 1), port: 2)
        let both = AnnounceResponse(
            interval: 1800, seeders: 5, leechers: 7, peers: [endpoint("10.1.2.3:4"), v6])
        let reply = UDPTrackerReply(transaction: 3, body: .announced(both))
        #expect(
            hex(reply.encoded(for: .v4))
                == "00000001" + "00000003" + "00000708" + "00000007" + "00000005"
                + "0a010203" + "0004")
        #expect(reply.encoded(for: .v6).count == 20 + 18)
        for (width, peers) in [(AddressWidth.v4, [endpoint("10.1.2.3:4")]), (.v6, [v6])] {
            var one = both
            one.peers = peers
            let read = UDPTrackerReply(reply.encoded(for: width), from: width)
            #expect(read == UDPTrackerReply(transaction: 3, body: .announced(one)))
        }
        let others: [UDPTrackerReply.Body] = [
            .connected(0xfeed), .refused("no"),
            .scraped([SwarmCounts(seeders: 1, leechers: 2, completed: 3)]),
        ]
        for body in others {
            let reply = UDPTrackerReply(transaction: 9, body: body)
            #expect(UDPTrackerReply(reply.encoded(for: .v4), from: .v4) == reply)
        }
    }

    @Test("impossible peers are dropped alone, and a torn one at the end (TC5)")
    func peers() {
        let head = unhex("00000001" + "00000003" + "ffffffff" + "00000007" + "ffffffff") ?? []
        let list: [UInt8] =
            [0, 0, 0, 0, 1, 1, 10, 0, 0, 1, 0, 0, 224, 0, 0, 1, 1, 1, 255, 255, 255, 255, 1, 1]
            + [10, 0, 0, 2, 0, 9, 10, 0, 0, 2, 0, 9, 10, 0, 0]
        guard case .announced(let response) = UDPTrackerReply(head + list, from: .v4)?.body else {
            Issue.record("no answer")
            return
        }
        #expect(response.peers == [endpoint("10.0.0.2:9")])
        #expect(response.interval == -1)
        #expect(response.seeders == 0xffff_ffff)
    }

    @Test("words of a tracker have no control characters (TC9)")
    func words() {
        let bytes = (unhex("0000000300000001") ?? []) + Array("a\u{1b}[2Jb\r\n\0c".utf8)
        #expect(
            UDPTrackerReply(bytes, from: .v4)?.body == .refused("a\\u{1b}[2Jb\\u{d}\\u{a}"))
        let none = UDPTrackerReply(Array(bytes[..<8]), from: .v4)
        #expect(none?.body == .refused("no reason given"))
    }

    @Test("what is cut off is refused or a shorter one, at every byte")
    func truncation() {
        for request in Self.requests {
            let bytes = request.encoded
            for count in 0..<bytes.count {
                let read = UDPTrackerRequest(Array(bytes[..<count]))
                switch request.body {
                case .connect: #expect(read == nil)
                case .announce: #expect((read == nil) == (count < 98))
                case .scrape: #expect((read == nil) == (count < 16))
                }
            }
        }
        let reply = UDPTrackerReply(
            transaction: 1,
            body: .announced(AnnounceResponse(interval: 1, peers: [endpoint("1.2.3.4:5")])))
        let bytes = reply.encoded(for: .v4)
        for count in 0..<bytes.count {
            #expect((UDPTrackerReply(Array(bytes[..<count]), from: .v4) == nil) == (count < 20))
        }
    }

    @Test("mutated datagrams trap nobody", arguments: 0..<8)
    func mutation(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let samples =
            Self.requests.map(\.encoded) + [
                UDPTrackerReply(
                    transaction: 1,
                    body: .announced(AnnounceResponse(peers: [endpoint("1.2.3.4:5")]))
                ).encoded(for: .v4)
            ]
        for _ in 0..<2000 {
            guard var bytes = samples.randomElement(using: &random) else { continue }
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            bytes += Array(repeating: 2, count: Int.random(in: 0...40, using: &random))
            if let read = UDPTrackerRequest(bytes) { #expect(read.encoded.count >= 16) }
            for width in [AddressWidth.v4, .v6] {
                if let read = UDPTrackerReply(bytes, from: width),
                    case .announced(let a) = read.body
                {
                    #expect(a.peers.allSatisfy { $0.canBePeer })
                }
            }
        }
    }
}
