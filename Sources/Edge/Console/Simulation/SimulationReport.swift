// A run of a scenario, for people and for programs. docs/SIMULATOR.md says how to read it.

import Pieces
package import Primitives
package import Simulator
import Swarm

/// What is told of a run.
package struct SimulationReport: Sendable {
    private let scenario: Scenario
    private let report: Report
    private let took: Interval?

    /// The report on a run of `scenario`, which took so long on this machine.
    package init(_ scenario: Scenario, _ report: Report, took: Interval? = nil) {
        (self.scenario, self.report, self.took) = (scenario, report, took)
    }

    // MARK: People

    /// The rows of `p2ptv simulate`.
    package var text: String {
        table(rows) + causes
            + (took.map { "\nran \(span(report.length)) in \(seconds($0))\n" } ?? "")
    }

    private var rows: [(name: String, value: String)] {
        var rows = [
            ("viewers", viewers),
            ("seed", "\(scenario.seed), digest \(digest)"),
            ("measured", "from \(span(report.measuredFrom - .zero)) to \(span(report.length))"),
            ("resource index", decimal(scenario.resourceIndex, digits: 2)),
            ("start", spread(report.startup, adding: .zero)),
            ("lag", spread(report.lag, adding: report.cutting)),
            ("worst viewer's lag", worstViewer),
            (
                "continuity",
                "\(percent(report.continuity, 3)), worst viewer \(percent(report.worstContinuity, 3))"
            ),
            ("honest viewers", honest),
            ("source copies", decimal(report.copies, digits: 2)),
            ("received", "\(decimal(report.received, digits: 3)) streams while measured"),
            ("overhead", percent(report.overhead, 1)),
            ("duplicate bytes", percent(report.waste, 2)),
            ("hops", hops),
            ("fairness", "\(decimal(report.fairness, digits: 2)) (Jain's index of uploads)"),
            ("skipped pieces", "\(report.skipped)"),
            ("stalls by buffer", dry),
        ]
        if report.honest.count == report.viewers.count {
            rows.removeAll { $0.0 == "honest viewers" }
        }
        rows += report.recoveries.map { ("recovery", recovery($0)) }
        if garbage > 0 { rows.append(("garbage played", count(garbage, "piece"))) }
        if refused > 0 { rows.append(("garbage refused", count(refused, "piece"))) }
        return rows
    }

    private var viewers: String {
        let never = report.neverStarted
        return "\(report.viewers.count)" + (never > 0 ? ", of which \(never) never started" : "")
    }

    private var honest: String {
        let (mean, worst) = report.honestContinuity
        return "\(report.honest.count), continuity \(percent(mean, 3)),"
            + " worst viewer \(percent(worst, 3))"
    }

    private func recovery(_ recovery: Recovery) -> String {
        let took = recovery.took.map { "\(seconds($0)) after" } ?? "not from"
        return "\(took) \(span(recovery.at - .zero)): lag p95"
            + " \(seconds(recovery.before + report.cutting)) before,"
            + " \(seconds(recovery.worst + report.cutting)) at worst"
    }

    private var garbage: Int { report.viewers.reduce(0) { $0 + $1.garbage } }
    private var refused: Int { report.viewers.reduce(0) { $0 + $1.counters.poisoned } }
    private var digest: String { String(report.digest, radix: 16) }

    private func spread(_ spread: Spread?, adding wait: Interval) -> String {
        guard let spread else { return "-" }
        let parts = [("p50", spread.middle), ("p95", spread.p95), ("p99", spread.p99)]
        return parts.map { "\($0.0) \(seconds($0.1 + wait))" }.joined(separator: ", ")
            + ", worst \(seconds(spread.worst + wait))"
    }

    private var worstViewer: String {
        let worst = report.viewers.compactMap(\.lag).map(\.p99).max()
        return worst.map { "p99 \(seconds($0 + report.cutting))" } ?? "-"
    }

    private var hops: String {
        let all = report.hops.reduce(report.unfed, +)
        guard all > 0 else { return "-" }
        var parts = report.hops.enumerated().dropFirst().filter { $0.element > 0 }
            .map { "\($0.offset): \(percent(Double($0.element) / Double(all), 0))" }
        if report.unfed > 0 {
            parts.append("not fed: \(percent(Double(report.unfed) / Double(all), 1))")
        }
        return parts.joined(separator: ", ")
    }

    private var dry: String {
        report.dry.map { "\(decimal($0.buffer.seconds, digits: 1)) s: \(seconds($0.stalled))" }
            .joined(separator: ", ")
    }

    private var causes: String {
        var rows: [(name: String, value: String)] = []
        for cause in Cause.allCases {
            var parts: [String] = []
            if let stall = report.stalls[cause] {
                parts.append("\(count(stall.count, "stall")), \(seconds(stall.length)) in all")
            }
            if let skips = report.skips[cause] { parts.append("\(count(skips, "piece")) skipped") }
            if !parts.isEmpty {
                rows.append(("  " + cause.rawValue, parts.joined(separator: "; ")))
            }
        }
        return rows.isEmpty
            ? "no stalls, nothing skipped\n" : "stalls and skips by cause\n" + table(rows)
    }

    /// A row for each viewer.
    package var viewersText: String {
        report.viewers.map { viewer in
            var text = "#\(viewer.number)".padded(to: 8) + "\(viewer)"
            if viewer.conduct != .honest { text += ", \(viewer.conduct.rawValue)" }
            if viewer.isBehindNAT { text += ", behind NAT" }
            if let left = viewer.leftAt { text += ", left at \(span(left - .zero))" }
            return text + "\n"
        }.joined()
    }

    // MARK: Programs

    /// The object of `p2ptv simulate --json`.
    package func json(perViewer: Bool) -> JSON {
        let stalls = report.stalls.values.reduce(.zero) { $0 + $1.length }
        var members: [JSON.Member] = [
            member("schema", .int(EventRecord.schema)),
            member("viewers", .int(report.viewers.count)),
            member("never_started", .int(report.neverStarted)),
            member("seed", .int(Int(clamping: scenario.seed))),
            member("digest", .text(digest)),
            member("length", .number(report.length.seconds)),
            member("measured_from", .number((report.measuredFrom - .zero).seconds)),
            member("resource_index", .number(rounded(scenario.resourceIndex))),
            member("start", json(report.startup, adding: .zero)),
            member("lag", json(report.lag, adding: report.cutting)),
            member("continuity", .number(rounded(report.continuity))),
            member("continuity_worst", .number(rounded(report.worstContinuity))),
            member("continuity_honest", .number(rounded(report.honestContinuity.mean))),
            member("source_copies", .number(rounded(report.copies))),
            member("received", .number(rounded(report.received))),
            member("overhead", .number(rounded(report.overhead))),
            member("duplicates", .number(rounded(report.waste))),
            member("hops", .list(report.hops.map { .int($0) })),
            member("not_fed", .int(report.unfed)),
            member("fairness", .number(rounded(report.fairness))),
            member("skipped", .int(report.skipped)),
            member("stalled", .number(rounded(stalls.seconds))),
            member("dry", dryJSON),
            member("recoveries", recoveriesJSON),
            member("causes", causesJSON),
            member("traffic", trafficJSON),
            member("events", .int(report.events)),
        ]
        if let took { members.append(member("took", .number(rounded(took.seconds)))) }
        if perViewer { members.append(member("each", .list(report.viewers.map(json)))) }
        return .object(members)
    }

    private var causesJSON: JSON {
        .list(
            Cause.allCases.compactMap { cause in
                let (stall, skips) = (report.stalls[cause], report.skips[cause])
                guard stall != nil || skips != nil else { return nil }
                return [
                    "cause": .text(cause.rawValue), "stalls": .int(stall?.count ?? 0),
                    "stalled": .number(rounded((stall?.length ?? .zero).seconds)),
                    "skipped": .int(skips ?? 0),
                ]
            })
    }

    private var recoveriesJSON: JSON {
        .list(
            report.recoveries.map {
                [
                    "at": .number(rounded(($0.at - .zero).seconds)),
                    "before": .number(rounded(($0.before + report.cutting).seconds)),
                    "worst": .number(rounded(($0.worst + report.cutting).seconds)),
                    "took": JSON($0.took.map { rounded($0.seconds) }),
                ]
            })
    }

    private var dryJSON: JSON {
        .list(
            report.dry.map {
                [
                    "buffer": .number($0.buffer.seconds),
                    "stalled": .number(rounded($0.stalled.seconds)),
                ]
            })
    }

    private var trafficJSON: JSON {
        .list(
            report.traffic.map {
                ["kind": .text("\($0.kind)"), "count": .int($0.count), "bytes": .int($0.bytes)]
            })
    }

    private func json(_ viewer: ViewerReport) -> JSON {
        [
            "number": .int(viewer.number),
            "joined": .number((viewer.joinedAt - .zero).seconds),
            "left": JSON(viewer.leftAt.map { ($0 - .zero).seconds }),
            "conduct": .text(viewer.conduct.rawValue),
            "nat": .bool(viewer.isBehindNAT),
            "start": JSON(viewer.startup.map { rounded($0.seconds) }),
            "lag": json(viewer.lag, adding: report.cutting),
            "continuity": .number(rounded(viewer.continuity)),
            "delivered": .int(viewer.delivered), "skipped": .int(viewer.skipped),
            "stalls": .int(viewer.stalls), "stalled": .number(rounded(viewer.stalled.seconds)),
            "received": .number(rounded(viewer.received)), "sent": .number(rounded(viewer.sent)),
            "rescues": .int(viewer.counters.rescues), "moves": .int(viewer.counters.moves),
        ]
    }

    private func json(_ spread: Spread?, adding wait: Interval) -> JSON {
        guard let spread else { return .null }
        return [
            "p50": .number(rounded((spread.middle + wait).seconds)),
            "p95": .number(rounded((spread.p95 + wait).seconds)),
            "p99": .number(rounded((spread.p99 + wait).seconds)),
            "worst": .number(rounded((spread.worst + wait).seconds)),
        ]
    }

    private func member(_ name: String, _ value: JSON) -> JSON.Member {
        JSON.Member(name: name, value: value)
    }
}

private func seconds(_ span: Interval) -> String { "\(decimal(span.seconds, digits: 2)) s" }
private func span(_ span: Interval) -> String { "\(decimal(span.seconds, digits: 1)) s" }
private func percent(_ part: Double, _ digits: Int) -> String {
    "\(decimal(part * 100, digits: digits)) %"
}
private func rounded(_ number: Double) -> Double { (number * 100_000).rounded() / 100_000 }
