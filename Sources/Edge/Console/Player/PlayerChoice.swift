// Which player is started, and with which words. Values only; PlayerProcess starts it.

/// The player that a person asks for.
package enum PlayerChoice: String, Hashable, Sendable, CaseIterable {
    /// The first that is there, if a person with a desktop sits before it.
    case auto
    /// mpv.
    case mpv
    /// VLC.
    case vlc
    /// None: the address is printed, and that is all.
    case none
}

/// A player to start: program and arguments, never a line for a shell.
package struct PlayerCommand: Hashable, Sendable {
    /// The path of the program.
    package var program: String
    /// Its arguments; the first is its name.
    package var arguments: [String]

    /// The command that `choice` means here.
    ///
    /// - Parameters:
    ///   - choice: what is asked for.
    ///   - isAttended: whether a person reads along on a terminal.
    ///   - url: what to play.
    ///   - title: what the window is to say.
    ///   - environment: tells of the desktop and where programs are.
    /// - Returns: the command, or nil for no player.
    /// - Throws: a complaint with exit 69 where the player asked for by name is missing.
    package static func make(
        _ choice: PlayerChoice, isAttended: Bool, url: String, title: String,
        in environment: Environment
    ) throws(Complaint) -> PlayerCommand? {
        switch choice {
        case .none: return nil
        case .auto:
            guard isAttended, environment.hasDisplay else { return nil }
            if let path = environment.find("mpv") { return .mpv(path, url, title) }
            return environment.find("vlc").map { .vlc($0, url, title) }
        case .mpv, .vlc:
            guard let path = environment.find(choice.rawValue) else {
                throw Complaint(
                    .unavailable, what: "cannot start \(choice.rawValue)",
                    why: "it is not installed, or not in PATH",
                    hint: "use --player none and open the address in any player")
            }
            return choice == .mpv ? .mpv(path, url, title) : .vlc(path, url, title)
        }
    }

    private static func mpv(_ path: String, _ url: String, _ title: String) -> PlayerCommand {
        PlayerCommand(
            program: path,
            arguments: ["mpv", "--no-terminal", "--force-media-title=\(title)", "--", url])
    }

    private static func vlc(_ path: String, _ url: String, _ title: String) -> PlayerCommand {
        PlayerCommand(
            program: path,
            arguments: [
                "vlc", "--network-caching=1000", "--play-and-exit", "--meta-title=\(title)", url,
            ])
    }
}
