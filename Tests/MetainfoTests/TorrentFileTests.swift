import Bencode
import Crypto
import Metainfo
import Pieces
import Primitives
import Testing

@Suite("A torrent's files on the web (BEP 19)")
struct WebSeedURLTests {
    @Test("are the URL itself for one file, and below it where it ends with a slash")
    func single() throws {
        let torrent = try Torrent.parse(Torrent.single())
        #expect(torrent.urls(at: "http://h/x?y=1") == ["http://h/x?y=1"])
        #expect(torrent.urls(at: "http://h/x/") == ["http://h/x/temp"])
        #expect(torrent.urls(at: "http://h/x/?y/") == nil)
    }

    @Test("lie below the URL of a folder, escaped byte by byte")
    func folder() throws {
        let torrent = try Torrent.parse(
            Torrent.folder([["a b", "ü#?%.ts"], ["c"]]))
        let expected = ["http://h/temp/a%20b/%C3%BC%23%3F%25.ts", "http://h/temp/c"]
        #expect(torrent.urls(at: "http://h/") == expected)
        #expect(torrent.urls(at: "http://h") == expected)
        #expect(torrent.urls(at: "http://h/?x") == nil)
    }

    @Test("are not known where a path was changed to be safe")
    func renamed() throws {
        let torrent = try Torrent.parse(Torrent.folder([["..", "x"], ["c"]]))
        #expect(torrent.urls(at: "http://h/") == nil)
    }

    @Test("of a link are not asked where the torrent is private")
    func privately() throws {
        let torrent = try Torrent.parse(Torrent.single())
        var root = Torrent.single()
        root.change("info") { $0["private"] = 1 }
        let secret = try Torrent.parse(root)
        var link = MagnetLink(torrent)
        link.webSeeds = ["http://h/x"]
        #expect(torrent.found(by: link).webSeeds == ["http://h/x"])
        #expect(secret.found(by: link).webSeeds == [])
    }
}

@Suite("A torrent of version 1")
struct TorrentFileTests {
    @Test("is read from these bytes, and named by the SHA-1 of its info as it stands")
    func knownAnswer() throws {
        let info =
            "d6:lengthi425e4:name4:temp12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae"
        let text = "d8:announce12:udp://t.a:804:info\(info)e"
        let torrent = try TorrentFile.parse(Array(text.utf8), using: Digests.self)
        #expect(torrent.infoHashes.v1?.value == Digests.sha1(Array(info.utf8)).value)
        #expect(torrent.infoHashes.v2 == nil)
        #expect(torrent.infoHashes.swarms.count == 1)
        #expect(torrent.infoBytes == Array(info.utf8))
        #expect(torrent.name == "temp" && !torrent.isFolder && !torrent.isPrivate)
        #expect(Torrent.paths(torrent) == ["temp"])
        #expect(torrent.layout == FileLayout(fileLengths: [425], pieceLength: 16384))
        #expect(torrent.trackers == [["udp://t.a:80"]])
        let digest = try #require(torrent.digest(ofPiece: PieceIndex(0)))
        #expect(digest.sha1?.value == Bytes20(Array("aaaaaaaaaaaaaaaaaaaa".utf8)))
        #expect(digest.root == nil && digest.length == 425)
        #expect(torrent.digest(ofPiece: PieceIndex(1)) == nil)
        #expect(torrent.hasLayers)
    }

    @Test("keeps the info-hash of bytes that are not canonical")
    func unsorted() throws {
        let info =
            "d4:name4:temp6:lengthi425e6:pieces20:aaaaaaaaaaaaaaaaaaaa12:piece lengthi16384ee"
        let torrent = try TorrentFile.parse(Array("d4:info\(info)e\n".utf8), using: Digests.self)
        #expect(torrent.infoHashes.v1?.value == Digests.sha1(Array(info.utf8)).value)
    }

    @Test("has its files in a folder, in their order, with padding and links among them")
    func folder() throws {
        var root = Torrent.folder([["a", "b"], ["c"]])
        root.change("info") { info in
            info["private"] = 1
            info["files"] = [
                ["length": 100, "path": ["a", "b"], "attr": "x"],
                ["length": 16284, "attr": "p"],
                ["length": 77, "attr": "l", "path": ["l"], "symlink path": ["a", "b"]],
                ["attr": "l", "path": ["m"], "symlink path": ["/etc/passwd"]],
                ["length": 0, "path": ["empty"]], ["length": 9, "path": ["c"]],
            ]
            info["pieces"] = Torrent.hashes(2)
        }
        let torrent = try Torrent.parse(root)
        #expect(
            Torrent.paths(torrent) == [
                "temp/a/b", "(temp/.pad/16284)", "(temp/l)", "(temp/m)", "temp/empty", "temp/c",
            ])
        #expect(torrent.files.map(\.length) == [100, 16284, 0, 0, 0, 9])
        #expect(torrent.files.map(\.isExecutable) == [true] + [Bool](repeating: false, count: 5))
        #expect(torrent.layout.contentLength == 109)
        #expect(torrent.isFolder && torrent.isPrivate)
    }

    @Test("prefers the names that are said to be UTF-8, where they are")
    func utf8() throws {
        var root = Torrent.folder([["x"]])
        root.change("info") { info in
            info["name"] = .bytes([0xe9])
            info["name.utf-8"] = "\u{e9}"
            info["files"] = [
                ["length": 1, "path": [.bytes([0xe9])], "path.utf-8": ["\u{e9}"]],
                ["length": 1, "path": [.bytes([0xe9])], "path.utf-8": [.bytes([0xe9])]],
                ["length": 1, "path": ["z"], "path.utf-8": ["y", "y"]],
            ]
        }
        #expect(
            Torrent.paths(try Torrent.parse(root)) == ["\u{e9}/\u{e9}", "\u{e9}/_", "\u{e9}/z"])
    }

    @Test("is refused, with a reason, where a number cannot be")
    func refusals() {
        func info(_ change: (inout BencodeDictionary) -> Void) -> TorrentFileError? {
            Torrent.failure { $0.change("info", change) }
        }
        #expect(info { _ in } == nil)
        #expect(info { $0["name"] = nil } == .badField("name"))
        #expect(info { $0["name"] = 7 } == .badField("name"))
        #expect(info { $0["name"] = "a\0b" } == .badField("name"))
        #expect(info { $0["piece length"] = nil } == .badField("piece length"))
        #expect(info { $0["piece length"] = "16384" } == .badField("piece length"))
        for length in [0, -16384, 1 << 31, 1 << 32, .max, 536_854_529] as [Int64] {
            #expect(info { $0["piece length"] = .integer(length) } == .badPieceLength(length))
        }
        #expect(info { $0["piece length"] = 536_854_528 } == nil)
        #expect(info { $0["length"] = nil } == .badField("length"))
        #expect(info { $0["length"] = -1 } == .badLength)
        #expect(info { $0["length"] = 0 } == .noContent)
        #expect(info { $0["length"] = .integer(.max) } == .badLength)
        #expect(info { $0["length"] = 1_759_218_597_889 } == .tooManyPieces(limit: 2_097_152))
        #expect(info { $0["pieces"] = nil } == .badField("pieces"))
        #expect(info { $0["pieces"] = -23 } == .badField("pieces"))
        #expect(info { $0["pieces"] = "0123456789012345678901" } == .badField("pieces"))
        #expect(info { $0["pieces"] = "" } == .wrongHashCount(hashes: 0, pieces: 1))
        let two = TorrentFileError.wrongHashCount(hashes: 2, pieces: 1)
        #expect(info { $0["pieces"] = Torrent.hashes(2) } == two)
        #expect(info { $0["meta version"] = 3 } == .unsupportedVersion(3))
        #expect(info { $0["meta version"] = "2" } == .badField("meta version"))
        #expect(info { $0["live"] = ["x": 1] } == .liveChannel(name: "temp"))
    }

    @Test("is refused where its list of files is none")
    func lists() {
        func files(_ list: BencodeValue) -> TorrentFileError? {
            Torrent.failure { $0.change("info") { $0["files"] = list } }
        }
        #expect(files([["length": 1, "path": ["a"]]]) == nil)
        #expect(files([]) == .noContent)
        #expect(files(7) == .badField("files"))
        #expect(files([7]) == .badField("files"))
        #expect(files([["length": 1]]) == .badPath)
        #expect(files([["length": 1, "path": []]]) == .badPath)
        #expect(files([["length": 1, "path": "a"]]) == .badPath)
        #expect(files([["length": 1, "path": ["a", 7]]]) == .badPath)
        #expect(files([["length": 1, "path": ["a\0"]]]) == .badPath)
        #expect(files([["path": ["a"]]]) == .badLength)
        #expect(files([["length": -1, "path": ["a"]]]) == .badLength)
        #expect(files([["length": [1], "path": ["a"]]]) == .badLength)
        let huge: BencodeValue = ["length": .integer(.max), "path": ["a"]]
        #expect(files([huge, huge]) == .badLength)
        let deep = BencodeValue.list([BencodeValue](repeating: "a", count: 2000))
        #expect(files([["length": 1, "path": deep]]) == .badPath)
        #expect(files([["length": 0, "path": ["a"]], ["length": 9, "attr": "p"]]) == .noContent)
    }

    @Test("is told apart from what is no torrent at all")
    func kinds() {
        func failure(_ text: String) -> TorrentFileError? { Torrent.failure(Array(text.utf8)) }
        #expect(failure("") == .empty)
        #expect(failure("<!DOCTYPE html>") == .notATorrent)
        #expect(failure("10:libtorrent") == .notATorrent)
        #expect(failure("i5e") == .notATorrent)
        #expect(failure("data: yes") == .notATorrent)
        #expect(failure("de") == .notATorrent)
        #expect(failure("d1:ai1ee") == .badField("info"))
        #expect(failure("d4:info4:texte") == .badField("info"))
        #expect(failure("d4:infod") == .truncated)
        #expect(failure("d4:infodee") == .badField("name"))
        #expect(failure("d4:infode4:infodee") == .malformed(.duplicateKey(at: 9)))
    }

    @Test("has the trackers of its list, or else the single one; the rest are hints too")
    func around() throws {
        var root = Torrent.single()
        root["announce"] = "\t udp://single.example:1/announce"
        root["comment"] = .bytes([0x68, 0x69, 0xff])
        root["created by"] = ""
        root["creation date"] = -1
        root["nodes"] = [
            ["127.0.0.1", 6881], ["h", 0], ["h", 65536], ["h"], "h", ["a b", 1], ["::1", 1],
        ]
        #expect(try Torrent.parse(root).trackers == [["udp://single.example:1/announce"]])
        root["announce-list"] = [["file:///etc/passwd"], [], 7]
        #expect(try Torrent.parse(root).trackers == [["udp://single.example:1/announce"]])
        root["announce-list"] = [["http://b/", "http://a/", "http://b/", 7], ["udp://c:1"]]
        root["url-list"] = [
            "http://w/a b", "http://w/a b", "ftp://w/", "", 7, ["http://x/"], "udp://w/",
        ]
        let torrent = try Torrent.parse(root)
        #expect(torrent.trackers == [["http://b/", "http://a/"], ["udp://c:1"]])
        #expect(torrent.webSeeds == ["http://w/a%20b"])
        #expect(torrent.nodes.map(\.description) == ["127.0.0.1:6881", "[::1]:1"])
        #expect(torrent.comment == "hi\u{FFFD}")
        #expect(torrent.createdBy == nil && torrent.creationDate == nil)
        root["url-list"] = "https://w/"
        root["announce-list"] = ["http://flat/"]
        #expect(try Torrent.parse(root).webSeeds == ["https://w/"])
        #expect(try Torrent.parse(root).trackers == [["http://flat/"]])
    }

    @Test("keeps no more than 100 trackers, web seeds and nodes")
    func caps() throws {
        var root = Torrent.single()
        let urls = (0..<10_000).map { BencodeValue.string("http://t\($0)/") }
        root["announce-list"] = .list([.list(urls)] + urls.map { .list([$0]) })
        root["url-list"] = .list(urls)
        root["nodes"] = .list((1...20_000).map { ["h", .integer($0)] })
        let torrent = try Torrent.parse(root)
        #expect(torrent.trackers.flatMap { $0 }.count == 100)
        #expect(torrent.webSeeds.count == 100 && torrent.nodes.count == 100)
    }

    @Test("comes from peers too, as the info that its name asks for and no other")
    func metadata() throws {
        let torrent = try Torrent.parse(Torrent.single())
        let again = try TorrentFile.parse(
            info: torrent.infoBytes, named: torrent.infoHashes, using: Digests.self)
        #expect(again == torrent)
        var other = torrent.infoBytes
        other[12] ^= 1
        #expect(throws: TorrentFileError.wrongInfoHash) {
            try TorrentFile.parse(info: other, named: torrent.infoHashes, using: Digests.self)
        }
        #expect(throws: TorrentFileError.malformed(.trailingBytes(at: torrent.infoBytes.count))) {
            try TorrentFile.parse(info: torrent.infoBytes + [0], using: Digests.self)
        }
    }
}
