// A torrent that is watched from the command line: one node, one display, perhaps a player.

import Console
import Metainfo
import Node
import Primitives
import Reactor

/// Watching a torrent, until somebody ends it.
@Loop
final class TorrentSession {
    private let settings: TorrentWatchSettings
    private let plan: WatchPlan
    private let mode: DisplayMode
    private let terminal = Terminal.standardError
    private let life = Lifetime()
    private lazy var node = TorrentNode(settings) { [weak self] in self?.happened($0) }
    private lazy var desk = PlayerDesk(
        plan, mode, title: settings.torrent.name, isAttended: terminal.isInteractive,
        note: { [weak self] in self?.display.note($0) },
        ended: { [weak self] in self?.playerEnded($0) })
    private lazy var display = Display(mode, terminal) { [unowned self] in reading }

    /// Watching that has not begun.
    init(_ settings: TorrentWatchSettings, _ plan: WatchPlan, _ mode: DisplayMode) {
        (self.settings, self.plan, self.mode) = (settings, plan, mode)
    }

    /// Watches; throws what ended it where that was not on purpose.
    func run() async throws {
        let complaint = await life.untilOver(stop: { [self] in stop() }, start: { node.start() })
        desk.close()
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
        case .completed:
            // The sums at this moment: nothing more is loaded.
            display.tell(node.status.record(at: Loop.wallNow))
            if plan.endsWhenDone, settings.output == .none { life.beginStop { stop() } }
        case .written: if plan.endsWhenDone || plan.isStreaming { life.beginStop { stop() } }
        case .readerGone: life.beginStop { stop() }
        case .failed(let fault): life.finish(Complaint(fault))
        case .checking, .playing, .tracker, .paused: break
        }
    }

    private func serving(_ url: String) {
        do throws(Complaint) {
            try desk.serve(url)
            display.begin()
        } catch {
            fail(error)
        }
    }

    /// The player that was started has ended; others may read, and the swarm may need us.
    private func playerEnded(_ code: Int32) {
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
