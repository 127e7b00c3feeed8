// A broadcast from the command line: one node, one display, one life.

import Console
import Node
import Primitives
import Reactor

/// A broadcast that runs until its end.
@Loop
final class BroadcastSession {
    private let settings: BroadcastSettings
    private let input: InputChoice
    private let mode: DisplayMode
    private let terminal = Terminal.standardError
    private let life = Lifetime()
    private let startedAt = Loop.now
    private lazy var node = BroadcastNode(settings) { [weak self] in self?.happened($0) }
    private lazy var display = Display(mode, terminal) { [unowned self] in reading }

    /// A broadcast that has not begun.
    init(_ plan: BroadcastPlan, _ mode: DisplayMode) {
        settings = plan.settings
        input = plan.input
        self.mode = mode
    }

    /// Broadcasts; throws what ended it where that was not on purpose.
    func run() async throws {
        let complaint = await life.untilOver(stop: { [self] in stop() }, start: { node.start() })
        display.end()
        if let complaint { throw complaint }
    }

    private func stop() {
        display.note("stopping")
        node.stop { [self] in life.finish(nil) }
    }

    private func happened(_ event: BroadcastEvent) {
        display.tell(event.record(at: Loop.wallNow))
        display.note(event.note)
        switch event {
        case .onAir(let air):
            display.show(air.block(name: settings.name))
            display.begin()
        case .ended: life.beginStop { stop() }
        case .failed(let fault): life.finish(Complaint(fault).naming(input))
        case .inputLost, .inputBack, .tracker: break
        }
    }

    private var reading: Reading {
        let status = node.status
        return Reading(
            line: status.line(
                name: settings.name, after: Loop.now - startedAt, isUnicode: terminal.isUnicode),
            record: status.record(at: Loop.wallNow))
    }
}
