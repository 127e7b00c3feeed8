// `p2ptv show`: what a channel file, a torrent or a magnet link says.

import ArgumentParser
import Console
import Metainfo

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
            """)

    @Argument(help: "A .torrent file, an http or https URL of one, or a magnet link.")
    var file: String

    @Flag(name: .shortAndLong, help: "Print the magnet link of a torrent, and nothing else.")
    var magnet = false

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        if magnet, json { throw ValidationError("--magnet and --json exclude each other") }
    }

    func run() async throws {
        if file.lowercased().hasPrefix("magnet:") { return try showLink() }
        let bytes = try await ChannelReader.fetch(ChannelPlace(file))
        switch try TorrentReader.readAny(bytes, from: file) {
        case .channel(let parsed): try show(parsed)
        case .torrent(let torrent): show(TorrentReport(torrent))
        }
    }

    private func showLink() throws {
        let link = try TorrentReader.magnet(file)
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
