// Which player is started, and with which words.

import Console
import Testing

@Suite("Players")
struct PlayerTests {
    let url = "http://127.0.0.1:7780/live/news.ts"
    /// A folder that holds neither player, and one that holds what can be run.
    let bare = Environment(["PATH": "/nowhere", "DISPLAY": ":0"])

    private func make(
        _ choice: PlayerChoice, attended: Bool = true, _ environment: Environment
    ) throws -> PlayerCommand? {
        try .make(choice, isAttended: attended, url: url, title: "a \"b\"; c", in: environment)
    }

    @Test("None is none, and auto without a player, a person or a desktop is none too")
    func nobody() throws {
        #expect(try make(.none, bare) == nil)
        #expect(try make(.auto, bare) == nil)
        #expect(try make(.auto, attended: false, .ofProcess) == nil)
        #expect(try make(.auto, Environment(["PATH": "/usr/bin"])) == nil)
    }

    @Test("A player that is asked for by name must be there", arguments: [PlayerChoice.mpv, .vlc])
    func missing(choice: PlayerChoice) {
        let complaint = #expect(throws: Complaint.self) { try make(choice, bare) }
        #expect(complaint?.status == .unavailable)
    }

    @Test("The title is one word of the command, whatever stands in it")
    func words() throws {
        let environment = Environment.ofProcess
        guard environment.find("mpv") != nil else { return }
        let command = try #require(try make(.mpv, environment))
        #expect(
            command.arguments
                == ["mpv", "--no-terminal", "--force-media-title=a \"b\"; c", "--", url])
    }
}
