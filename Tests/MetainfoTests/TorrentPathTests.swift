import Bencode
import Metainfo
import Primitives
import Testing

/// The paths below the torrent's folder that these become.
private func paths(_ stated: [[BencodeValue]]) throws -> [String] {
    Torrent.paths(try Torrent.parse(Torrent.folder(stated))).map { path in
        #expect(path.hasPrefix("temp/"))
        return String(path.dropFirst(5))
    }
}

private func path(_ parts: BencodeValue...) throws -> String { try paths([parts])[0] }

@Suite("The paths of a torrent")
struct TorrentPathTests {
    @Test("never leave the folder of the download")
    func traversal() throws {
        #expect(try path("..", "..", "etc", "passwd") == "_/_/etc/passwd")
        #expect(try path("/etc/passwd") == "etcpasswd")
        #expect(try path("a/../../b", "c") == "a....b/c")
        #expect(try path("..\\..\\x") == "....x")
        #expect(try path("/", "\\", "x") == "_/_/x")
        #expect(try path("./.", "./") == "_/_")
        #expect(try path("", "") == "_/_")
        #expect(try path(".", "...") == "_/...")
        #expect(try path(" ", "~", "-rf") == " /~/-rf")
    }

    @Test("have nothing in them that is no text or deceives its reader")
    func deceit() throws {
        // Overlong forms of a dot and of a slash, and half a character.
        #expect(try path(.bytes([0xc0, 0xae, 0xc0, 0xae])) == "____")
        #expect(try path(.bytes([0x61, 0xc0, 0xaf, 0x62])) == "a__b")
        #expect(try path(.bytes([0x61, 0xe2, 0x82])) == "a_")
        #expect(try path("a\u{1b}[31mb", "x\u{202e}txt.exe") == "a_[31mb/x_txt.exe")
        #expect(try path("a\nb\u{7f}\u{85}") == "a_b__")
        #expect(try path("\u{d55c}\u{ad6d}", "\u{1f600}") == "\u{d55c}\u{ad6d}/\u{1f600}")
    }

    @Test("have names that fit a disk, with their endings")
    func clipping() throws {
        let long = String(repeating: "a", count: 300)
        #expect(try path(.string(long)) == String(repeating: "a", count: 240))
        #expect(try path(.string(long + ".mkv")) == String(repeating: "a", count: 236) + ".mkv")
        #expect(try path(.string("x." + long)) == "x." + String(repeating: "a", count: 238))
        let wide = String(repeating: "\u{1f600}", count: 100)
        #expect(try path(.string(wide)) == String(repeating: "\u{1f600}", count: 60))
    }

    @Test("are made distinct, also where a file would be a folder")
    func duplicates() throws {
        #expect(
            try paths([["a.txt"], ["a.txt"], ["a.1.txt"], ["b"], ["b"], [".x"], [".x"]])
                == ["a.txt", "a.1.txt", "a.1.1.txt", "b", "b.1", ".x", ".x.1"])
        #expect(try paths([["a"], ["a", "b"], ["a", "b", "c"]]) == ["a.1", "a/b.1", "a/b/c"])
        #expect(try paths([["A"], ["a"]]) == ["A", "a"])
        #expect(try paths([["\u{e9}"], ["e\u{301}"]]) == ["\u{e9}", "e\u{301}"])
        let long = BencodeValue.string(String(repeating: "a", count: 240) + ".mkv")
        let clipped = String(repeating: "a", count: 236) + ".mkv"
        #expect(
            try paths([[long], [long]])
                == [clipped, String(repeating: "a", count: 234) + ".1.mkv"])
        let torrent = try Torrent.parse(Torrent.folder([["a"], ["a"], ["b/"]]))
        #expect(torrent.files.map(\.isRenamed) == [false, true, true])
    }

    @Test("are not made distinct without end")
    func manyDuplicates() {
        let same = Torrent.folder([[BencodeValue]](repeating: ["a"], count: 118))
        #expect(Torrent.failure(same.encoded) == .tooManyDuplicates)
        let some = Torrent.folder([[BencodeValue]](repeating: ["a"], count: 101))
        #expect(Torrent.failure(some.encoded) == nil)
        let taken = (1...2000).map { [BencodeValue.string("a.\($0)")] } + [["a"], ["a"]]
        #expect(Torrent.failure(Torrent.folder(taken).encoded) == .tooManyDuplicates)
    }

    @Test("of a torrent whose name means a folder begin with its hash")
    func names() throws {
        for name in ["..", ".", "", "/", "\\/"] {
            var root = Torrent.folder([["a"]])
            root.change("info") { $0["name"] = .string(name) }
            let torrent = try Torrent.parse(root)
            #expect(torrent.name == torrent.infoHashes.v1.map { "\($0)" })
            #expect(Torrent.paths(torrent) == [torrent.name + "/a"])
        }
        var root = Torrent.single()
        root.change("info") { $0["name"] = "a/../../b" }
        #expect(Torrent.paths(try Torrent.parse(root)) == ["a....b"])
    }
}
