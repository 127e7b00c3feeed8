// `p2ptv watch`: options become settings; WatchSession runs them.

import ArgumentParser
import Console
import Metainfo
import Node
import Primitives

/// Plays a channel.
struct Watch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Play a channel or a torrent, and pass it on to others.",
        discussion: """
            Prints the address that players connect to as the first line of standard
            output, and starts a player where there is a desktop. A channel goes on until
            the broadcast or the player ends, or Ctrl-C. A torrent is played while it is
            loaded, and seeded until Ctrl-C; what was loaded is found again the next time.

            Examples:
              p2ptv watch news.torrent
              p2ptv watch film.torrent -o ~/Downloads/
              p2ptv watch season.torrent --files 0,2-5
              p2ptv watch 'magnet:?xt=urn:btih:...' --timeout 60
              p2ptv watch http://tv.example.org/news.torrent --player vlc
              p2ptv watch news.torrent -o - | mpv -
              p2ptv watch news.torrent -o news.ts --player none --up-limit 2Mbit
            """)

    @Argument(
        help: ArgumentHelp(
            "The channel or the torrent: a .torrent file or an http or https URL of one, or a "
                + "torrent's magnet link."))
    var channel: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The port that players connect to (default: 7780, or the next free of ten).",
            valueName: "port"))
    var port: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Also write the stream to this file, or to standard output with - and no player; of a "
                + "torrent, with a folder: keep its files there.",
            valueName: "file"))
    var output: String?

    @Option(
        help: ArgumentHelp("Start auto, mpv, vlc or none.", valueName: "player"))
    var player: String?

    @Flag(help: "Go on when the player ends.")
    var noQuit = false

    @OptionGroup var peers: PeerOptions

    @OptionGroup var download: DownloadOptions

    @Option(
        help: ArgumentHelp(
            "Connect to this peer too; may be given several times.", valueName: "ip:port"))
    var peer: [String] = []

    @Option(
        help: ArgumentHelp(
            "Play this many seconds behind the source (default: as few as the network allows).",
            valueName: "seconds"))
    var delay: String?

    @Option(
        help: ArgumentHelp(
            "Play this file of a torrent, by its number (default: the largest film that is "
                + "loaded).",
            valueName: "number"))
    var file: String?

    @Flag(help: "End once a torrent is whole, without seeding it.")
    var noSeed = false

    @Option(
        help: ArgumentHelp(
            "Keep what is loaded of torrents below this folder (default: the state folder).",
            valueName: "folder"))
    var stateDir: String?

    @OptionGroup var search: SearchOptions

    @OptionGroup var common: CommonOptions

    func run() async throws {
        // Before anything is read or fetched: what was typed is judged at once.
        let plan = try WatchPlan(self, common.settings())
        if MagnetSession.isLink(channel) { return try await watchLink(plan) }
        let place = try ChannelPlace(channel)
        let bytes = try await ChannelReader.fetch(place)
        switch try TorrentReader.readAny(bytes, from: channel) {
        case .channel:
            let file = try ChannelReader.read(bytes, from: channel)
            let session = await WatchSession(plan.settings(for: file), plan, common.mode)
            try await session.run()
        case .torrent(let torrent):
            try await watch(torrent, plan)
        }
    }
}

extension Watch {
    /// Fetches the metadata of a magnet link, and goes on as with the torrent's file.
    private func watchLink(_ plan: WatchPlan) async throws {
        let link = try TorrentReader.magnet(channel)
        let search = await MagnetSession([plan.search(MetadataFetchSettings(link))], common.mode)
        guard let found = try await search.run()?.first else { return }
        try await run(plan.settings(for: found, selected: link.selected), plan)
    }

    /// Watches a torrent; where its file lacks the hashes of its pieces, peers are asked for them.
    private func watch(_ torrent: TorrentFile, _ plan: WatchPlan) async throws {
        var found = FoundTorrent(torrent)
        if !torrent.hasLayers {
            let search = plan.search(MetadataFetchSettings(hashesOf: torrent))
            guard let whole = try await MagnetSession([search], common.mode).run()?.first
            else { return }
            found = whole
        }
        try await run(plan.settings(for: found), plan)
    }

    private func run(_ settings: TorrentWatchSettings, _ plan: WatchPlan) async throws {
        if let note = ChosenFiles.note(settings.chosen, of: settings.torrent), !common.quiet {
            say("p2ptv: \(note)\n")
        }
        let session = await TorrentSession(settings, plan, common.mode)
        try await session.run()
    }
}
