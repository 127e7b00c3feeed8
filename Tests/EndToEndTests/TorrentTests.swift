// Ordinary torrents, from one p2ptv to another: played while they come, kept, found again, seeded.

import Glibc
import Testing

extension EndToEnd {
    @MainActor
    @Suite("Torrents", .serialized)
    struct Torrents {
        @Test("A film is read over HTTP while it comes, with jumps", .timeLimit(.minutes(1)))
        func playing() async throws {
            try await onStage { stage in
                let film = try await stage.film()
                let port = try await stage.seed(film)
                let viewer = try await stage.watch(film, from: port, [])
                let whole = try stage.tool("curl", ["-sS", "--max-time", "30", viewer.url])
                let jump = try stage.tool(
                    "curl", ["-sS", "--max-time", "30", "-r", "2000000-2099999", viewer.url])
                let beyond = try stage.tool(
                    "curl",
                    [
                        "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-r", "3000000-",
                        viewer.url,
                    ])
                #expect(try await jump.ended(within: 30) == .code(0))
                let part = bytes(ofFile: jump.outputPath)
                let isPart = part.elementsEqual(film.content[2_000_000..<2_100_000])
                #expect(isPart)
                #expect(try await whole.ended(within: 30) == .code(0))
                let isWhole = film.isWhole(whole.outputPath)
                #expect(isWhole, "\(stage.lastWords)")
                #expect(try await beyond.ended(within: 30) == .code(0))
                #expect(beyond.output == "416")

                viewer.child.send(SIGINT)
                #expect(
                    try await viewer.child.ended(within: 4) == .code(0), "\(stage.lastWords)")
            }
        }

        @Test("What was loaded is found again, and seeded on", .timeLimit(.minutes(1)))
        func resuming() async throws {
            try await onStage { stage in
                let film = try await stage.film()
                let port = try await stage.seed(film)
                let first = try await stage.watch(film, from: port, ["--no-seed"])
                #expect(try await first.child.ended(within: 30) == .code(0), "\(stage.lastWords)")

                // Nobody is named now: everything must be there.
                let again = try await stage.watch(film, from: nil, [])
                let read = try stage.tool("curl", ["-sS", "--max-time", "20", again.url])
                #expect(try await read.ended(within: 20) == .code(0), "\(stage.lastWords)")
                let isWhole = film.isWhole(read.outputPath)
                #expect(isWhole, "\(stage.lastWords)")
                #expect(!again.child.output.contains(#""event":"checking""#))

                let whole = try await stage.watch(film, from: nil, ["--no-seed"])
                #expect(try await whole.child.ended(within: 10) == .code(0), "\(stage.lastWords)")
            }
        }

        @Test("A film goes to standard output, and then it ends", .timeLimit(.minutes(1)))
        func piping() async throws {
            try await onStage { stage in
                let film = try await stage.film()
                let port = try await stage.seed(film)
                let child = try stage.p2ptv([
                    "watch", film.torrent, "-o", "-", "--peer", "127.0.0.1:\(port)", "--port",
                    "\(try Ports.free())", "--peer-port", "\(try Ports.free())", "--state-dir",
                    stage.path("state"), "-q",
                ])
                #expect(try await child.ended(within: 30) == .code(0), "\(stage.lastWords)")
                let isWhole = film.isWhole(child.outputPath)
                #expect(isWhole, "\(stage.lastWords)")
            }
        }

        @Test(
            "A damaged piece is found, loaded anew, and the rest is kept", .timeLimit(.minutes(1)))
        func repairing() async throws {
            try await onStage { stage in
                let film = try await stage.film()
                let port = try await stage.seed(film)
                let folder = try makeFolder(stage.path("loaded"))
                var damaged = film.content
                damaged[1_234_567] ^= 1
                try write(damaged, to: "\(folder)/film.ts")
                let viewer = try await stage.watch(
                    film, from: port, ["-o", folder + "/", "--no-seed"])
                #expect(try await viewer.child.ended(within: 30) == .code(0), "\(stage.lastWords)")
                let isWhole = film.isWhole("\(folder)/film.ts")
                #expect(isWhole, "\(stage.lastWords)")
                let loaded = member("downloaded", in: viewer.child.output).flatMap { Int($0) }
                #expect((loaded ?? 0) <= 65_536, "\(viewer.child.lastWords)")
            }
        }

        @Test(
            "Of a seed whose disk errs only the wrong blocks come anew (BEP 52)",
            .timeLimit(.minutes(1)), arguments: ["--v2", "--hybrid"])
        func erring(_ version: String) async throws {
            try await onStage { stage in
                let film = try await stage.film([version, "-s", "1024"])
                let bad = try makeFolder(stage.path("bad"))
                try write(film.content, to: "\(bad)/film.ts")
                // Neither is quick enough for the other not to be needed.
                let slow = ["--up-limit", "2MB/s"]
                let ports = [
                    try await stage.seed(film.torrent, in: bad, "bad-state", slow),
                    try await stage.seed(film.torrent, in: film.folder, "seed-state", slow),
                ]
                // It was checked when the seed began; what is read now is another thing.
                var damaged = film.content
                for start in stride(from: 0, to: damaged.count, by: 8 * 16_384) {
                    damaged[start + 99] ^= 1
                }
                try write(damaged, to: "\(bad)/film.ts")
                let folder = try makeFolder(stage.path("loaded"))
                let viewer = try await stage.watch(
                    film, from: ports[0],
                    ["--peer", "127.0.0.1:\(ports[1])", "-o", folder + "/", "--no-seed"])
                #expect(try await viewer.child.ended(within: 40) == .code(0), "\(stage.lastWords)")
                let isWhole = film.isWhole("\(folder)/film.ts")
                #expect(isWhole, "\(stage.lastWords)")
                // There are 23 wrong blocks; a wrong piece that comes anew whole is a MiB.
                let wasted = member("wasted", in: viewer.child.output).flatMap { Int($0) }
                #expect((wasted ?? .max) <= 32 * 16_384, "\(viewer.child.lastWords)")
                let refused = member("poisoned", in: viewer.child.output).flatMap { Int($0) }
                #expect((refused ?? 0) >= 1, "\(viewer.child.lastWords)")
            }
        }
    }
}
