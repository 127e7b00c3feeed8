// Torrents made of files on disk, verified, and spoilt: with a folder of its own for each test.

import Console
import Glibc
import Metainfo
import Pieces
import Primitives
import Testing

/// A folder for a test that goes away with it.
private final class TestFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/p2ptv-torrent-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit {
        for place in made.reversed() {
            unlink(place)
            rmdir(place)
        }
        rmdir(path)
    }

    private var made: [String] = []

    func folder(_ name: String) {
        mkdir("\(path)/\(name)", 0o755)
        made.append("\(path)/\(name)")
    }

    func file(_ name: String, _ bytes: [UInt8]) throws {
        let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        try #require(file >= 0)
        defer { close(file) }
        made.append("\(path)/\(name)")
        #expect(bytes.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == bytes.count)
    }

    /// A folder "top" with files of several pieces, of one, and empty.
    func content() throws {
        folder("top")
        folder("top/sub")
        try file("top/big", (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 7) })
        try file("top/sub/small", Array(repeating: 7, count: 20_000))
        try file("top/empty", [])
        try file("top/sub/mid", (0..<40_000).map { UInt8(truncatingIfNeeded: $0 / 3) })
    }
}

private func wishes(_ versions: TorrentVersions) -> TorrentWishes {
    var wishes = TorrentWishes()
    wishes.versions = versions
    wishes.pieceLength = 32_768
    return wishes
}

private func make(
    _ folder: TestFolder, _ wishes: TorrentWishes, _ name: String = "top"
) async throws -> MadeTorrent {
    try await TorrentMaker.make(ContentFolder("\(folder.path)/\(name)"), wishes, Terminal())
}

private let all: [TorrentVersions] = [.v1, .v2, .hybrid]

@Suite("A torrent of files on disk")
struct TorrentTests {
    @Test("is good as long as nothing changes, and always the same", arguments: all)
    func making(versions: TorrentVersions) async throws {
        let folder = try TestFolder()
        try folder.content()
        let made = try await make(folder, wishes(versions))
        #expect(made.bytes == (try await make(folder, wishes(versions))).bytes)
        let files = made.torrent.files.filter { $0.kind == .regular }
        #expect(
            files.map { $0.path.joined(separator: "/") }
                == ["top/big", "top/empty", "top/sub/mid", "top/sub/small"])
        let check = await ContentCheck(made.torrent, in: folder.path, Terminal())
        #expect(check.isGood && check.complaint == nil)
        #expect(
            ContentReport(check).text
                == "4 of 4 files and \(made.torrent.layout.pieceCount) of "
                + "\(made.torrent.layout.pieceCount) pieces are good\n")
    }

    @Test("tells which files and pieces are bad", arguments: all)
    func spoiling(versions: TorrentVersions) async throws {
        let folder = try TestFolder()
        try folder.content()
        let made = try await make(folder, wishes(versions))
        var big = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
        big[70_000] ^= 1
        try folder.file("top/big", big)
        try folder.file("top/empty", [1])
        unlink("\(folder.path)/top/sub/small")
        let check = await ContentCheck(made.torrent, in: folder.path, Terminal())
        #expect(check.complaint?.status == .data)
        let broken = check.broken.map { made.torrent.files[$0.file].path.last ?? "" }
        // Without padding, the last piece of one file is the first of the next.
        let shared =
            versions == .v1 ? ["big", "empty", "mid", "small"] : ["big", "empty", "small"]
        #expect(broken == shared)
        #expect(check.broken[0].flaw == .content && check.broken[0].pieces == [PieceIndex(2)])
        #expect(check.broken[1].flaw == .length(1) && check.broken[1].pieces.isEmpty)
        #expect(check.broken.last?.flaw == .missing)
        let text = ContentReport(check).text
        #expect(
            text.hasPrefix("BAD         top/big  bad pieces: 2\nLENGTH      top/empty  has 1 bytes")
        )
        #expect(text.contains("MISSING     top/sub/small  is not there\n"))
        #expect(ContentReport(check).json.encoded.contains("\"flaw\":\"missing\""))
    }

    @Test("without its piece layers is good or bad a file at a time")
    func withoutLayers() async throws {
        let folder = try TestFolder()
        try folder.content()
        let made = try await make(folder, wishes(.v2))
        let start = try #require(made.bytes.firstRange(of: Array("12:piece layersd".utf8)))
        let spare = Array(made.bytes[..<start.lowerBound]) + Array("e".utf8)
        let torrent = try TorrentReader.read(spare, from: "x")
        #expect(!torrent.hasLayers)
        #expect(await ContentCheck(torrent, in: folder.path, Terminal()).isGood)
        try folder.file("top/big", [UInt8](repeating: 0, count: 200_000))
        let check = await ContentCheck(torrent, in: folder.path, Terminal())
        #expect(check.broken.map { $0.pieces.count } == [7])
    }

    @Test("is looked for where a person says, and one level above")
    func places() async throws {
        let folder = try TestFolder()
        try folder.content()
        let torrent = try await make(folder, wishes(.v1)).torrent
        for place in [folder.path, "\(folder.path)/", "\(folder.path)/top", "\(folder.path)/top/"] {
            let base = try ContentCheck.base(of: torrent, at: place)
            #expect(await ContentCheck(torrent, in: base, Terminal()).isGood)
        }
        for place in ["\(folder.path)/nowhere", "\(folder.path)/top/sub"] {
            do throws(Complaint) {
                _ = try ContentCheck.base(of: torrent, at: place)
                Issue.record("found at \(place)")
            } catch {
                #expect(error.status == .noInput)
            }
        }
    }

    @Test("is not made of nothing, nor of names that others could not keep")
    func refusals() async throws {
        let folder = try TestFolder()
        func status(_ name: String) async -> Console.ExitStatus? {
            do {
                _ = try await make(folder, wishes(.v1), name)
                return nil
            } catch {
                return (error as? Complaint)?.status
            }
        }
        #expect(await status("nowhere") == .noInput)
        folder.folder("empty")
        #expect(await status("empty") == .data)
        try folder.file("empty/nothing", [])
        #expect(await status("empty") == .data)
        try folder.file("empty/something", [1])
        #expect(await status("empty") == nil)
        try folder.file("empty/back\\slash", [1])
        #expect(await status("empty") == .data)
    }

    @Test("follows links, but not in circles")
    func links() throws {
        let folder = try TestFolder()
        try folder.content()
        #expect(symlink("..", "\(folder.path)/top/sub/up") == 0)
        #expect(symlink("../big", "\(folder.path)/top/sub/same") == 0)
        defer {
            unlink("\(folder.path)/top/sub/up")
            unlink("\(folder.path)/top/sub/same")
        }
        let content = try ContentFolder("\(folder.path)/top")
        #expect(content.leftOut == ["\(folder.path)/top/sub/up"])
        #expect(content.files.count == 5)
        #expect(content.files.first { $0.path == ["sub", "same"] }?.length == 200_000)
    }

    @Test("is written once, and over nothing")
    func output() throws {
        let folder = try TestFolder()
        let place = "\(folder.path)/x.torrent"
        try TorrentOutput.write([1, 2, 3], to: place)
        defer { unlink(place) }
        #expect(try smallFile(place, limit: 10) == [1, 2, 3])
        for (path, status) in [
            (place, Console.ExitStatus.cannotCreate), ("-", .usage), ("", .usage),
            ("\(folder.path)/no/x", .cannotCreate),
        ] {
            do throws(Complaint) {
                try TorrentOutput.write([4], to: path)
                Issue.record("written to \(path)")
            } catch {
                #expect(error.status == status)
            }
        }
        #expect(try smallFile(place, limit: 10) == [1, 2, 3])
    }
}

@Suite("What is said of a torrent")
struct TorrentReportTests {
    private func torrent() throws -> TorrentFile {
        let info =
            "d5:filesld6:lengthi5e4:pathl2:..3:a\u{1b}beee4:name1:n12:piece lengthi16384e"
            + "6:pieces20:aaaaaaaaaaaaaaaaaaaae"
        let file = "d8:announce9:http://t/7:comment3:\u{1b}[m4:info\(info)e"
        return try TorrentReader.read(Array(file.utf8), from: "x")
    }

    @Test("names its files as they would lie on disk, and escapes what strangers wrote")
    func text() throws {
        let report = TorrentReport(try torrent())
        #expect(
            report.text.hasSuffix(
                """
                size       5 B
                pieces     1 of 16 KiB
                tracker    http://t/
                comment    \\u{1B}[m
                files     1
                  0  5 B  n/_/a_b  (renamed: the torrent's path is not usable)

                """))
        #expect(report.json.encoded.contains("\"renamed\":true"))
        #expect(report.magnet.hasSuffix("&dn=n&tr=http%3A%2F%2Ft%2F"))
    }

    @Test("that is refused has a reason and a hint, and ends with 65")
    func refusals() {
        for error in [
            .empty, .truncated, .notATorrent, .liveChannel(name: "x"), .unsupportedVersion(3),
            .badField("name"), .tooManyPieces(limit: 5), .contradiction, .missingRoot(file: "x"),
        ] as [TorrentFileError] {
            let complaint = Complaint(error, of: "x.torrent")
            #expect(complaint.status == .data && complaint.hint?.isEmpty == false)
        }
        for error in [.notMagnet, .noTopic, .badHash("x"), .unsupported("y")] as [MagnetLinkError] {
            let complaint = Complaint(error, of: "magnet:?x")
            #expect(complaint.status == .data && complaint.hint?.isEmpty == false)
        }
    }

    @Test("is told from a channel file")
    func kinds() throws {
        let info = "d6:lengthi5e4:name1:n12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae"
        guard
            case .torrent(let torrent) = try TorrentReader.readAny(
                Array("d4:info\(info)e".utf8), from: "x")
        else {
            Issue.record("was taken for a channel")
            return
        }
        #expect(torrent.name == "n")
    }
}
