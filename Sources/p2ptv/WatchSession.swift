// A viewer from the command line: one node, one display, perhaps a player, one life.

import Console
import Metainfo
import Node
import Primitives
import Reactor

/// A viewer that runs until its end.
@Loop
final class WatchSession {
    private let settings: WatchSettings
    private let plan: WatchPlan
    private let mode: DisplayMode
    private let terminal = Terminal.standardError
    private let life = Lifetime()
    private lazy var node = WatchNode(settings) { [weak self] in self?.happened($0) }
    private lazy var desk = PlayerDesk(
        plan, mode, title: settings.channel.file.name.text, isAttended: terminal.isInteractive,
        note: { [weak self] in self?.display.note($0) },
        ended: { [weak self] in self?.playerEnded($0) })
    private lazy var display = Display(mode, terminal) { [unowned self] in reading }
    private lazy var drain = LoopTimer { [weak self] in self?.checkDrained() }
    private var drainedBy: Instant?

    /// How long players may take for what is left after the end: more than any of them buffers.
    private static let drainLimit = Interval.seconds(10)
    /// How often it is looked whether they are done.
    private static let drainPeriod = Interval.milliseconds(200)

    /// A viewer that has not begun.
    init(_ settings: WatchSettings, _ plan: WatchPlan, _ mode: DisplayMode) {
        self.settings = settings
        self.plan = plan
        self.mode = mode
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
        drain.cancel()
        node.stop { [self] in life.finish(nil) }
    }

    private func happened(_ event: WatchEvent) {
        display.tell(event.record(at: Loop.wallNow))
        display.note(event.note)
        switch event {
        case .serving(let url): serving(url)
        case .ended: beginDrain()
        case .readerGone: life.beginStop { stop() }
        case .failed(let fault): life.finish(Complaint(fault))
        case .playing, .stalled, .resumed, .skipped, .tracker, .contradiction: break
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

    private func playerEnded(_ code: Int32) {
        display.note(code == 0 ? "the player has ended" : "the player ended with code \(code)")
        if !plan.outlivesPlayer { life.beginStop { stop() } }
    }

    private func fail(_ complaint: Complaint) {
        node.stop { [self] in life.finish(complaint) }
    }

    // MARK: The end of the broadcast

    private func beginDrain() {
        guard drainedBy == nil else { return }
        drainedBy = Loop.now + Self.drainLimit
        drain.schedule(at: Loop.now + Self.drainPeriod)
    }

    private func checkDrained() {
        guard let drainedBy else { return }
        if node.status.players == 0 && !desk.isPlaying || Loop.now >= drainedBy {
            life.beginStop { stop() }
        } else {
            drain.schedule(at: Loop.now + Self.drainPeriod)
        }
    }

    private var reading: Reading {
        let status = node.status
        return Reading(
            line: status.line(isUnicode: terminal.isUnicode),
            record: status.record(at: Loop.wallNow))
    }
}
