// What a run was like, in numbers: for each viewer, for the source, for all. ReportText (in
// Console) writes it for people and programs.

package import Pieces
package import Primitives
package import Swarm

/// The median, the tails and the number of some measured values.
package struct Spread: Hashable, Sendable {
    /// Half of the values are not greater.
    package var middle = Interval.zero
    /// 95 and 99 in a hundred are not greater.
    package var p95 = Interval.zero
    package var p99 = Interval.zero
    /// The greatest.
    package var worst = Interval.zero
    /// How many there are.
    package var count = 0

    /// The spread of `values`; nil where there are none.
    package init?(_ values: [Interval]) {
        guard let last = values.max() else { return nil }
        let sorted = values.sorted()
        middle = sorted[sorted.count / 2]
        p95 = sorted[sorted.count * 95 / 100]
        p99 = sorted[sorted.count * 99 / 100]
        (worst, count) = (last, sorted.count)
    }
}

/// What a viewer saw.
package struct ViewerReport: Hashable, Sendable {
    /// Its number; the source is 0.
    package var number = 0
    /// When it came, and went if it did.
    package var joinedAt = Instant.zero
    package var leftAt: Instant?
    /// How it behaved, and whether it could be dialled.
    package var conduct = Conduct.honest
    package var isBehindNAT = false
    /// From joining to the first piece at the player; nil where none came.
    package var startup: Interval?
    /// From the publication of a piece to the player; nil where nothing was measured.
    package var lag: Spread?
    /// The last piece that the player got.
    package var last: PieceIndex?
    /// Pieces that the player got, and did without.
    package var delivered = 0
    package var skipped = 0
    /// How often and how long it stood still.
    package var stalls = 0
    package var stalled = Interval.zero
    /// Of the pieces that were due since it began, and measured, those that were there in time.
    package var continuity = 1.0
    /// Pieces with garbage in them that the player got.
    package var garbage = 0
    /// Bytes received and sent with headers, in multiples of the stream while it was there.
    package var received = 0.0
    package var sent = 0.0
    package var receivedBytes = 0
    /// Bytes received with headers while it was there and measured, in multiples of the stream.
    package var steady = 0.0
    /// The engine's own numbers.
    package var counters = SwarmCounters()

    /// The median, the 99th percentile and the worst, or forever.
    package var lagMedian: Interval { lag?.middle ?? .forever }
    package var lagHigh: Interval { lag?.p99 ?? .forever }
    package var lagWorst: Interval { lag?.worst ?? .forever }
}

/// What a run was like.
package struct Report: Sendable {
    /// When it ended, and from when on was measured.
    package var length = Interval.zero
    package var measuredFrom = Instant.zero
    /// The viewers in the order in which they were added, without those who never came.
    package var viewers: [ViewerReport] = []
    /// All bytes that the source sent while it was measured, headers included, divided by the
    /// bytes of the stream.
    package var copies = 0.0
    /// The starts of all viewers that began.
    package var startup: Spread?
    /// How long players would stand still in all that begin with so much of the stream in hand,
    /// from their first piece on, whatever is measured later.
    package var dry: [(buffer: Interval, stalled: Interval)] = []
    /// All deliveries of all viewers, from the publication of a piece.
    package var lag: Spread?
    /// How long a byte waits on average until its piece is published: half a piece.
    package var cutting = Interval.zero
    /// How many hops from the source: the number of stripes of nodes at each depth at the end, and
    /// of those not fed at all.
    package var hops: [Int] = []
    package var unfed = 0
    /// Why viewers skipped pieces, stood still, and for how long.
    package var skips: [Cause: Int] = [:]
    package var stalls: [Cause: (count: Int, length: Interval)] = [:]
    /// How the swarm recovered from each thing that struck it.
    package var recoveries: [Recovery] = []
    /// Messages of each kind and their bytes.
    package var traffic: [(kind: TrafficKind, count: Int, bytes: Int)] = []
    /// The fingerprint of the run.
    package var digest: UInt64 = 0
    /// Events handled.
    package var events = 0

    /// The viewers who play by the rules: what others see is their own doing.
    package var honest: [ViewerReport] { viewers.filter { $0.conduct == .honest } }
    /// The median of the viewers' medians.
    package var lagMedian: Interval {
        Spread(viewers.map(\.lagMedian))?.middle ?? .forever
    }
    /// The worst of the viewers' 99th percentiles.
    package var lagHigh: Interval { viewers.compactMap(\.lag?.p99).max() ?? .forever }
    /// The most that a viewer received.
    package var mostReceived: Double { viewers.map(\.received).max() ?? 0 }
    /// What a viewer received on average while it was there and measured, in multiples of the
    /// stream: all bytes on its line.
    package var received: Double { mean(viewers.map(\.steady)) }
    /// Skipped pieces of all viewers.
    package var skipped: Int { viewers.reduce(0) { $0 + $1.skipped } }
    /// Viewers who never got a piece although they were there for ten seconds.
    package var neverStarted: Int {
        viewers.count { viewer in
            let end = viewer.leftAt ?? .zero + length
            return viewer.startup == nil && end - viewer.joinedAt > .seconds(10)
        }
    }
    /// The mean and the least continuity of the honest viewers that began.
    package var honestContinuity: (mean: Double, worst: Double) {
        let values = honest.filter { $0.startup != nil }.map(\.continuity)
        return (mean(values), values.min() ?? 0)
    }
    /// The mean and the least continuity of the viewers that began.
    package var continuity: Double { mean(viewers.filter { $0.startup != nil }.map(\.continuity)) }
    package var worstContinuity: Double {
        viewers.filter { $0.startup != nil }.map(\.continuity).min() ?? 0
    }
    /// What comes in beyond the stream itself, as a part of it: headers, records, requests, all.
    package var overhead: Double {
        let useful = viewers.reduce(0) { $0 + $1.counters.usefulBytes }
        let all = viewers.reduce(0) { $0 + $1.receivedBytes }
        return useful == 0 ? 0 : Double(all) / Double(useful) - 1
    }
    /// Bytes that came twice or unasked, of all bytes of blocks that viewers got.
    package var waste: Double {
        let wasted = viewers.reduce(0) { $0 + $1.counters.wastedBytes }
        let useful = viewers.reduce(0) { $0 + $1.counters.usefulBytes }
        return useful == 0 ? 0 : Double(wasted) / Double(wasted + useful)
    }
    /// Jain's index of what viewers upload a second: 1 where all give the same, 1/n where one
    /// gives all.
    package var fairness: Double {
        let given = viewers.map(\.sent)
        let squares = given.reduce(0) { $0 + $1 * $1 }
        let sum = given.reduce(0, +)
        return squares == 0 ? 1 : sum * sum / (Double(given.count) * squares)
    }
}

private func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
}
