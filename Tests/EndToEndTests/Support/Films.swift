// Ordinary torrents for tests: a film whose bytes follow from its length, and who seeds it.

/// A film and its torrent.
struct Film {
    let content: [UInt8]
    /// The folder that it lies in, as `film.ts`.
    let folder: String
    let torrent: String

    /// Whether a file has its bytes, all of them and no others.
    func isWhole(_ path: String) -> Bool { bytes(ofFile: path) == content }
}

/// Many small files and their torrent.
struct Album {
    /// The folder that the folder `album` lies in.
    let folder: String
    let torrent: String

    /// Where the files lie below the folder.
    static let names = (0..<200).map { "album/part \($0 % 5)/file \($0).bin" }

    /// What is in a file; in every 40th nothing.
    static func content(_ number: Int) -> [UInt8] {
        (0..<number % 40 * 500).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ number &+ $0 >> 8) }
    }

    /// The files in a folder that are not as they should be; empty ones may be missing, since
    /// Transmission does not make them.
    static func damaged(in folder: String) -> [String] {
        names.enumerated().filter { bytes(ofFile: "\(folder)/\($1)") != content($0) }.map(\.1)
    }
}

extension Stage {
    /// A film of 3 MB, and its torrent, made with these options.
    func film(_ options: [String] = []) async throws -> Film {
        let folder = try makeFolder(path("films"))
        var state: UInt64 = 88_172_645_463_325_252
        var content: [UInt8] = []
        content.reserveCapacity(3_000_000)
        while content.count < 3_000_000 {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            withUnsafeBytes(of: state) { content += $0 }
        }
        try write(content, to: "\(folder)/film.ts")
        let torrent = path("film.torrent")
        let made = try p2ptv(
            ["create", "\(folder)/film.ts", "-o", torrent, "-s", "64"] + options)
        guard try await made.ended(within: 20) == .code(0) else {
            throw Failure("no torrent: \(made.lastWords)")
        }
        return Film(content: content, folder: folder, torrent: torrent)
    }

    /// Seeds a film with p2ptv; answers the port.
    @discardableResult
    func seed(_ film: Film) async throws -> UInt16 {
        try await seed(film.torrent, in: film.folder)
    }

    /// Seeds a torrent whose content is in `folder` with p2ptv; answers the port.
    @discardableResult
    func seed(
        _ torrent: String, in folder: String, _ state: String = "seed-state",
        _ options: [String] = []
    ) async throws -> UInt16 {
        let port = try Ports.free()
        let relay = try p2ptv(
            [
                "relay", torrent, "--data", folder, "--peer-port", "\(port)", "--state-dir",
                path(state), "--json",
            ] + options)
        guard try await eventually(within: 20, { relay.output.contains(#""event":"seeding""#) })
        else { throw Failure("it does not seed: \(relay.lastWords)") }
        return port
    }

    /// Watches a film; returns once players can connect.
    func watch(_ film: Film, from port: UInt16?, _ options: [String]) async throws -> Viewer {
        let peer = port.map { ["--peer", "127.0.0.1:\($0)"] } ?? []
        let child = try p2ptv(
            [
                "watch", film.torrent, "--port", "\(Ports.free())", "--peer-port",
                "\(Ports.free())", "--player", "none", "--state-dir", path("state"), "--json",
            ] + peer + options)
        guard try await eventually(within: 20, { member("url", in: child.output) != nil }),
            let url = member("url", in: child.output)
        else { throw Failure("it does not serve: \(child.lastWords)") }
        return Viewer(child: child, url: url, file: "")
    }

    /// Loads a film from a peer at `port`, and holds every byte against it.
    func loads(_ film: Film, from port: UInt16?) async throws {
        let folder = try makeFolder(path("loaded"))
        let viewer = try await watch(film, from: port, ["-o", folder + "/", "--no-seed"])
        guard try await viewer.child.ended(within: 30) == .code(0) else {
            throw Failure("not loaded: \(lastWords)")
        }
        guard film.isWhole("\(folder)/film.ts") else {
            throw Failure("other bytes came: \(lastWords)")
        }
    }

    /// A folder of many small files in folders, also empty ones, and its torrent: one piece has
    /// many files, and some files have several pieces.
    func album(_ options: [String] = []) async throws -> Album {
        let album = Album(folder: try makeFolder(path("albums")), torrent: path("album.torrent"))
        _ = try makeFolder("\(album.folder)/album")
        for number in 0..<5 { _ = try makeFolder("\(album.folder)/album/part \(number)") }
        for (number, name) in Album.names.enumerated() {
            try write(Album.content(number), to: "\(album.folder)/\(name)")
        }
        let made = try p2ptv(
            ["create", "\(album.folder)/album", "-o", album.torrent, "-s", "32"] + options)
        guard try await made.ended(within: 20) == .code(0) else {
            throw Failure("no torrent: \(made.lastWords)")
        }
        return album
    }

    /// Runs the script of libtorrent with these arguments.
    func libtorrent(_ arguments: [String]) throws -> Child {
        try write(Clients.libtorrent.utf8, to: path("client.py"))
        guard let python = Clients.libtorrentPython else { throw Failure("no libtorrent") }
        return try program(python, [path("client.py")] + arguments, as: "libtorrent")
    }
}
