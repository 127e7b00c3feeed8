// Ordinary torrents between p2ptv and the programs that most people have, in both directions,
// brought together by a tracker of ours or by opentracker. Where a program is not installed, its
// tests are left out, with that reason.

import Testing

extension EndToEnd {
    @MainActor
    @Suite("Torrents and the programs of most people", .serialized)
    struct OtherClients {
        private static let noRtorrent: Comment = "rtorrent is not installed"
        private static let noTransmission: Comment = "transmission-daemon is not installed"
        private static let noQBittorrent: Comment = "qbittorrent-nox is not installed"

        @Test(
            "What rtorrent seeds is loaded",
            .enabled(if: OtherClient.rtorrent.isInstalled, noRtorrent), .timeLimit(.minutes(1)))
        func rtorrentSeeds() async throws { try await seeds(.rtorrent, by: .ours) }

        @Test(
            "What p2ptv seeds is loaded by rtorrent, many small files too",
            .enabled(if: OtherClient.rtorrent.isInstalled, noRtorrent), .timeLimit(.minutes(1)))
        func rtorrentLoads() async throws { try await loads(.rtorrent, by: .opentracker) }

        @Test(
            "What Transmission seeds is loaded, many small files too",
            .enabled(if: OtherClient.transmission.isInstalled, noTransmission),
            .timeLimit(.minutes(1)))
        func transmissionSeeds() async throws {
            try await seedsAlbum(.transmission, by: .opentracker)
        }

        // It gives out slots once in ten seconds, and dials nobody at this machine's
        // own address; so it must be there first.
        @Test(
            "What p2ptv seeds is loaded by Transmission, many small files too",
            .enabled(if: OtherClient.transmission.isInstalled, noTransmission),
            .timeLimit(.minutes(1)))
        func transmissionLoads() async throws { try await loads(.transmission, by: .ours) }

        @Test(
            "What qBittorrent seeds is loaded",
            .enabled(if: OtherClient.qbittorrent.isInstalled, noQBittorrent),
            .timeLimit(.minutes(1)), arguments: [TrackerKind.ours, .opentracker])
        func qbittorrentSeeds(tracker: TrackerKind) async throws {
            try await seeds(.qbittorrent, by: tracker)
        }

        @Test(
            "What p2ptv seeds is loaded by qBittorrent, many small files too",
            .enabled(if: OtherClient.qbittorrent.isInstalled, noQBittorrent),
            .timeLimit(.minutes(1)), arguments: [TrackerKind.ours, .opentracker])
        func qbittorrentLoads(tracker: TrackerKind) async throws {
            try await loads(.qbittorrent, by: tracker)
        }

        // Its libtorrent 2.0 asks for whole blocks where a file ends within one.
        @Test(
            "What p2ptv seeds in version 2 is loaded by qBittorrent",
            .enabled(if: OtherClient.qbittorrent.isInstalled, noQBittorrent),
            .timeLimit(.minutes(1)))
        func qbittorrentLoadsVersion2() async throws {
            try await loads(.qbittorrent, by: .ours, ["--v2"])
        }

        /// The program seeds a film, and p2ptv loads it.
        private func seeds(_ client: OtherClient, by kind: TrackerKind) async throws {
            try await onStage { stage in
                let port = try Ports.free()
                let film = try await stage.film(["-t", "http://127.0.0.1:\(port)/announce"])
                try await stage.track(film.torrent, by: kind, port: port)
                _ = try stage.start(client, film.torrent, in: film.folder)
                try await stage.waitForPeer(of: film.torrent, at: port)
                try await stage.loads(film, from: nil)
            }
        }

        /// The program seeds many small files, and p2ptv loads them.
        private func seedsAlbum(_ client: OtherClient, by kind: TrackerKind) async throws {
            try await onStage { stage in
                let port = try Ports.free()
                let album = try await stage.album(["-t", "http://127.0.0.1:\(port)/announce"])
                try await stage.track(album.torrent, by: kind, port: port)
                _ = try stage.start(client, album.torrent, in: album.folder)
                try await stage.waitForPeer(of: album.torrent, at: port)
                let folder = try makeFolder(stage.path("loaded"))
                let child = try stage.p2ptv([
                    "watch", album.torrent, "-o", "\(folder)/", "--no-seed", "--player", "none",
                    "--port", "\(Ports.free())", "--peer-port", "\(Ports.free())", "--state-dir",
                    stage.path("state"), "--json",
                ])
                #expect(try await child.ended(within: 40) == .code(0), "\(stage.lastWords)")
                #expect(Album.damaged(in: folder) == [], "\(stage.lastWords)")
            }
        }

        /// p2ptv seeds many small files, and the program loads them.
        private func loads(
            _ client: OtherClient, by kind: TrackerKind, _ options: [String] = []
        ) async throws {
            try await onStage { stage in
                let port = try Ports.free()
                let album = try await stage.album(
                    ["-t", "http://127.0.0.1:\(port)/announce"] + options)
                try await stage.track(album.torrent, by: kind, port: port)
                let folder = try makeFolder(stage.path("loaded"))
                _ = try stage.start(client, album.torrent, in: folder)
                try await stage.waitForPeer(of: album.torrent, at: port)
                try await stage.seed(album.torrent, in: album.folder)
                let isWhole = try await eventually(within: 40) {
                    Album.damaged(in: folder).isEmpty
                }
                #expect(isWhole, "\(stage.lastWords)")
            }
        }
    }
}
