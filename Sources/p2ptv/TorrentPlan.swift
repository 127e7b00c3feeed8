// What the options of `watch` come to where the file is an ordinary torrent.

import Console
import Glibc
import Metainfo
import Node
import Primitives

/// What watching a torrent is to be.
struct TorrentPlan: Sendable {
    /// The settings of the node.
    let settings: TorrentWatchSettings
    /// The player to start.
    let player: PlayerChoice
    /// Whether to end when everything is there.
    let endsWhenDone: Bool
    /// Where programs and desktops are.
    let environment: Environment
    /// Whether standard output carries the file.
    var isStreaming: Bool { settings.output == .standardOutput }

    // Of the files that a magnet link selects (BEP 53) the largest is played.
    init(
        _ options: Watch, _ given: Settings, _ torrent: TorrentFile,
        selected: [ClosedRange<Int>]? = nil, found: [Endpoint] = []
    ) throws {
        guard torrent.hasLayers else { throw Self.withoutLayers(torrent) }
        environment = given.environment
        endsWhenDone = options.noSeed
        let output = Output(options.output)
        try checkOutput(isStreaming: output == .standardOutput, json: options.common.json)
        var settings = TorrentWatchSettings(
            torrent: torrent, place: try Self.place(of: torrent, output, options, given))
        switch output {
        case .none, .folder: break
        case .standardOutput: settings.output = .standardOutput
        case .file(let path): settings.output = .file(path)
        }
        settings.file =
            try Self.file(options.file, in: torrent) ?? Self.largest(selected, in: torrent)
        settings.httpPort = try FreePort.endpoint(given.one(Keys.httpPort, flag: options.port))
        if let port = try given.one(Keys.peerPort, flag: options.peers.peerPort) {
            settings.peerPorts = port...port
        }
        settings.upLimit = try given.one(Keys.upLimit, flag: options.peers.upLimit)
        settings.peers = try options.peer.map(peerEndpoint) + found
        self.settings = settings
        let choice = try given.one(Keys.player, flag: options.player)
        player = output == .standardOutput ? .none : choice ?? .auto
    }

    /// Where `-o` points.
    private enum Output: Equatable {
        case none
        case standardOutput
        case folder(String)
        case file(String)

        init(_ path: String?) {
            guard let path else {
                self = .none
                return
            }
            var status = stat()
            let isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
            self =
                path == "-"
                ? .standardOutput
                : isFolder || path.hasSuffix("/") ? .folder(path) : .file(path)
        }
    }

    /// The folder of the content: the one that was named, else one of our own, in which what was
    /// loaded is found again by the next call.
    private static func place(
        of torrent: TorrentFile, _ output: Output, _ options: Watch, _ given: Settings
    ) throws -> ContentPlace {
        let state = options.stateDir ?? given.environment.stateFolder
        let hash = torrent.infoHashes.swarms.first.map { "\($0)" } ?? "torrent"
        let resume = state.map { "\($0)/torrents/\(hash).resume" }
        if case .folder(let folder) = output {
            return ContentPlace(folder: folder, resume: resume)
        }
        guard let state else {
            throw Complaint(
                .usage, what: "cannot keep \(torrent.name)",
                why: "neither HOME nor XDG_STATE_HOME is set",
                hint: "name a folder with -o DIR/")
        }
        return ContentPlace(folder: "\(state)/torrents/\(hash)", resume: resume)
    }

    private static func file(_ text: String?, in torrent: TorrentFile) throws -> Int? {
        guard let text else { return nil }
        guard let number = Int(text), torrent.files.indices.contains(number),
            torrent.files[number].kind == .regular
        else {
            throw Complaint(
                .usage, what: "--file \(text)", why: "the torrent has no such file",
                hint: "list them with: p2ptv show FILE.torrent")
        }
        return number
    }

    /// The largest of the files that a link selects; nil where it selects none that there is.
    private static func largest(_ selected: [ClosedRange<Int>]?, in torrent: TorrentFile) -> Int? {
        guard let selected else { return nil }
        let files = torrent.files.indices.filter { number in
            torrent.files[number].kind == .regular && selected.contains { $0.contains(number) }
        }
        return files.max { torrent.files[$0].length < torrent.files[$1].length }
    }

    /// What to say of a torrent whose pieces cannot be checked.
    static func withoutLayers(_ torrent: TorrentFile) -> Complaint {
        Complaint(
            .data, what: "cannot load \(torrent.name)",
            why: "it is of version 2 and lacks the hashes of its pieces (piece layers)",
            hint: "get the whole .torrent file of it")
    }
}
