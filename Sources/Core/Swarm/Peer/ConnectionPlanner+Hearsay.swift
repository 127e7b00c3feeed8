// Addresses that neighbours tell of (BEP 11). Nobody vouches for them: they are tried after those
// of trackers, in turn by who told them, and forgotten soon. One that was connected to is an
// address like any other from then on. Tellers and hosts are households: of IPv6 addresses a single
// line has as many as it likes.

import Primitives

extension ConnectionPlanner {
    /// Addresses known by hearsay: five tellers' worth.
    private static let mostHeard = 200
    /// Of these from one teller: what one message holds.
    private static let mostPerTeller = 50
    /// Ports of one host: a household's viewers, but no scan of somebody's ports.
    static let mostPorts = 4

    /// Takes in what a neighbour at `teller` tells of.
    ///
    /// Where there is no room, whoever has told most makes it.
    mutating func hear(_ endpoints: [Endpoint], from teller: IPAddress) {
        let teller = Household(teller)
        // Mostly they are known already: then nothing is counted.
        guard endpoints.contains(where: { known[$0] == nil }) else { return }
        var crowd = Crowd(known)
        for endpoint in endpoints
        where isNew(endpoint, crowd) && makeRoom(for: teller, &crowd) {
            known[endpoint] = Known(teller: teller)
            crowd.count(endpoint, toldBy: teller, 1)
            order.append(endpoint)
            if !turns.contains(teller) { turns.append(teller) }
        }
    }

    /// A neighbour at `teller` is no longer connected to these.
    mutating func withdraw(_ endpoints: [Endpoint], by teller: IPAddress) {
        let teller = Household(teller)
        for endpoint in endpoints where known[endpoint]?.isIdle(toldBy: teller) ?? false {
            remove(endpoint)
        }
    }

    /// Forgets what a neighbour at `teller` told of and was not tried yet.
    mutating func disbelieve(_ teller: IPAddress) {
        withdraw(order, by: teller)
        turns.removeAll { $0 == Household(teller) }
    }

    /// How many addresses are known by hearsay only.
    var heard: Int { known.values.count { $0.teller != nil } }

    /// The next address to dial of those known by hearsay, of each teller in turn.
    mutating func nextHeard(_ alone: Bool, _ near: Set<Endpoint>, _ now: Instant) -> Endpoint? {
        for (place, teller) in turns.enumerated() {
            let endpoint = order.first {
                known[$0]?.teller == teller && !near.contains($0)
                    && isReady($0, alone: alone, at: now)
            }
            guard let endpoint else { continue }
            turns.remove(at: place)
            turns.append(teller)
            return endpoint
        }
        turns.removeAll { teller in !known.values.contains { $0.teller == teller } }
        return nil
    }

    /// What is known by hearsay, in numbers: counted once for all of a message.
    private struct Crowd {
        var all = 0
        var told: [Household: Int] = [:]
        var ports: [Household: Int] = [:]

        init(_ known: [Endpoint: Known]) {
            for (endpoint, entry) in known {
                if let teller = entry.teller { count(endpoint, toldBy: teller, 1) }
            }
        }

        mutating func count(_ endpoint: Endpoint, toldBy teller: Household, _ step: Int) {
            all += step
            told[teller, default: 0] += step
            ports[Household(endpoint.address), default: 0] += step
        }
    }

    private func isNew(_ endpoint: Endpoint, _ crowd: Crowd) -> Bool {
        guard known[endpoint] == nil, endpoint.canBePeer, !isKeptOut(endpoint) else { return false }
        return crowd.ports[Household(endpoint.address)] ?? 0 < Self.mostPorts
    }

    private mutating func makeRoom(for teller: Household, _ crowd: inout Crowd) -> Bool {
        let own = crowd.told[teller] ?? 0
        guard own < Self.mostPerTeller else { return false }
        guard crowd.all >= Self.mostHeard else { return true }
        guard let most = crowd.told.values.max(), most > own + 1 else { return false }
        // By the order of addresses among equals, so that a run follows from its seed.
        let found = order.reversed().compactMap { endpoint in
            known[endpoint].flatMap { entry in
                entry.phase == .idle
                    ? entry.teller.map { (endpoint, $0, crowd.told[$0] ?? 0) } : nil
            }
        }.max { $0.2 < $1.2 }
        guard let found, found.2 > own + 1 else { return false }
        crowd.count(found.0, toldBy: found.1, -1)
        remove(found.0)
        return true
    }
}
