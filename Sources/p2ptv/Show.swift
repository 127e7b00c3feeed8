// `p2ptv show`: what a channel file, a torrent or a magnet link says.

import ArgumentParser
import Console
import Metainfo
import Node
import Primitives

/// Shows a channel file, a torrent or a magnet link.
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a channel file, a torrent or a magnet link says.",
        discussion: """
            Of a channel file also whether its signature holds. Ends with 65 where that is
            wrong, or where the file is neither a channel file nor a torrent that can be
            used.

            Examples:
              p2ptv show news.torrent
              p2ptv show --json http://tv.example.org/news.torrent
              p2ptv show -m debian.torrent
              p2ptv show --scrape debian.torrent
            """)

    @Argument(help: "A .torrent file, an http or https URL of one, or a magnet link.")
    var file: String

    @Flag(name: .shortAndLong, help: "Print the magnet link of a torrent, and nothing else.")
    var magnet = false

    @Flag(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Ask the trackers how many peers there are, for 10 seconds at most, and print what each "
                + "says."))
    var scrape = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if magnet, json { throw ValidationError("--magnet and --json exclude each other") }
        if magnet, scrape { throw ValidationError("--magnet and --scrape exclude each other") }
    }

    func run() async throws {
        if file.lowercased().hasPrefix("magnet:") { return try await showLink() }
        let bytes = try await ChannelReader.fetch(ChannelPlace(file))
        switch try TorrentReader.readAny(bytes, from: file) {
        case .channel(let parsed) where scrape:
            let swarm = ChannelReader.swarm(of: parsed)
            try await ask(parsed.file.trackers.flatMap { $0 }, [swarm], parsed.file.name.text)
        case .torrent(let torrent) where scrape:
            let trackers = torrent.trackers.flatMap { $0 }
            try await ask(trackers, torrent.infoHashes.swarms, torrent.name)
        case .channel(let parsed): try show(parsed)
        case .torrent(let torrent): show(TorrentReport(torrent))
        }
    }

    /// Prints what the trackers say of the swarms.
    private func ask(_ trackers: [String], _ swarms: [InfoHash], _ name: String?) async throws {
        guard !trackers.isEmpty else {
            throw Complaint(
                .unavailable, what: "cannot ask for the peers of \(file)",
                why: "it names no tracker",
                hint: "show what it says with: p2ptv show FILE")
        }
        let answers = await TrackerScrape.ask(trackers, about: swarms, within: Self.patience)
        let report = ScrapeReport(name, answers)
        if json { put(report.json.encoded) } else { write(report.text, .output) }
        guard !report.isAnswered else { return }
        throw Complaint(
            .unavailable, what: "cannot tell the peers of \(file)", why: "no tracker says them",
            hint: "watch it: peers may be found all the same")
    }

    /// What a person waits for.
    private static let patience = Interval.seconds(10)

    private func showLink() async throws {
        let link = try TorrentReader.magnet(file)
        if scrape { return try await ask(link.trackers, link.infoHashes.swarms, link.name) }
        let report = MagnetReport(link)
        if magnet { return _ = put("\(link)") }
        if json { put(report.json.encoded) } else { write(report.text, .output) }
    }

    private func show(_ report: TorrentReport) {
        if magnet { return _ = put(report.magnet) }
        if json { put(report.json.encoded) } else { write(report.text, .output) }
    }

    private func show(_ parsed: ParsedChannelFile) throws {
        guard !magnet else {
            throw Complaint(
                .usage, what: "cannot show a magnet link of \(file)",
                why: "it is a live channel: who watches it needs the file",
                hint: "show it without -m")
        }
        let report = ChannelReport(parsed)
        if json { put(report.json.encoded) } else { write(report.text, .output) }
        guard report.isSigned else { throw Complaint.forged(file) }
    }
}
