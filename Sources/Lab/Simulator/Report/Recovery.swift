// How long a swarm takes to be as it was before something struck it: many left, a line was cut,
// a part could not reach the other. Measured by those who stay.

import Pieces
package import Primitives

/// What a blow did to the lag of those who stay.
///
/// A viewer's lag at a moment is the time since the newest piece that its player has got was
/// published: it grows while the player stands still.
package struct Recovery: Hashable, Sendable {
    /// When it was over: the moment of leaving, the end of a cut or of a partition.
    package var at: Instant
    /// The 95th percentile of the lags of those who stay, on average over the five seconds before
    /// it began.
    package var before: Interval
    /// The greatest that it was afterwards.
    package var worst: Interval
    /// How long until it was within `margin` of what it was before, and stayed so for `rest`; nil
    /// where it was not by the end of the run, or of what is looked at.
    package var took: Interval?

    /// What counts as before: half a second more.
    package static let margin = Interval.milliseconds(500)
    /// For how long it must stay so.
    package static let rest = Interval.seconds(2)
    /// How long before a blow, and how long after, is looked at, and how often.
    static let (past, future) = (Interval.seconds(5), Interval.seconds(60))
    static let step = Interval.milliseconds(100)

    /// How long it takes until `lags`, a step apart, are not above `bound` any more for as long as
    /// they must rest.
    package static func time(of lags: [Interval], within bound: Interval) -> Interval? {
        let needed = Int(rest.seconds / step.seconds)
        var calm = 0
        for (index, lag) in lags.enumerated() {
            calm = lag <= bound ? calm + 1 : 0
            if calm == needed { return step * Double(index + 1 - needed) }
        }
        return nil
    }
}

/// Something that strikes a swarm.
struct Blow: Hashable, Sendable {
    /// When it begins and is over; the same for people who leave.
    var from: Instant
    var until: Instant
}

extension World {
    /// The report is to tell how the swarm recovers from what happens from `start` to `end`.
    package mutating func watchRecovery(from start: Instant, until end: Instant) {
        blows.append(Blow(from: start, until: end))
    }

    /// The recoveries from all that has struck the swarm so far.
    var recoveries: [Recovery] {
        blows.filter { $0.until < now }.sorted { $0.from < $1.from }.compactMap(recovery)
    }

    private func recovery(from blow: Blow) -> Recovery? {
        let next = blows.map(\.from).filter { $0 > blow.until }.min() ?? now
        let end = min(now, next, blow.until + Recovery.future)
        guard blow.from - .zero > Recovery.past else { return nil }
        let start = blow.from - Recovery.past
        let logs = logsOfStayers(from: start, to: end)
        let before = highLags(of: logs, from: start, to: blow.from)
        let after = highLags(of: logs, from: blow.until, to: end)
        guard !before.isEmpty, let worst = after.max() else { return nil }
        let usual = before.reduce(.zero, +) * (1 / Double(before.count))
        return Recovery(
            at: blow.until, before: usual, worst: worst,
            took: Recovery.time(of: after, within: usual + Recovery.margin))
    }

    /// Those of honest viewers who had begun by `start` and stay until `end`.
    private func logsOfStayers(from start: Instant, to end: Instant) -> [NodeLog] {
        nodes.filter { node in
            node.isViewer && node.conduct == .honest && node.log.leftAt.map { $0 > end } ?? true
                && node.log.startedAt.map { $0 <= start } ?? false
        }.map(\.log)
    }

    /// The 95th percentile of the viewers' lags at each step from `start` to `end`.
    private func highLags(
        of logs: [NodeLog], from start: Instant, to end: Instant
    ) -> [Interval] {
        var moments: [Instant] = []
        var moment = start
        while moment < end {
            moments.append(moment)
            moment = moment + Recovery.step
        }
        let lags = logs.map { self.lags(of: $0, at: moments) }
        return moments.indices.compactMap { index in Spread(lags.map { $0[index] })?.p95 }
    }

    /// How far behind a player is at each of `moments`, which rise.
    private func lags(of log: NodeLog, at moments: [Instant]) -> [Interval] {
        var next = 0
        return moments.map { moment in
            while next < log.deliveries.count, self.moment(of: log.deliveries[next]) <= moment {
                next += 1
            }
            guard next > 0 else { return moment - log.joinedAt }
            return moment - publishedAt[Int(log.deliveries[next - 1].piece.value)]
        }
    }
}
