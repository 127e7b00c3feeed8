// Which blocks go before most else because somebody looks at nothing until they come: a
// newcomer's first key frame, once from each neighbour. A pure function of plain values.

import Primitives

/// A newcomer's first key frame.
enum Opening {
    /// Whether a neighbour that came `age` ago, and got `given` such pieces here, gets one more at
    /// once.
    static func isDue(age: Interval, given: Int, _ settings: SwarmSettings) -> Bool {
        age < settings.newcomer * 0.5 && given < settings.openingPieces
    }

    /// Whether a piece of which `copies` have gone, or wait to go in this way, has gone often
    /// enough: in a crowd the source gives it to a few, and they to the others.
    static func isSpread(copies: Int, _ settings: SwarmSettings) -> Bool {
        settings.role == .source && copies >= settings.openingCopies
    }
}
