// A relay from the command line: one node, one display, one life, and what it carried in the end.

import Console
import Node
import Primitives
import Reactor

/// A relay that runs until its end.
@Loop
final class RelaySession {
    private let settings: RelaySettings
    private let mode: DisplayMode
    private let terminal = Terminal.standardError
    private let life = Lifetime()
    private let startedAt = Loop.now
    private lazy var node = RelayNode(settings) { [weak self] in self?.happened($0) }
    private lazy var display = Display(mode, terminal) { [unowned self] in reading }

    /// A relay that has not begun.
    init(_ settings: RelaySettings, _ mode: DisplayMode) {
        self.settings = settings
        self.mode = mode
    }

    /// Relays; throws what ended it where that was not on purpose.
    func run() async throws {
        let complaint = await life.untilOver(stop: { [self] in stop() }, start: { node.start() })
        display.end()
        if let complaint { throw complaint }
        display.tell(node.status.totals(at: Loop.wallNow))
        display.show(node.status.totals(after: Loop.now - startedAt))
    }

    private func stop() {
        display.note("stopping")
        node.stop { [self] in life.finish(nil) }
    }

    private func happened(_ event: RelayEvent) {
        display.tell(event.record(at: Loop.wallNow))
        display.note(event.note)
        switch event {
        case .listening: display.begin()
        case .failed(let fault): life.finish(Complaint(fault))
        case .channel, .torrent: break
        }
    }

    private var reading: Reading {
        let status = node.status
        return Reading(
            line: status.line(after: Loop.now - startedAt, isUnicode: terminal.isUnicode),
            record: status.record(at: Loop.wallNow))
    }
}
