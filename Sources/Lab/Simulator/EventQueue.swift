// What is going to happen, in order of time. Events of one moment happen in the order in which
// they were planned, so that a run repeats. Knows nothing of what events mean.

import Primitives

/// What happens at a moment; numbers name nodes and flows.
///
/// Small numbers: a big swarm has ten thousands of events planned.
enum Event: Sendable {
    /// A node's engine or player wants to be called.
    case wake(node: Int32)
    /// A node looks at what is unacknowledged on its connections.
    case sample(node: Int32)
    /// A node's uplink has room again.
    case pump(node: Int32)
    /// Bytes have passed the network and stand before the receiver's downlink.
    case arrived(flow: FlowID, bytes: Int32)
    /// Bytes are through the receiver's downlink.
    case delivered(flow: FlowID, bytes: Int32)
    /// A SYN stands before a NAT.
    case knocked(node: Int32, by: Int32)
    /// A handshake has reached the node that was dialled.
    case greeted(node: Int32, by: Int32)
    case connected(node: Int32, to: Int32)
    /// The answer to a handshake has reached the node that dialled.
    case answered(flow: FlowID)
    /// A dial has come to nothing.
    case dialFailed(node: Int32, target: Int32)
    /// The other end of a connection has closed it.
    case hungUp(flow: FlowID)
    /// A tracker's answer has come.
    case discovered(node: Int32)
    /// TCP tries again after an outage.
    case awake(flow: FlowID)
    /// The source has a piece.
    case publish
    /// A planned action of the scenario.
    case act(Int32)
}

/// A priority queue of events: a heap in which each has four below it, so that few of them are
/// touched.
struct EventQueue: Sendable {
    private struct Entry: Sendable {
        var at: Instant
        var number: UInt64
        var event: Event

        static func < (a: Self, b: Self) -> Bool {
            a.at == b.at ? a.number < b.number : a.at < b.at
        }
    }

    private var heap: [Entry] = []
    private var planned: UInt64 = 0

    /// When the next event happens.
    var next: Instant? { heap.first?.at }

    /// Plans an event.
    mutating func plan(_ event: Event, at moment: Instant) {
        planned += 1
        let entry = Entry(at: moment, number: planned, event: event)
        heap.append(entry)
        var hole = heap.count - 1
        while hole > 0 {
            let parent = (hole - 1) / 4
            guard entry < heap[parent] else { break }
            heap[hole] = heap[parent]
            hole = parent
        }
        heap[hole] = entry
    }

    /// Takes the next event.
    mutating func take() -> (at: Instant, event: Event)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty { sink(last) }
        return (first.at, first.event)
    }

    /// Puts `entry` in at the top and lets it sink to its place.
    private mutating func sink(_ entry: Entry) {
        var hole = 0
        while true {
            let first = hole * 4 + 1
            guard first < heap.count else { break }
            var child = first
            for other in first + 1..<max(first + 1, min(first + 4, heap.count))
            where heap[other] < heap[child] { child = other }
            guard heap[child] < entry else { break }
            heap[hole] = heap[child]
            hole = child
        }
        heap[hole] = entry
    }
}
