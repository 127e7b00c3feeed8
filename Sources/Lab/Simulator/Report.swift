// What a run was like, in numbers: for each viewer, for the source, for all.

package import Pieces
package import Primitives
package import Swarm

/// What a viewer saw.
package struct ViewerReport: Hashable, Sendable {
    /// From joining to the first piece at the player; nil where none came.
    package var startup: Interval?
    /// From publication to the player: the median, the 99th percentile, the worst.
    package var lagMedian = Interval.forever
    package var lagHigh = Interval.forever
    package var lagWorst = Interval.forever
    /// The last piece that the player got.
    package var last: PieceIndex?
    /// Pieces that the player got, and did without.
    package var delivered = 0
    package var skipped = 0
    package var stalls = 0
    /// Pieces with garbage in them that the player got.
    package var garbage = 0
    /// Bytes received and sent with headers, in multiples of the stream while it was there.
    package var received = 0.0
    package var sent = 0.0
    /// The engine's own numbers.
    package var counters = SwarmCounters()
}

/// What a run was like.
package struct Report: Sendable {
    /// The viewers in the order in which they were added.
    package var viewers: [ViewerReport] = []
    /// All bytes that the source sent, headers included, divided by the bytes of the stream.
    package var copies = 0.0
    /// The fingerprint of the run.
    package var digest: UInt64 = 0
    /// Events handled.
    package var events = 0

    /// The median of the viewers' medians.
    package var lagMedian: Interval { middle(viewers.map(\.lagMedian)) }
    /// The worst of the viewers' 99th percentiles.
    package var lagHigh: Interval { viewers.map(\.lagHigh).max() ?? .forever }
    /// The most that a viewer received.
    package var mostReceived: Double { viewers.map(\.received).max() ?? 0 }
    /// Skipped pieces of all viewers.
    package var skipped: Int { viewers.reduce(0) { $0 + $1.skipped } }
    /// Bytes that came twice or unasked, of all bytes of blocks that viewers got.
    package var waste: Double {
        let wasted = viewers.reduce(0) { $0 + $1.counters.wastedBytes }
        let useful = viewers.reduce(0) { $0 + $1.counters.usefulBytes }
        return useful == 0 ? 0 : Double(wasted) / Double(wasted + useful)
    }
}

private func middle(_ values: [Interval]) -> Interval {
    values.isEmpty ? .forever : values.sorted()[values.count / 2]
}

extension World {
    /// What was measured of one node.
    package func log(of node: NodeID) -> NodeLog { nodes[node.number].log }

    /// What has been measured so far, over deliveries from `start` on.
    package func report(from start: Instant = .zero) -> Report {
        var report = Report()
        let span = (min(now, publishesUntil) - .zero).seconds
        let sent = Double(nodes.first?.log.sent ?? 0)
        report.copies = sent / max(stream.rate.bytesPerSecond * span, 1)
        report.viewers = nodes.dropFirst().filter { $0.schedule != nil }.map {
            self.report(on: $0, from: start)
        }
        report.digest = digest
        report.events = eventCount
        return report
    }

    /// The number of the node's report is one less than its own where all are viewers.
    private func report(on node: Node, from start: Instant) -> ViewerReport {
        var report = ViewerReport()
        let log = node.log
        report.startup = log.deliveries.first.map { $0.at - log.joinedAt }
        let lags = log.deliveries.filter { $0.at >= start }.map(\.lag).sorted()
        if let worst = lags.last {
            report.lagMedian = lags[lags.count / 2]
            report.lagHigh = lags[lags.count * 99 / 100]
            report.lagWorst = worst
        }
        report.last = log.deliveries.last?.piece
        report.delivered = log.deliveries.count
        report.skipped = log.skips.count
        report.stalls = log.stalls.count
        report.garbage = log.garbage
        let there = max(((log.leftAt ?? now) - log.joinedAt).seconds, 0.001)
        report.received = Double(log.received) / (stream.rate.bytesPerSecond * there)
        report.sent = Double(log.sent) / (stream.rate.bytesPerSecond * there)
        report.counters = node.engine.counters
        return report
    }
}

extension ViewerReport: CustomStringConvertible {
    /// One line for people.
    package var description: String {
        let start = startup.map { "\(Int($0.milliseconds))" } ?? "never"
        return "start \(start) ms, lag \(ms(lagMedian))/\(ms(lagHigh))/\(ms(lagWorst)) ms, "
            + "\(delivered) pieces, \(skipped) skipped, \(stalls) stalls, "
            + "in \(hundredths(received)), out \(hundredths(sent)), "
            + "rescues \(counters.rescues), wasted \(counters.wastedBytes / 1024) KiB"
    }

    private func ms(_ span: Interval) -> String {
        span == .forever ? "-" : "\(Int(span.milliseconds))"
    }
}

extension Report: CustomStringConvertible {
    /// A line for the swarm and one for each viewer.
    package var description: String {
        let head =
            "copies \(hundredths(copies)), lag \(lagMedian.milliseconds) ms, "
            + "skipped \(skipped), waste \(hundredths(waste * 100)) %, events \(events)"
        return ([head] + viewers.map(\.description)).joined(separator: "\n")
    }
}

private func hundredths(_ value: Double) -> String {
    let whole = Int(value * 100 + 0.5)
    return "\(whole / 100).\(whole / 10 % 10)\(whole % 10)"
}
