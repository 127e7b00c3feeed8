// How much one host and one network are troubled. Trackers and neighbours may name whom they like,
// as often as they like, and with as many ports as there are: what a stranger gets of it is bounded,
// and a list is not filled with one host's ports. This machine itself is spared the bounds: many
// nodes of a test share its address.

import Primitives

/// What may be tried of one host: a bucket of connection attempts.
struct HostPace: Sendable {
    /// Attempts at once: eight ports, twice each.
    private static let most = 16.0
    /// The time until one more may be made: a host where nobody answers has twenty a minute.
    private static let each = Interval.seconds(3)

    private var left = Self.most
    private var at = Instant.zero

    private func level(at now: Instant) -> Double {
        min(Self.most, left + (now - at).seconds / Self.each.seconds)
    }

    /// Whether one more may be made.
    func allows(at now: Instant) -> Bool { level(at: now) >= 1 }

    /// Whether it is as if nothing had been tried.
    func isFull(at now: Instant) -> Bool { level(at: now) >= Self.most }

    /// One is made.
    mutating func spend(at now: Instant) {
        left = max(0, level(at: now) - 1)
        at = now
    }
}

/// A network that somebody may be the victim in: a /24 of IPv4, a /48 of IPv6 (RFC 6177).
enum Network: Hashable, Sendable {
    case v4(UInt32)
    case v6(UInt64)

    init(_ address: IPAddress) {
        switch address {
        case .v4(let word): self = .v4(word >> 8)
        case .v6(let high, _): self = .v6(high >> 16)
        }
    }
}

/// The addresses that are known from trackers, by host and by network: counted once for all of an
/// answer.
struct KnownHosts {
    /// Ports of one host: as many as may be neighbours at the same time.
    private static let mostPorts = 8
    /// Addresses of one network: an eighth of the list.
    private static let mostOfNetwork = 125

    private var ports: [Household: Int] = [:]
    private var addresses: [Network: Int] = [:]

    init(_ known: [Endpoint: ConnectionPlanner.Known]) {
        for (endpoint, entry) in known where entry.teller == nil { count(endpoint) }
    }

    mutating func count(_ endpoint: Endpoint) {
        ports[Household(endpoint.address), default: 0] += 1
        addresses[Network(endpoint.address), default: 0] += 1
    }

    mutating func forget(_ endpoint: Endpoint) {
        ports[Household(endpoint.address), default: 1] -= 1
        addresses[Network(endpoint.address), default: 1] -= 1
    }

    /// Whether one more may be known at the host and in the network of `endpoint`.
    func hasRoom(for endpoint: Endpoint) -> Bool {
        if endpoint.address.isLoopback { return true }
        return ports[Household(endpoint.address)] ?? 0 < Self.mostPorts
            && addresses[Network(endpoint.address)] ?? 0 < Self.mostOfNetwork
    }
}
