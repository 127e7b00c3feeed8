// Two nodes that find each other in several ways at once - by a tracker, on the local network, by
// IPv4 and by IPv6 - make several connections, of which one is to stay. Compares names; what a
// connection is of use for is not looked at.

import Primitives
import Wire

extension TorrentEngine {
    /// Connections are made at the same moment within this, as attempts that fail are made again for
    /// that long; and for so long the end that does not choose waits for the other's choice.
    private static let meeting = Interval.seconds(10)
    /// The end that chooses has chosen by then: before the other would.
    private static let choosing = Interval.seconds(5)
    /// One that has said nothing for this long may be dead: of a line that was cut, or an address
    /// that has changed.
    private static let quiet = Interval.seconds(20)
    /// Connections with one name: by IPv4 and IPv6, from this end and from the other.
    ///
    /// More than that are somebody's who uses a name again and again.
    private static let mostTwins = 4

    /// The connections that are here of the node that a new one leads to.
    func twins(of new: TorrentIntroduction) -> [PeerHandle] {
        peers.handles.filter { !peers[$0].isWeb && peers[$0].introduction.id == new.id }
    }

    /// Whether this end chooses which of the connections to a node stays.
    ///
    /// One of the two ends has to: both know different connections, in different order, and if both
    /// close those that they have too many they close all, and try again at the same time. It is
    /// that with the greater name, as in libtorrent.
    private func isOurs(choiceWith name: PeerID) -> Bool {
        name.value.bytes.lexicographicallyPrecedes(ourID.value.bytes)
    }

    /// Whether a new connection is to take the place of a twin at once.
    ///
    /// The end that chooses keeps the newest that it opened itself, as libtorrent does at both ends.
    /// Only a young one gives way: names are no secret.
    func yields(_ twin: PeerHandle, to new: TorrentIntroduction, _ now: Instant) -> Bool {
        isOurs(choiceWith: new.id) && new.outgoing && now - peers[twin].joinedAt < Self.meeting
    }

    /// Whether a new connection is one too many beside those of the same node.
    func isOneTooMany(_ new: TorrentIntroduction, _ now: Instant) -> Bool {
        let twins = twins(of: new)
        guard !twins.isEmpty else { return false }
        guard isOurs(choiceWith: new.id) else { return twins.count >= Self.mostTwins }
        return twins.contains { now - peers[$0].heardAt < Self.quiet }
    }

    /// Closes one of several connections to a node that nobody has chosen between: the newest, but
    /// where it has spoken since it is here and the older has not.
    mutating func choose(
        between peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        let name = peers[peer].introduction.id
        let patience = isOurs(choiceWith: name) ? Self.choosing : Self.meeting
        guard now - peers[peer].joinedAt >= patience else { return }
        let older = twins(of: peers[peer].introduction)
            .filter { peers[$0].serial < peers[peer].serial }
        peers[peer].isTwin = false
        let joinedAt = peers[peer].joinedAt
        guard !older.isEmpty else { return }
        let isAlive = older.contains { peers[$0].heardAt > joinedAt }
        guard !isAlive, peers[peer].heardAt > joinedAt else {
            return close(peer, .duplicate, now, &outputs)
        }
        for old in older { close(old, .duplicate, now, &outputs) }
    }
}
