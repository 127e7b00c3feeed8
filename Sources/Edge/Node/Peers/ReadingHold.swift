// Links that read nothing for a moment, while what they brought is still being worked off. Knows
// not the links, and of the work only what shows that it gets on.

import Primitives
import Reactor
import Storage

extension StoreEvent {
    /// Whether it shows that what peers brought is being worked off: what is read for them, or kept
    /// for the next start, says nothing of that.
    var isProgress: Bool {
        switch self {
        case .verified, .mismatched, .sifted, .written, .paused: true
        case .derived, .lent, .read, .unreadable, .saved, .notSaved: false
        }
    }
}

/// A bounded wait of all links that bring much at a time.
///
/// It ends when the work has caught up. Where that does not move at all, as when a disk is waited for,
/// it ends after its longest time and does not begin anew before something has moved: peers do not
/// only send blocks.
@Loop
final class ReadingHold {
    private let longest: Interval
    private let resume: @Loop () -> Void
    private var isHolding = false
    private var isStuck = false
    private lazy var timer = LoopTimer { [weak self] in
        self?.isStuck = true
        self?.end()
    }

    /// A hold of at most `longest` at a time, after which links `resume`.
    ///
    /// 20 ms: a piece of a MiB takes one to be checked and written, and nobody notices so many.
    init(longest: Interval = .milliseconds(20), resume: @escaping @Loop () -> Void) {
        (self.longest, self.resume) = (longest, resume)
    }

    /// A link is to wait; false where it is not, as the last wait was for nothing.
    func begin() -> Bool {
        guard !isStuck else { return false }
        if !isHolding { timer.schedule(at: Loop.now + longest) }
        isHolding = true
        return true
    }

    /// Some of the work was done, and more than it should be is left or not.
    func moved(_ isBehind: Bool) {
        isStuck = false
        if isHolding, !isBehind { end() }
    }

    private func end() {
        timer.cancel()
        isHolding = false
        resume()
    }
}
