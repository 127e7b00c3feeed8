// Magnet links: the metadata comes from p2ptv and from other programs, and goes to them; and what
// is said where nobody has it.

import Testing

extension Clients {
    /// Loads a magnet link by libtorrent: arguments are the link, a folder and a port.
    static let libtorrentLink = """
        import libtorrent as lt, sys, time
        link, folder, port = sys.argv[1:4]
        ses = lt.session({'listen_interfaces': '127.0.0.1:' + port, 'enable_dht': False,
            'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False,
            'enable_outgoing_utp': False, 'enable_incoming_utp': False,
            'allow_multiple_connections_per_ip': True})
        params = lt.parse_magnet_uri(link)
        params.save_path = folder
        handle = ses.add_torrent(params)
        while not handle.status().is_seeding:
            time.sleep(0.1)
            if not handle.status().num_peers:
                handle.connect_peer(('127.0.0.1', int(sys.argv[4])))
        """
}

extension EndToEnd {
    @MainActor
    @Suite("Magnet links", .serialized)
    struct Magnets {
        @Test(
            "A link with the address of a p2ptv that seeds is loaded, in every version",
            .timeLimit(.minutes(1)), arguments: ["--v1", "--hybrid", "--v2"])
        func fromOurs(version: String) async throws {
            try await onStage { stage in
                let film = try await stage.film([version])
                let port = try await stage.seed(film)
                try await stage.loads(film, by: "x.pe=127.0.0.1:\(port)")
            }
        }

        @Test(
            "A link is loaded from aria2, named by --peer",
            .enabled(if: Clients.hasAria2, "aria2c is not installed"), .timeLimit(.minutes(1)))
        func fromAria2() async throws {
            try await onStage { stage in
                let film = try await stage.film()
                let port = try Ports.free()
                _ = try stage.tool(
                    "aria2c",
                    [
                        "--no-conf", "-q", "--enable-dht=false", "--bt-enable-lpd=false",
                        "--enable-peer-exchange=false", "--listen-port=\(port)",
                        "--bt-seed-unverified=true", "--seed-ratio=0.0", "-d", film.folder, "-T",
                        film.torrent,
                    ])
                try await stage.loads(film, by: "", ["--peer", "127.0.0.1:\(port)"])
            }
        }

        @Test(
            "A link is loaded from libtorrent, in every version",
            .enabled(if: Clients.libtorrentPython != nil, "no Python with libtorrent"),
            .timeLimit(.minutes(1)), arguments: ["--v1", "--hybrid", "--v2"])
        func fromLibtorrent(version: String) async throws {
            try await onStage { stage in
                let film = try await stage.film([version])
                let port = try Ports.free()
                let seed = try stage.libtorrent([film.torrent, film.folder, "\(port)"])
                let isReady = try await eventually(within: 15) { seed.output.contains("seeding") }
                #expect(isReady, "\(seed.lastWords)")
                try await stage.loads(film, by: "x.pe=127.0.0.1:\(port)")
            }
        }

        @Test(
            "libtorrent loads a link from p2ptv, also of version 2 and of a private torrent",
            .enabled(if: Clients.libtorrentPython != nil, "no Python with libtorrent"),
            .timeLimit(.minutes(1)),
            arguments: [[], ["--v2"], ["-p", "-t", "http://127.0.0.1:9/announce"]])
        func toLibtorrent(options: [String]) async throws {
            try await onStage { stage in
                let film = try await stage.film(options)
                let port = try await stage.seed(film)
                let folder = try makeFolder(stage.path("libtorrent"))
                try write(Clients.libtorrentLink.utf8, to: stage.path("link.py"))
                let python = try #require(Clients.libtorrentPython)
                let leech = try Child(
                    "libtorrent", python,
                    [
                        stage.path("link.py"), try await stage.link(of: film), folder,
                        "\(try Ports.free())", "\(port)",
                    ], in: stage.folder)
                defer { leech.end() }
                #expect(try await leech.ended(within: 30) == .code(0), "\(leech.lastWords)")
                let isWhole = film.isWhole("\(folder)/film.ts")
                #expect(isWhole, "\(stage.lastWords)")
            }
        }

        @Test(
            "A torrent file without the hashes of its pieces is loaded all the same",
            .timeLimit(.minutes(1)))
        func withoutLayers() async throws {
            try await onStage { stage in
                let film = try await stage.film(["--v2"])
                let port = try await stage.seed(film)
                let whole = bytes(ofFile: film.torrent)
                let mark = try #require(whole.firstRange(of: Array("12:piece layersd".utf8)))
                let bare = Film(
                    content: film.content, folder: film.folder, torrent: stage.path("bare.torrent"))
                try write(whole[..<mark.lowerBound] + [UInt8(ascii: "e")], to: bare.torrent)
                try await stage.loads(bare, from: port)
            }
        }

        @Test(
            "Where nobody sends those hashes it ends in time, and says so",
            .timeLimit(.minutes(1)))
        func noLayers() async throws {
            try await onStage { stage in
                let film = try await stage.film(["--v2"])
                let whole = bytes(ofFile: film.torrent)
                let mark = try #require(whole.firstRange(of: Array("12:piece layersd".utf8)))
                let bare = stage.path("bare.torrent")
                try write(whole[..<mark.lowerBound] + [UInt8(ascii: "e")], to: bare)
                let child = try stage.p2ptv([
                    "watch", bare, "--timeout", "1", "--peer-port", "\(try Ports.free())",
                    "--player", "none", "--state-dir", stage.path("state"),
                ])
                #expect(try await child.ended(within: 10) == .code(75), "\(child.lastWords)")
                #expect(
                    child.lastWords.contains("no hashes of the pieces of film.ts"),
                    "\(child.lastWords)")
            }
        }

        @Test(
            "A link that was loaded needs nobody the next time", .timeLimit(.minutes(1)),
            arguments: ["--v1", "--v2"])
        func kept(version: String) async throws {
            try await onStage { stage in
                let film = try await stage.film([version])
                let port = try await stage.seed(film)
                try await stage.loads(film, by: "x.pe=127.0.0.1:\(port)")
                let folder = stage.path("loaded")
                // With a tracker, so that nobody is found in the local network.
                let link =
                    try await stage.link(of: film) + "&tr=http%3A%2F%2F127.0.0.1%3A9%2Fannounce"
                let again = try stage.p2ptv([
                    "watch", link, "--timeout", "1", "--port",
                    "\(Ports.free())", "--peer-port", "\(Ports.free())", "--player", "none",
                    "--state-dir", stage.path("state"), "-o", folder + "/", "--no-seed", "--json",
                ])
                #expect(try await again.ended(within: 10) == .code(0), "\(again.lastWords)")
                // What is not the torrent of the link is not taken: peers are asked again.
                let name = names(in: stage.path("state/torrents")).first {
                    $0.hasSuffix(".torrent")
                }
                let path = stage.path("state/torrents/\(try #require(name))")
                try write(bytes(ofFile: path).map { $0 == 0x36 ? 0x37 : $0 }, to: path)
                let spoilt = try stage.p2ptv([
                    "watch", link, "--timeout", "1", "--port",
                    "\(Ports.free())", "--peer-port", "\(Ports.free())", "--player", "none",
                    "--state-dir", stage.path("state"), "--no-seed",
                ])
                #expect(try await spoilt.ended(within: 10) == .code(75), "\(spoilt.lastWords)")
            }
        }

        @Test("A relay looks for several links at once, behind one port", .timeLimit(.minutes(1)))
        func several() async throws {
            try await onStage { stage in
                let film = try await stage.film()
                let album = try await stage.album()
                let ports = [
                    try await stage.seed(film),
                    try await stage.seed(album.torrent, in: album.folder, "album-state"),
                ]
                let links = [
                    try await stage.link(of: film), try await stage.link(of: album.torrent),
                ]
                let folder = try makeFolder(stage.path("relayed"))
                let relay = try stage.p2ptv(
                    ["relay"] + links + [
                        "--data", folder, "--peer-port", "\(Ports.free())", "--state-dir",
                        stage.path("relay-state"), "--json", "--timeout", "20",
                    ] + ports.flatMap { ["--peer", "127.0.0.1:\($0)"] })
                let seeds = try await eventually(within: 30) {
                    relay.output.ranges(of: #""event":"seeding""#).count == 2
                }
                #expect(seeds, "\(relay.lastWords)")
                // It seeds what is right already, while the last of it is being written.
                let isWritten = try await eventually(within: 10) {
                    Album.damaged(in: folder) == [] && film.isWhole("\(folder)/film.ts")
                }
                #expect(isWritten, "\(Album.damaged(in: folder))")
            }
        }

        @Test(
            "Trackers are told that the search is over, and then that the viewer is there",
            .timeLimit(.minutes(1)))
        func goodbye() async throws {
            try await onStage { stage in
                let port = try Ports.free()
                let log = try await AnnounceLog(port: port)
                let film = try await stage.film()
                let peer = try await stage.seed(film)
                let link =
                    try await stage.link(of: film)
                    + "&x.pe=127.0.0.1:\(peer)&tr=http%3A%2F%2F127.0.0.1%3A\(port)%2Fannounce"
                let viewer = try stage.p2ptv([
                    "watch", link, "--timeout", "20", "--port", "\(Ports.free())", "--peer-port",
                    "\(Ports.free())", "--player", "none", "--state-dir", stage.path("state"),
                ])
                let all = [["started", "stopped"], ["started", "completed"]]
                let isTold = try await eventually(within: 15) {
                    let lives = await log.lives
                    return lives == all || lives == [["started", "stopped"], ["started"]]
                }
                let lives = await log.lives
                #expect(isTold, "\(lives) \(viewer.lastWords)")
                await log.close()
            }
        }

        @Test(
            "Where nobody has the metadata it ends in time, and says so",
            .timeLimit(.minutes(1)), arguments: ["watch", "relay"])
        func nobody(command: String) async throws {
            try await onStage { stage in
                let film = try await stage.film()
                let port = try await stage.seed(film)
                // The peer is there, and has another torrent.
                let child = try stage.p2ptv(
                    [
                        command, "magnet:?xt=urn:btih:0123456789abcdef0123456789abcdef01234567",
                        "--timeout", "1", "--peer", "127.0.0.1:\(port)", "--peer-port",
                        "\(try Ports.free())",
                    ] + (command == "relay" ? ["--data", stage.folder] : ["--player", "none"]))
                #expect(try await child.ended(within: 10) == .code(75), "\(child.lastWords)")
                #expect(child.lastWords.contains("nobody answers for it"), "\(child.lastWords)")
                #expect(child.lastWords.contains("--peer IP:PORT"), "\(child.lastWords)")
            }
        }
    }
}

extension Stage {
    /// The magnet link of a film.
    func link(of film: Film) async throws -> String { try await link(of: film.torrent) }

    /// The magnet link of a torrent.
    func link(of torrent: String) async throws -> String {
        let show = try p2ptv(["show", "-m", torrent])
        guard try await show.ended(within: 10) == .code(0) else {
            throw Failure("no link: \(show.lastWords)")
        }
        return String(show.output.prefix { $0 != "\n" })
    }

    /// Loads a film by its link with one more parameter, and holds every byte against it.
    func loads(_ film: Film, by parameter: String, _ options: [String] = []) async throws {
        let folder = try makeFolder(path("loaded"))
        let link = try await link(of: film) + (parameter.isEmpty ? "" : "&\(parameter)")
        let child = try p2ptv(
            [
                "watch", link, "--timeout", "20", "--port", "\(Ports.free())", "--peer-port",
                "\(Ports.free())", "--player", "none", "--state-dir", path("state"), "--json",
                "-o", folder + "/", "--no-seed",
            ] + options)
        guard try await child.ended(within: 30) == .code(0) else {
            throw Failure("not loaded: \(lastWords)")
        }
        guard film.isWhole("\(folder)/film.ts") else {
            throw Failure("other bytes came: \(lastWords)")
        }
    }
}
