// Two nodes that find each other in several ways at once - by a tracker, on the local network, by
// IPv4 and by IPv6 - make several connections, of which one is to stay. Compares names, which are
// no secret: what is of use gives way to no name alone.

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
    /// And is, whatever the address of the other one, after longer than keep-alives take (BEP 3).
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

    /// Whether a new connection is one too many beside those of the same node.
    func isOneTooMany(_ new: TorrentIntroduction, _ now: Instant) -> Bool {
        let twins = twins(of: new)
        guard !twins.isEmpty else { return false }
        guard isOurs(choiceWith: new.id) else { return twins.count >= Self.mostTwins }
        return twins.contains {
            now - peers[$0].heardAt < Self.quiet && !yields($0, to: new, now)
        }
    }

    /// A connection comes beside others of the same node: says something on those, so that the other
    /// end knows that they live; answers whether there are any.
    mutating func greetTwins(
        of new: TorrentIntroduction, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) -> Bool {
        let twins = twins(of: new)
        for twin in twins {
            peers[twin].toldAt = now
            outputs.append(.send(twin, .keepAlive))
        }
        return !twins.isEmpty
    }

    /// Closes one of several connections to a node that nobody has chosen between: the newest, but
    /// where it speaks and the older do not.
    ///
    /// From another address it is not believed at once to be the same node: if it is of use both stay
    /// until the older has spoken, or was silent for longer than keep-alives take.
    mutating func choose(
        between peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        let new = peers[peer]
        let patience = isOurs(choiceWith: new.introduction.id) ? Self.choosing : Self.meeting
        guard now - new.joinedAt >= patience else { return }
        let older = twins(of: new.introduction).filter { peers[$0].serial < new.serial }
        let isNear = older.contains { peers[$0].household == new.household }
        if older.isEmpty {
            peers[peer].isTwin = false
        } else if older.contains(where: { peers[$0].heardAt > new.joinedAt })
            || new.heardAt == new.joinedAt || !isNear && new.received + new.sent == 0
        {
            close(peer, .duplicate, now, &outputs)
        } else {
            let dead = older.filter {
                peers[$0].household == new.household || now - peers[$0].heardAt > Self.silent
            }
            for old in dead { close(old, .duplicate, now, &outputs) }
        }
    }
}
