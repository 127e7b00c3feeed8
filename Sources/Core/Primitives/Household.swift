// What one person can be expected to hold of the address space: what is remembered or counted by
// address is remembered and counted by this, or a single IPv6 line would be as many as it likes.

/// An IPv4 address, or a /64 of IPv6 (RFC 6177).
package enum Household: Hashable, Sendable {
    /// An IPv4 address.
    case v4(UInt32)
    /// The first half of an IPv6 address.
    case v6(UInt64)

    /// The household that `address` belongs to.
    package init(_ address: IPAddress) {
        switch address {
        case .v4(let word): self = .v4(word)
        case .v6(let high, _): self = .v6(high)
        }
    }
}
