// When a child's place is free again. Nobody says that it has found another parent, and the dead
// say nothing. A pure function of plain values.

import Primitives

/// The end of a feed that nobody uses.
enum Vacancy {
    /// A request that follows another may take so long: both go into the same packets.
    private static let pause = Interval.milliseconds(300)

    /// Whether a child has left that last asked `asked` ago; `stands` says whether requests of it
    /// wait here for pieces to come, `isGone` that it acknowledges nothing.
    ///
    /// A child's requests stand two rounds ahead of the edge, so there is always one; whoever has
    /// gone to another parent waits for the last of them and asks for no more.
    static func isVacant(asked: Interval, stands: Bool, isGone: Bool) -> Bool {
        isGone || !stands && asked > pause
    }
}
