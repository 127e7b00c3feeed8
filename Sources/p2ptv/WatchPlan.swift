// What the options of `watch` come to, before it is known what is watched. Judges them; reads
// nothing but the folder that -o may name.

import Console
import Glibc
import Metainfo
import Node
import Primitives

/// What a person who watches wants.
struct WatchPlan: Sendable {
    /// Where the stream also goes.
    let output: Output
    /// The player to start.
    let player: PlayerChoice
    /// Whether to go on when it ends.
    let outlivesPlayer: Bool
    /// Whether to end when all of a torrent is there.
    let endsWhenDone: Bool
    /// The number of the file of a torrent that was asked for, as it was typed.
    let file: String?
    /// The files of a torrent to load.
    let files: ChosenFiles
    /// Where programs and desktops are.
    let environment: Environment
    /// The folder that torrents are kept below, unless one is named for the content.
    let stateFolder: String?
    /// Peers that were named.
    let peers: [Endpoint]
    /// The most that is uploaded.
    let upLimit: ByteRate?
    /// The most that comes of a torrent.
    let downLimit: ByteRate?
    private let askedPort: UInt16?
    private let peerPort: UInt16?
    private let delay: Interval?
    private let timeout: Interval?

    /// Whether standard output carries the stream.
    var isStreaming: Bool { output == .standardOutput }
    /// The port for players: the one that was asked for, or one that is free now.
    var port: UInt16 { FreePort.endpoint(askedPort) }
    /// The ports for peers, where one was asked for.
    var peerPorts: ClosedRange<UInt16>? { peerPort.map { $0...$0 } }

    init(_ options: Watch, _ given: Settings) throws {
        environment = given.environment
        stateFolder = options.stateDir ?? given.environment.stateFolder
        (outlivesPlayer, endsWhenDone) = (options.noQuit, options.noSeed)
        file = options.file
        files = try ChosenFiles(options.download.files)
        output = Output(options.output)
        let isStreaming = output == .standardOutput
        try checkOutput(isStreaming: isStreaming, json: options.common.json)
        let choice = try given.one(Keys.player, flag: options.player)
        if isStreaming, options.player != nil, let choice, choice != .none, choice != .auto {
            throw Complaint(
                .usage, what: "--player \(choice.rawValue)",
                why: "the stream goes to standard output",
                hint: "leave --player out, or write to a file with -o FILE")
        }
        player = isStreaming ? .none : choice ?? .auto
        askedPort = try given.one(Keys.httpPort, flag: options.port)
        peerPort = try given.one(Keys.peerPort, flag: options.peers.peerPort)
        upLimit = try given.one(Keys.upLimit, flag: options.peers.upLimit)
        downLimit = try given.one(Keys.downLimit, flag: options.download.downLimit)
        delay = try given.one(Keys.delay, flag: options.delay)
        peers = try options.peer.map(peerEndpoint)
        timeout = try options.search.timeout.map(searchTime)
    }

    /// Where `-o` points.
    enum Output: Equatable, Sendable {
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
}

extension WatchPlan {
    /// The settings of a node that watches `channel`.
    func settings(for channel: ParsedChannelFile) -> WatchSettings {
        var settings = WatchSettings(channel: channel)
        settings.httpPort = port
        switch output {
        case .none: break
        case .standardOutput: settings.output = .standardOutput
        case .file(let path), .folder(let path): settings.output = .file(path)
        }
        if let peerPorts { settings.peerPorts = peerPorts }
        settings.peers = peers
        settings.upLimit = upLimit
        settings.delay = delay
        return settings
    }

    /// What to fetch with what is not known of a torrent yet.
    func search(_ settings: MetadataFetchSettings) -> MetadataFetchSettings {
        var settings = settings
        (settings.peers, settings.timeout) = (peers, timeout)
        settings.folder = stateFolder.map { "\($0)/torrents" }
        if let peerPorts { settings.peerPorts = peerPorts }
        return settings
    }
}
