// `p2ptv verify`: whether the files of a torrent are all there and good.

import ArgumentParser
import Console
import Metainfo

/// Compares files with a torrent.
struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check files on disk against a torrent, piece by piece.",
        discussion: """
            Names each file that is missing, of another length or with bad pieces. Changes
            nothing. Ends with 0 where all is good, with 65 where anything is not, and
            with 66 where the content is not there at all.

            Examples:
              p2ptv verify debian.torrent ~/Downloads
              p2ptv verify --json debian.torrent
            """)

    @Argument(help: "The .torrent file, or an http or https URL of one.")
    var file: String

    @Argument(help: "The folder that the content was downloaded to, or the content itself.")
    var folder = "."

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let bytes = try await ChannelReader.fetch(ChannelPlace(file))
        let torrent = try TorrentReader.read(bytes, from: file)
        let base = try ContentCheck.base(of: torrent, at: folder)
        let check = await ContentCheck(torrent, in: base, Terminal.standardError)
        let report = ContentReport(check)
        if json { put(report.json.encoded) } else { write(report.text, .output) }
        if let complaint = check.complaint { throw complaint }
    }
}
