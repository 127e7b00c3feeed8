// Other programs that people load torrents with, as they are started on a bare machine: no display,
// no settings of the user's, peers on the loopback address only, no encryption and no discovery
// but by trackers.

import Glibc

/// A program that loads and seeds torrents.
enum OtherClient: String, Sendable {
    case rtorrent
    case transmission = "transmission-daemon"
    case qbittorrent = "qbittorrent-nox"

    /// Whether it is installed.
    var isInstalled: Bool {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        return path.split(separator: ":").contains { access("\($0)/\(rawValue)", X_OK) == 0 }
    }
}

/// A tracker that brings programs together.
enum TrackerKind: String, Sendable {
    case ours
    case opentracker
}

extension Stage {
    /// Starts a program with a torrent, whose content is, or is to be, in `folder`.
    func start(_ client: OtherClient, _ torrent: String, in folder: String) throws -> Child {
        let home = try makeFolder(path("\(client.rawValue)-home"))
        let port = try Ports.free()
        switch client {
        case .rtorrent: return try rtorrent(torrent, folder, home, port)
        case .transmission: return try transmission(torrent, folder, home, port)
        case .qbittorrent: return try qbittorrent(torrent, folder, home, port)
        }
    }

    private func rtorrent(
        _ torrent: String, _ folder: String, _ home: String, _ port: UInt16
    ) throws -> Child {
        let session = try makeFolder("\(home)/session")
        let settings = """
            system.daemon.set = true
            session.path.set = \(session)
            directory.default.set = \(folder)
            network.port_range.set = \(port)-\(port)
            network.bind_address.set = 127.0.0.1
            dht.mode.set = disable
            protocol.pex.set = no
            schedule2 = load, 0, 0, "load.start=\(torrent)"

            """
        try write(settings.utf8, to: "\(home)/rc")
        return try tool("rtorrent", ["-n", "-o", "import=\(home)/rc"])
    }

    private func transmission(
        _ torrent: String, _ folder: String, _ home: String, _ port: UInt16
    ) throws -> Child {
        // It takes the torrent that it finds, and renames it.
        let watched = try makeFolder("\(home)/watched")
        try write(bytes(ofFile: torrent), to: "\(watched)/it.torrent")
        return try tool(
            "transmission-daemon",
            [
                "-f", "-g", home, "-c", watched, "-w", folder, "-p", "\(Ports.free())", "-r",
                "127.0.0.1", "-T", "-i", "127.0.0.1", "-P", "\(port)", "-O", "-Y", "--no-utp", "-M",
                "-et",
            ])
    }

    private func qbittorrent(
        _ torrent: String, _ folder: String, _ home: String, _ port: UInt16
    ) throws -> Child {
        _ = try makeFolder("\(home)/qBittorrent")
        let config = try makeFolder("\(home)/qBittorrent/config")
        // opentracker tells it of itself: it bans its own address then, unless it may have several
        // peers there.
        let settings = """
            [LegalNotice]
            Accepted=true
            [BitTorrent]
            Session\\Port=\(port)
            Session\\BTProtocol=TCP
            Session\\MultiConnectionsPerIp=true
            Session\\DHTEnabled=false
            Session\\LSDEnabled=false
            Session\\PeXEnabled=false
            Session\\Interface=lo
            Session\\InterfaceName=lo
            [Network]
            PortForwardingEnabled=false
            [Preferences]
            WebUI\\Port=\(try Ports.free())
            WebUI\\Address=127.0.0.1
            WebUI\\UseUPnP=false

            """
        try write(settings.utf8, to: "\(config)/qBittorrent.conf")
        return try tool(
            "qbittorrent-nox",
            ["--profile=\(home)", "--save-path=\(folder)", "--add-paused=false", torrent])
    }

    /// Starts a tracker on a port for the swarm of a torrent, and answers once it serves.
    func track(_ torrent: String, by kind: TrackerKind, port: UInt16) async throws {
        let hash = try await infoHash(of: torrent)
        switch kind {
        case .ours:
            _ = try p2ptv(["tracker", "--port", "\(port)"])
            let isUp = try await eventually(within: 10) {
                try await known(of: hash, at: port) != nil
            }
            guard isUp else { throw Failure("our tracker does not serve: \(lastWords)") }
        case .opentracker:
            _ = try await OpenTracker.start(on: self, port: port, infoHash: hash)
        }
    }

    /// Waits until a tracker knows of a peer of a torrent.
    func waitForPeer(of torrent: String, at port: UInt16) async throws {
        let hash = try await infoHash(of: torrent)
        let isThere = try await eventually(within: 30) {
            try await (known(of: hash, at: port) ?? 0) > 0
        }
        guard isThere else { throw Failure("nobody announced: \(lastWords)") }
    }

    /// The hash that trackers know a torrent by: of version 2 alone the first 20 bytes (BEP 52).
    func infoHash(of torrent: String) async throws -> String {
        let show = try p2ptv(["show", "--json", torrent])
        let hashes = ["info_hash", "info_hash_v2"]
        guard try await show.ended(within: 10) == .code(0),
            let hash = hashes.compactMap({ member($0, in: show.output) }).first(where: {
                $0 != "null"
            })
        else { throw Failure("no info-hash: \(show.lastWords)") }
        return String(hash.prefix(40))
    }
}
