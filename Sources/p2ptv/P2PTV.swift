// The program: its commands, and how it says what went wrong. Each command is one file.

import ArgumentParser
import Console
import Glibc

/// `p2ptv`.
@main
struct P2PTV: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "p2ptv",
        abstract: "Broadcast live television to many, and watch it: every viewer passes it on.",
        discussion: """
            A channel on one terminal, and a viewer of it on another:

              p2ptv broadcast film.mp4 --loop
              p2ptv watch film.torrent
            """,
        version: "0.1.0",
        subcommands: [
            Broadcast.self, Watch.self, Tracker.self, Probe.self, Show.self, Config.self,
        ])

    static func main() async {
        // A reader that goes away is an error of write(2), not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try await asyncParseAsRoot(nil)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let complaint as Complaint {
            say(complaint.lines(color: Terminal.standardError.hasColor))
            Glibc.exit(complaint.status.rawValue)
        } catch {
            refuse(error)
        }
    }

    /// Ends with what ArgumentParser has to say: help on standard output, or a usage error.
    private static func refuse(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        guard code == .validationFailure else { exit(withError: error) }
        let color = Terminal.standardError.hasColor
        let text = fullMessage(for: error)
        let usage = text.firstRange(of: "Usage:").map { text[$0.lowerBound...] } ?? ""
        say("p2ptv: \(Ink.red.paint("error:", color)) \(escaped(message(for: error)))\n\(usage)\n")
        Glibc.exit(ExitStatus.usage.rawValue)
    }
}
