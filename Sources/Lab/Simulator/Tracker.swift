// The tracker of a world: it knows everybody who has joined and not said good-bye, and answers
// with some of them by chance, as trackers do.

import Primitives
import Swarm

extension World {
    /// Peers in an answer: what BEP 3 trackers give.
    private var answerSize: Int { 50 }
    /// No node asks more often.
    private var announceFloor: Interval { .seconds(5) }

    /// A node asks the tracker; the answer takes two round trips (connect, ask).
    mutating func announce(_ node: Int) {
        guard !nodes[node].isAnnouncing else { return }
        nodes[node].isAnnouncing = true
        let earliest = nodes[node].announcedAt.map { $0 + announceFloor } ?? now
        let answer =
            max(now, earliest, nodes[node].cutUntil) + (nodes[node].link.delay + .milliseconds(10))
            * 4
        queue.plan(.discovered(node: Int32(node)), at: answer)
    }

    /// The answer comes.
    mutating func discover(_ node: Int) {
        nodes[node].isAnnouncing = false
        nodes[node].announcedAt = now
        guard nodes[node].isAlive, now < trackerEnds else { return }
        var others = nodes.indices.filter { $0 != node && isListed($0) }
        if others.count > answerSize {
            for i in 0..<answerSize {
                others.swapAt(i, Int.random(in: i..<others.count, using: &random))
            }
            others.removeLast(others.count - answerSize)
        }
        feed(node, .discovered(others.map { endpoint(of: $0) }))
    }

    private func isListed(_ node: Int) -> Bool {
        nodes[node].announcedAt != nil && !nodes[node].saidGoodbye
    }
}
