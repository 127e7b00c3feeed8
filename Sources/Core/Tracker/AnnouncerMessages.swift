// What an announcer is told and what it says: plain values for drivers, transcripts and status.

package import Primitives

/// The name of one request of one announcer; never used twice.
package struct RequestID: Hashable, Sendable {
    /// The number of the request, from 1.
    package let number: UInt64
    /// Request `number`.
    package init(_ number: UInt64) { self.number = number }
}

/// What has come of a tracker, for status and log; free of control characters.
package struct TrackerNote: Hashable, Sendable {
    /// What has come of it.
    package enum Outcome: Hashable, Sendable {
        /// It answered with `peers` usable peers and wants the next announce after `interval`.
        case answered(peers: Int, interval: Interval, seeders: Int?, leechers: Int?)
        /// It answered, and warns.
        case warned(String)
        /// It did not answer or refused, and is left alone for `pause`.
        case failed(reason: String, pause: Interval)
        /// It is never asked, for the reason given.
        case passedOver(reason: String)
    }

    /// The tracker, as the torrent names it.
    package var url: String
    /// What has come of it.
    package var outcome: Outcome

    /// The outcome at `url`.
    package init(url: String, outcome: Outcome) {
        self.url = url
        self.outcome = outcome
    }
}

extension Announcer {
    /// What has happened.
    package enum Input: Hashable, Sendable {
        /// The torrent was started: announce it.
        case started
        /// The last missing piece came.
        case completed
        /// Bytes were moved; goes into the next announce.
        case counted(TransferCounters)
        /// The swarm was found too small; holds until a tracker has answered. Repeat while it is so.
        case peersWanted
        /// Somebody looks at the numbers of the swarm. Repeat while it is so.
        case countsWanted
        /// The tracker's whole answer came, with its HTTP status.
        case responded(RequestID, status: Int, body: [UInt8])
        /// A tracker that was asked by UDP answered.
        case answered(RequestID, UDPTrackerExchange.Answer)
        /// The request failed before an answer.
        case failed(RequestID, reason: String)
        /// The deadline was reached.
        case timePassed
        /// The torrent was stopped: say goodbye.
        case stopped
    }

    /// What the driver is to do.
    package enum Output: Hashable, Sendable {
        /// Send a GET for `url` and answer with `responded` or `failed`.
        case request(RequestID, url: String)
        /// Ask this tracker by UDP and answer with `answered` or `failed`.
        case ask(RequestID, UDPTrackerAddress, UDPTrackerExchange.Question)
        /// Hand these peers to the swarm.
        case discovered([Endpoint])
        /// Show what has come of a tracker.
        case note(TrackerNote)
        /// Forget this announcer: its trackers know, or had their time.
        case finished
    }
}
