// Which waiting block goes first. A pure function of plain values; the queue is UploadQueue's.

import Primitives

/// The order of sending: what a player needs soonest goes first (earliest deadline first, Liu and
/// Layland, 1973), and what has gone least before what has gone more.
struct SendOrder: Sendable {
    /// What a copy of the piece that has gone counts, in seconds: the least-sent piece first, as
    /// PULSE has it.
    var copyWeight: Double
    /// What a leaf waits for those who pass on, in seconds: eight copies' time on a home line.
    var leafWeight = 0.8
    /// What a newcomer's first key frame is ahead of other pieces, in seconds, however many
    /// copies have gone: somebody looks at nothing until it comes.
    var openingWeight = 2.0
    /// Whether deadlines count, or only how long a block has waited.
    var byDeadline = true

    /// The score of a block, of whose piece `copies` have gone, in seconds; the least goes first.
    ///
    /// A leaf waits for those who pass on: nobody waits for the leaf.
    func score(
        of upload: Upload, copies: Int, passesOn: @autoclosure () -> Bool
    ) -> Double {
        let moment = ((byDeadline ? upload.due : upload.since) - .zero).seconds
        if upload.purpose == .opening { return moment - openingWeight }
        return moment + copyWeight * Double(copies) + (passesOn() ? 0 : leafWeight)
    }
}
