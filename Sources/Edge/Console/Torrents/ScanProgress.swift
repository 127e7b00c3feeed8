// How far a scan is, on one line of the terminal that is drawn over. Whoever of the workers comes
// by first draws it: there is no thread for it.

import Glibc
import Primitives
import Synchronization

/// A progress bar that many workers push.
package final class ScanProgress: Sendable {
    private let total: Int64
    private let terminal: Terminal
    private let begin = monotonicNanoseconds()
    private let done = Atomic<Int64>(0)
    private let drawnAt = Atomic<Int64>(0)

    /// How often the line is drawn, in nanoseconds: often enough to look alive.
    private static let period: Int64 = 200_000_000
    /// The columns of the bar itself.
    private static let width = 24

    /// A bar for `total` bytes on `terminal`, which shows nothing where it cannot redraw.
    package init(total: Int64, _ terminal: Terminal) {
        (self.total, self.terminal) = (total, terminal)
    }

    /// Counts bytes that are done.
    package func advance(_ bytes: Int) {
        let sum = done.add(Int64(bytes), ordering: .relaxed).newValue
        guard terminal.canRedraw else { return }
        let now = monotonicNanoseconds()
        let last = drawnAt.load(ordering: .relaxed)
        guard now - max(last, begin) > Self.period,
            drawnAt.compareExchange(expected: last, desired: now, ordering: .relaxed).exchanged
        else { return }
        let text = Self.line(
            done: sum, total: total, seconds: Double(now - begin) / 1e9,
            isUnicode: terminal.isUnicode)
        write("\r\u{1B}[K" + fitted(text, columns: Terminal.width - 1), .error, patience: 0)
    }

    /// Takes the line away.
    package func end() {
        if terminal.canRedraw, drawnAt.load(ordering: .relaxed) > 0 {
            write("\r\u{1B}[K", .error, patience: 50)
        }
    }

    /// The line: a bar, the part that is done, the speed, and how long it will take.
    static func line(done: Int64, total: Int64, seconds: Double, isUnicode: Bool) -> String {
        let part = total > 0 ? min(1, Double(done) / Double(total)) : 1
        let full = Int(part * Double(width))
        let (on, off) = isUnicode ? ("█", "░") : ("#", ".")
        let bar =
            String(repeating: on, count: full) + String(repeating: off, count: width - full)
        let speed = seconds > 0 ? Double(done) / seconds : 0
        let left = speed > 0 ? Interval.seconds(Double(total - done) / speed).text : "-"
        return "\(bar) \(decimal(part * 100, digits: 0)) %  \(sizeText(Int(done))) of "
            + "\(sizeText(Int(total)))  \(sizeText(Int(speed)))/s  \(left) left"
    }
}

/// The machine's monotonic clock.
private func monotonicNanoseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
}
