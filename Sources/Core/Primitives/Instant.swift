// Time in the core: moments and lengths of time as values that the caller hands in.
// Keeps no clock: nothing here knows what time it is. WallTime is what a source writes into
// records; Instant is the monotonic time that every decision is made by.

/// A moment on a monotonic clock, in nanoseconds since an arbitrary start.
///
/// Only differences between instants of one process mean anything.
@usableFromInline package struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the clock's arbitrary start.
    @usableFromInline package var nanoseconds: Int64

    /// A moment `nanoseconds` after the clock's start.
    @inlinable package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The clock's start.
    @usableFromInline package static let zero = Self(nanoseconds: 0)
    /// Later than any moment that comes: "never".
    @usableFromInline package static let never = Self(nanoseconds: .max)

    @inlinable package static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
    // Those of Comparable's own are called through a table from other modules: a tenth of the
    // simulator's time (`p2ptv simulate config/scenarios/sizes.toml`).
    @inlinable package static func > (a: Self, b: Self) -> Bool { a.nanoseconds > b.nanoseconds }
    @inlinable package static func <= (a: Self, b: Self) -> Bool { a.nanoseconds <= b.nanoseconds }
    @inlinable package static func >= (a: Self, b: Self) -> Bool { a.nanoseconds >= b.nanoseconds }
    @inlinable package static func == (a: Self, b: Self) -> Bool { a.nanoseconds == b.nanoseconds }

    /// The moment `b` after `a`; saturates at `never`.
    @inlinable package static func + (a: Self, b: Interval) -> Self {
        let (sum, overflow) = a.nanoseconds.addingReportingOverflow(b.nanoseconds)
        return Self(nanoseconds: overflow ? (b.nanoseconds > 0 ? .max : .min) : sum)
    }

    /// The moment `b` before `a`; saturates.
    @inlinable package static func - (a: Self, b: Interval) -> Self {
        let (difference, overflow) = a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)
        return Self(nanoseconds: overflow ? (b.nanoseconds < 0 ? .max : .min) : difference)
    }

    /// The time from `b` to `a`; saturates.
    @inlinable package static func - (a: Self, b: Self) -> Interval {
        let (difference, overflow) = a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)
        return Interval(nanoseconds: overflow ? (a < b ? .min : .max) : difference)
    }
}

/// A length of time in nanoseconds; may be negative.
@usableFromInline package struct Interval: Hashable, Comparable, Sendable {
    /// The length in nanoseconds.
    @usableFromInline package var nanoseconds: Int64

    /// A length of `nanoseconds`.
    @inlinable package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// No time at all.
    @usableFromInline package static let zero = Self(nanoseconds: 0)
    /// The longest length.
    @usableFromInline package static let forever = Self(nanoseconds: .max)

    /// A length of whole microseconds, saturating.
    @inlinable package static func microseconds(_ n: Int64) -> Self { scaled(n, 1000) }
    /// A length of whole milliseconds, saturating.
    @inlinable package static func milliseconds(_ n: Int64) -> Self { scaled(n, 1_000_000) }
    /// A length of `n` seconds, rounded towards zero; NaN counts as zero and extremes saturate.
    @inlinable package static func seconds(_ n: Double) -> Self {
        let nanoseconds = n * 1e9
        guard !nanoseconds.isNaN else { return .zero }
        guard nanoseconds < 9.2e18 else { return .forever }
        guard nanoseconds > -9.2e18 else { return Self(nanoseconds: .min) }
        return Self(nanoseconds: Int64(nanoseconds))
    }

    /// The length in seconds.
    @inlinable package var seconds: Double { Double(nanoseconds) / 1e9 }
    /// The length in milliseconds.
    @inlinable package var milliseconds: Double { Double(nanoseconds) / 1e6 }

    @inlinable package static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
    @inlinable package static func > (a: Self, b: Self) -> Bool { a.nanoseconds > b.nanoseconds }
    @inlinable package static func <= (a: Self, b: Self) -> Bool { a.nanoseconds <= b.nanoseconds }
    @inlinable package static func >= (a: Self, b: Self) -> Bool { a.nanoseconds >= b.nanoseconds }
    @inlinable package static func == (a: Self, b: Self) -> Bool { a.nanoseconds == b.nanoseconds }
    /// The sum, saturating.
    @inlinable package static func + (a: Self, b: Self) -> Self {
        let (sum, overflow) = a.nanoseconds.addingReportingOverflow(b.nanoseconds)
        return Self(nanoseconds: overflow ? (b.nanoseconds > 0 ? .max : .min) : sum)
    }
    /// The difference, saturating.
    @inlinable package static func - (a: Self, b: Self) -> Self {
        let (difference, overflow) = a.nanoseconds.subtractingReportingOverflow(b.nanoseconds)
        return Self(nanoseconds: overflow ? (b.nanoseconds < 0 ? .max : .min) : difference)
    }
    /// The length times `factor`, saturating.
    @inlinable package static func * (a: Self, factor: Double) -> Self {
        seconds(a.seconds * factor)
    }

    @inlinable static func scaled(_ n: Int64, _ unit: Int64) -> Self {
        let (product, overflow) = n.multipliedReportingOverflow(by: unit)
        return Self(nanoseconds: overflow ? (n > 0 ? .max : .min) : product)
    }
}

/// A moment on a source's wall clock: microseconds since the Unix epoch, as records carry it.
package struct WallTime: Hashable, Comparable, Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z.
    package var microseconds: UInt64

    /// A moment `microseconds` after the Unix epoch.
    package init(microseconds: UInt64) { self.microseconds = microseconds }

    package static func < (a: Self, b: Self) -> Bool { a.microseconds < b.microseconds }

    /// The time from `b` to `a`; saturates where the difference is beyond 292 years.
    package static func - (a: Self, b: Self) -> Interval {
        let difference = Int64(truncatingIfNeeded: a.microseconds &- b.microseconds)
        return .microseconds(difference)
    }

    /// The moment `b` after `a`; saturates at the ends of the range.
    package static func + (a: Self, b: Interval) -> Self {
        let step = b.nanoseconds / 1000
        let (sum, overflow) =
            step >= 0
            ? a.microseconds.addingReportingOverflow(UInt64(step))
            : a.microseconds.subtractingReportingOverflow(step.magnitude)
        return Self(microseconds: overflow ? (step >= 0 ? .max : 0) : sum)
    }
}
