// A scenario as a file says it: TOML, with a unit in the name of every key that has one.
// docs/SIMULATOR.md explains the keys; config/scenarios has examples.

import Pieces
import Primitives
package import Simulator
import TOMLKit

/// Reads scenarios.
package enum ScenarioFile {
    /// The longest file that is read, in bytes.
    package static let limit = 1 << 20

    /// The scenario in the file at `path`.
    ///
    /// - Throws: a complaint with exit 66, 77 or 74 where it cannot be read, and 65 with
    ///   `file:line` where it is wrong.
    package static func read(_ path: String) throws(Complaint) -> Scenario {
        let bytes = try smallFile(path, limit: limit)
        return try parse(String(decoding: bytes, as: UTF8.self), path: path)
    }

    /// The scenario in `text`, the content of the file at `path`.
    package static func parse(_ text: String, path: String) throws(Complaint) -> Scenario {
        let root = try TOMLTable.parse(
            text, path: path, .data, hint: "config/scenarios has examples")
        var table = ScenarioTable(root, path: path, lines: KeyLines(text))
        let stream = try stream(&table)
        let source = try source(&table, stream)
        var scenario = Scenario(stream: stream, source: source)
        scenario.about = try table.text("about") ?? ""
        if let length = try table.span("length_s", upTo: 86_400) {
            guard length >= .seconds(1) else {
                throw table.wrong("length_s", "is one second at least")
            }
            scenario.length = length
        }
        scenario.seed = UInt64(try table.whole("seed", in: 0...Int.max) ?? 1)
        scenario.measuredFrom = try table.span("measured_from_s", upTo: 86_400)
        scenario.quantum = try table.whole("quantum_bytes", in: 1448...65_536) ?? scenario.quantum
        for kind in ["viewers", "relays"] {
            for inner in try table.tables(kind) {
                scenario.groups.append(try group(inner, isRelay: kind == "relays", stream))
            }
        }
        for inner in try table.tables("events") { scenario.incidents.append(try incident(inner)) }
        try table.finish()
        guard scenario.viewers > 0 else {
            throw table.wrong("viewers", "must be there, one at least")
        }
        return scenario
    }

    private static func stream(_ table: inout ScenarioTable) throws(Complaint) -> StreamShape {
        guard var inner = try table.table("stream") else {
            throw table.wrong("stream", "must be there: [stream]")
        }
        guard let kilobits = try inner.number("rate_kbit_s", in: 16...100_000),
            var shape = StreamShape.usual(kilobits: kilobits)
        else { throw inner.wrong("rate_kbit_s", "must be there") }
        if let length = try inner.whole("piece_bytes", in: PieceGeometry.pieceLengths) {
            guard let geometry = PieceGeometry(pieceLength: length) else {
                throw inner.wrong("piece_bytes", "is a power of two")
            }
            shape.geometry = geometry
            shape.keyEvery = shape.pieces(in: .seconds(2))
        }
        if let span = try inner.span("key_frames_s", upTo: 60) {
            shape.keyEvery = shape.pieces(in: span)
        }
        try inner.finish()
        return shape
    }

    private static func source(
        _ table: inout ScenarioTable, _ stream: StreamShape
    ) throws(Complaint) -> AccessLink {
        guard var inner = try table.table("source") else {
            throw table.wrong("source", "must be there: [source]")
        }
        let ups = try rates("up", &inner, stream)
        guard let up = ups?.first, ups?.count == 1 else {
            throw inner.wrong("up_x", "or 'up_kbit_s' must be there, with one number")
        }
        let line = try line(&inner, stream, up: up)
        try inner.finish()
        return line
    }

    // MARK: Lines

    /// The uplinks or downlinks, in multiples of the stream (`_x`) or by themselves (`_kbit_s`).
    private static func rates(
        _ way: String, _ table: inout ScenarioTable, _ stream: StreamShape
    ) throws(Complaint) -> [ByteRate]? {
        let factors = try table.numbers("\(way)_x", in: 0.01...10_000)
        let kilobits = try table.numbers("\(way)_kbit_s", in: 8...10_000_000)
        guard factors == nil || kilobits == nil else {
            throw table.wrong("\(way)_x", "and '\(way)_kbit_s' exclude each other")
        }
        let rate = stream.rate.bytesPerSecond
        return factors.map { $0.map { ByteRate(bytesPerSecond: rate * $0) } }
            ?? kilobits.map { $0.map { ByteRate(bitsPerSecond: $0 * 1000) } }
    }

    private static func line(
        _ table: inout ScenarioTable, _ stream: StreamShape, up: ByteRate
    ) throws(Complaint) -> AccessLink {
        let down = try rates("down", &table, stream)
        guard down?.count ?? 1 == 1 else { throw table.wrong("down_x", "takes one number") }
        let usual = ByteRate(bytesPerSecond: stream.rate.bytesPerSecond * 6)
        var line = AccessLink(
            up: up, down: down?.first ?? usual,
            delay: try table.span("delay_ms", upTo: 10_000) ?? .milliseconds(25))
        line.jitter = try table.span("jitter_ms", upTo: 10_000) ?? .zero
        line.loss = (try table.number("loss_percent", in: 0...50) ?? 0) / 100
        if let queue = try table.number("queue_kib", in: 4...65_536) {
            line.queue = Int(queue * 1024)
        }
        return line
    }

    // MARK: People

    private static func group(
        _ table: ScenarioTable, isRelay: Bool, _ stream: StreamShape
    ) throws(Complaint) -> Scenario.Group {
        var table = table
        guard let count = try table.whole("count", in: 1...100_000) else {
            throw table.wrong("count", "must be there")
        }
        guard let ups = try rates("up", &table, stream), let first = ups.first else {
            throw table.wrong("up_x", "or 'up_kbit_s' must be there")
        }
        var group = Scenario.Group(count: count, line: try line(&table, stream, up: first))
        group.isRelay = isRelay
        group.ups = try shares(of: ups, &table)
        group.natShare = try table.number("nat_share", in: 0...1) ?? 0
        group.symmetricShare = try table.number("nat_symmetric_share", in: 0...1) ?? 0
        let words = Conduct.allCases.map(\.rawValue)
        if !isRelay, let word = try table.word("conduct", of: words) {
            group.conduct = Conduct(rawValue: word) ?? .honest
        }
        group.from = try table.span("join_from_s", upTo: 86_400) ?? .zero
        group.joins = try joins(&table)
        if let stay = try table.span("stay_mean_s", upTo: 86_400) { group.meanStay = stay }
        group.silentShare = try table.number("silent_share", in: 0...1) ?? 0
        group.isReplaced = try table.flag("replaced") ?? false
        try table.finish()
        return group
    }

    private static func shares(
        of ups: [ByteRate], _ table: inout ScenarioTable
    ) throws(Complaint) -> [Scenario.Share] {
        let parts = try table.numbers("up_shares", in: 0...1_000_000)
        guard ups.count > 1 || parts != nil else { return [] }
        let given = parts ?? ups.map { _ in 1 }
        guard given.count == ups.count, given.reduce(0, +) > 0 else {
            throw table.wrong("up_shares", "takes a part for each uplink")
        }
        return zip(given, ups).map { Scenario.Share(part: $0, up: $1) }
    }

    private static func joins(
        _ table: inout ScenarioTable
    ) throws(Complaint) -> Scenario.Joins {
        let gap = try table.span("join_gap_s", upTo: 86_400)
        let within = try table.span("join_within_s", upTo: 86_400)
        let rate = try table.number("join_per_s", in: 0.0001...100_000)
        let count = [gap != nil, within != nil, rate != nil].count { $0 }
        guard count <= 1 else {
            throw table.wrong(
                "join_gap_s", "'join_within_s' and 'join_per_s' exclude each other")
        }
        if let within { return .within(within) }
        if let rate { return .poisson(rate) }
        return .apart(gap ?? .zero)
    }

    // MARK: Events

    private static func incident(_ table: ScenarioTable) throws(Complaint) -> Scenario.Incident {
        var table = table
        guard let at = try table.span("at_s", upTo: 86_400) else {
            throw table.wrong("at_s", "must be there")
        }
        let share = try table.number("share", in: 0...1) ?? 1
        let who: Scenario.Who =
            switch try table.word("who", of: ["source", "viewers", "relays"]) {
            case "source": .source
            case "relays": .relays(share: share)
            default: .viewers(share: share)
            }
        let kind = try table.word("event", of: ["leave", "cut", "partition"])
        guard let kind else { throw table.wrong("event", "must be there: leave, cut or partition") }
        let what: Scenario.What
        if kind == "leave" {
            what = .leave(
                silentShare: try table.number("silent_share", in: 0...1) ?? 0,
                isReplaced: try table.flag("replaced") ?? false)
        } else {
            guard let span = try table.span("for_s", upTo: 86_400) else {
                throw table.wrong("for_s", "must be there")
            }
            what = kind == "cut" ? .cut(span) : .partition(span)
        }
        try table.finish()
        return Scenario.Incident(at: at, who: who, what: what)
    }
}
