// A torrent of which only some files are loaded: by `--files`, by what a link selects, and by what was
// chosen the last time; the others are read on demand.

import Glibc
import Testing

/// Three films whose borders lie within pieces, and their torrent.
private struct Season {
    let torrent: String
    /// The folder that the folder `season` lies in.
    let folder: String
    let films: [[UInt8]]

    static let names = ["season/a.ts", "season/b.ts", "season/c.ts"]

    /// Which films are in a folder, and right.
    func whole(in folder: String) -> [Int] {
        films.indices.filter { bytes(ofFile: "\(folder)/\(Self.names[$0])") == films[$0] }
    }

    /// Which films have a file in a folder.
    func made(in folder: String) -> [Int] {
        films.indices.filter { size(ofFile: "\(folder)/\(Self.names[$0])") > 0 }
    }
}

extension Stage {
    fileprivate func season(_ options: [String] = []) async throws -> Season {
        let folder = try makeFolder(path("films"))
        _ = try makeFolder("\(folder)/season")
        let films = [700_001, 1_000_003, 800_009].enumerated().map { number, length in
            (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number &+ $0 >> 8) }
        }
        for (name, film) in zip(Season.names, films) { try write(film, to: "\(folder)/\(name)") }
        let torrent = path("season.torrent")
        let made = try p2ptv(["create", "\(folder)/season", "-o", torrent, "-s", "64"] + options)
        guard try await made.ended(within: 20) == .code(0) else {
            throw Failure("no torrent: \(made.lastWords)")
        }
        return Season(torrent: torrent, folder: folder, films: films)
    }

    /// Seeds a season; answers who does, and the port.
    fileprivate func seed(_ season: Season) async throws -> (child: Child, port: UInt16) {
        let port = try Ports.free()
        let relay = try p2ptv([
            "relay", season.torrent, "--data", season.folder, "--peer-port", "\(port)",
            "--state-dir", path("seed-state"), "--json",
        ])
        guard try await eventually(within: 20, { relay.output.contains(#""event":"seeding""#) })
        else { throw Failure("it does not seed: \(relay.lastWords)") }
        return (relay, port)
    }

    /// Ends a seed; answers how many pieces of 64 KiB it gave.
    fileprivate func given(by seed: Child) async throws -> Int {
        seed.send(SIGINT)
        guard try await seed.ended(within: 5) == .code(0),
            let totals = member("uploaded", in: seed.output)
        else { throw Failure("the seed has no totals: \(seed.lastWords)") }
        return (Int(totals) ?? .max) / 65_536
    }

    fileprivate func watch(
        _ what: String, from port: UInt16, in folder: String, _ options: [String]
    ) async throws -> Viewer {
        let child = try p2ptv(
            [
                "watch", what, "--port", "\(Ports.free())", "--peer-port", "\(Ports.free())",
                "--player", "none", "--state-dir", path("state"), "--json", "--peer",
                "127.0.0.1:\(port)", "-o", folder + "/",
            ] + options)
        guard try await eventually(within: 20, { member("url", in: child.output) != nil }),
            let url = member("url", in: child.output)
        else { throw Failure("it does not serve: \(child.lastWords)") }
        return Viewer(child: child, url: url, file: "")
    }
}

extension EndToEnd {
    @MainActor
    @Suite("Chosen files", .serialized)
    struct ChoosingFiles {
        @Test(
            "Only those are loaded and made; others are read on demand, and loaded once chosen",
            .timeLimit(.minutes(2)), arguments: ["--v1", "--v2"])
        func choosing(version: String) async throws {
            try await onStage { stage in
                let season = try await stage.season([version])
                var (seed, port) = try await stage.seed(season)
                let folder = try makeFolder(stage.path("loaded"))
                let first = try await stage.watch(
                    season.torrent, from: port, in: folder, ["--files", "0", "--no-seed"])
                #expect(first.url.hasSuffix("/file/0/a.ts"))
                #expect(try await first.child.ended(within: 30) == .code(0), "\(stage.lastWords)")
                #expect(season.whole(in: folder) == [0] && season.made(in: folder) == [0])
                // The first film lies in eleven pieces; on a slow machine some blocks are asked for twice.
                #expect(try await stage.given(by: seed) <= 15, "\(stage.lastWords)")
                (seed, port) = try await stage.seed(season)

                // The choice is remembered; what is not chosen is read all the same.
                let again = try await stage.watch(season.torrent, from: port, in: folder, [])
                #expect(again.url.hasSuffix("/file/0/a.ts"))
                let base = again.url.dropLast("/0/a.ts".count)
                let read = try stage.tool("curl", ["-sS", "--max-time", "30", "\(base)/2/c.ts"])
                #expect(try await read.ended(within: 30) == .code(0), "\(stage.lastWords)")
                let isRead = bytes(ofFile: read.outputPath) == season.films[2]
                #expect(isRead, "\(stage.lastWords)")
                #expect(season.made(in: folder) == [0])
                again.child.send(SIGINT)
                #expect(try await again.child.ended(within: 5) == .code(0))
                #expect(!again.child.output.contains(#""event":"checking""#))

                let all = try await stage.watch(
                    season.torrent, from: port, in: folder, ["--files", "all", "--no-seed"])
                #expect(try await all.child.ended(within: 30) == .code(0), "\(stage.lastWords)")
                #expect(season.whole(in: folder) == [0, 1, 2])
                // Of 39 pieces those are not loaded again that lay apart meanwhile.
                #expect(try await stage.given(by: seed) <= 33, "\(stage.lastWords)")
                #expect(names(in: folder) == ["season"])
                #expect(!all.child.output.contains(#""event":"checking""#))
            }
        }

        @Test("What a link selects is loaded, and nothing else", .timeLimit(.minutes(1)))
        func selected() async throws {
            try await onStage { stage in
                let season = try await stage.season()
                let port = try await stage.seed(season.torrent, in: season.folder)
                let shown = try stage.p2ptv(["show", "-m", season.torrent])
                #expect(try await shown.ended(within: 10) == .code(0))
                let link = shown.output.filter { !$0.isNewline } + "&so=1"
                let folder = try makeFolder(stage.path("loaded"))
                let viewer = try await stage.watch(link, from: port, in: folder, ["--no-seed"])
                #expect(try await viewer.child.ended(within: 30) == .code(0), "\(stage.lastWords)")
                #expect(season.whole(in: folder) == [1] && season.made(in: folder) == [1])
            }
        }

        @Test("A relay loads what was chosen, and gives all that it has", .timeLimit(.minutes(1)))
        func relaying() async throws {
            try await onStage { stage in
                let season = try await stage.season()
                let port = try await stage.seed(season.torrent, in: season.folder)
                let folder = try makeFolder(stage.path("relayed"))
                let own = try Ports.free()
                let relay = try stage.p2ptv([
                    "relay", season.torrent, "--files", "1", "--data", folder, "--peer",
                    "127.0.0.1:\(port)", "--peer-port", "\(own)", "--state-dir",
                    stage.path("relay-state"), "--json",
                ])
                let isThere = try await eventually(within: 20) {
                    relay.output.contains(#""event":"seeding""#)
                }
                #expect(isThere, "\(stage.lastWords)")
                #expect(season.whole(in: folder) == [1] && season.made(in: folder) == [1])
                let loaded = try makeFolder(stage.path("loaded"))
                let viewer = try await stage.watch(
                    season.torrent, from: own, in: loaded, ["--files", "1", "--no-seed"])
                #expect(try await viewer.child.ended(within: 30) == .code(0), "\(stage.lastWords)")
                #expect(season.whole(in: loaded) == [1])
            }
        }

        @Test(
            "Numbers that the torrent does not have are refused", arguments: ["3", "x", "0-", ""])
        func refused(numbers: String) async throws {
            try await onStage { stage in
                let season = try await stage.season()
                let child = try stage.p2ptv([
                    "watch", season.torrent, "--files", numbers, "--player", "none",
                    "--state-dir", stage.path("state"),
                ])
                #expect(try await child.ended(within: 10) == .code(64), "\(child.lastWords)")
                #expect(child.lastWords.contains("--files"), "\(child.lastWords)")
            }
        }
    }
}
