// The peers that a tracker knows of one swarm: who, and when last heard of. Knows nothing of
// messages; who may be shown to whom is the registry's affair.

import Primitives

/// The peers of one swarm.
struct PeerTable: Sendable {
    /// One peer.
    struct Entry: Hashable, Sendable {
        /// Where its announces came from, and the port it listens on: its whole identity.
        let endpoint: Endpoint
        /// When it last announced itself.
        var lastHeard: Instant
        /// Whether it has everything.
        var isSeeder: Bool
    }

    /// The peers, in no order.
    private(set) var entries: [Entry] = []
    /// How many have everything.
    private(set) var seeders = 0
    /// How many have said `completed`.
    var completions = 0
    private var places: [Endpoint: Int] = [:]
    private var hosts: [Household: [Endpoint]] = [:]

    /// Whether `endpoint` is in the table.
    func contains(_ endpoint: Endpoint) -> Bool { places[endpoint] != nil }

    /// Enters or renews a peer; where its host has `ports` already, the one unheard for longest goes.
    mutating func record(
        _ endpoint: Endpoint, isSeeder: Bool, at now: Instant, ports: Int
    ) {
        if let place = places[endpoint] {
            seeders += (isSeeder ? 1 : 0) - (entries[place].isSeeder ? 1 : 0)
            entries[place].lastHeard = now
            entries[place].isSeeder = isSeeder
            return
        }
        let neighbours = hosts[Household(endpoint.address)] ?? []
        if neighbours.count >= ports, let oldest = neighbours.min(by: { heard($0) < heard($1) }) {
            remove(oldest)
        }
        places[endpoint] = entries.count
        entries.append(Entry(endpoint: endpoint, lastHeard: now, isSeeder: isSeeder))
        hosts[Household(endpoint.address), default: []].append(endpoint)
        seeders += isSeeder ? 1 : 0
    }

    /// Takes a peer off the table, if it is on it.
    mutating func remove(_ endpoint: Endpoint) {
        guard let place = places.removeValue(forKey: endpoint) else { return }
        seeders -= entries[place].isSeeder ? 1 : 0
        entries.swapAt(place, entries.count - 1)
        entries.removeLast()
        if place < entries.count { places[entries[place].endpoint] = place }
        let host = Household(endpoint.address)
        hosts[host]?.removeAll { $0 == endpoint }
        if hosts[host]?.isEmpty == true { hosts[host] = nil }
    }

    /// Takes off every peer that was last heard of at `moment` or before.
    mutating func removeUnheard(since moment: Instant) {
        for entry in entries where entry.lastHeard <= moment { remove(entry.endpoint) }
    }

    private func heard(_ endpoint: Endpoint) -> Instant {
        places[endpoint].map { entries[$0].lastHeard } ?? .zero
    }
}

/// The numbers below `count` in a random order, each once, drawn as they are needed.
///
/// A Fisher-Yates shuffle that remembers only the places it has touched: choosing 50 of 10,000
/// costs 50 steps.
struct LazyShuffle: Sendable {
    private var left: Int
    private var moved: [Int: Int] = [:]

    init(count: Int) { left = count }

    mutating func next(using random: inout SeededRandom) -> Int? {
        guard left > 0 else { return nil }
        left -= 1
        let pick = Int.random(in: 0...left, using: &random)
        let last = moved.removeValue(forKey: left) ?? left
        return pick == left ? last : moved.updateValue(last, forKey: pick) ?? pick
    }
}
