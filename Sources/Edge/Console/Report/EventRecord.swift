// One JSON object a line, for programs that follow a node. New members may come; those that are
// there keep their meaning while `schema` is 1.

import Node
package import Primitives

/// An object for a line of `--json`.
package struct EventRecord: Hashable, Sendable {
    /// The version of the form.
    package static let schema = 1

    private var members: [JSON.Member]

    /// An event with its own members, after `schema`, `time` and `event`.
    package init(_ event: String, at wall: WallTime, _ members: [JSON.Member] = []) {
        let head: JSON = [
            "schema": .int(Self.schema), "time": .number(Double(wall.microseconds / 1000) / 1000),
            "event": .text(event),
        ]
        self.members = head.members + members
    }

    /// The object on one line.
    package var encoded: String { JSON.object(members).encoded }

    /// What ended the program.
    package static func failed(_ complaint: Complaint, at wall: WallTime) -> EventRecord {
        let object: JSON = [
            "code": .int(Int(complaint.status.rawValue)), "what": .text(complaint.what),
            "why": .text(complaint.why), "hint": JSON(complaint.hint),
        ]
        return EventRecord("failed", at: wall, object.members)
    }
}

extension JSON {
    /// The members of an object; none of anything else.
    var members: [Member] {
        if case .object(let members) = self { members } else { [] }
    }
}

extension Interval {
    /// Seconds, to the millisecond.
    var json: JSON { .number((seconds * 1000).rounded() / 1000) }
}

extension ByteRate {
    /// Whole bits a second.
    var json: JSON { .int(Int(min(bitsPerSecond, 1e15))) }
}

extension SwarmStatus {
    /// The swarm as an object.
    var json: JSON {
        [
            "peers": .int(peers.count), "seeders": seeders.map { .int($0) } ?? .null,
            "leechers": leechers.map { .int($0) } ?? .null, "down_bps": down.json,
            "up_bps": up.json,
            "downloaded": .int(downloaded), "uploaded": .int(uploaded), "wasted": .int(wasted),
            "pieces": .int(pieces), "rescues": .int(rescues), "poisoned": .int(poisoned),
            "forged": .int(forged), "dropped": .int(dropped),
            "hops": hops.map { .list([.int($0.lowerBound), .int($0.upperBound)]) } ?? .null,
            "edge": edge.map { .int(Int($0)) } ?? .null,
        ]
    }
}
