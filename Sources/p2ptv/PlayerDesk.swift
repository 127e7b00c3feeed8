// The player beside a viewer: told where to connect, started where there is a desktop, ended with
// the viewer.

import Console
import Node
import Reactor

/// Tells people and scripts where to connect, and starts the player that was chosen.
@Loop
final class PlayerDesk {
    private let plan: WatchPlan
    private let mode: DisplayMode
    private let title: String
    private let isAttended: Bool
    private let note: @Loop (String) -> Void
    private let ended: @Loop (_ code: Int32) -> Void
    private var process: PlayerProcess?

    /// Whether the player that was started has not ended yet.
    var isPlaying: Bool { process != nil }

    /// A desk for what is called `title`; `note` tells people, `ended` comes with the end of the
    /// player that was started.
    init(
        _ plan: WatchPlan, _ mode: DisplayMode, title: String, isAttended: Bool,
        note: @escaping @Loop (String) -> Void, ended: @escaping @Loop (_ code: Int32) -> Void
    ) {
        (self.plan, self.mode, self.title) = (plan, mode, title)
        (self.isAttended, self.note, self.ended) = (isAttended, note, ended)
    }

    /// Players can connect to `url`.
    func serve(_ url: String) throws(Complaint) {
        // Scripts take the address from the first line; people see it there too.
        if !plan.isStreaming, mode != .json { put(url) }
        let command = try PlayerCommand.make(
            plan.player, isAttended: isAttended, url: url, title: title, in: plan.environment)
        if let command {
            note("starting \(command.program)")
            process = try PlayerProcess(command) { [weak self] in self?.over($0) }
        } else if !plan.isStreaming {
            note("open the address above in a player")
        }
    }

    private func over(_ code: Int32) {
        process = nil
        ended(code)
    }

    /// Ends the player that was started.
    func close() { process?.end() }
}
