// A torrent that is watched from the command line: one node, one display, perhaps a player.

import Console
import Metainfo
import Node
import Primitives
import Reactor

/// Watching a torrent, until somebody ends it.
@Loop
final class TorrentSession {
    private let plan: TorrentPlan
    private let mode: DisplayMode
    private let terminal = Terminal.standardError
    private let life = Lifetime()
    private var player: PlayerProcess?
    private lazy var node = TorrentNode(plan.settings) { [weak self] in self?.happened($0) }
    private lazy var display = Display(mode, terminal) { [unowned self] in reading }

    /// Watching that has not begun.
    init(_ plan: TorrentPlan, _ mode: DisplayMode) { (self.plan, self.mode) = (plan, mode) }

    /// Watches; throws what ended it where that was not on purpose.
    func run() async throws {
        let complaint = await life.untilOver(stop: { [self] in stop() }, start: { node.start() })
        player?.end()
        display.end()
        if let complaint { throw complaint }
    }

    private func stop() {
        display.note("stopping")
        node.stop { [self] in life.finish(nil) }
    }

    private func happened(_ event: TorrentWatchEvent) {
        display.tell(event.record(at: Loop.wallNow))
        display.note(event.note)
        switch event {
        case .serving(let url): serving(url)
        case .completed: if plan.endsWhenDone, !plan.hasSink { life.beginStop { stop() } }
        case .written: if plan.endsWhenDone || plan.isStreaming { life.beginStop { stop() } }
        case .readerGone: life.beginStop { stop() }
        case .failed(let fault): life.finish(Complaint(fault))
        case .checking, .playing, .tracker, .paused: break
        }
    }

    // MARK: The player

    private func serving(_ url: String) {
        // Scripts take the address from the first line; people see it there too.
        if !plan.isStreaming, mode != .json { put(url) }
        do throws(Complaint) {
            let command = try PlayerCommand.make(
                plan.player, isAttended: terminal.isInteractive, url: url,
                title: plan.settings.torrent.name, in: plan.environment)
            if let command {
                display.note("starting \(command.program)")
                player = try PlayerProcess(command) { [weak self] in self?.playerEnded($0) }
            } else if !plan.isStreaming {
                display.note("open the address above in a player")
            }
            display.begin()
        } catch {
            fail(error)
        }
    }

    /// The player that was started has ended; others may read, and the swarm may need us.
    private func playerEnded(_ code: Int32) {
        player = nil
        display.note(
            (code == 0 ? "the player has ended" : "the player ended with code \(code)")
                + "; Ctrl-C ends p2ptv")
    }

    private func fail(_ complaint: Complaint) {
        node.stop { [self] in life.finish(complaint) }
    }

    private var reading: Reading {
        let status = node.status
        return Reading(
            line: status.line(isUnicode: terminal.isUnicode),
            record: status.record(at: Loop.wallNow))
    }
}

extension TorrentPlan {
    /// Whether the file also goes somewhere besides players.
    var hasSink: Bool { settings.output != .none }
}
