// `p2ptv broadcast`: options become settings; BroadcastSession runs them.

import ArgumentParser
import Console
import Ingest
import Node
import Primitives

/// Puts an input on the air as a channel.
struct Broadcast: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Put a file, a pipe or a stream on the air as a channel.",
        discussion: """
            Writes the channel file that viewers need, and goes on until the input ends
            or Ctrl-C. Started again with the same name it goes on with the same channel.

            Examples:
              p2ptv broadcast film.mp4 --loop --up-limit 8Mbit
              p2ptv broadcast srt://0.0.0.0:8890?mode=listener --name news -o news.torrent
              ffmpeg -i rtsp://camera/ -c copy -f mpegts - | p2ptv broadcast - --name door
              p2ptv broadcast film.ts -t http://tracker.example.org:6969/announce
            """)

    @Argument(help: "A file, - for standard input, or a URL that FFmpeg can read.")
    var input: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Write the channel file here (default: NAME.torrent in this folder).",
            valueName: "file"))
    var output: String?

    @Option(
        help: ArgumentHelp(
            "The channel's name (default: that of the file, or live).", valueName: "name"))
    var name: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A tracker; may be given several times (default: an embedded one).",
            valueName: "url"))
    var tracker: [String] = []

    @Option(
        help: ArgumentHelp("The embedded tracker's port (default: 6969).", valueName: "port"))
    var trackerPort: String?

    @OptionGroup var peers: PeerOptions

    @Option(
        help: ArgumentHelp(
            "The address under which viewers reach this machine.", valueName: "ip"))
    var publicAddress: String?

    @Option(
        help: ArgumentHelp(
            "Keep the channel's key and its numbering in this folder.", valueName: "dir"))
    var stateDir: String?

    @Flag(
        name: [.customShort("p"), .customLong("private")],
        help: "Let only the trackers say who takes part; a channel stays as it began.")
    var isPrivate = false

    @Flag(help: "Begin the file again when it ends.")
    var loop = false

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let plan = try BroadcastPlan(self, common.settings())
        let session = await BroadcastSession(plan, common.mode)
        try await session.run()
    }
}

/// What the options of a broadcast come to.
struct BroadcastPlan {
    let input: InputChoice
    let settings: BroadcastSettings

    init(_ options: Broadcast, _ given: Settings) throws {
        input = try InputChoice(options.input, loop: options.loop)
        let name = try channelName(options.name, otherwise: input.name)
        let output = options.output ?? fileName(for: name) + ".torrent"
        try OutputPlace.check(output)
        let folder = try Self.stateFolder(options, given, name)
        var settings = BroadcastSettings(
            input: IngestOptions(source: input.source, loop: options.loop), name: name,
            output: output, stateFolder: folder)
        settings.trackers = try given.all(Keys.trackers, flag: options.tracker)
        if let port = try given.one(Keys.trackerPort, flag: options.trackerPort) {
            settings.trackerPort = port
        }
        if let port = try given.one(Keys.peerPort, flag: options.peers.peerPort) {
            settings.peerPorts = port...port
        }
        settings.publicAddress = try given.one(Keys.publicAddress, flag: options.publicAddress)
        settings.isPrivate = options.isPrivate
        settings.upLimit = try given.one(Keys.upLimit, flag: options.peers.upLimit)
        self.settings = settings
    }

    private static func stateFolder(
        _ options: Broadcast, _ given: Settings, _ name: String
    ) throws -> String {
        if let folder = try given.one(Keys.stateFolder, flag: options.stateDir) { return folder }
        guard let base = given.environment.stateFolder else {
            throw Complaint(
                .configuration, what: "cannot keep the channel's key",
                why: "neither HOME nor XDG_STATE_HOME is set",
                hint: "name a folder with --state-dir")
        }
        return "\(base)/broadcast/\(fileName(for: name))"
    }
}
