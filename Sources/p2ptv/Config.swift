// `p2ptv config`: what is set, where, and whether it is right.

import ArgumentParser
import Console

/// Looks after the configuration.
struct Config: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Check or show the settings, or print an example of the file.",
        discussion: """
            A flag counts before the environment (P2PTV_...), that before the file, and
            that before the default. The file is the one named with --config or
            P2PTV_CONFIG, or else $XDG_CONFIG_HOME/p2ptv/p2ptv.toml, or else
            /etc/p2ptv/p2ptv.toml.

            Examples:
              p2ptv config show
              p2ptv config check --config p2ptv.toml
              p2ptv config default > ~/.config/p2ptv/p2ptv.toml
            """,
        subcommands: [Check.self, Show.self, Default.self])

    /// The file to look at.
    struct File: ParsableArguments {
        @Option(help: ArgumentHelp("Read the settings of this file.", valueName: "file"))
        var config: String?
    }

    /// Whether every value is right.
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check the settings; ends with 78 where one is wrong.")

        @OptionGroup var file: File

        func run() async throws {
            let settings = try Settings.load(flag: file.config)
            if let fault = settings.firstFault() { throw fault }
            for (name, meant) in settings.strangeVariables {
                throw Complaint.strange(name, meant: meant)
            }
            say("p2ptv: \(settings.file.map { escaped($0.path) } ?? "no file"): all is well\n")
        }
    }

    /// What is set and where.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show every setting and where it comes from.")

        @OptionGroup var file: File

        func run() async throws {
            write(try Settings.load(flag: file.config).report, .output)
        }
    }

    /// The example.
    struct Default: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print a file in which every key is explained.")

        func run() async throws { write(ConfigFile.example, .output) }
    }
}
