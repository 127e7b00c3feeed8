// Which waiting block goes first. A pure function of plain values; the queue is UploadQueue's.

import Primitives

/// The order of sending.
struct SendOrder: Sendable {
    /// What a copy of the piece that has gone counts, in seconds: the least-sent piece first, as
    /// PULSE has it.
    var copyWeight: Double
    /// What a leaf waits for those who pass on, in seconds: eight copies' time on a home line.
    var leafWeight = 0.5
    /// What a newcomer's first key frame is ahead of other pieces, in seconds, however many
    /// copies have gone: somebody looks at nothing until it comes.
    var openingWeight = 1.0
    /// After this long catching up takes its turn: whoever asks so late has nobody else.
    var patience = Interval.milliseconds(800)
    /// Whether an older piece goes in the place of a newer one that a leaf waits for too.
    var olderFirst = true

    /// The score of a block, of whose piece `copies` have gone; the least goes first.
    ///
    /// In seconds: waiting counts against itself. Catching up goes after all that is spread for
    /// the first time, for a while: a tree that waits for those who fell out of it makes more of
    /// them fall out. A leaf waits for those who pass on: nobody waits for the leaf.
    func score(
        of upload: Upload, copies: Int, passesOn: @autoclosure () -> Bool, at now: Instant
    ) -> Double {
        var score = copyWeight * Double(copies)
        switch upload.purpose {
        case .catchUp: if now - upload.since < patience { score += 1000 }
        case .opening: score = -openingWeight
        case .welcome, .scarce: break
        case .live: if !passesOn() { score += leafWeight }
        }
        return score - (now - upload.since).seconds
    }
}
