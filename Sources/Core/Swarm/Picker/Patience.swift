// How long a piece may be late before it is asked for elsewhere. Learns from the time between
// the live edge passing a piece and the piece coming. Knows no peers.

import Primitives

/// A running estimate of a delay's mean and deviation, as TCP keeps of its round trip (RFC 6298).
struct Patience: Sendable {
    private var mean = 0.2
    private var deviation = 0.1

    /// How much longer one waits for somebody who holds the piece.
    static let withHolder = 1.5

    /// The bounds within which a piece is called late: below, a second request would mostly be
    /// a second copy; above, the player would feel it.
    private let bounds = 0.25...2.5

    /// Counts a piece that came `delay` after the live edge had passed it; negative counts as 0.
    mutating func learn(_ delay: Interval) {
        let sample = max(0, min(delay.seconds, 3))
        deviation += (abs(sample - mean) - deviation) / 8
        mean += (sample - mean) / 16
    }

    /// After this long a piece is overdue.
    var limit: Interval {
        .seconds(min(max(mean + 5 * deviation, bounds.lowerBound), bounds.upperBound))
    }
}
