// The tunables of trust: how long a neighbour that gives nothing is relied on, whom the source
// takes places from, and how much of what it gives beyond the trees one viewer may take.

package import Primitives

/// The tunables of trust in neighbours.
package struct TrustSettings: Hashable, Sendable {
    // MARK: Asking a second neighbour

    /// With this much to send, in seconds, a neighbour still counts as one that has little to do:
    /// a copy and a half on a home line.
    package var littleToSend = 0.1
    /// After so many times the patience anybody is asked, whatever there is to send.
    package var urgency = 2.0

    // MARK: Probation

    /// Pieces in vain of a neighbour that has never given one, until it is relied on no more.
    package var vainOfStrangers = 3
    /// The same of one that has: it may hang below a liar, and needs the time to leave that one.
    package var vainOfGivers = 8
    /// The same of one that has said nothing for `vainSilence`: whoever is there tells of its
    /// pieces more often.
    package var vainOfSilent = 2
    /// For how long a neighbour says nothing that has gone, rather than one that is slow: twice what
    /// lies between two words on pieces.
    package var vainSilence = Interval.milliseconds(1500)
    /// For how long it is not relied on the first time: a few rounds of the stripes.
    ///
    /// Each further time it is twice as long.
    package var probation = Interval.seconds(15)
    /// How often that doubles: to four minutes, so that one whose line was bad is tried again.
    package var probationDoublings = 4
    /// After so long without another it is as if it had never failed.
    package var probationForgotten = Interval.seconds(300)

    // MARK: The audit of those whom the source feeds

    /// A complaint counts for so long: that many pieces of a stripe should have come meanwhile.
    package var complaintMemory = Interval.seconds(4)
    /// After a child has been dismissed, others have so long to show that they do better.
    package var auditPause = Interval.seconds(8)
    /// A stripe is found dead if it has one in so many of all voices, and `auditVoices` at least.
    ///
    /// Where lines are full, everybody lacks something of every stripe, and each of eight has an
    /// eighth of the voices at most.
    package var auditShare = 3
    /// The fewest voices that find a stripe dead: two neighbours who lie together are found easily.
    package var auditVoices = 3
    /// Complaints of a stripe that are remembered: three from each neighbour that a source has.
    package var mostComplaints = 128
    /// The least and the greatest age of a piece, in seconds, to ask for which is a complaint: trees
    /// need a moment to carry it to everybody, and what is older may be somebody's backlog.
    package var complaintAges = 1.5...6.0
    /// Whoever is dismissed is not taken again in that stripe for so long.
    package var banishment = Interval.seconds(60)

    // MARK: What the source gives beyond the trees

    /// Every viewer may take this long a stretch of the stream at once: a newcomer's backlog.
    package var extraAtOnce = Interval.seconds(3)
    /// The part of all that is given that one viewer may take after that, at least.
    package var leastExtraPart = 1.0 / 16
    /// The same in equal parts, which are more than that where there are few: twice what would be
    /// its own, as not all take theirs.
    package var extraEqualParts = 2.0

    /// Whoever has had its part is given more while so much of the budget, which holds three
    /// seconds, is left: nobody else wants it then, and those within their part find it at once.
    package var extraReserve = Interval.seconds(2)

    // MARK: Those who come back

    /// For how long what was between us and a neighbour that has gone is kept: as long as it would
    /// take for its failings to be forgotten.
    package var returnMemory = Interval.seconds(300)
    /// How many are remembered: 25 times the neighbours that a node has.
    package var mostReturners = 1000
    /// How often whoever comes back is a newcomer at once: its line may fail, and people begin
    /// their players again.
    package var newcomerTimes = 3
    /// How often it is a newcomer after that, once each so long: a tenth of the time.
    package var newcomerAgain = Interval.seconds(60)

    /// The defaults.
    package init() {}
}
