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
    /// One that has said nothing for this long may be dead: of a line that was cut.
    private static let quiet = Interval.seconds(20)
    /// And whatever the address, after longer than keep-alives take (BEP 3).
    private static let silent = Interval.seconds(130)
    /// Connections with one name: by several addresses of both, from both ends.
    ///
    /// More than that are somebody's who uses a name again and again.
    private static let mostTwins = 8

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
    /// The end that chooses keeps the first that it opened itself. What the other opened gives way
    /// only while it is young and of no use yet: names are no secret.
    private func yields(_ twin: PeerHandle, to new: TorrentIntroduction, _ now: Instant) -> Bool {
        let old = peers[twin]
        return isOurs(choiceWith: new.id) && new.outgoing && !old.introduction.outgoing
            && old.received + old.sent == 0 && now - old.joinedAt < Self.meeting
    }

    /// The connections whose place a new one takes.
    func superseded(by new: TorrentIntroduction, _ now: Instant) -> [PeerHandle] {
        let twins = twins(of: new)
        return twins.allSatisfy { yields($0, to: new, now) } ? twins : []
    }

    /// Whether a connection may be dead, as the same node seems to be here anew.
    ///
    /// From elsewhere a name alone is believed only when nothing was heard for long.
    private func seemsDead(
        _ old: PeerHandle, beside new: TorrentIntroduction, _ now: Instant
    ) -> Bool {
        let isNear = peers[old].household == Household(new.endpoint.address)
        return now - peers[old].heardAt > (isNear ? Self.quiet : Self.silent)
    }

    /// Whether a new connection is one too many beside those of the same node.
    func isOneTooMany(_ new: TorrentIntroduction, _ now: Instant) -> Bool {
        let twins = twins(of: new)
        guard !twins.isEmpty else { return false }
        guard isOurs(choiceWith: new.id) else { return twins.count >= Self.mostTwins }
        return twins.contains { !seemsDead($0, beside: new, now) && !yields($0, to: new, now) }
    }

    /// Closes one of several connections to a node that nobody has chosen between: the newest, but
    /// where the older seem to be dead and it is not.
    mutating func choose(
        between peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        let new = peers[peer]
        let patience = isOurs(choiceWith: new.introduction.id) ? Self.choosing : Self.meeting
        guard now - new.joinedAt >= patience else { return }
        peers[peer].isTwin = false
        let older = twins(of: new.introduction).filter { peers[$0].serial < new.serial }
        guard !older.isEmpty else { return }
        let areDead = older.allSatisfy { seemsDead($0, beside: new.introduction, now) }
        guard areDead, new.heardAt > new.joinedAt else {
            return close(peer, .duplicate, now, &outputs)
        }
        for old in older { close(old, .duplicate, now, &outputs) }
    }
}
