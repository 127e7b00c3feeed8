// From when on a neighbour that acknowledges nothing is not waited for. TCP tells of the end of a
// connection when it is closed; of a laptop that was shut it tells after minutes. Pure functions of
// plain values.

import Primitives

/// How long a connection may stand still.
///
/// Acknowledgements come a round trip after the bytes. The end of a burst that is lost comes again
/// after a timeout of 200 ms and a round trip (RFC 6298), and is acknowledged a round trip later:
/// nobody is suspected before that.
enum Standstill {
    /// After so long without an acknowledgement a connection stands still, whatever else is known.
    static let certain = Interval.seconds(1)
    /// TCP's timeout beyond a round trip: nothing stands still before it.
    static let timeout = Interval.milliseconds(200)
    /// What a timeout may be late.
    private static let grace = Interval.milliseconds(100)
    /// Within so long something comes from somebody, or the own line is cut.
    static let usualPause = Interval.milliseconds(250)

    /// Whether others are served first: nothing under way to it has been acknowledged for so long.
    ///
    /// What is under way to it takes none of the budget then. A third of the neighbours gone would
    /// else hold the line for a second.
    static func hesitates(unacknowledged span: Interval, roundTrip: Interval) -> Bool {
        span > min(timeout + roundTrip * 2, certain)
    }

    /// Whether a neighbour is taken to be gone that has acknowledged nothing for `span` and has
    /// said nothing for `silence`, while others are heard.
    static func isGone(
        unacknowledged span: Interval, silence: Interval, roundTrip: Interval
    ) -> Bool {
        min(span, silence) > min(timeout + grace + roundTrip * 2, certain)
    }
}
