// How far an IP address means the same host: on one machine, within a private network, or in the
// whole Internet. Knows nothing of the networks that this machine is in.

/// Within what an address means the same host, the narrowest first.
package enum AddressScope: Int, Comparable, Hashable, Sendable {
    /// One machine: the loopback addresses.
    case machine
    /// A private network: RFC 1918, RFC 6598 (behind a provider's NAT), RFC 4193, and link-local.
    case site
    /// The Internet.
    case world

    package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

extension IPAddress {
    /// Within what the address means the same host.
    package var scope: AddressScope {
        if isLoopback { return .machine }
        return isPrivate ? .site : .world
    }

    /// Whether the address is of one link only, where machines give services to themselves.
    package var isLinkLocal: Bool {
        switch self {
        case .v4(let word): word >> 16 == 0xa9fe
        case .v6(let high, _): high >> 54 == 0x3fa
        }
    }

    private var isPrivate: Bool {
        switch self {
        case .v4(let word):
            // 10/8, 172.16/12, 192.168/16, 169.254/16, 100.64/10
            word >> 24 == 10 || word >> 20 == 0xac1 || word >> 16 == 0xc0a8
                || word >> 16 == 0xa9fe || word >> 22 == 0x191
        case .v6(let high, _):
            // fc00::/7, fe80::/10
            high >> 57 == 0x7e || high >> 54 == 0x3fa
        }
    }
}
