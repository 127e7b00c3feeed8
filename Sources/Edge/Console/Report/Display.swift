// Where the reports go: a status line that is drawn over, plain lines, or JSON. Draws, and decides
// only when.

import Primitives
package import Reactor

/// How much is told, and in which form.
package enum DisplayMode: Hashable, Sendable {
    /// Errors only (`-q`).
    case quiet
    /// To people, on standard error.
    case people
    /// To programs, on standard output.
    case json
}

/// What a node has to say of itself at some moment.
package struct Reading: Sendable {
    /// For people.
    package var line: StatusLine
    /// For programs.
    package var record: EventRecord

    /// A reading in both forms.
    package init(line: StatusLine, record: EventRecord) {
        self.line = line
        self.record = record
    }
}

/// The status of a node before a person or a program.
///
/// `begin` once; then `note` and `tell` as things happen, and `end` before the program ends.
@Loop
package final class Display {
    private let mode: DisplayMode
    private let terminal: Terminal
    private let read: @Loop () -> Reading
    private lazy var timer = LoopTimer { [weak self] in self?.tick() }
    private var isLineOpen = false

    /// How often a line is drawn over, a plain line is written, and a program is told.
    private static let redraw = Interval.milliseconds(500)
    private static let plain = Interval.seconds(10)
    private static let program = Interval.seconds(1)
    /// How long an event may wait for a reader; the loop stands still meanwhile.
    private static let patience: Int32 = 50

    /// A display that asks `read` for what to show.
    package init(_ mode: DisplayMode, _ terminal: Terminal, read: @escaping @Loop () -> Reading) {
        self.mode = mode
        self.terminal = terminal
        self.read = read
    }

    /// Shows the status from now on.
    package func begin() {
        if mode != .quiet { timer.schedule(at: Loop.now + period) }
    }

    /// Tells a person something that happened, above the status line.
    package func note(_ text: String?) {
        guard mode == .people, let text else { return }
        show("p2ptv: \(text)\n")
    }

    /// Shows a block of lines to a person.
    package func show(_ block: String) {
        guard mode == .people else { return }
        write((isLineOpen ? Self.erase : "") + block, .error, patience: Self.patience)
        isLineOpen = false
        if terminal.canRedraw, timer.isScheduled { draw() }
    }

    /// Tells a program something that happened.
    package func tell(_ record: EventRecord) {
        guard mode == .json else { return }
        write(record.encoded + "\n", .output, patience: Self.patience)
    }

    /// Leaves the terminal as it was, below what was shown last.
    package func end() {
        timer.cancel()
        if isLineOpen { write("\n", .error, patience: Self.patience) }
        isLineOpen = false
    }

    private static let erase = "\r\u{1B}[K"

    private var period: Interval {
        if mode == .json { return Self.program }
        return terminal.canRedraw ? Self.redraw : Self.plain
    }

    private func tick() {
        timer.schedule(at: Loop.now + period)
        switch mode {
        case .quiet: break
        case .json: write(read().record.encoded + "\n", .output, patience: 0)
        case .people where terminal.canRedraw: draw()
        case .people: write("p2ptv: \(read().line.fitted(to: 200))\n", .error, patience: 0)
        }
    }

    private func draw() {
        // The last column stays free: many terminals go to the next line once it is written.
        let text = read().line.fitted(to: Terminal.width - 1, color: terminal.hasColor)
        if write(Self.erase + text, .error, patience: 0) { isLineOpen = true }
    }
}
