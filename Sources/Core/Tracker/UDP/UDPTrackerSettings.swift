// How patient the client of UDP trackers is, and how much it keeps. Values only.

package import Primitives

/// The limits of an exchange with UDP trackers.
package struct UDPTrackerSettings: Hashable, Sendable {
    /// The time before the first repetition of a request; each further one doubles it (BEP 15).
    package var firstRepetition = Interval.seconds(15)
    /// The most doublings (BEP 15).
    package var doublings = 8
    /// How long a question is asked in all: three times, as datagrams are lost in bursts.
    package var answerTime = Interval.seconds(60)
    /// How long a connection identifier is used after it came (BEP 15).
    package var connectionLife = Interval.seconds(60)
    /// The bytes of a datagram that is looked at: 400 peers of IPv6 are more than any tracker sends.
    package var datagram = 8192
    /// The peers taken from one answer.
    package var peers = 3000
    /// The questions that are open at once: each torrent has one or two, 16 bytes every 15 s.
    package var questions = 2048
    /// The connection identifiers that are remembered.
    package var connections = 512

    /// The defaults.
    package init() {}
}
