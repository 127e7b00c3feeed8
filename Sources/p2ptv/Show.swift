// `p2ptv show`: what a channel file says.

import ArgumentParser
import Console
import Metainfo

/// Shows a channel file.
struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a channel file says, and whether its signature holds.",
        discussion: """
            Ends with 65 where the signature is wrong or the file is no channel file.

            Examples:
              p2ptv show news.torrent
              p2ptv show --json http://tv.example.org/news.torrent
            """)

    @Argument(help: "A .torrent file or an http URL of one.")
    var file: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let bytes = try await ChannelReader.fetch(ChannelPlace(file))
        let parsed: ParsedChannelFile
        do throws(ChannelFileError) {
            parsed = try ChannelFile.parse(bytes)
        } catch {
            throw Complaint(error, of: file)
        }
        let report = ChannelReport(parsed)
        if json { put(report.json.encoded) } else { write(report.text, .output) }
        guard report.isSigned else { throw Complaint.forged(file) }
    }
}
