// How many connections are opened in a second. Which ones is ConnectionPlanner's business.

import Primitives

/// A bucket of connection attempts, which holds those of one second.
struct DialPace: Sendable {
    private let perSecond: Double
    private var left: Double
    private var filledAt = Instant.zero

    init(perSecond: Double) { (self.perSecond, left) = (perSecond, perSecond) }

    /// How many may be made now.
    mutating func room(at now: Instant) -> Int {
        left = min(perSecond, left + (now - filledAt).seconds * perSecond)
        filledAt = now
        return Int(left)
    }

    /// One is made.
    mutating func spend() { left -= 1 }
}
