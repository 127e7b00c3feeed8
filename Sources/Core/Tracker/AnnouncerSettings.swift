// How often an announcer speaks, and how much of an answer it believes. Values only.

package import Primitives

/// The limits of an announcer.
package struct AnnouncerSettings: Hashable, Sendable {
    /// Peers asked for in one announce: twice the neighbours that a viewer keeps (10 to 25).
    package var wanted = 50
    /// The least time between regular announces; trackers that say less are not believed.
    package var shortestInterval = Interval.seconds(60)
    /// The most time between regular announces, so that a hostile figure cannot silence us.
    package var longestInterval = Interval.seconds(24 * 3600)
    /// The time between announces where the tracker does not say: what most trackers say.
    package var usualInterval = Interval.seconds(1800)
    /// The least time between announces of a node that needs peers, whatever the tracker allows.
    package var shortestWait = Interval.seconds(15)
    /// The pause after a tracker's first failure; each further one doubles it.
    package var firstPause = Interval.seconds(5)
    /// The longest pause after failures, before jitter of a fifth either way.
    package var longestPause = Interval.seconds(900)
    /// How long a tracker by HTTP has for its whole answer: what libtorrent gives.
    package var answerTime = Interval.seconds(30)
    /// The same for a tracker by UDP, where what is lost is said again after 15 s and 45 s.
    package var datagramAnswerTime = Interval.seconds(60)
    /// How long a tracker may keep a round waiting before the next is asked too.
    ///
    /// One that is there answers within a second or two.
    package var turn = Interval.seconds(5)
    /// How long `stopped` may hold up the end of the process.
    package var stopTime = Interval.seconds(5)
    /// The age at which the numbers of a swarm are asked for anew, if somebody looks at them.
    package var scrapePause = Interval.seconds(300)
    /// The most trackers of one torrent that are listed at all.
    package var trackers = 100
    /// How much of an answer is believed.
    package var response = AnnounceResponse.Limits()

    /// The defaults.
    package init() {}
}
