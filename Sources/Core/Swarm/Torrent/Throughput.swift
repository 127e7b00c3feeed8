// What a peer gives while it is asked for something, and how many requests keep it busy. Knows
// no blocks: only when how many bytes came.

import Pieces
import Primitives

/// The rate of a peer, counted over the time in which it had something to send.
struct Throughput: Sendable {
    private var bytes = 0.0
    private var busy = 0.0
    private var lastAt = Instant.zero
    /// The longest pause between two blocks, lately: a peer that serves in ticks has long ones.
    private(set) var pause = Interval.zero
    /// The time between two ticks of a peer that serves in ticks; none for others.
    private(set) var tick = Interval.zero
    /// Blocks that came at once, after a silence of so long.
    private var together = 0
    private var silence = Interval.zero
    /// Blocks that came after the last silence, since when, and after the one before.
    private var crowd = (now: 0, since: Instant.zero, before: 0)
    /// How long the past counts, in seconds of work.
    private static let memory = 2.0
    /// What is left of a pause after one block more.
    private static let fading = 0.9
    /// The least that counts as work: bytes that came together with others took no time of their
    /// own, and a first block alone says little.
    private static let least = 0.02

    /// The peer has something to send from `now` on, when a request can have reached it.
    mutating func began(at now: Instant) { lastAt = now }

    /// `count` bytes came at `now`.
    mutating func came(_ count: Int, at now: Instant) {
        let step = max(0, (now - lastAt).seconds)
        noteTick(now - lastAt)
        noteCrowd(now - lastAt, at: now)
        pause = max(pause * Self.fading, now - lastAt)
        lastAt = now
        if busy + step > Self.memory {
            let keep = max(0, 1 - step / Self.memory)
            bytes *= keep
            busy *= keep
        }
        bytes += Double(count)
        busy += step
    }

    /// Many blocks at once after a long silence are a tick; single ones are none.
    private mutating func noteTick(_ step: Interval) {
        guard step > .milliseconds(5) else {
            together += 1
            if together >= Self.fewest, silence > Self.lull { tick = silence }
            return
        }
        if together < Self.fewest { tick = tick * Self.fading }
        (together, silence) = (0, step)
    }

    private mutating func noteCrowd(_ step: Interval, at now: Instant) {
        if step > Self.lull {
            crowd = (1, now, crowd.now)
        } else if crowd.now > 0, now - crowd.since < Self.lull {
            crowd.now += 1
        }
    }

    /// How many blocks came at once after a silence, of late; none of a peer that sends evenly.
    var atOnce: Int { max(crowd.now, crowd.before) }
    /// When the last blocks after a silence began to come.
    var crowdedAt: Instant { crowd.since }

    /// Blocks that come together in a tick, at least.
    private static let fewest = 4
    /// A silence: half of what lies between two ticks of a Transmission seed.
    private static let lull = Interval.milliseconds(250)

    /// The rate, or nil before anything is known.
    var rate: ByteRate? {
        bytes > 0 ? ByteRate(bytesPerSecond: bytes / max(busy, Self.least)) : nil
    }
}

/// How many requests a peer is to have.
struct Pipeline: Sendable {
    /// The depth while it is still growing by one with each block.
    private var growing: Int
    /// Whether more requests have brought more so far.
    private(set) var isGrowing = true
    /// The bytes of this reading of the rate, since when, and the rate of the one before.
    private var counted = 0
    private var since: Instant?
    private var before = 0.0

    /// How long bytes are counted for one reading: two ticks of a Transmission seed.
    private static let span = Interval.seconds(1)
    /// Growth that is not worth more requests.
    private static let plateau = 1.05

    /// A pipeline that begins with so many.
    init(first: Int) { growing = first }

    /// A block of `count` bytes came at `now`.
    mutating func came(_ count: Int, at now: Instant) {
        guard isGrowing else { return }
        growing += 1
        counted += count
        guard let start = since else {
            since = now
            return
        }
        guard now - start >= Self.span else { return }
        let rate = Double(counted) / (now - start).seconds
        if rate < before * Self.plateau { isGrowing = false }
        (before, counted, since) = (rate, 0, now)
    }

    /// Begins anew, after the peer stood still.
    mutating func restart(first: Int) { self = Pipeline(first: first) }

    /// Requests that a peer may have, where others have `most`: of one that would serve those within
    /// 40 ms as many as its round trip takes twice, and `near` at least.
    ///
    /// 500 blocks within 40 ms are 200 MB/s: whoever serves in ticks, and needs many, gives less.
    static func most(_ most: Int, near: Int, rate: ByteRate?, roundTrip: Interval) -> Int {
        guard let rate else { return most }
        let block = Double(PieceGeometry.blockLength)
        guard rate.bytesPerSecond * soon > Double(most) * block else { return most }
        // At most `most`, before it is made a whole number: rates and round trips may be absurd.
        let carried = min(rate.bytesPerSecond * 2 * roundTrip.seconds / block, Double(most))
        return min(most, max(near, Int(carried)))
    }

    private static let soon = 0.04

    /// Requests to have under way, at most `most`.
    func depth(
        rate: ByteRate?, roundTrip: Interval, queue: Interval, most: Int
    ) -> Int {
        guard let rate else { return min(growing, most) }
        let ahead = rate.bytesPerSecond * (roundTrip + queue).seconds
        let carried = max(4, Int(min(ahead / 16_384, 100_000)) + 1)
        return min(isGrowing ? min(growing, carried) : carried, most)
    }
}
