// How metadata is fetched and served, and how much of it. Values only.

package import Primitives

/// The limits of an exchange of metadata.
package struct MetadataSettings: Hashable, Sendable {
    /// Bytes of metadata: the largest torrents of the world have some 3 MiB.
    package var bytes = 4_194_304
    /// The requests to one peer that are under way: enough for a line of 1 MB/s over 64 ms.
    package var requests = 4
    /// How many peers are asked for a piece when nothing else is left to ask for: the first answers,
    /// and a magnet link opens as soon as that.
    package var copies = 3
    /// How long a peer has for a piece: 1 kB/s over a poor line.
    package var answerTime = Interval.seconds(15)
    /// How long a peer rests that did not answer or refused; it doubles with each in a row.
    package var rest = Interval.seconds(15)
    /// The longest such rest.
    package var longestRest = Interval.seconds(240)
    /// The versions of the metadata that are fetched at once, where peers do not agree.
    package var attempts = 3
    /// How long such a version may bring nothing while others wait.
    package var stall = Interval.seconds(20)
    /// How often a peer is sent each piece, on the average: once, and once more for what was lost.
    package var servings = 2

    /// The defaults.
    package init() {}
}
