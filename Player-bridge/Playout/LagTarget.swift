// How long after its nominal moment a piece may still come: up by a step after a miss, slowly
// down while everything has time to spare. Knows no pieces.

import Primitives

/// The adaptive lag target.
struct LagTarget: Sendable {
    /// The target as of the last arrival.
    private(set) var value: Interval

    private let settings: PlayoutSettings
    private var noted: Instant?
    private var tight: Instant?

    init(settings: PlayoutSettings) {
        self.settings = settings
        value = settings.fixedLag ?? settings.initialLag
    }

    /// A piece or a key frame was missed: more time for those to come.
    mutating func raise(at now: Instant) {
        guard settings.fixedLag == nil else { return }
        value = min(value + settings.lagRaise, settings.maximumLag)
        tight = now
    }

    /// A piece arrived with `spare` time left.
    mutating func note(spare: Interval, at now: Instant) {
        guard settings.fixedLag == nil else { return }
        let step = max(now - (noted ?? now), .zero)
        noted = now
        // Silence proves nothing: only pieces that keep coming show that there is time to spare.
        guard let tight, spare > value * 0.5, step <= .seconds(1) else {
            self.tight = now
            return
        }
        guard now - tight > settings.calm else { return }
        let kept = value * (1 - settings.lagDecay * step.seconds)
        value = max(kept, settings.minimumLag)
    }
}
