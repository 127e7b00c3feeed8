// Which addresses to connect to, and when. Keeps what became of each attempt; opens nothing.

import Primitives

/// The addresses of possible neighbours.
struct ConnectionPlanner: Sendable {
    private enum Phase: Hashable {
        /// Not connected; may be tried from a moment on.
        case idle
        /// An attempt is under way.
        case dialing
        /// A neighbour.
        case connected
    }

    private struct Known {
        var phase = Phase.idle
        var failures = 0
        var nextTry = Instant.zero
        var failedAt = Instant.zero
    }

    /// Addresses remembered: what a tracker gives ten times over.
    private let limit = 1000
    private var known: [Endpoint: Known] = [:]
    private var order: [Endpoint] = []
    private var banned: Set<IPAddress> = []
    private var refused: Set<Endpoint> = []

    /// Attempts under way.
    var dialing: Int { known.values.count { $0.phase == .dialing } }

    /// Takes new addresses in; those where no peer can live are dropped.
    mutating func add(_ endpoints: [Endpoint]) {
        for endpoint in endpoints where known[endpoint] == nil && order.count < limit {
            guard endpoint.port != 0, endpoint.address.isUnicast, !refused.contains(endpoint)
            else { continue }
            known[endpoint] = Known()
            order.append(endpoint)
        }
    }

    /// Addresses to dial now, at most `room`.
    ///
    /// A node that is `alone` tries every address again after five seconds at the latest: whoever
    /// watches is to be back within ten when the source is.
    mutating func next(room: Int, alone: Bool = false, at now: Instant) -> [Endpoint] {
        let patience = alone ? Interval.seconds(5) : .forever
        var chosen: [Endpoint] = []
        for endpoint in order where chosen.count < room {
            guard let entry = known[endpoint], entry.phase == .idle,
                min(entry.nextTry, entry.failedAt + patience) <= now,
                !banned.contains(endpoint.address)
            else { continue }
            known[endpoint]?.phase = .dialing
            chosen.append(endpoint)
        }
        return chosen
    }

    /// An attempt came to nothing, or a connection ended: try again after a while.
    ///
    /// One second doubled with each failure in a row, at most half a minute; after nine failures
    /// the address is forgotten.
    mutating func failed(_ endpoint: Endpoint, at now: Instant) {
        guard var entry = known[endpoint] else { return }
        entry.phase = .idle
        entry.failures += 1
        entry.failedAt = now
        entry.nextTry = now + .seconds(min(60, Double(1 << min(entry.failures, 6))) / 2)
        known[endpoint] = entry
        if entry.failures > 8 { remove(endpoint) }
    }

    /// An address is a neighbour now.
    mutating func connected(_ endpoint: Endpoint) {
        add([endpoint])
        known[endpoint]?.phase = .connected
        known[endpoint]?.failures = 0
    }

    /// A neighbour's connection ended.
    mutating func disconnected(_ endpoint: Endpoint, at now: Instant) {
        failed(endpoint, at: now)
    }

    /// A neighbour has gone quiet: dial it anew beside the old connection, at `now`.
    mutating func redial(_ endpoint: Endpoint, at now: Instant) {
        guard let entry = known[endpoint], entry.phase == .connected else { return }
        known[endpoint]?.phase = .idle
        known[endpoint]?.nextTry = now
    }

    /// Never again, whoever names it: a poisoner, or this node itself.
    mutating func refuse(_ endpoint: Endpoint) {
        remove(endpoint)
        if refused.count < limit { refused.insert(endpoint) }
    }

    /// Forgets an address; it may be named again.
    mutating func remove(_ endpoint: Endpoint) {
        known[endpoint] = nil
        order.removeAll { $0 == endpoint }
    }

    /// Keeps an address out for good.
    mutating func ban(_ address: IPAddress) { banned.insert(address) }

    /// Whether an address is kept out.
    func isBanned(_ address: IPAddress) -> Bool { banned.contains(address) }
}
