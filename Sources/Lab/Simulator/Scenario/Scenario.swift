// What a run is about: the stream, the source, who else is there and when, and what goes wrong.
// A value; ScenarioFile (in Console) reads it from a file, World+Scenario makes a world of it.

import Pieces
package import Primitives
package import Swarm

/// A swarm to be simulated.
package struct Scenario: Hashable, Sendable {
    /// One line for people.
    package var about = ""
    /// How long it runs.
    package var length = Interval.seconds(60)
    /// What a run follows from.
    package var seed: UInt64 = 1
    /// From when on is measured; nil begins when the last planned newcomer joins, or, with people
    /// who come and go, after a tenth of the run.
    package var measuredFrom: Interval?
    /// The least unit in which connections share a line, in bytes of a flow.
    ///
    /// Four packets: a quarter of the packet events, at a price that docs/SIMULATOR.md states.
    package var quantum = 5792
    /// The policies of delivery that every node follows, and its order of picking.
    package var policies = DeliveryPolicies.all
    package var pickOrder = PickOrder.deadline
    /// What is broadcast.
    package var stream: StreamShape
    /// The source's line.
    package var source: AccessLink
    /// Those who watch or pass on.
    package var groups: [Group] = []
    /// What happens to them.
    package var incidents: [Incident] = []

    /// A broadcast of `stream` by a source on the line `source`, to nobody yet.
    package init(stream: StreamShape, source: AccessLink) {
        self.stream = stream
        self.source = source
    }

    /// Viewers, not counting those who replace others.
    package var viewers: Int {
        groups.filter { !$0.isRelay }.reduce(0) { $0 + $1.count }
    }

    /// The upload that there is, in multiples of what the viewers consume.
    ///
    /// The source's, relays' and viewers' lines count; those of free riders do not.
    package var resourceIndex: Double {
        let viewed = stream.rate.bytesPerSecond * Double(max(viewers, 1))
        let giving = groups.filter { $0.conduct != .freeRider }
        let given = giving.reduce(source.up.bytesPerSecond) { $0 + Double($1.count) * $1.meanUp }
        return given / viewed
    }

    /// The same with `count` viewers, shared out among the groups as before.
    package func scaled(to count: Int) -> Scenario {
        var copy = self
        let before = max(viewers, 1)
        var (seen, given) = (0, 0)
        for index in copy.groups.indices where !copy.groups[index].isRelay {
            seen += copy.groups[index].count
            let upTo = seen * count / before
            copy.groups[index].count = upTo - given
            given = upTo
        }
        return copy
    }
}

extension Scenario {
    /// Nodes of one kind.
    package struct Group: Hashable, Sendable {
        /// Relays have no player.
        package var isRelay = false
        /// How many there are.
        package var count: Int
        /// Their line; its uplink is replaced by one of `ups` where there are any.
        package var line: AccessLink
        /// Uplinks and how many have them, in parts of all.
        package var ups: [Share] = []
        /// The part of them that cannot be dialled.
        package var natShare = 0.0
        /// Of these, the part behind NATs that cannot be punched.
        package var symmetricShare = 0.0
        /// How they behave.
        package var conduct = Conduct.honest
        /// When the first of them comes, and how the others follow.
        package var from = Interval.zero
        package var joins = Joins.apart(.zero)
        /// How long they stay on average, exponentially distributed; nil stays to the end.
        package var meanStay: Interval?
        /// The part of those who leave that does so without a word.
        package var silentShare = 0.0
        /// Whether somebody new comes for everybody who leaves by `meanStay`.
        package var isReplaced = false

        /// A group of `count` on lines like `line`.
        package init(count: Int, line: AccessLink) {
            self.count = count
            self.line = line
        }

        /// The mean of their uplinks in bytes a second.
        var meanUp: Double {
            guard !ups.isEmpty else { return line.up.bytesPerSecond }
            let parts = ups.reduce(0) { $0 + $1.part }
            return ups.reduce(0) { $0 + $1.part * $1.up.bytesPerSecond } / max(parts, 1e-9)
        }
    }

    /// An uplink that a part of a group has.
    package struct Share: Hashable, Sendable {
        /// Of the whole, in any unit.
        package var part: Double
        /// The uplink.
        package var up: ByteRate

        /// `part` of a group has `up`.
        package init(part: Double, up: ByteRate) {
            self.part = part
            self.up = up
        }
    }

    /// How nodes follow each other.
    package enum Joins: Hashable, Sendable {
        /// One each so often; zero is a flash crowd.
        case apart(Interval)
        /// Evenly within so long, however many they are.
        case within(Interval)
        /// By chance, so many a second on average (a Poisson process).
        case poisson(Double)
    }

    /// Something that happens.
    package struct Incident: Hashable, Sendable {
        /// When.
        package var at: Interval
        /// To whom.
        package var who: Who
        /// What.
        package var what: What

        /// `what` happens to `who` after `at`.
        package init(at: Interval, who: Who, what: What) {
            (self.at, self.who, self.what) = (at, who, what)
        }
    }

    /// Whom an incident meets.
    package enum Who: Hashable, Sendable {
        /// The source.
        case source
        /// A part of the viewers, or of the relays, by chance among those who are there.
        case viewers(share: Double)
        case relays(share: Double)
    }

    /// What an incident does.
    package enum What: Hashable, Sendable {
        /// They go: a part of them without a word, and as many come anew if replaced.
        case leave(silentShare: Double, isReplaced: Bool)
        /// Their lines carry nothing for so long.
        case cut(Interval)
        /// They cannot reach the others for so long, but each other.
        case partition(Interval)
    }
}
