// Ordinary torrents between p2ptv and other programs, in both directions. Where a program is not
// installed, its tests are left out, with that reason.

import Glibc
import Testing

/// Other programs that load and seed torrents.
@MainActor
enum Clients {
    /// Whether aria2 is installed.
    nonisolated static let hasAria2 = found("aria2c")
    /// A Python that has libtorrent: `P2PTV_LIBTORRENT_PYTHON`, else the system's.
    nonisolated static let libtorrentPython: String? = {
        let named = getenv("P2PTV_LIBTORRENT_PYTHON").map { String(cString: $0) }
        return [named, "/usr/bin/python3"].compactMap { $0 }.first { path in
            access(path, X_OK) == 0 && system("\(path) -c 'import libtorrent' 2>/dev/null") == 0
        }
    }()

    private nonisolated static func found(_ program: String) -> Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.split(separator: ":").contains { access("\($0)/\(program)", X_OK) == 0 }
    }

    /// Seeds or loads a torrent by libtorrent: arguments are the torrent, a folder, a port, and
    /// for loading the peer's port.
    static let libtorrent = """
        import libtorrent as lt, sys, time
        torrent, folder, port = sys.argv[1:4]
        ses = lt.session({'listen_interfaces': '127.0.0.1:' + port, 'enable_dht': False,
            'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False,
            'enable_outgoing_utp': False, 'enable_incoming_utp': False,
            'allow_multiple_connections_per_ip': True})
        params = lt.add_torrent_params()
        params.ti = lt.torrent_info(torrent)
        params.save_path = folder
        handle = ses.add_torrent(params)
        asked = len(sys.argv) > 4
        while True:
            time.sleep(0.1)
            if asked and not handle.status().num_peers:
                handle.connect_peer(('127.0.0.1', int(sys.argv[4])))
            if handle.status().is_seeding:
                print('seeding', flush=True)
                if asked: break
        """
}

extension EndToEnd {
    @MainActor
    @Suite("Torrents and other programs", .serialized)
    struct TorrentClients {
        @Test(
            "What aria2 seeds is loaded", .enabled(if: Clients.hasAria2, "aria2c is not installed"),
            .timeLimit(.minutes(1)))
        func aria2Seeds() async throws {
            try await onStage { stage in
                let film = try await stage.film()
                let port = try Ports.free()
                _ = try stage.tool(
                    "aria2c",
                    aria2(port) + [
                        "--bt-seed-unverified=true", "--seed-ratio=0.0", "-d", film.folder, "-T",
                        film.torrent,
                    ])
                try await stage.loads(film, from: port)
            }
        }

        @Test(
            "What p2ptv seeds is loaded by aria2",
            .enabled(if: Clients.hasAria2, "aria2c is not installed"), .timeLimit(.minutes(1)))
        func aria2Loads() async throws {
            try await onStage { stage in
                // It cannot be told of a peer; so a tracker of our own brings them together.
                let port = try Ports.free()
                _ = try stage.p2ptv(["tracker", "--port", "\(port)"])
                let film = try await stage.film(
                    ["-t", "http://127.0.0.1:\(port)/announce"])
                _ = try await stage.seed(film)
                let folder = try makeFolder(stage.path("aria2"))
                let leech = try stage.tool(
                    "aria2c",
                    aria2(try Ports.free()) + [
                        "--seed-time=0", "-d", folder, "-T", film.torrent,
                    ])
                #expect(try await leech.ended(within: 30) == .code(0), "\(stage.lastWords)")
                let isWhole = film.isWhole("\(folder)/film.ts")
                #expect(isWhole, "\(stage.lastWords)")
            }
        }

        private func aria2(_ port: UInt16) -> [String] {
            [
                "--no-conf", "-q", "--enable-dht=false", "--bt-enable-lpd=false",
                "--enable-peer-exchange=false", "--listen-port=\(port)",
            ]
        }

        @Test(
            "What libtorrent seeds is loaded, in every version",
            .enabled(if: Clients.libtorrentPython != nil, "no Python with libtorrent"),
            .timeLimit(.minutes(2)), arguments: ["--v1", "--hybrid", "--v2"])
        func libtorrentSeeds(version: String) async throws {
            try await onStage { stage in
                let film = try await stage.film([version])
                let port = try Ports.free()
                let seed = try stage.libtorrent([film.torrent, film.folder, "\(port)"])
                let isReady = try await eventually(within: 15) { seed.output.contains("seeding") }
                #expect(isReady, "\(seed.lastWords)")
                try await stage.loads(film, from: port)
            }
        }

        @Test(
            "What p2ptv seeds is loaded by libtorrent, in every version",
            .enabled(if: Clients.libtorrentPython != nil, "no Python with libtorrent"),
            .timeLimit(.minutes(2)), arguments: ["--v1", "--hybrid", "--v2"])
        func libtorrentLoads(version: String) async throws {
            try await onStage { stage in
                let film = try await stage.film([version])
                let port = try await stage.seed(film)
                let folder = try makeFolder(stage.path("libtorrent"))
                let leech = try stage.libtorrent([
                    film.torrent, folder, "\(try Ports.free())", "\(port)",
                ])
                #expect(try await leech.ended(within: 30) == .code(0), "\(stage.lastWords)")
                let isWhole = film.isWhole("\(folder)/film.ts")
                #expect(isWhole, "\(stage.lastWords)")
            }
        }

        @Test(
            "Many small files that libtorrent seeds are loaded",
            .enabled(if: Clients.libtorrentPython != nil, "no Python with libtorrent"),
            .timeLimit(.minutes(1)), arguments: ["--hybrid", "--v2"])
        func libtorrentSeedsAlbum(version: String) async throws {
            try await onStage { stage in
                let album = try await stage.album([version])
                let port = try Ports.free()
                let seed = try stage.libtorrent([album.torrent, album.folder, "\(port)"])
                let isReady = try await eventually(within: 15) { seed.output.contains("seeding") }
                #expect(isReady, "\(seed.lastWords)")
                let folder = try makeFolder(stage.path("loaded"))
                let child = try stage.p2ptv([
                    "watch", album.torrent, "-o", "\(folder)/", "--no-seed", "--player", "none",
                    "--peer", "127.0.0.1:\(port)", "--port", "\(Ports.free())", "--peer-port",
                    "\(Ports.free())", "--state-dir", stage.path("state"), "--json",
                ])
                #expect(try await child.ended(within: 30) == .code(0), "\(stage.lastWords)")
                #expect(Album.damaged(in: folder) == [], "\(stage.lastWords)")
                #expect(names(in: folder) == ["album"])
                #expect(names(in: "\(folder)/album") == (0..<5).map { "part \($0)" })
            }
        }

        @Test(
            "Many small files that p2ptv seeds are loaded by libtorrent",
            .enabled(if: Clients.libtorrentPython != nil, "no Python with libtorrent"),
            .timeLimit(.minutes(1)), arguments: ["--hybrid", "--v2"])
        func libtorrentLoadsAlbum(version: String) async throws {
            try await onStage { stage in
                let album = try await stage.album([version])
                let port = try await stage.seed(album.torrent, in: album.folder)
                let folder = try makeFolder(stage.path("libtorrent"))
                let leech = try stage.libtorrent([
                    album.torrent, folder, "\(try Ports.free())", "\(port)",
                ])
                #expect(try await leech.ended(within: 30) == .code(0), "\(stage.lastWords)")
                #expect(Album.damaged(in: folder) == [], "\(stage.lastWords)")
            }
        }
    }
}
