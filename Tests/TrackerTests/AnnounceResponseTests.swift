import Bencode
import Primitives
import Testing
import Tracker

@Suite("An answer to an announce")
struct AnnounceResponseTests {
    private func parse(_ text: String) throws -> AnnounceResponse {
        try AnnounceResponse(parsing: Array(text.utf8))
    }

    @Test("is written as BEP 3, 7 and 23 have it")
    func encode() {
        let v6 = Endpoint(address: .v6(0x2001_0db8_0000_0000, 1), port: 0x1ae1)
        let answer = AnnounceResponse(
            interval: 120, minInterval: 15, seeders: 1, leechers: 2,
            peers: [endpoint("1.2.3.4:6881"), v6, endpoint("5.6.7.8:80")])
        let expected =
            Array("d8:completei1e10:incompletei2e8:intervali120e12:min intervali15e".utf8)
            + Array("5:peers12:".utf8) + [1, 2, 3, 4, 0x1a, 0xe1, 5, 6, 7, 8, 0, 80]
            + Array("6:peers618:".utf8)
            + [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x1a, 0xe1]
            + Array("e".utf8)
        #expect(answer.encoded == expected)
    }

    @Test("is read as it was written")
    func roundTrip() throws {
        let v6 = Endpoint(address: .v6(0x2001_0db8_0000_0000, 1), port: 6881)
        let answer = AnnounceResponse(
            interval: 120, minInterval: 15, seeders: 1, leechers: 2, trackerID: [0, 255],
            warning: "soon closed", peers: [endpoint("1.2.3.4:6881"), v6])
        #expect(try AnnounceResponse(parsing: answer.encoded) == answer)
    }

    @Test("is read as opentracker 0.0~git20210823 was seen to write it")
    func opentracker() throws {
        let head = "d8:completei0e10:downloadedi0e10:incompletei2e8:intervali1928e"
        let body =
            Array("\(head)12:min intervali964e5:peers12:".utf8)
            + [0x7f, 0, 0, 1, 0x1a, 0xe1, 0x7f, 0, 0, 1, 0x1a, 0xe2] + Array("e".utf8)
        #expect(
            try AnnounceResponse(parsing: body)
                == AnnounceResponse(
                    interval: 1928, minInterval: 964, seeders: 0, leechers: 2,
                    peers: [endpoint("127.0.0.1:6881"), endpoint("127.0.0.1:6882")]))
    }

    @Test("may list peers as dictionaries (BEP 3), of which bad ones are dropped alone (TC5)")
    func dictionaries() throws {
        let peers: [BencodeValue] = [
            ["ip": "1.2.3.4", "port": 6881], ["ip": "2001:db8::1", "port": 1],
            ["ip": "tracker.example", "port": 1], ["ip": 7, "port": 1], ["ip": "1.2.3.4"],
            ["ip": "1.2.3.4", "port": 0], ["ip": "1.2.3.4", "port": 65536],
            ["ip": "1.2.3.4", "port": -1], ["ip": "224.0.0.1", "port": 1], "x", 3, [],
            ["ip": "::ffff:5.6.7.8", "port": 2], ["ip": "1.2.3.4", "port": 6881],
        ]
        let body: BencodeValue = ["peers": .list(peers)]
        let found = try AnnounceResponse(parsing: body.encoded).peers.map(\.description)
        #expect(found == ["1.2.3.4:6881", "[2001:db8:0:0:0:0:0:1]:1", "5.6.7.8:2"])
    }

    @Test("keeps the good peers of a compact list with bad ones (TC5)")
    func badPeers() throws {
        var list: [UInt8] = []
        list += [1, 2, 3, 4, 0, 0] + [0, 0, 0, 0, 1, 1] + [255, 255, 255, 255, 1, 1]
        list += [224, 0, 0, 1, 1, 1] + [1, 2, 3, 4, 1, 1] + [239, 1, 1, 1, 1, 1] + [9, 9, 9]
        let six: [UInt8] = [0xff, 2] + [UInt8](repeating: 0, count: 15) + [1]
        let none = [UInt8](repeating: 0, count: 17) + [1]
        let body: BencodeValue = ["peers": .bytes(list), "peers6": .bytes(six + none + [1])]
        let found = try AnnounceResponse(parsing: body.encoded).peers.map(\.description)
        #expect(found == ["1.2.3.4:257"])
    }

    @Test("gives no more than 3,000 peers (TC1)", arguments: [18_006, 480_000])
    func manyPeers(byteCount: Int) throws {
        var list: [UInt8] = []
        for number in 0..<byteCount / 6 {
            list +=
                [10] + [UInt8(number >> 16), UInt8(number >> 8 & 255), UInt8(number & 255), 1, 1]
        }
        let body: BencodeValue = ["peers": .bytes(list), "peers6": .bytes(list)]
        #expect(try AnnounceResponse(parsing: body.encoded).peers.count == 3000)
    }

    @Test("is refused above 1 MiB, whatever is in it (TC1)")
    func tooLong() {
        let body: BencodeValue = ["failure reason": .bytes([UInt8](repeating: 65, count: 1 << 20))]
        let bytes = body.encoded
        #expect(throws: AnnounceResponseError.tooLong(bytes.count)) {
            try AnnounceResponse(parsing: bytes)
        }
    }

    @Test("may give a reason instead, which is shown without control characters (TC8)")
    func failure() {
        let body: BencodeValue = ["failure reason": "no \u{1b}[2J\r\n\u{9b}\u{202e}café"]
        let bytes = body.encoded
        let reason = "no \\u{1b}[2J\\u{d}\\u{a}\\u{9b}\\u{202e}café"
        #expect(throws: AnnounceResponseError.refused(reason)) {
            try AnnounceResponse(parsing: bytes)
        }
    }

    @Test("shows only the beginning of an endless reason")
    func longFailure() {
        let body: BencodeValue = ["failure reason": .bytes([UInt8](repeating: 65, count: 100_000))]
        let bytes = body.encoded
        let reason = String(repeating: "A", count: 256) + "…"
        #expect(throws: AnnounceResponseError.refused(reason)) {
            try AnnounceResponse(parsing: bytes)
        }
    }

    @Test("passes over fields of a wrong type (TC6)")
    func wrongTypes() throws {
        let answer = try parse("d8:completei-1e8:interval2:605:peersi7e10:tracker idlee")
        #expect(answer == AnnounceResponse())
    }

    @Test(
        "is an error where it is no dictionary", arguments: ["", "x", "le", "i1e", "d", "<html>"])
    func malformed(text: String) {
        #expect(throws: AnnounceResponseError.self) { try parse(text) }
    }

    @Test("never traps, cut anywhere or changed anyhow")
    func hostile() {
        let good = AnnounceResponse(
            interval: 120, minInterval: 15, seeders: 1, leechers: 2, trackerID: [0, 255],
            warning: "w", peers: [endpoint("1.2.3.4:6881"), endpoint("1.2.3.5:6881")]
        ).encoded
        for end in good.indices {
            #expect(throws: AnnounceResponseError.self) {
                try AnnounceResponse(parsing: Array(good[..<end]))
            }
        }
        var random = SeededRandom(seed: 7)
        for _ in 0..<2000 {
            var bad = good
            for _ in 0..<3 {
                guard let place = bad.indices.randomElement(using: &random) else { continue }
                bad[place] = UInt8.random(in: 0...255, using: &random)
            }
            let peers = (try? AnnounceResponse(parsing: bad))?.peers ?? []
            let areUsable = peers.allSatisfy { $0.canBePeer }
            #expect(areUsable)
        }
    }

    @Test("of a status other than 200 is a failure, with the tracker's reason if it gave one")
    func status() {
        var talk = Conversation([["http://a/"], ["http://b/"], ["http://c/"]])
        _ = talk.say(.started)
        #expect(
            talk.say(.responded(RequestID(1), status: 404, body: Array("<html>".utf8))) == [
                "note http://a/: failed: HTTP status 404", "ask 2 b started",
            ])
        #expect(
            talk.say(
                .responded(RequestID(2), status: 400, body: Array("d14:failure reason2:noe".utf8)))
                == ["note http://b/: failed: no", "ask 3 c started"])
        #expect(
            talk.say(.responded(RequestID(3), status: 302, body: AnnounceResponse().encoded)) == [
                "note http://c/: failed: HTTP status 302"
            ])
    }
}
