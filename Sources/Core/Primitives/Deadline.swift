// When a machine wants to be woken, and why: the reason goes into logs and tests.

/// The moment at which a state machine must be called again, and the name of the reason.
package struct Deadline: Hashable, Sendable {
    /// When.
    package var at: Instant
    /// Why, as a short name such as `choke` or `have`.
    package var reason: String

    /// The moment `at`, for `reason`.
    package init(at: Instant, reason: String) {
        self.at = at
        self.reason = reason
    }

    /// No need to be woken.
    package static let never = Self(at: .never, reason: "never")

    /// The earlier of the two.
    package static func earlier(_ a: Self, _ b: Self) -> Self { b.at < a.at ? b : a }
}
