// Web seeds (BEP 19): files come from a web server where no peer has them or all are too slow, and
// servers that lie or fail hold nobody up.

import Reactor
import Testing

extension EndToEnd {
    @MainActor
    @Suite("Web seeds", .serialized)
    struct WebSeeds {
        @Test("A film comes from a web server alone, by ranges", .timeLimit(.minutes(1)))
        func film() async throws {
            try await onStage { stage in
                let port = try Ports.free()
                let film = try await stage.film(["-w", "http://127.0.0.1:\(port)/film.ts"])
                let server = try await FileServer(port: port, ["/film.ts": film.content])
                try await stage.loads(film, from: nil)
                let (asked, sent) = await (server.asked, server.sent)
                #expect(sent == film.content.count)
                #expect(asked.count < 46 && asked.allSatisfy { $0.contains("bytes=") })
                await server.close()
            }
        }

        @Test(
            "By https a film comes from a server whose authority is named", .timeLimit(.minutes(1)))
        func secure() async throws {
            try await onStage { stage in
                let port = try Ports.free()
                let film = try await stage.film(["-w", "https://127.0.0.1:\(port)/film.ts"])
                let server = try await SecureFileServer(film, port: port, stage)
                let folder = try makeFolder(stage.path("loaded"))
                let child = try stage.tool(
                    "env",
                    [
                        "SSL_CERT_FILE=\(server.certificate)", Programs.p2ptv(), "watch",
                        film.torrent, "-o", "\(folder)/", "--no-seed", "--player", "none",
                        "--port", "\(Ports.free())", "--peer-port", "\(Ports.free())",
                        "--state-dir", stage.path("state"),
                    ])
                #expect(try await child.ended(within: 30) == .code(0), "\(stage.lastWords)")
                #expect(film.isWhole("\(folder)/film.ts"), "\(stage.lastWords)")
                #expect(server.asked > 0)
            }
        }

        @Test(
            "By https nothing comes from a server that nobody vouches for", .timeLimit(.minutes(1)))
        func unknownAuthority() async throws {
            try await onStage { stage in
                let port = try Ports.free()
                let film = try await stage.film(["-w", "https://127.0.0.1:\(port)/film.ts"])
                let server = try await SecureFileServer(film, port: port, stage)
                let peer = try await stage.seed(film)
                try await stage.loads(film, from: peer)
                #expect(server.asked == 0)
            }
        }

        @Test("A player reads a film that a web server alone has, also far behind")
        func playing() async throws {
            try await onStage { stage in
                let port = try Ports.free()
                let film = try await stage.film(["-w", "http://127.0.0.1:\(port)/"])
                let server = try await FileServer(port: port, ["/film.ts": film.content])
                let viewer = try await stage.watch(film, from: nil, [])
                let jump = try stage.tool(
                    "curl", ["-sS", "--max-time", "20", "-r", "2900000-2999999", viewer.url])
                #expect(try await jump.ended(within: 20) == .code(0))
                let isPart = bytes(ofFile: jump.outputPath)
                    .elementsEqual(film.content[2_900_000..<3_000_000])
                #expect(isPart, "\(stage.lastWords)")
                await server.close()
            }
        }

        @Test("Many small files come by their paths, with blanks, through a redirect")
        func album() async throws {
            try await onStage { stage in
                let (port, other) = (try Ports.free(), try Ports.free())
                let album = try await stage.album(["-w", "http://127.0.0.1:\(port)/files"])
                var files: [String: [UInt8]] = [:]
                for (number, name) in Album.names.enumerated() {
                    files["/files/\(name)"] = Album.content(number)
                }
                let server = try await FileServer(
                    port: port, files, .moved("http://127.0.0.1:\(other)"))
                let target = try await FileServer(port: other, files)
                let folder = try makeFolder(stage.path("loaded"))
                let child = try stage.p2ptv([
                    "watch", album.torrent, "-o", "\(folder)/", "--no-seed", "--player", "none",
                    "--port", "\(Ports.free())", "--peer-port", "\(Ports.free())", "--state-dir",
                    stage.path("state"), "--json",
                ])
                #expect(try await child.ended(within: 40) == .code(0), "\(stage.lastWords)")
                #expect(Album.damaged(in: folder) == [], "\(stage.lastWords)")
                #expect(
                    await target.sent
                        == Album.names.indices.reduce(0) {
                            $0 + Album.content($1).count
                        })
                await server.close()
                await target.close()
            }
        }

        @Test(
            "A server that lies or cannot is left alone; peers bring the film",
            .timeLimit(.minutes(1)),
            arguments: [
                FileServer.Manner.rangeless, .poisoned, .grown, .silent, .failing(1000),
                .moved("ftp://127.0.0.1"),
            ])
        func useless(manner: FileServer.Manner) async throws {
            try await onStage { stage in
                let port = try Ports.free()
                let film = try await stage.film(["-w", "http://127.0.0.1:\(port)/film.ts"])
                let server = try await FileServer(
                    port: port, ["/film.ts": film.content], manner)
                let peer = try await stage.seed(film)
                try await stage.loads(film, from: peer)
                #expect(await server.asked.count <= 3, "\(stage.lastWords)")
                await server.close()
            }
        }

        @Test(
            "A server that fails once, or breaks off, is asked again", .timeLimit(.minutes(1)),
            arguments: [FileServer.Manner.failing(1), .cutting(1)])
        func recovering(manner: FileServer.Manner) async throws {
            try await onStage { stage in
                let port = try Ports.free()
                let film = try await stage.film(["-w", "http://127.0.0.1:\(port)/film.ts"])
                let server = try await FileServer(
                    port: port, ["/film.ts": film.content], manner)
                try await stage.loads(film, from: nil)
                await server.close()
            }
        }

        @Test("The web seed of a link brings what no peer has", .timeLimit(.minutes(1)))
        func link() async throws {
            try await onStage { stage in
                let film = try await stage.film()
                let port = try Ports.free()
                let server = try await FileServer(port: port, ["/film.ts": film.content])
                // A relay without any of the film has its metadata all the same.
                let peer = try Ports.free()
                let empty = try makeFolder(stage.path("empty"))
                let relay = try stage.p2ptv([
                    "relay", film.torrent, "--data", empty, "--peer-port", "\(peer)",
                    "--state-dir", stage.path("relay-state"), "--json",
                ])
                #expect(
                    try await eventually(within: 20) {
                        relay.output.contains(#""event":"loading""#)
                    })
                try await stage.loads(
                    film, by: "x.pe=127.0.0.1:\(peer)&ws=http%3A%2F%2F127.0.0.1%3A\(port)%2F")
                await server.close()
            }
        }
    }
}
