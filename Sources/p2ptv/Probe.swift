// `p2ptv probe`: what an input is, before it is broadcast.

import ArgumentParser
import Console

/// Looks at an input.
struct Probe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Look at an input: its streams, its rate, and whether it can be broadcast.",
        discussion: """
            Ends with 0 where the input can be broadcast, with 65 where it cannot, and
            with 66 where it is not there.

            Examples:
              p2ptv probe film.mp4
              p2ptv probe --json udp://239.0.0.1:1234
            """)

    @Argument(help: "A file, - for standard input, or a URL that FFmpeg can read.")
    var input: String

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        let tally = try await InputProbe.look(at: InputChoice(input))
        if json { return _ = put(tally.json.encoded) }
        write(tally.text, .output)
        for warning in tally.warnings { say("p2ptv: warning: \(warning)\n") }
    }
}
