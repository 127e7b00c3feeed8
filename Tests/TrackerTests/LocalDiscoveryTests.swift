import Primitives
import Testing
import Tracker

private let other = InfoHash(Bytes20(Array(repeating: 0xab, count: 20)) ?? Bytes20())

/// A discovery and its clock.
private struct Talk {
    var machine = LocalDiscovery(random: SeededRandom(seed: 1))
    var now = Instant.zero + .seconds(1000)
    var announced: LocalAnnouncement?

    mutating func say(_ input: LocalDiscovery.Input) -> [String] {
        var outputs: [LocalDiscovery.Output] = []
        machine.handle(input, at: now, into: &outputs)
        return outputs.map { output in
            switch output {
            case .announce(let announcement):
                announced = announcement
                return "announce \(announcement.infoHashes.count) at \(announcement.port)"
            case .discovered(let infoHash, let endpoint):
                return "\(infoHash == other ? "other" : "one") \(endpoint)"
            }
        }
    }

    mutating func hear(_ announcement: LocalAnnouncement, from text: String) -> [String] {
        say(.received(announcement.encoded(for: .v4), from: endpoint(text)))
    }

    mutating func wait() -> [String] {
        now = max(now, machine.nextDeadline.at)
        return say(.timePassed)
    }

    var seconds: Int { Int((machine.nextDeadline.at - now).seconds.rounded()) }
}

@Suite("Local discovery (BEP 14)")
struct LocalDiscoveryTests {
    @Test("an announcement is this text, and comes back as it was sent")
    func text() {
        let announcement = LocalAnnouncement(port: 6881, infoHashes: [other], cookie: "c0ffee")
        let text =
            "BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\n"
            + "Infohash: abababababababababababababababababababab\r\ncookie: c0ffee\r\n\r\n\r\n"
        #expect(announcement.encoded(for: .v4) == Array(text.utf8))
        #expect(LocalAnnouncement(Array(text.utf8)) == announcement)
        let v6 = announcement.encoded(for: .v6)
        #expect(String(decoding: v6, as: UTF8.self).contains("Host: [ff15::efc0:988f]:6771\r\n"))
        #expect("\(LocalGroup.v4.endpoint)" == "239.192.152.143:6771")
        #expect("\(LocalGroup.v6.endpoint)" == "[ff15:0:0:0:0:0:efc0:988f]:6771")
    }

    @Test("what others write is read: other cases, blanks, fields, ends of lines, and no cookie")
    func others() {
        let text =
            "BT-SEARCH * HTTP/1.1\nHOST:x\nX-More: y\nport:  51413 \n"
            + "INFOHASH: ABABABABABABABABABABABABABABABABABABABAB\nInfohash: 12\nInfohash: zz\n\n"
        #expect(
            LocalAnnouncement(Array(text.utf8))
                == LocalAnnouncement(port: 51413, infoHashes: [other]))
    }

    @Test(
        "what is none is passed over",
        arguments: [
            "", "BT-SEARCH", "GET / HTTP/1.1\r\nPort: 1\r\nInfohash: \(other)\r\n",
            "BT-SEARCH * HTTP/1.1\r\nPort: 0\r\nInfohash: \(other)\r\n",
            "BT-SEARCH * HTTP/1.1\r\nPort: 65536\r\nInfohash: \(other)\r\n",
            "BT-SEARCH * HTTP/1.1\r\nPort: -1\r\nInfohash: \(other)\r\n",
            "BT-SEARCH * HTTP/1.1\r\nPort: 1\r\n\r\n",
            "BT-SEARCH * HTTP/1.1\r\nPort: 1\r\nInfohash: \(other)\r\n"
                + String(repeating: "x", count: 1400),
        ])
    func none(text: String) {
        #expect(LocalAnnouncement(Array(text.utf8)) == nil)
    }

    @Test("mutated and cut announcements trap nobody", arguments: 0..<4)
    func mutation(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let bytes = LocalAnnouncement(port: 1, infoHashes: [other, infoHash], cookie: "x")
            .encoded(for: .v6)
        for count in 0..<bytes.count { _ = LocalAnnouncement(Array(bytes[..<count])) }
        for _ in 0..<1000 {
            var mutated = bytes
            for _ in 0..<Int.random(in: 1...5, using: &random) {
                let place = Int.random(in: 0..<bytes.count, using: &random)
                mutated[place] = UInt8.random(in: 0...255, using: &random)
            }
            if let read = LocalAnnouncement(mutated) { #expect(read.port != 0) }
        }
    }

    @Test("announces at once, then every five minutes, and never twice in a minute")
    func times() {
        var talk = Talk()
        #expect(talk.machine.nextDeadline == .never)
        #expect(talk.say(.joined(infoHash, port: 1)) == ["announce 1 at 1"])
        #expect(talk.seconds == 300)
        #expect(talk.say(.joined(other, port: 1)) == [])
        #expect(talk.seconds == 60)
        #expect(talk.wait() == ["announce 1 at 1"])
        #expect(talk.announced?.infoHashes == [other])
        #expect(talk.seconds == 240)
        #expect(talk.wait() == ["announce 1 at 1"])
        #expect(talk.say(.left(infoHash)) == [])
        #expect(talk.wait() == ["announce 1 at 1"])
        #expect(talk.announced?.infoHashes == [other])
        #expect(talk.say(.left(other)) == [])
        #expect(talk.machine.nextDeadline == .never)
    }

    @Test("names many swarms in one announcement, those of one port, and not too many")
    func many() {
        var talk = Talk()
        for number in 0..<30 as Range<UInt8> {
            let hash = InfoHash(Bytes20(Array(repeating: number, count: 20)) ?? Bytes20())
            _ = talk.say(.joined(hash, port: 1))
        }
        _ = talk.say(.joined(other, port: 2))
        #expect(talk.wait() == ["announce 24 at 1"])
        #expect(talk.announced.map { $0.encoded(for: .v6).count <= 1400 } == true)
        #expect(talk.wait() == ["announce 5 at 1"])
        #expect(talk.wait() == ["announce 1 at 2"])
    }

    @Test("tells of peers of its own swarms, once a minute, and never of itself")
    func peers() {
        var talk = Talk()
        _ = talk.say(.joined(infoHash, port: 1))
        let both = LocalAnnouncement(port: 7, infoHashes: [other, infoHash])
        #expect(talk.hear(both, from: "192.168.1.2:6771") == ["one 192.168.1.2:7"])
        #expect(talk.hear(both, from: "192.168.1.2:5000") == [])
        _ = talk.say(.joined(other, port: 1))
        #expect(talk.hear(both, from: "192.168.1.2:6771") == ["other 192.168.1.2:7"])
        talk.now = talk.now + .seconds(60)
        #expect(talk.hear(both, from: "192.168.1.2:6771").count == 2)
        let mine = talk.announced ?? both
        #expect(talk.hear(mine, from: "192.168.1.3:6771") == [])
        #expect(talk.hear(both, from: "224.0.0.1:6771") == [])
        let zoned = Endpoint(address: .v6(0xfe80 << 48, 1), port: 6771)
        #expect(talk.say(.received(both.encoded(for: .v6), from: zoned)) == [])
    }

    @Test("a flood of peers is cut off")
    func flood() {
        var talk = Talk()
        _ = talk.say(.joined(infoHash, port: 1))
        var found = 0
        for port in 1...500 as ClosedRange<UInt16> {
            let announcement = LocalAnnouncement(port: port, infoHashes: [infoHash])
            found += talk.hear(announcement, from: "192.168.1.2:6771").count
        }
        #expect(found == 64)
    }
}
