// Why a player was held up. Worked out at that moment from what the engine knows and from what
// only the world can see, such as who has died without a word.

package import Pieces
package import Primitives

/// The cause of a stall or a skip.
package enum Cause: String, CaseIterable, Hashable, Sendable {
    /// The source has not published the piece: it is gone.
    case sourceGone = "source gone"
    /// The source's line carries nothing, or did a moment ago.
    case sourceCut = "source cut off"
    /// The node's own line carries nothing, or did a moment ago.
    case lineCut = "own line cut"
    /// A part of the swarm cannot reach the other, or could not a moment ago.
    case partition = "partition"
    /// It came with a wrong hash.
    case poisoned = "poisoned"
    /// The bytes are there, the signed record is not.
    case recordMissing = "record missing"
    /// Whoever was asked has gone without a word.
    case leftSilently = "uploader left silently"
    /// Whoever was asked has gone and said so, too late to ask another.
    case left = "uploader left"
    /// The line of whoever was asked carries nothing, or did a moment ago.
    case uploaderCut = "uploader cut off"
    /// Whoever was asked takes and never gives.
    case freeRider = "uploader gives nothing"
    /// It is on its way and a packet of the connection was lost.
    case loss = "packets lost"
    /// Whoever was asked holds it, and others go first or its line is full.
    case queue = "uploader's queue"
    /// It has left the uploader and is under way.
    case underWay = "under way"
    /// Whoever was asked does not hold it either.
    case upstream = "uploader waits too"
    /// Neighbours hold it and none was asked, or all have refused.
    case notAsked = "not asked"
    /// No neighbour holds it.
    case nobody = "no neighbour has it"
    /// The node has no neighbours.
    case alone = "no neighbours"
}

/// A piece that a player did without.
package struct Skip: Hashable, Sendable {
    /// The piece.
    package var piece: PieceIndex
    /// When it was given up.
    package var at: Instant
    /// Why it was not there.
    package var cause: Cause
}

/// A time in which a player had nothing.
package struct Stall: Hashable, Sendable {
    /// The piece that it waited for.
    package var piece: PieceIndex
    /// When it began.
    package var at: Instant
    /// How long it took; nil while it lasts.
    package var length: Interval?
    /// Why, as it was at the beginning.
    package var cause: Cause
}
