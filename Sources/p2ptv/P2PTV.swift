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
            Broadcast.self, Watch.self, Relay.self, Tracker.self, Probe.self, Create.self,
            Show.self, Verify.self, Simulate.self, Config.self,
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
        let (usage, help) = advice(in: fullMessage(for: error))
        say("p2ptv: \(Ink.red.paint("error:", color)) \(escaped(message(for: error)))\n\(usage)")
        say("\(Ink.bold.paint("hint:", color)) \(help)\n")
        Glibc.exit(ExitStatus.usage.rawValue)
    }

    /// The lines of usage in what ArgumentParser says, and the command that tells more.
    private static func advice(in text: String) -> (usage: String, help: String) {
        guard let start = text.firstRange(of: "Usage:") else { return ("", "p2ptv --help") }
        let lines = text[start.lowerBound...].split(separator: "\n")
        let usage = lines.prefix { !$0.contains("See '") }.map { $0 + "\n" }.joined()
        let help = lines.first { $0.contains("See '") }?.split(separator: "'").dropFirst().first
        return (usage, help.map(String.init) ?? "p2ptv --help")
    }
}
