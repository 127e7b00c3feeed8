import Bencode
import Crypto
import Metainfo
import Pieces
import Primitives
import Testing

/// Three files: of several pieces, of one, and empty.
private let contents: [(path: [String], bytes: [UInt8])] = [
    (["b"], Torrent.content(100_000, seed: 2)), (["a", "z"], Torrent.content(20_000)),
    (["a", "empty"], []), (["c"], Torrent.content(40_000, seed: 3)),
]

private func root(_ versions: TorrentVersions) throws -> BencodeDictionary {
    let draft = try #require(Torrent.draft(contents, versions: versions, name: "top"))
    let bytes = draft.encoded()
    let value = try BencodeDecoder(.strict).decode(bytes.span)
    return try #require(value.dictionary)
}

private func failure(
    _ versions: TorrentVersions, _ change: (inout BencodeDictionary) -> Void
) throws -> TorrentFileError? {
    Torrent.failure(try root(versions), change)
}

/// Changes what describes the file at `path` in the tree of files.
private func leaf(
    _ root: inout BencodeDictionary, _ path: [String], _ body: (inout BencodeDictionary) -> Void
) {
    root.change("info") { info in
        info.change("file tree") { tree in
            guard path.count > 1 else { return tree.change(path[0]) { $0.change("", body) } }
            tree.change(path[0]) { $0.change(path[1]) { $0.change("", body) } }
        }
    }
}

@Suite("A torrent of version 2")
struct TorrentV2Tests {
    @Test("comes back from its file, in the order of the tree, each file with its own pieces")
    func version2() throws {
        let torrent = try Torrent.parse(root(.v2))
        #expect(Torrent.paths(torrent) == ["top/a/empty", "top/a/z", "top/b", "top/c"])
        #expect(torrent.layout.alignment == .pieces)
        #expect(torrent.layout.pieceCount == 1 + 4 + 2)
        #expect(torrent.infoHashes.v1 == nil && torrent.pieces.isEmpty && torrent.hasLayers)
        let v2 = try #require(torrent.infoHashes.v2)
        #expect(v2 == Digests.sha256(torrent.infoBytes))
        #expect(torrent.infoHashes.swarms.map(\.value.bytes) == [Array(v2.value.bytes.prefix(20))])
    }

    @Test("as a hybrid has padding between its files, and the same pieces by both versions")
    func hybrid() throws {
        let torrent = try Torrent.parse(root(.hybrid))
        #expect(
            Torrent.paths(torrent) == [
                "top/a/empty", "top/a/z", "(top/.pad/12768)", "top/b", "(top/.pad/31072)", "top/c",
                "(top/.pad/25536)",
            ])
        #expect(torrent.layout.pieceCount == 7)
        #expect(torrent.infoHashes.swarms.count == 2)
        #expect(torrent.files[3].root != nil && torrent.files[2].root == nil)
    }

    @Test(
        "says of every piece what it must hash to",
        arguments: [.v1, .v2, .hybrid] as [TorrentVersions])
    func digests(versions: TorrentVersions) throws {
        let torrent = try Torrent.parse(root(versions))
        for number in 0..<UInt32(torrent.layout.pieceCount) {
            let piece = PieceIndex(number)
            let digest = try #require(torrent.digest(ofPiece: piece))
            var bytes: [UInt8] = []
            for span in try #require(torrent.layout.spans(piece: piece)) {
                let file = torrent.files[span.file]
                let path = Array(file.path.dropFirst())
                let all =
                    file.kind == .padding
                    ? [UInt8](repeating: 0, count: 40_000)
                    : contents.first { $0.path == path }?.bytes ?? []
                bytes += all[Int(span.offset)..<Int(span.offset) + span.length]
            }
            #expect((digest.sha1 != nil) == versions.hasV1)
            #expect((digest.root != nil) == versions.hasV2)
            if let sha1 = digest.sha1 { #expect(sha1 == Digests.sha1(bytes)) }
            guard let root = digest.root else { continue }
            let own = Array(bytes.prefix(digest.length))
            #expect(Digests.merkleRoot(of: own.span, height: digest.height) == root)
        }
    }

    @Test("of a single file is called as in its tree")
    func single() throws {
        let bytes = Torrent.content(70_000)
        for versions in [.v1, .v2, .hybrid] as [TorrentVersions] {
            let draft = try #require(Torrent.draft([(["film"], bytes)], versions: versions))
            let torrent = try TorrentFile.parse(draft.encoded(), using: Digests.self)
            #expect(torrent.name == "film" && !torrent.isFolder)
            #expect(Torrent.paths(torrent) == ["film"])
            #expect(torrent.layout.pieceCount == 3)
        }
    }

    @Test("may lack piece layers, and takes true ones from peers")
    func missingLayers() throws {
        var spare = try root(.v2)
        let whole = try Torrent.parse(spare)
        spare["piece layers"] = nil
        var torrent = try Torrent.parse(spare)
        #expect(!torrent.hasLayers)
        #expect(torrent.digest(ofPiece: PieceIndex(1))?.root == nil)
        #expect(torrent.digest(ofPiece: PieceIndex(0))?.root != nil)
        for (root, layer) in whole.layers {
            var wrong = layer
            wrong.swapAt(0, 1)
            let outcomes = [
                torrent.accept(layer: wrong, root: root, using: Digests.self),
                torrent.accept(layer: Array(layer.dropLast()), root: root, using: Digests.self),
                torrent.accept(layer: layer, root: layer[0], using: Digests.self),
                torrent.accept(layer: layer, root: root, using: Digests.self),
            ]
            #expect(outcomes == [false, false, false, true])
        }
        #expect(torrent == whole)
    }

    @Test(
        "is refused where its layers do not lead to the roots",
        arguments: [.v2, .hybrid] as [TorrentVersions])
    func layers(versions: TorrentVersions) throws {
        let keys = try #require(root(versions)["piece layers"]?.dictionary?.entries.map(\.key))
        #expect(keys.count == 2)
        func layers(_ change: (inout BencodeDictionary) -> Void) throws -> TorrentFileError? {
            try failure(versions) { $0.change("piece layers", change) }
        }
        #expect(try layers { $0[keys[0]] = nil } == nil)
        #expect(try layers { $0[keys[0]] = 512 } == .badPieceLayer)
        #expect(try layers { $0[keys[0]] = .bytes([1, 2, 3]) } == .badPieceLayer)
        #expect(try layers { $0[keys[0]] = $0[keys[1]] } == .badPieceLayer)
        #expect(
            try layers { $0[keys[0]] = .bytes(($0[keys[0]]?.bytes ?? []) + keys[0]) }
                == .badPieceLayer)
        #expect(try layers { $0[[UInt8](repeating: 1, count: 32)] = "x" } == .badPieceLayer)
        #expect(try layers { $0[keys[0] + [0]] = "x" } == .badPieceLayer)
        #expect(try failure(versions) { $0["piece layers"] = 7 } == .badPieceLayer)
    }

    @Test("is refused where its tree is none", arguments: [.v2, .hybrid] as [TorrentVersions])
    func trees(versions: TorrentVersions) throws {
        func tree(_ value: BencodeValue) throws -> TorrentFileError? {
            try failure(versions) { $0.change("info") { $0["file tree"] = value } }
        }
        #expect(try tree(7) == .badField("file tree"))
        #expect(try tree(["": ["length": 1]]) == .badFileTree)
        #expect(try tree(["a": ["length": 1]]) == .badFileTree)
        #expect(try tree(["a": ["": 7]]) == .badFileTree)
        #expect(try tree(["a": ["": ["length": 0], "b": ["": ["length": 0]]]]) == .badFileTree)
        #expect(try tree(["a\0": ["": ["length": 0]]]) == .badPath)
        #expect(try tree([:]) == .noContent)
        var deep: BencodeValue = ["": ["length": 0]]
        for _ in 0..<50 { deep = ["d": deep] }
        #expect(try tree(deep) == .badPath)
        for _ in 0..<50 { deep = ["d": deep] }
        guard case .malformed(.tooDeep) = try tree(deep) else {
            Issue.record("a tree of 100 folders was not too deep")
            return
        }
    }

    @Test(
        "is refused where a file has no root or an impossible length",
        arguments: [.v2, .hybrid] as [TorrentVersions])
    func files(versions: TorrentVersions) throws {
        func b(_ body: (inout BencodeDictionary) -> Void) throws -> TorrentFileError? {
            try failure(versions) { leaf(&$0, ["b"], body) }
        }
        #expect(try b { $0["pieces root"] = nil } == .missingRoot(file: "b"))
        #expect(try b { $0["pieces root"] = "short" } == .missingRoot(file: "b"))
        let zeros = BencodeValue.bytes([UInt8](repeating: 0, count: 32))
        #expect(try b { $0["pieces root"] = zeros } == .missingRoot(file: "b"))
        #expect(try b { $0["length"] = -1 } == .badLength)
        #expect(try b { $0["length"] = nil } == .badLength)
        #expect(try b { $0["attr"] = "p" } == .badFileTree)
        let huge = try b { $0["length"] = .integer(.max) }
        #expect(huge == (versions == .v2 ? .badLength : .badLength))
    }

    @Test("is refused where its pieces cannot be aligned")
    func pieceLengths() throws {
        for length in [0, 8192, 32767, 49152, 1 << 30] as [Int64] {
            #expect(
                try failure(.v2) { $0.change("info") { $0["piece length"] = .integer(length) } }
                    == .badPieceLength(length))
        }
    }

    @Test("must be canonical, or two programs would see two torrents under one name")
    func canonical() throws {
        let info = try #require(root(.v2)["info"]?.dictionary)
        let sorted = Array("d4:info".utf8) + info.encoded + Array("e".utf8)
        #expect(Torrent.failure(sorted + Array("\n".utf8)) == nil)
        var swapped = Array("d4:infod12:meta versioni2e".utf8)
        for entry in info.entries where entry.key != Array("meta version".utf8) {
            swapped += BencodeDictionary([(String(decoding: entry.key, as: UTF8.self), entry.value)]
            )
            .encoded.dropFirst().dropLast()
        }
        swapped += Array("ee".utf8)
        guard case .malformed(.unsortedKey) = Torrent.failure(swapped) else {
            Issue.record("keys out of order were taken")
            return
        }
    }

    @Test("as a hybrid must say the same by both versions")
    func contradictions() throws {
        func files(_ change: (inout [BencodeValue]) -> Void) throws -> TorrentFileError? {
            try failure(.hybrid) { root in
                root.change("info") { info in
                    var list = info["files"]?.list ?? []
                    change(&list)
                    info["files"] = .list(list)
                }
            }
        }
        #expect(try files { _ in } == nil)
        #expect(try files { $0.swapAt(0, 1) } == .contradiction)
        #expect(try files { $0.remove(at: 0) } == .contradiction)
        #expect(try files { $0.append(["length": 0, "path": ["more"]]) } == .contradiction)
        #expect(try files { $0[1] = ["length": 20_000, "path": ["a", "y"]] } == .contradiction)
        #expect(try files { $0[1] = ["length": 20_001, "path": ["a", "z"]] } == .contradiction)
        let short: BencodeValue = ["attr": "p", "length": 12_767]
        #expect(try files { $0[2] = short } == .contradiction)
        let long: BencodeValue = ["attr": "p", "length": 45_536]
        #expect(try files { $0[2] = long } == .contradiction)
        #expect(try files { $0.remove(at: 2) } == .contradiction)
        // Padding behind the last file is as good as none, but not more than its piece.
        #expect(try files { $0[6] = ["attr": "p", "length": 25_537] } == .contradiction)
        #expect(try files { $0[6] = ["attr": "p", "length": 1] } == nil)
        #expect(try files { $0.removeLast() } == nil)
    }
}

@Suite("A torrent that is made")
struct TorrentDraftTests {
    @Test("is these bytes")
    func knownAnswer() throws {
        var draft = try #require(
            TorrentDraft(
                name: "n", isFolder: false, files: [.init(path: ["n"], length: 5)],
                pieceLength: 16384, versions: .v1))
        draft.pieces = Array("aaaaaaaaaaaaaaaaaaaa".utf8)
        let info = "d6:lengthi5e4:name1:n12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae"
        #expect(String(decoding: draft.encoded(), as: UTF8.self) == "d4:info\(info)e")
        draft.isPrivate = true
        draft.trackers = [["http://a/"], [], ["http://b/"]]
        (draft.comment, draft.createdBy, draft.creationDate) = ("c", "p", 7)
        draft.webSeeds = ["http://w/"]
        let torrent = try TorrentFile.parse(draft.encoded(), using: Digests.self)
        #expect(torrent.trackers == [["http://a/"], ["http://b/"]])
        #expect(torrent.webSeeds == ["http://w/"] && torrent.isPrivate)
        #expect(torrent.comment == "c" && torrent.createdBy == "p" && torrent.creationDate == 7)
    }

    @Test("is the same whatever the order of its files")
    func order() throws {
        for versions in [.v1, .v2, .hybrid] as [TorrentVersions] {
            let one = try #require(Torrent.draft(contents, versions: versions, name: "top"))
            let other = Torrent.draft(contents.reversed(), versions: versions, name: "top")
            #expect(one.encoded() == other?.encoded())
        }
    }

    @Test("cannot be made of files that contradict each other")
    func refusals() {
        func draft(_ paths: [[String]], length: Int64 = 5, _ versions: TorrentVersions = .v1)
            -> TorrentDraft?
        {
            TorrentDraft(
                name: "n", isFolder: true,
                files: paths.map { .init(path: $0, length: length) }, pieceLength: 24576,
                versions: versions)
        }
        #expect(draft([["a"], ["b"]]) != nil)
        #expect(draft([["a"], ["b"]], .v2) == nil)
        #expect(draft([["a"], ["a"]]) == nil)
        #expect(draft([["a", "b"], ["a"]]) == nil)
        #expect(draft([[]]) == nil)
        #expect(draft([["a", ""]]) == nil)
        #expect(draft([]) == nil)
        #expect(draft([["a"]], length: 0) == nil)
        #expect(draft([["a"]], length: -1) == nil)
        #expect(draft([["a"], ["b"]], length: .max) == nil)
        #expect(draft([["\u{e9}"], ["e\u{301}"]]) != nil)
    }

    @Test("has pieces of a usual length")
    func pieceLengths() {
        let lengths = [0, 1, 33_554_431, 33_554_432, 1 << 30, 1 << 34, 1 << 40, .max].map {
            TorrentDraft.pieceLength(for: $0) / 1024
        }
        #expect(lengths == [16, 16, 16, 32, 1024, 16384, 16384, 16384])
    }
}
