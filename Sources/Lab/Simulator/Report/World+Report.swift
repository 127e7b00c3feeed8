// Takes the measures of a run.

import Pieces
package import Primitives
import Swarm

extension World {
    /// What was measured of one node.
    package func log(of node: NodeID) -> NodeLog { nodes[node.number].log }

    /// When a delivery happened.
    package func moment(of delivery: Delivery) -> Instant {
        publishedAt[Int(delivery.piece.value)] + delivery.lag
    }

    /// From now on the source's bytes are counted for `Report.copies`.
    mutating func beginMeasuring() {
        measuredFrom = now
        sourceSentBefore = nodes.first?.log.sent ?? 0
        for node in nodes.indices { nodes[node].log.receivedBefore = nodes[node].log.received }
    }

    /// What has been measured so far, over deliveries from `start` on.
    package func report(from start: Instant? = nil) -> Report {
        let start = start ?? measuredFrom
        var report = Report()
        report.length = now - .zero
        report.measuredFrom = start
        report.cutting = stream.pieceTime * 0.5
        report.copies = copies
        let watching = nodes.indices.filter { nodes[$0].isViewer && wasThere($0) }
        report.viewers = watching.map { self.report(on: $0, from: start) }
        report.startup = Spread(report.viewers.compactMap(\.startup))
        report.lag = Spread(watching.flatMap { lags(of: nodes[$0].log, from: start) })
        report.dry = [0.5, 1, 2, 4].map { seconds in
            let buffer = Interval.seconds(seconds)
            return (
                buffer,
                watching.reduce(.zero) { $0 + standstill(of: nodes[$1].log, with: buffer) }
            )
        }
        addCauses(watching, from: start, to: &report)
        report.recoveries = recoveries
        addHops(to: &report)
        report.traffic = TrafficKind.allCases.map {
            ($0, traffic[$0.rawValue].count, traffic[$0.rawValue].bytes)
        }
        report.digest = digest
        report.events = eventCount
        return report
    }

    private func wasThere(_ node: Int) -> Bool {
        nodes[node].isAlive || nodes[node].log.leftAt != nil
    }

    private var copies: Double {
        let sent = Double((nodes.first?.log.sent ?? 0) - sourceSentBefore)
        let pieces = publishedAt.count { $0 >= measuredFrom }
        return sent / max(Double(pieces * stream.geometry.pieceLength), 1)
    }

    private func lags(of log: NodeLog, from start: Instant) -> [Interval] {
        log.deliveries.filter { moment(of: $0) >= start }.map(\.lag)
    }

    private func report(on number: Int, from start: Instant) -> ViewerReport {
        let (node, log) = (nodes[number], nodes[number].log)
        var report = ViewerReport()
        report.number = number
        (report.joinedAt, report.leftAt) = (log.joinedAt, log.leftAt)
        (report.conduct, report.isBehindNAT) = (node.conduct, node.link.isBehindNAT)
        report.startup = log.startedAt.map { $0 - log.joinedAt }
        report.lag = Spread(lags(of: log, from: start))
        report.last = log.deliveries.last?.piece
        report.delivered = log.deliveries.count
        report.skipped = log.skips.count
        report.stalls = log.stalls.count
        report.stalled = standstill(of: log, from: start)
        report.continuity = continuity(of: log, from: start)
        report.garbage = log.garbage
        let there = max(((log.leftAt ?? now) - log.joinedAt).seconds, 0.001)
        report.receivedBytes = log.received
        report.received = Double(log.received) / (stream.rate.bytesPerSecond * there)
        let measured = max(((log.leftAt ?? now) - max(log.joinedAt, measuredFrom)).seconds, 0.001)
        report.steady =
            Double(log.received - log.receivedBefore) / (stream.rate.bytesPerSecond * measured)
        report.sent = Double(log.sent) / (stream.rate.bytesPerSecond * there)
        report.counters = node.counters
        return report
    }

    /// How long a player stands still that begins with `buffer` in hand: as long as a piece comes
    /// later than the first one did and the buffer allows for.
    private func standstill(of log: NodeLog, with buffer: Interval) -> Interval {
        guard let first = log.deliveries.first?.lag else { return .zero }
        let worst = log.deliveries.reduce(first) { max($0, $1.lag) }
        return max(worst - first - buffer, .zero)
    }

    private func standstill(of log: NodeLog, from start: Instant) -> Interval {
        log.stalls.reduce(.zero) { $0 + length(of: $1, log, from: start) }
    }

    /// How long a stall took within what is measured.
    private func length(of stall: Stall, _ log: NodeLog, from start: Instant) -> Interval {
        let end = stall.length.map { stall.at + $0 } ?? log.leftAt ?? now
        return max(end - max(stall.at, start), .zero)
    }

    /// A piece is there in time if the player did not skip it and did not stand still for it: each
    /// piece's time of standing still is one that was not.
    private func continuity(of log: NodeLog, from start: Instant) -> Double {
        let inTime = Double(log.deliveries.count { moment(of: $0) >= start })
        let skipped = Double(log.skips.count { $0.at >= start })
        let missed = standstill(of: log, from: start).seconds / stream.pieceTime.seconds
        let due = inTime + skipped + missed
        return due == 0 ? 1 : inTime / due
    }

    private func addCauses(_ watching: [Int], from start: Instant, to report: inout Report) {
        for number in watching {
            let log = nodes[number].log
            for skip in log.skips where skip.at >= start {
                report.skips[skip.cause, default: 0] += 1
            }
            for stall in log.stalls {
                let length = length(of: stall, log, from: start)
                guard length > .zero else { continue }
                report.stalls[stall.cause, default: (0, .zero)].count += 1
                let sum = report.stalls[stall.cause, default: (0, .zero)].length + length
                report.stalls[stall.cause]?.length = sum
            }
        }
    }

    private func addHops(to report: inout Report) {
        for node in nodes where node.isAlive && node.isViewer {
            for depth in node.engine.depths {
                guard let depth else {
                    report.unfed += 1
                    continue
                }
                while report.hops.count <= depth { report.hops.append(0) }
                report.hops[depth] += 1
            }
        }
    }
}
