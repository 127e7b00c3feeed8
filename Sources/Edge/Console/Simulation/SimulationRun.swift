// Lets a world run and shows on a terminal how far it is. The only place where the virtual world
// meets a real clock.

import Glibc
package import Primitives
package import Simulator

/// A run of a scenario.
package struct SimulationRun {
    private let scenario: Scenario
    private let terminal: Terminal
    private var world: World
    /// How long the run took on this machine.
    package private(set) var took = Interval.zero

    /// How often the line is drawn.
    private static let redraw = Interval.milliseconds(250)
    /// How far the world goes between two looks at the clock.
    private static let step = Interval.milliseconds(100)

    /// A run of `scenario` whose progress is shown on `terminal`.
    package init(_ scenario: Scenario, _ terminal: Terminal) {
        self.scenario = scenario
        self.terminal = terminal
        world = World(scenario)
    }

    /// Runs to the end and reports.
    package mutating func play() -> Report {
        let begin = realTime()
        var drawnAt = begin
        var now = Interval.zero
        while now < scenario.length {
            now = min(now + Self.step, scenario.length)
            world.run(until: .zero + now)
            let clock = realTime()
            guard terminal.canRedraw, clock - drawnAt > Self.redraw else { continue }
            drawnAt = clock
            draw(now, clock - begin)
        }
        if terminal.canRedraw { say("\r\u{1B}[K") }
        took = realTime() - begin
        return world.report()
    }

    private func draw(_ now: Interval, _ past: Interval) {
        let part = now.seconds / scenario.length.seconds
        let left = Interval.seconds(past.seconds * (1 - part) / max(part, 1e-6))
        let text =
            "\(decimal(part * 100, digits: 0)) %  second \(decimal(now.seconds, digits: 0)) of "
            + "\(decimal(scenario.length.seconds, digits: 0))  \(world.eventCount) events  "
            + "about \(left.text) left"
        write("\r\u{1B}[K" + fitted(text, columns: Terminal.width - 1), .error, patience: 0)
    }
}

/// The time of the machine's monotonic clock.
private func realTime() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return .zero + .seconds(Double(time.tv_sec)) + Interval(nanoseconds: Int64(time.tv_nsec))
}
