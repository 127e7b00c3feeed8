// How much may be under way on the own uplink. A line's queue is the modem's, and what waits
// there cannot be re-ordered any more: so only as much is handed out as the line carries, and the
// rest waits here. Learns the line's rate from acknowledgements (the maximum over a while, as BBR
// has it) and not from round trips: those also hold what waits on the other end's uplink.
// Knows no sockets.

import Pieces
import Primitives

/// The budget of bytes under way, over all connections.
struct Uplink: Sendable {
    /// Bytes of a block on the connection: its payload and the header of its PIECE message.
    static let blockBytes = PieceGeometry.blockLength + 13

    /// The least and the most under way in bytes: 4 MiB fill a fast line.
    private let bounds: ClosedRange<Double>
    /// How long bytes are counted for one reading of the rate.
    private let window = Interval.milliseconds(500)
    /// How long the best reading stands.
    private let memory = Interval.seconds(10)
    private let target: Interval
    private var limit: RateLimit?
    /// The round trip in seconds that the least is meant for, and how many times it may become.
    private static let (usualRoundTrip, farthest) = (0.1, 4.0)

    private var budget: Double
    private var roundTrip = Uplink.usualRoundTrip
    /// The best reading, when it was made, and the best one since.
    private var best = (rate: 0.0, at: Instant.zero)
    private var runnerUp = 0.0
    private var latest = 0.0
    private var counted = 0
    private var countedSince: Instant?

    /// Starts with `initial` bytes and never goes below `least`; `target` is the queueing delay on
    /// the line that is allowed.
    init(initial: Int, least: Int = 65_536, target: Interval, limit: ByteRate?) {
        bounds = Double(min(max(least, 65_536), 4_194_304))...4_194_304
        budget = Double(initial)
        self.target = target
        self.limit = limit.map(Self.bound)
    }

    private static func bound(_ rate: ByteRate) -> RateLimit {
        RateLimit(rate, unit: RateLimit.onLine(blockBytes))
    }

    /// Whether there is a rate limit.
    var isLimited: Bool { limit != nil }

    /// Keeps to `rate` from now on.
    mutating func keep(to rate: ByteRate, at now: Instant) {
        if limit == nil { limit = Self.bound(rate) } else { limit?.change(to: rate, at: now) }
    }

    /// Bytes that may be under way.
    var inFlight: Int { Int(budget) }

    /// The line's rate as far as it has been seen; zero before.
    var rate: ByteRate { ByteRate(bytesPerSecond: best.rate) }

    /// Whether it carries nearly as much as it has been seen to: four fifths, since readings of
    /// half a second differ by a block or two.
    var isBusy: Bool { best.rate > 0 && latest >= 0.8 * best.rate }

    /// Counts `bytes` that were acknowledged over a connection whose least round trip is given.
    mutating func acknowledged(_ bytes: Int, leastRoundTrip: Interval, at now: Instant) {
        if leastRoundTrip > .zero {
            let sample = min(leastRoundTrip.seconds, 1)
            roundTrip += (sample - roundTrip) / 32
            budget = max(budget, least)
        }
        counted += bytes
        guard let since = countedSince else {
            (countedSince, counted) = (now, 0)
            return
        }
        let span = now - since
        guard span >= window else { return }
        read(Double(counted) / span.seconds, at: now)
        (countedSince, counted) = (now, 0)
    }

    /// A round trip, and the queue that is allowed, in seconds.
    private var span: Double { roundTrip + target.seconds }

    /// The least under way: the same rate over any distance.
    ///
    /// A new connection gets its first blocks across in two or three round trips; over long ones a
    /// fixed least let a source wait for the first viewer's acknowledgements while all the others
    /// had asked, and each reading of the rate was of that waiting.
    private var least: Double {
        let distance = span / (Self.usualRoundTrip + target.seconds)
        return bounds.lowerBound * min(max(distance, 1), Self.farthest)
    }

    private mutating func read(_ rate: Double, at now: Instant) {
        latest = rate
        runnerUp = max(runnerUp, rate)
        if rate >= best.rate || now - best.at > memory {
            best = (max(rate, now - best.at > memory ? runnerUp : rate), now)
            runnerUp = 0
        }
        // What the line carries in a round trip, what may wait on it, and the next blocks: a
        // connection that was idle takes a round trip more for its first, and holds its share.
        let wanted = best.rate * span + 32_768
        budget = min(max(wanted, least), bounds.upperBound)
    }

    /// When `count` bytes may go under the rate limit: now, or the moment to ask again.
    mutating func admit(_ count: Int, at now: Instant) -> Instant? {
        limit?.admit(RateLimit.onLine(count), at: now)
    }

    /// Gives back what was admitted and not sent.
    mutating func giveBack(_ count: Int) { limit?.giveBack(RateLimit.onLine(count)) }

    /// Counts `count` bytes on the line, headers included, that did not ask.
    mutating func charge(_ count: Int, at now: Instant) { limit?.charge(count, at: now) }
}
