// The most that comes, kept over any second. What comes cannot be stopped, only not asked for: so
// what has come within a second and what is still owed are together never more than a second's worth.
// Then whatever peers do with their answers, no second can hold more. Knows no peers and no pieces.

import Primitives

/// A bound on what comes, in bytes on the line.
struct DownLimit: Sendable {
    private var rate: ByteRate
    /// Spreads requests over the second, and keeps long averages.
    private var pace: RateLimit
    /// What came within the last second, the oldest first from `head` on, and the sum of it.
    private var came: [(at: Instant, count: Int)] = []
    private var head = 0
    private var sum = 0

    /// A block with its header, on the line.
    private static let block = RateLimit.onLine(16_397)
    /// When to look again where only what is owed stands in the way: what comes looks by itself.
    private static let pause = Interval.milliseconds(50)

    /// A bound of `rate`.
    init(_ rate: ByteRate) {
        self.rate = rate
        pace = RateLimit(rate, unit: Self.block)
    }

    /// The bound is `rate` from now on.
    mutating func change(to rate: ByteRate, at now: Instant) {
        self.rate = rate
        pace.change(to: rate, at: now)
    }

    /// What a second may hold; where that is less than a block, one comes every few seconds.
    private var most: Int { max(Int(min(rate.bytesPerSecond, 1e12)), Self.block) }

    /// When a block may be asked for, where `owed` blocks are still to come: now, or when to ask again.
    ///
    /// For those that are asked for together, not `isPaced`, all others wait.
    mutating func admit(owed: Int, isPaced: Bool, at now: Instant) -> Instant? {
        forget(now)
        guard sum + (owed + 1) * Self.block <= most else {
            let next = head < came.count ? came[head].at + .seconds(1) : .never
            return min(next, now + Self.pause)
        }
        guard !isPaced else { return pace.admit(Self.block, at: now) }
        pace.charge(Self.block, at: now)
        return nil
    }

    /// How many blocks may be asked for together now, and how many at most at any time.
    mutating func room(owed: Int, at now: Instant) -> (now: Int, most: Int) {
        forget(now)
        return ((most - sum) / Self.block - owed, most / Self.block)
    }

    /// A block of `count` bytes has come, asked for or not.
    mutating func came(_ count: Int, at now: Instant) {
        forget(now)
        let bytes = RateLimit.onLine(count + 13)
        came.append((now, bytes))
        sum += bytes
    }

    private mutating func forget(_ now: Instant) {
        while head < came.count, now - came[head].at >= .seconds(1) {
            sum -= came[head].count
            head += 1
        }
        if head > 256, head * 2 > came.count {
            came.removeFirst(head)
            head = 0
        }
    }
}

extension TorrentEngine {
    /// Blocks that may still come.
    private var owed: Int {
        peers.handles.reduce(0) { $0 + peers[$1].requests.count + peers[$1].withdrawn.count }
    }

    /// Whether one more block may be asked of `peer`; where not, it is asked later.
    mutating func mayAskMore(_ peer: PeerHandle, _ now: Instant) -> Bool {
        guard downLimit != nil else { return true }
        let (isPaced, owed) = (!peers[peer].isWeb, owed)
        guard let later = downLimit?.admit(owed: owed, isPaced: isPaced, at: now)
        else { return true }
        timers.wake(.ask, by: later)
        return false
    }

    /// Whether a stretch of `count` blocks, or of half of what a second may hold, can be asked for.
    mutating func mayAskStretch(_ count: Int, _ now: Instant) -> Bool {
        let owed = owed
        guard let room = downLimit?.room(owed: owed, at: now) else { return true }
        if room.now >= min(count, max(1, room.most / 2)) { return true }
        timers.wake(.ask, by: now + .milliseconds(100))
        return false
    }

    /// Keeps what comes to another rate from now on, or to none.
    mutating func keepDown(
        to rate: ByteRate?, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        settings.downLimit = rate
        if let rate, downLimit != nil {
            downLimit?.change(to: rate, at: now)
        } else {
            downLimit = rate.map { DownLimit($0) }
        }
        fillAll(now, &outputs)
    }

    /// Requests to a peer while there is a limit: what it brings in half a second, as others have to
    /// share what may be owed.
    func limitedDepth(_ peer: PeerHandle, _ depth: Int) -> Int {
        guard downLimit != nil, !peers[peer].isSnubbed else { return depth }
        let ahead =
            (peers[peer].throughput.rate ?? .zero).bytesPerSecond
            * (peers[peer].roundTrip.seconds + 0.5)
        return min(depth, max(2, Int(min(ahead / 16_384, 1e6)) + 1))
    }
}
