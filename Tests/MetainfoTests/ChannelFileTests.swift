import Bencode
import Metainfo
import Pieces
import Primitives
import Testing

@Suite("A channel file")
struct ChannelFileTests {
    @Test("is these bytes")
    func knownAnswer() throws {
        let file = try Sample.file()
        let key = String(repeating: "k", count: 32)
        let info =
            "d4:lived9:container6:mpegts5:epoch8:epochxyz10:public key32:\(key)7:versioni1ee"
            + "4:name4:News12:piece lengthi16384ee"
        let signature = String(repeating: "s", count: 64)
        let whole =
            "d8:announce12:udp://t.a:8013:announce-listll12:udp://t.a:8012:http://t.b/ael"
            + "13:https://t.c/aee10:created by5:p2ptv13:creation datei1700000000e4:info\(info)"
        let peers = "10:live peersl6:AAAA\u{1a}\u{e1}e"
        #expect(text(file.infoBytes) == info)
        #expect(text(file.signedMessage) == "p2ptv channel file 1\0" + whole + peers + "e")
        let encoded = file.encoded(signature: try Sample.signature("s"))
        #expect(text(encoded) == whole + peers + "14:live signature64:\(signature)e")
    }

    @Test("comes back as it was, with its raw info and the message that must verify")
    func roundTrip() throws {
        var file = try Sample.file()
        let v6 = try #require(IPAddress(bytes: [0x20, 1] + [UInt8](repeating: 7, count: 14)))
        file.peers.append(Endpoint(address: v6, port: 1))
        let signature = try Sample.signature("x")
        let parsed = try ChannelFile.parse(file.encoded(signature: signature))
        #expect(parsed.file == file)
        #expect(parsed.infoBytes == file.infoBytes)
        #expect(parsed.signature == signature)
        #expect(parsed.signedMessage == file.signedMessage)
    }

    @Test("with nothing optional is whole too")
    func minimal() throws {
        var file = try Sample.file()
        (file.trackers, file.peers, file.createdBy, file.creationDate) = ([], [], nil, nil)
        let parsed = try ChannelFile.parse(file.encoded(signature: try Sample.signature("x")))
        #expect(parsed.file == file)
    }

    @Test("may say that only trackers tell who takes part, and that counts for the info-hash")
    func isPrivate() throws {
        var file = try Sample.file()
        file.isPrivate = true
        let parsed = try ChannelFile.parse(file.encoded(signature: try Sample.signature("x")))
        #expect(parsed.file == file)
        #expect(text(parsed.infoBytes).hasSuffix("12:piece lengthi16384e7:privatei1ee"))
        let no = try Sample.parse { root in root.edit("info") { $0["private"] = 0 } }
        #expect(!no.file.isPrivate)
    }

    @Test("keeps unknown keys under its signature and in its info-hash")
    func unknownKeys() throws {
        let parsed = try Sample.parse { root in
            root["comment"] = "hello"
            root["zebra"] = ["deep": [1, 2]]
            root.edit("info") { $0["new"] = 1 }
        }
        #expect(parsed.file == (try Sample.file()))
        #expect(text(parsed.infoBytes).hasSuffix("4:name4:News3:newi1e12:piece lengthi16384ee"))
        #expect(text(parsed.signedMessage).contains("7:comment5:hello"))
        #expect(!text(parsed.signedMessage).contains("live signature"))
    }

    @Test("keeps at most 100 trackers, each once, of schemes that we follow")
    func trackers() throws {
        let many = (0..<10_000).map { BencodeValue.string("udp://t\($0).example:80") }
        let parsed = try Sample.parse { root in
            root["announce-list"] = [
                ["file:///etc/passwd", "gopher://x/", "HTTP://Upper.example/a", "wss://x/"],
                ["ftp://x"],
                ["http://a b/", "http://\u{e9}/", "http://", "http:///x", "udp://:80"],
                .list(many), ["HTTP://Upper.example/a", 7],
            ]
        }
        #expect(parsed.file.trackers.map(\.count) == [1, 99])
        #expect(parsed.file.trackers.first == ["HTTP://Upper.example/a"])
        let none = try Sample.parse { $0["announce-list"] = [["file:///x"], []] }
        #expect(none.file.trackers == [["udp://t.a:80"]])
        let single = try Sample.parse { $0["announce-list"] = nil }
        #expect(single.file.trackers == [["udp://t.a:80"]])
    }

    @Test("keeps only peers where a peer can be, and no more than 32")
    func peers() throws {
        let bad =
            [[127, 0, 0, 1, 0, 0], [224, 0, 0, 1, 0, 80], [0, 0, 0, 0, 0, 80]] as [[UInt8]]
        let good = (1...100).map { BencodeValue.bytes([10, 0, 0, $0, 0, 80]) }
        let parsed = try Sample.parse {
            $0["live peers"] = .list(bad.map(BencodeValue.bytes) + good)
        }
        #expect(parsed.file.peers.count == 32)
        #expect(parsed.file.peers.first?.description == "10.0.0.1:80")
    }
}

@Suite("A file that is no channel file")
struct ChannelFileErrorTests {
    @Test("is told apart by what it is instead")
    func kinds() throws {
        let torrent = "d4:infod6:lengthi5e4:name5:Movie12:piece lengthi16384e6:pieces0:ee"
        let unsorted = "d4:infod4:name5:Movie6:lengthi5e6:pieces0:e8:announce3:xyze\n"
        #expect(failure("") == .empty)
        #expect(failure("<!DOCTYPE html>") == .notATorrent)
        #expect(failure("\u{89}PNG") == .notATorrent)
        #expect(failure("data: yes") == .notATorrent)
        #expect(failure("i5e") == .notATorrent)
        #expect(failure("de") == .notATorrent)
        #expect(failure("d4:info4:texte") == .notATorrent)
        #expect(failure(torrent) == .ordinaryTorrent(name: "Movie"))
        #expect(failure(unsorted) == .ordinaryTorrent(name: "Movie"))
        #expect(failure("d4:infod4:name3:a\u{1b}bee") == .ordinaryTorrent(name: "a\u{FFFD}b"))
        #expect(failure("d4:infodee") == .ordinaryTorrent(name: "channel"))
        #expect(failure("d4:infod4:live3:yesee") == .badField("live"))
        let whole = Array(try Sample.file().encoded(signature: Sample.signature("x")))
        #expect(failure(whole + [10]) == .malformed(.trailingBytes(at: whole.count)))
        for length in 1..<whole.count { #expect(failure(Array(whole[..<length])) == .truncated) }
    }

    @Test(
        "names the field inside info that is wrong",
        arguments: [
            ("version", nil, .badField("version")), ("version", "1", .badField("version")),
            ("version", 2, .unsupportedVersion(2)), ("version", 0, .unsupportedVersion(0)),
            ("container", nil, .badField("container")),
            ("container", "webm\u{7}", .unsupportedContainer("webm\u{FFFD}")),
            ("epoch", "seven..", .badField("epoch")), ("epoch", 5, .badField("epoch")),
            ("public key", "short", .badField("public key")),
            ("public key", nil, .badField("public key")),
        ] as [(String, BencodeValue?, ChannelFileError)])
    func live(key: String, value: BencodeValue?, error: ChannelFileError) {
        #expect(failure { $0.edit("info") { $0.edit("live") { $0[key] = value } } } == error)
    }

    @Test(
        "names the key beside live that is wrong",
        arguments: [
            ("name", nil), ("name", ""), ("name", 5), ("name", .bytes([0xc0, 0xaf])),
            ("name", "a\u{202e}b"), ("name", .string(String(repeating: "x", count: 256))),
            ("piece length", nil), ("piece length", 0), ("piece length", -16384),
            ("piece length", 16383), ("piece length", 8192), ("piece length", 33_554_432),
            ("piece length", .integer(.max)), ("piece length", .integer(.min)),
            ("pieces", ""), ("length", 5), ("files", []), ("file tree", [:]),
        ] as [(String, BencodeValue?)])
    func info(key: String, value: BencodeValue?) {
        #expect(failure { $0.edit("info") { $0[key] = value } } == .badField(key))
    }

    @Test(
        "names the key outside info that is wrong",
        arguments: [
            ("announce", 5), ("announce", .bytes([0xff])), ("announce-list", "x"),
            ("announce-list", ["x"]), ("live peers", 7), ("live peers", ["12345"]),
            ("live peers", ["1234567"]), ("live peers", [5]), ("creation date", "x"),
            ("creation date", -1), ("created by", 5), ("created by", "a\u{1b}"),
            ("live signature", "short"), ("live signature", 5),
        ] as [(String, BencodeValue)])
    func outside(key: String, value: BencodeValue) {
        #expect(failure { $0[key] = value } == .badField(key))
    }

    @Test("without a signature says so")
    func unsigned() {
        #expect(failure { $0["live signature"] = nil } == .missingSignature)
    }

    @Test("is described in words, without raw control characters")
    func words() {
        let errors: [ChannelFileError] = [
            .empty, .truncated, .malformed(.tooDeep(at: 4)), .notATorrent,
            .ordinaryTorrent(name: "\u{1b}[2J"), .unsupportedVersion(2),
            .unsupportedContainer("\n"), .badField("name"), .missingSignature,
        ]
        #expect(Set(errors.map(\.description)).count == errors.count)
        #expect(errors.allSatisfy { !$0.description.utf8.contains { $0 < 32 } })
        #expect(errors[4].description.contains("ordinary torrent \"\u{FFFD}[2J\""))
    }

    @Test("after mutation either parses with its own bytes or is refused, and never traps")
    func mutation() throws {
        var random = SeededRandom(seed: 3)
        let whole = try Sample.file().encoded(signature: Sample.signature("x"))
        for _ in 0..<5000 {
            var bytes = whole
            for _ in 0..<2 {
                let at = Int.random(in: 0..<bytes.count, using: &random)
                bytes[at] = UInt8.random(in: 0...255, using: &random)
            }
            guard let parsed = try? ChannelFile.parse(bytes) else { continue }
            #expect(text(bytes).contains(text(parsed.infoBytes)))
            let whole = try #require(text(bytes).firstRange(of: "14:live signature64:"))
            let unsigned =
                text(bytes)[..<whole.lowerBound] + text(bytes)[whole.upperBound...].dropFirst(64)
            #expect(text(parsed.signedMessage) == "p2ptv channel file 1\0" + unsigned)
        }
    }
}

private func failure(_ bytes: [UInt8]) -> ChannelFileError? {
    do {
        _ = try ChannelFile.parse(bytes)
        return nil
    } catch {
        return error
    }
}

private func failure(_ text: String) -> ChannelFileError? { failure(Array(text.utf8)) }

private func failure(_ change: (inout BencodeDictionary) -> Void) -> ChannelFileError? {
    do {
        _ = try Sample.parse(change)
        return nil
    } catch {
        return error as? ChannelFileError
    }
}

/// The bytes as text, one character a byte.
private func text(_ bytes: [UInt8]) -> String {
    String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
}

private enum Sample {
    static func file() throws -> ChannelFile {
        let key = try #require(Bytes32([UInt8](repeating: UInt8(ascii: "k"), count: 32)))
        let epoch = "epochxyz".utf8.reduce(0) { $0 << 8 | UInt64($1) }
        var file = ChannelFile(
            name: try #require(ChannelName("News")), publicKey: PublicKey(key),
            epoch: ChannelEpoch(epoch),
            geometry: try #require(PieceGeometry(pieceLength: 16384)))
        file.trackers = [["udp://t.a:80", "http://t.b/a"], ["https://t.c/a"]]
        file.peers = [Endpoint(address: .v4(0x4141_4141), port: 0x1ae1)]
        file.creationDate = 1_700_000_000
        file.createdBy = "p2ptv"
        return file
    }

    static func signature(_ letter: Unicode.Scalar) throws -> Signature {
        Signature(try #require(Bytes64([UInt8](repeating: UInt8(ascii: letter), count: 64))))
    }

    /// The sample, changed as bencode and read.
    static func parse(_ change: (inout BencodeDictionary) -> Void) throws -> ParsedChannelFile {
        let bytes = try file().encoded(signature: signature("x"))
        var root = try #require(try BencodeDecoder(.strict).decode(bytes.span).dictionary)
        change(&root)
        return try ChannelFile.parse(root.encoded)
    }
}

extension BencodeDictionary {
    fileprivate mutating func edit(_ key: String, _ change: (inout BencodeDictionary) -> Void) {
        var inner = self[key]?.dictionary ?? [:]
        change(&inner)
        self[key] = .dictionary(inner)
    }
}
