import Primitives
import Testing
import Tracker

typealias Items = [(name: String, value: [UInt8])]

/// The items of `NAME=VALUE&…` with `HASH` and `ID` standing for 20 bytes.
func items(_ query: String) -> Items {
    query.split(separator: "&").map { item in
        let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count == 2 ? String(parts[1]) : ""
        switch value {
        case "HASH": return (String(parts[0]), infoHash.value.bytes)
        case "ID": return (String(parts[0]), peerID.value.bytes)
        default: return (String(parts[0]), Array(value.utf8))
        }
    }
}

@Suite("A query to a tracker")
struct AnnounceRequestTests {
    @Test("is read as it was written")
    func roundTrip() throws {
        let request = AnnounceRequest(
            infoHash: infoHash, peerID: peerID, port: 65535,
            counters: TransferCounters(uploaded: 1, downloaded: .max, left: 0),
            event: .completed, wanted: 7)
        let query = request.query(key: 1, trackerID: [0, 255])
        let items = try #require(queryItems(query))
        #expect(try AnnounceRequest(items: items) == request)
    }

    @Test(
        "is refused without a proper info-hash, name and port (TS1, TS2)",
        arguments: [
            ("", .missing("info_hash")),
            ("peer_id=ID&port=1", .missing("info_hash")),
            ("info_hash=1234567890123456789&peer_id=ID&port=1", .malformed("info_hash")),
            ("info_hash=123456789012345678901&peer_id=ID&port=1", .malformed("info_hash")),
            ("info_hash=HASH&info_hash=HASH&peer_id=ID&port=1", .repeated("info_hash")),
            ("info_hash=HASH&port=1", .missing("peer_id")),
            ("info_hash=HASH&peer_id=me&port=1", .malformed("peer_id")),
            ("info_hash=HASH&peer_id=ID", .missing("port")),
            ("info_hash=HASH&peer_id=ID&port=", .malformed("port")),
            ("info_hash=HASH&peer_id=ID&port=0", .malformed("port")),
            ("info_hash=HASH&peer_id=ID&port=-1", .malformed("port")),
            ("info_hash=HASH&peer_id=ID&port=+1", .malformed("port")),
            ("info_hash=HASH&peer_id=ID&port=65536", .malformed("port")),
            ("info_hash=HASH&peer_id=ID&port=18446744073709551617", .malformed("port")),
            ("info_hash=HASH&peer_id=ID&port=6881x", .malformed("port")),
            ("info_hash=HASH&peer_id=ID&port=1&port=2", .repeated("port")),
            ("info_hash=HASH&peer_id=ID&port=1&left=-1", .malformed("left")),
        ] as [(String, TrackerRefusal)])
    func refused(query: String, refusal: TrackerRefusal) {
        #expect(throws: refusal) { try AnnounceRequest(items: items(query)) }
    }

    @Test("may leave out what is not needed, and add what is not known")
    func sparse() throws {
        let request = try AnnounceRequest(
            items: items(
                "info_hash=HASH&peer_id=ID&port=1&event=&numwant=-1&x=1&x=2"))
        #expect(
            request
                == AnnounceRequest(
                    infoHash: infoHash, peerID: peerID, port: 1,
                    counters: TransferCounters(left: .max)))
    }

    @Test("falls apart at its ampersands before escapes are resolved")
    func splitting() throws {
        let items = try #require(queryItems("a=%26%3d&b&=c&d=+=&&e=%00%fF"))
        #expect(items.map(\.name) == ["a", "b", "", "d", "e"])
        let values = items.map(\.value)
        #expect(values == [Array("&=".utf8), [], Array("c".utf8), Array("+=".utf8), [0, 255]])
    }

    @Test(
        "with a broken escape is none (TS1)",
        arguments: [
            "a=%", "a=%1", "a=%g0", "a=%+1", "%zz=1",
        ])
    func broken(query: String) {
        let items = queryItems(query)
        #expect(items?.count == nil)
    }

    @Test("of more than 8 KiB is none (TS1)")
    func endless() {
        let (most, tooMuch) = (
            queryItems(String(repeating: "a", count: 8192)),
            queryItems(String(repeating: "a", count: 8193))
        )
        #expect(most?.count == 1)
        #expect(tooMuch?.count == nil)
    }

    @Test("for a scrape names 1 to 74 torrents (TS9)")
    func scrape() throws {
        let one = ("info_hash", infoHash.value.bytes) as (name: String, value: [UInt8])
        let all = Items(repeating: one, count: 74)
        #expect(try scrapedHashes(items: all, limit: 74).count == 74)
        #expect(throws: TrackerRefusal.scrapeSize(limit: 74)) {
            try scrapedHashes(items: all + [one], limit: 74)
        }
        #expect(throws: TrackerRefusal.scrapeSize(limit: 74)) {
            try scrapedHashes(items: [], limit: 74)
        }
        #expect(throws: TrackerRefusal.malformed("info_hash")) {
            try scrapedHashes(items: [one, ("info_hash", [1])], limit: 74)
        }
    }

    @Test(
        "finds IPv6 addresses as RFC 4291 writes them",
        arguments: [
            ("::", nil), ("::1", nil), ("1::", "1:0:0:0:0:0:0:0"),
            ("2001:DB8:0:0:8:800:200C:417A", "2001:db8:0:0:8:800:200c:417a"),
            ("2001:db8::8:800:200c:417a", "2001:db8:0:0:8:800:200c:417a"),
            ("::ffff:1.2.3.4", nil), ("64:ff9b::1.2.3.4", "64:ff9b:0:0:0:0:102:304"),
            ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("1:2:3:4:5:6:7", nil), ("1::2::3", nil),
            ("1:2:3:4:5:6:7:8:9", nil), (":1:2:3:4:5:6:7", nil), ("1:2:3:4:5:6:7::8", nil),
            (":::", nil), ("1:2:3:4:5:6:7:12345", nil), ("1:2:3:4:5:6:7:+1", nil),
            ("1.2.3.4::", nil),
        ] as [(String, String?)])
    func addresses(text: String, expected: String?) throws {
        let body = Array("d5:peersld2:ip\(text.utf8.count):\(text)4:porti1eeee".utf8)
        let peers = try AnnounceResponse(parsing: body).peers.filter {
            if case .v6(let high, _) = $0.address { high != 0 } else { false }
        }
        #expect(peers.first?.address.description == expected)
    }
}
