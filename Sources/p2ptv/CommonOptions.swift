// The options that every long-running command has.

import ArgumentParser
import Console

/// Configuration and the form of the reports.
struct CommonOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Read the settings of this file.", valueName: "file"))
    var config: String?

    @Flag(help: "Report on standard output, one JSON object a line.")
    var json = false

    @Flag(name: .shortAndLong, help: "Report errors only.")
    var quiet = false

    /// How much is told, and in which form.
    var mode: DisplayMode { json ? .json : quiet ? .quiet : .people }

    /// The settings of environment and file.
    func settings() throws -> Settings {
        let settings = try Settings.load(flag: config)
        for (name, meant) in settings.strangeVariables where !quiet {
            let advice = meant.map { "; did you mean \($0)?" } ?? ""
            say("p2ptv: warning: the variable \(escaped(name)) means nothing\(advice)\n")
        }
        return settings
    }
}

/// The option of a node that loads torrents.
struct DownloadOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Load at most this much of torrents, such as 40Mbit or 5MiB a second.",
            valueName: "rate"))
    var downLimit: String?

    @Option(
        help: ArgumentHelp(
            "Load these files of a torrent alone, such as 0,2-5 by their numbers, or all (default: "
                + "those that the link selects, else those of the last time, else all).",
            valueName: "numbers"))
    var files: String?
}

/// The options of a node in a swarm.
struct PeerOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Take connections of peers on this port (default: the first free of 6881 to 6999).",
            valueName: "port"))
    var peerPort: String?

    @Option(
        help: ArgumentHelp(
            "Upload at most this much, such as 8Mbit or 1MiB a second.", valueName: "rate"))
    var upLimit: String?
}
