// How many bytes a second flow, as an exponentially weighted average.
// Keeps no clock: the caller says when bytes came and when it asks.

/// A number of bytes a second.
package struct ByteRate: Hashable, Comparable, Sendable {
    /// Bytes a second, never negative.
    package var bytesPerSecond: Double

    /// A rate of `bytesPerSecond`; a negative or undefined number counts as zero.
    package init(bytesPerSecond: Double) {
        self.bytesPerSecond = bytesPerSecond > 0 ? bytesPerSecond : 0
    }

    /// A rate of `bits` bits a second.
    package init(bitsPerSecond bits: Double) { self.init(bytesPerSecond: bits / 8) }

    /// Nothing flows.
    package static let zero = Self(bytesPerSecond: 0)

    /// The rate in bits a second.
    package var bitsPerSecond: Double { bytesPerSecond * 8 }

    package static func < (a: Self, b: Self) -> Bool { a.bytesPerSecond < b.bytesPerSecond }

    /// The time that `count` bytes take at this rate; forever at a rate of zero.
    package func duration(of count: Int) -> Interval {
        bytesPerSecond > 0 ? .seconds(Double(count) / bytesPerSecond) : .forever
    }
}

/// A meter of a flow of bytes with a time constant.
///
/// Between calls the average decays by `exp(-t / constant)`. A young meter divides by the time
/// that it has seen rather than by its constant, so that it is right from the first second on.
package struct RateMeter: Sendable {
    /// The time over which the past is forgotten.
    package let constant: Interval
    private var bytes = 0.0
    private var seen = 0.0
    private var last: Instant?

    /// A meter that forgets over `constant`.
    package init(constant: Interval) { self.constant = constant }

    /// Counts `count` bytes that flowed at `now`.
    package mutating func add(_ count: Int, at now: Instant) {
        decay(to: now)
        bytes += Double(count)
    }

    /// The rate as of `now`.
    package func rate(at now: Instant) -> ByteRate {
        var copy = self
        copy.decay(to: now)
        return ByteRate(bytesPerSecond: copy.bytes / max(copy.seen, 0.1))
    }

    private mutating func decay(to now: Instant) {
        defer { last = max(last ?? now, now) }
        guard let last, now > last else { return }
        let step = (now - last).seconds / constant.seconds
        // (1 - x/8)^8 stands for exp(-x): no libm in the core.
        let keep = step < 8 ? power8(1 - step / 8) : 0
        bytes *= keep
        seen = seen * keep + (now - last).seconds * (1 + keep) / 2
    }

    private func power8(_ x: Double) -> Double {
        let square = x * x
        let fourth = square * square
        return fourth * fourth
    }
}
