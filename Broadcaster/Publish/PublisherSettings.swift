// The tunables of publishing, with their units and reasons.

package import Primitives

import Metainfo

/// How pieces are filled and records are grouped.
package struct PublisherSettings: Hashable, Sendable {
    /// The longest time for which a piece is left unfilled.
    ///
    /// A slow stream then lags by no more than this; what it costs is null packets, at most
    /// a piece for each such time.
    package var fillAfter = Interval.milliseconds(250)
    /// The longest stretch of the source's time that a record covers.
    ///
    /// At the usual 8 to 16 pieces a second that is one piece or two; more would make viewers
    /// wait for the hashes of pieces that they could have.
    package var recordSpan = Interval.milliseconds(100)
    /// The most pieces in a record; clamped to what the format takes.
    package var piecesPerRecord = RecordDraft.maximumPieces {
        didSet { piecesPerRecord = min(max(1, piecesPerRecord), RecordDraft.maximumPieces) }
    }

    /// The defaults.
    package init() {}
}
