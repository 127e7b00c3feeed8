// `p2ptv create`: a torrent of a file or a folder.

import ArgumentParser
import Console
import Glibc
import Metainfo

/// Makes a torrent.
struct Create: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a torrent of a file or a folder.",
        discussion: """
            The torrent is of version 1, which every program knows (BEP 3). With --v2 it
            is for new programs alone (BEP 52), with --hybrid for both, with padding
            between files. Links are followed. The same content and options give the same
            file with --no-date.

            Examples:
              p2ptv create film.mkv -t udp://tracker.example.org:80/announce
              p2ptv create holiday/ -o holiday.torrent -c "Norway, 2026" --no-date
            """)

    @Argument(help: "The file or the folder.")
    var path: String

    @Option(
        name: [.short, .customLong("outfile")],
        help: ArgumentHelp("Write this file (default: NAME.torrent here).", valueName: "file"))
    var outfile: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Name a tracker, asked in this order; again for more.", valueName: "url")
    )
    var tracker: [String] = []

    @Option(
        name: [.customShort("w"), .customLong("webseed")],
        help: ArgumentHelp(
            "Name a web server that has the content; again for more.", valueName: "url"))
    var webSeed: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("Say something of it.", valueName: "text"))
    var comment: String?

    @Flag(
        name: [.customShort("p"), .customLong("private")],
        help: "Let only the trackers say who takes part.")
    var isPrivate = false

    @Option(
        name: [.customShort("s"), .customLong("piecesize")],
        help: ArgumentHelp(
            "Cut into pieces of this many KiB: a power of two from 16 (default: by size).",
            valueName: "KiB"))
    var pieceSize: Int?

    @Flag(exclusivity: .exclusive, help: "Choose the versions of the format (default: v1).")
    var format = Format.v1

    @Flag(help: "Leave out when it was made.")
    var noDate = false

    @Flag(help: "Print one JSON object.")
    var json = false

    /// The versions of the format as flags.
    enum Format: String, EnumerableFlag {
        case v1, v2, hybrid

        var versions: TorrentVersions {
            switch self {
            case .v1: .v1
            case .v2: .v2
            case .hybrid: .hybrid
            }
        }
    }

    func validate() throws {
        if let pieceSize {
            let (bytes, overflow) = pieceSize.multipliedReportingOverflow(by: 1024)
            guard !overflow, TorrentWishes.isPieceLength(bytes) else {
                throw ValidationError("--piecesize takes a power of two from 16 to 262144 (KiB)")
            }
        }
        for url in tracker where !ChannelFile.isTracker(url) {
            throw ValidationError("--tracker takes http, https and udp URLs, not '\(url)'")
        }
        for url in webSeed where !TorrentFile.isWebSeed(url) {
            throw ValidationError("--webseed takes http and https URLs, not '\(url)'")
        }
    }

    func run() async throws {
        let content = try ContentFolder(path)
        let place = outfile ?? content.name + ".torrent"
        try TorrentOutput.check(place)
        for other in content.leftOut {
            say("p2ptv: warning: left out \(escaped(other)): it is no file, or leads in a circle\n")
        }
        var wishes = TorrentWishes()
        wishes.versions = format.versions
        wishes.pieceLength = pieceSize.map { $0 * 1024 }
        (wishes.trackers, wishes.webSeeds) = (tracker, webSeed)
        (wishes.comment, wishes.isPrivate) = (comment, isPrivate)
        wishes.createdBy = "p2ptv \(P2PTV.configuration.version)"
        wishes.creationDate = noDate ? nil : Int64(time(nil))
        let made = try await TorrentMaker.make(content, wishes, Terminal.standardError)
        try TorrentOutput.write(made.bytes, to: place)
        let report = TorrentReport(made.torrent)
        if json { put(report.json.encoded) } else { write(report.summary(file: place), .output) }
    }
}
