// Which waiting block goes first. A pure function of plain values; the queue is UploadQueue's.

import Primitives

/// The order of sending.
///
/// The stream goes half by the order in which it came and half by its age, what has gone least
/// before what has gone more. A newcomer's backlog, and a share of what is late, go by when a
/// player needs them. That everything should go by deadlines was tried: where lines are full all
/// of it is late at once, what is asked for twice pushes aside what is asked for once, and 250
/// viewers collapse (docs/DELIVERY.md).
struct SendOrder: Sendable {
    /// What a copy of the piece that has gone counts, in seconds: the least-sent piece first, as
    /// PULSE has it.
    var copyWeight: Double
    /// What a leaf waits for those who pass on, in seconds: where lines are nearly full all of
    /// the waiting is the last hop's then, and not each hop's.
    var leafWeight = 2.0
    /// The same for one that has just come: it would pass on, and does not know yet what.
    var newLeafWeight = 0.8
    /// What a newcomer's first key frame is ahead of other pieces, in seconds, however many
    /// copies have gone: somebody looks at nothing until it comes.
    var openingWeight = 2.0
    /// What the rest of what is late waits for what was asked for in time, in seconds: most of it
    /// is under way elsewhere.
    var rescueWeight = 0.3
    /// The lag at which players are taken to be, in seconds.
    var playerLag = 1.2
    /// What a newcomer's player is to have in hand a second of its stream later, in seconds.
    var newcomerHand = 0.6
    /// What is overdue by more seconds is not more urgent: else whoever asks for the oldest
    /// pieces would be served before all others.
    var mostOverdue = 1.0
    /// Whether deadlines count, or only how long a block has waited.
    var byDeadline = true

    /// What a neighbour does with a piece.
    enum Receiver: Hashable, Sendable {
        /// It passes it on.
        case inner
        /// It has just come, and passes on nothing yet.
        case newLeaf
        case leaf
    }

    /// The score of a block, of whose piece `copies` have gone, in seconds; the least goes first.
    ///
    /// A leaf waits for those who pass on: nobody waits for the leaf. A newcomer's player began as
    /// far behind the stream as `start` says: what it gets goes by that alone, so that whoever
    /// began at a fresh key frame is not served after those who have seconds in hand.
    func score(
        of upload: Upload, copies: Int, start: PlayerStart? = nil,
        receiver: @autoclosure () -> Receiver
    ) -> Double {
        let since = (upload.since - .zero).seconds
        if upload.purpose == .opening { return since - openingWeight }
        let weight = copyWeight * Double(copies) + weight(of: receiver())
        let published = (upload.published - .zero).seconds
        let allowed = start.map { $0.lag + hand(at: published - $0.first) } ?? playerLag
        let due = byDeadline ? max(published + allowed, since - mostOverdue) : since
        switch upload.purpose {
        case .opening, .urgent: return due + weight
        case .live:
            // Not more urgent than it could be halfway: a newcomer's first key frame goes before.
            let newcomers = max(due, since - mostOverdue / 2)
            return (start == nil ? (due + since) / 2 : newcomers) + weight
        case .catchUp: return since + weight + rescueWeight
        }
    }

    /// How many copies of a block's piece have gone from here or have begun to go, besides the one
    /// that it is of, when `sent` of its blocks, `whole` to a piece, have gone.
    ///
    /// Whoever has got a part of a piece can neither play it nor pass it on: the rest of it is of
    /// the same copy, and goes before the next one begins.
    static func copies(before upload: Upload, sent: Int, of whole: Int) -> Int {
        upload.isRest ? max(0, sent - 1) / whole : (sent + whole - 1) / whole
    }

    /// What a newcomer's player is to have in hand `seconds` after the beginning of its stream.
    ///
    /// What it begins with is overdue when it is asked for: until then it shows nothing.
    private func hand(at seconds: Double) -> Double {
        let ramp = min(max(seconds, 0), 1)
        return newcomerHand * ramp - mostOverdue * (1 - ramp)
    }

    private func weight(of receiver: Receiver) -> Double {
        switch receiver {
        case .inner: 0
        case .newLeaf: newLeafWeight
        case .leaf: leafWeight
        }
    }
}

/// Where in the stream a newcomer's player begins.
struct PlayerStart: Hashable, Sendable {
    /// How far behind the stream, in seconds.
    var lag: Double
    /// When its first piece was published, in seconds of this node's clock.
    var first: Double
}
