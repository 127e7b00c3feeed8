// The tunables of playout, with their units, their reasons and what a change trades.
// Holds no state.

package import Primitives

/// How long a piece is waited for, and how far behind the live edge is too far.
package struct PlayoutSettings: Equatable, Sendable {
    /// The lag target at tune-in: four seconds cover a lost connection, and the catching up after
    /// a source's short outage.
    package var initialLag = Interval.seconds(4)
    /// The least lag target: below two seconds a parent lost without a word is a skip.
    package var minimumLag = Interval.seconds(2)
    /// The greatest lag target: who waits longer is no longer watching live.
    package var maximumLag = Interval.seconds(8)
    /// What a player is to have in hand when its stream begins, and how long that is waited for at
    /// most: so long from tune-in on, and so long from when the viewer was started.
    ///
    /// A player that begins with nothing stands still a second later if anything
    /// is slower than the first piece was; the wait is as much as a start within a second allows.
    package var headStart = Interval.milliseconds(900)
    package var headStartWait = Interval.milliseconds(500)
    package var headStartUntil = Interval.milliseconds(850)
    /// The lag target that the user asked for; nil lets it adapt.
    package var fixedLag: Interval?
    /// What a miss adds to the lag target.
    package var lagRaise = Interval.seconds(1)
    /// The part of the lag target that every calm second takes off: 2 % halves it in 35 s.
    package var lagDecay = 0.02
    /// How long nothing may have been tight before the lag target shrinks: about two key frame
    /// distances, so that the burst at each key frame has been seen.
    package var calm = Interval.seconds(5)
    /// The wall time behind the newest known piece from which on a jump is advised.
    package var maximumBehind = Interval.seconds(10)
    /// The same for a player that has stood still for `longStall`: what it has missed is missed,
    /// and what happens now is worth more than what happened then.
    package var behindAfterStall = Interval.seconds(4)
    /// The stall after which that holds, and for how long: what lay on the way when the line
    /// was cut comes first, and how far the stream is shows only then.
    package var longStall = Interval.seconds(2)
    package var stallMemory = Interval.seconds(5)
    /// The number of pieces from the play point on that are kept track of: at 16 a second, one
    /// minute; 9 bytes each, since a simulator has thousands of these.
    package var horizon = 1024
    /// The duration of a piece until two of them are known: streams are cut into 8 to 16 a second.
    package var pieceDuration = Interval.milliseconds(100)

    /// The defaults.
    package init() {}

    /// The longest wait for a hole, whatever the source's clock claims.
    var longestWait: Interval { max(maximumLag, fixedLag ?? .zero) }
    /// The threshold of falling behind; a delay that was asked for is not one.
    var behindLimit: Interval { max(maximumBehind, (fixedLag ?? .zero) * 2) }
}

/// How the transport stream goes on after a gap.
package struct AssemblerSettings: Equatable, Sendable {
    /// The gap from which on the stream resumes at a key frame where one is near: after half a
    /// second without pictures a viewer prefers a whole picture to a torn one.
    package var longGap = Interval.milliseconds(500)
    /// The pieces after a long gap that are searched for a key frame before any of them is
    /// passed on: at 8 to 16 a second, at most half a second of waiting, and mostly none since
    /// pieces behind a given-up hole are there already.
    package var searchedPieces = 4
    /// The most random access points taken from one piece: each begins a chunk, and the source
    /// may be anybody; a piece of 250 ms holds one or two.
    package var randomAccessPointsPerPiece = 16

    /// The defaults.
    package init() {}
}

/// What is kept for players that join, and when a player is too slow.
package struct FeedSettings: Equatable, Sendable {
    /// The most media time kept: three key frame distances of four seconds.
    package var duration = Interval.seconds(12)
    /// The most bytes kept: 12 s at 11 Mbit/s.
    package var bytes = 16 << 20
    /// The most chunks kept, should they be tiny.
    package var chunks = 8192
    /// The media that a joining player gets at once: with one second players start in 0.4 s,
    /// without in 1.4 s.
    package var burst = Interval.seconds(1)
    /// How long a chunk may wait for a reader before the reader is moved to a key frame.
    package var backlog = Interval.seconds(2)
    /// The unread bytes from which on a reader that is not keeping up is moved to a key frame.
    package var backlogBytes = 2 << 20
    /// How long unread bytes may wait before their number counts: what arrives in one burst
    /// after an outage is not the reader's fault.
    package var backlogGrace = Interval.milliseconds(250)

    /// The defaults.
    package init() {}
}
