// `p2ptv relay`: options become settings; RelaySession runs them.

import ArgumentParser
import Console
import Metainfo
import Node
import Primitives

/// Passes channels on.
struct Relay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pass channels and torrents on to others, without a player.",
        discussion: """
            Takes each channel once and sends it on many times, with one upload limit
            for all of them. Goes on until Ctrl-C, through the pauses of a broadcast,
            and says at the end what it carried. Needs a port that others can reach.
            Ordinary torrents are checked and seeded; what is missing of them is loaded.
            With magnet links it begins once the metadata of all of them is there.

            Examples:
              p2ptv relay news.torrent --up-limit 50Mbit
              p2ptv relay news.torrent http://tv.example.org/sports.torrent
              p2ptv relay /srv/channels --peer-port 6881 --memory 1GiB
              p2ptv relay film.torrent --data /srv/films
            """)

    @Argument(
        help: ArgumentHelp(
            "The channels and torrents: .torrent files, folders of them, http and https URLs, or "
                + "magnet links of torrents.",
            valueName: "channel"))
    var channels: [String]

    @OptionGroup var peers: PeerOptions

    @OptionGroup var download: DownloadOptions

    @Option(
        help: ArgumentHelp(
            "Connect to this peer too; may be given several times.", valueName: "ip:port"))
    var peer: [String] = []

    @Option(
        help: ArgumentHelp(
            "Keep and offer so many seconds of each channel (default: 180).",
            valueName: "seconds"))
    var window: String?

    @Option(
        help: ArgumentHelp(
            "Keep at most so much of all channels together (default: 256MiB).",
            valueName: "size"))
    var memory: String?

    @Option(
        help: ArgumentHelp(
            "The folder that the content of ordinary torrents is below.", valueName: "folder"))
    var data: String?

    @Option(
        help: ArgumentHelp(
            "Remember below this folder what was checked (default: the state folder).",
            valueName: "folder"))
    var stateDir: String?

    @OptionGroup var search: SearchOptions

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let given = try common.settings()
        let plan = try RelayPlan(self, given)
        var files: [ParsedChannelFile] = []
        var torrents: [RelayedTorrent] = []
        var searches = plan.links.map { plan.search(MetadataFetchSettings($0)) }
        // What the links select, by the searches; nothing of torrents whose hashes are searched for.
        let selected = plan.links.map(\.selected)
        for place in plan.places {
            let bytes = try await ChannelReader.fetch(place)
            switch try TorrentReader.readAny(bytes, from: place.text) {
            case .channel: files.append(try ChannelReader.read(bytes, from: place.text))
            case .torrent(let torrent):
                if torrent.hasLayers {
                    torrents.append(try plan.place(torrent))
                } else {
                    searches.append(plan.search(MetadataFetchSettings(hashesOf: torrent)))
                }
            }
        }
        guard let found = try await MagnetSession(searches, common.mode).run() else { return }
        for (number, found) in found.enumerated() {
            let link = selected.indices.contains(number) ? selected[number] : nil
            var torrent = try plan.place(found.torrent, selected: link)
            (torrent.peers, torrent.isLeaving) = (found.peers, found.isLeaving)
            torrents.append(torrent)
        }
        var settings = plan.settings(for: files)
        settings.torrents = torrents
        try plan.judge(settings)
        for torrent in torrents where !common.quiet {
            let note = ChosenFiles.note(torrent.chosen, of: torrent.torrent)
            if let note { say("p2ptv: \(note)\n") }
        }
        let session = await RelaySession(settings, common.mode)
        try await session.run()
    }
}

/// What the options of a relay come to.
struct RelayPlan {
    /// Where the channels are.
    let places: [ChannelPlace]
    /// The torrents that are named by magnet links.
    let links: [MagnetLink]
    private let timeout: Interval?
    private var peers: [Endpoint]
    private var peerPort: UInt16?
    private var upLimit: ByteRate?
    private var downLimit: ByteRate?
    private var window: Interval?
    private var memory: Int?
    private var data: String?
    private var state: String?
    private var files: ChosenFiles

    init(_ options: Relay, _ given: Settings) throws {
        places = try options.channels.filter { !MagnetSession.isLink($0) }
            .flatMap { try ChannelPlace.all(in: $0) }
        links = try options.channels.filter(MagnetSession.isLink).map(TorrentReader.magnet)
        timeout = try options.search.timeout.map(searchTime)
        peers = try options.peer.map(peerEndpoint)
        peerPort = try given.one(Keys.peerPort, flag: options.peers.peerPort)
        upLimit = try given.one(Keys.upLimit, flag: options.peers.upLimit)
        downLimit = try given.one(Keys.downLimit, flag: options.download.downLimit)
        window = try given.one(Keys.relayWindow, flag: options.window)
        memory = try given.one(Keys.relayMemory, flag: options.memory)
        data = options.data
        files = try ChosenFiles(options.download.files)
        state = options.stateDir ?? given.environment.stateFolder
        // Before the search: else its end would be that nobody said where the content is.
        if let link = links.first, data == nil { throw Self.withoutFolder(link.name ?? "a link") }
    }

    /// What to fetch with what is not known of a torrent yet.
    func search(_ settings: MetadataFetchSettings) -> MetadataFetchSettings {
        var settings = settings
        (settings.peers, settings.timeout) = (peers, timeout)
        settings.folder = state.map { "\($0)/torrents" }
        if let peerPort { settings.peerPorts = peerPort...peerPort }
        return settings
    }

    private static func withoutFolder(_ name: String) -> Complaint {
        Complaint(
            .usage, what: "cannot seed \(name)", why: "it is not said where it is",
            hint: "name the folder of its content with --data DIR")
    }

    /// Where the content of `torrent` lies.
    func place(
        _ torrent: TorrentFile, selected: [ClosedRange<Int>]? = nil
    ) throws -> RelayedTorrent {
        guard let data else { throw Self.withoutFolder(torrent.name) }
        // The content itself may be named, as for `verify`; what is not there yet is loaded.
        let folder = (try? ContentCheck.base(of: torrent, at: data)) ?? data
        let hash = torrent.infoHashes.swarms.first.map { "\($0)" } ?? "torrent"
        let resume = state.map { "\($0)/torrents/\(hash).resume" }
        let place = ContentPlace(folder: folder, resume: resume)
        var relayed = RelayedTorrent(torrent, at: place)
        relayed.chosen = try files.files(of: torrent, link: selected, at: place)
        return relayed
    }

    /// Numbers of files are those of one torrent.
    func judge(_ settings: RelaySettings) throws {
        guard case .numbers = files, settings.torrents.count != 1 else { return }
        throw Complaint(
            .usage, what: "--files", why: "numbers of files are those of one torrent",
            hint: "name one torrent, or leave --files out")
    }

    /// The settings of a node that relays `channels`.
    func settings(for channels: [ParsedChannelFile]) -> RelaySettings {
        var settings = RelaySettings(channels: channels)
        if let peerPort { settings.peerPorts = peerPort...peerPort }
        settings.peers = peers
        settings.upLimit = upLimit
        settings.downLimit = downLimit
        if let window { settings.window = window }
        if let memory { settings.memory = memory }
        return settings
    }
}
