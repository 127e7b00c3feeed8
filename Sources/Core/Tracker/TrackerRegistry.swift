// The embedded tracker's table (BEP 3, 7, 23, 48): which peers are in which swarm, and whom to name
// to whom. Opens no socket; parses nothing (see AnnounceRequest) and keeps no time.
//
// A peer is known by the address that its announce came from and the port that it names, never by
// what it says of itself: so nobody can enter, or take off, anybody else.

package import Primitives

/// The limits of a registry.
package struct TrackerRegistrySettings: Hashable, Sendable {
    /// The usual time between a peer's announces; each reply varies it by a fifth either way, so
    /// that viewers who came together do not come back together.
    package var interval = Interval.seconds(120)
    /// The least time between announces: a newcomer to a live channel cannot wait for two minutes.
    package var minInterval = Interval.seconds(15)
    /// The peers in a reply that asks for no number.
    package var usualPeers = 50
    /// The most peers in a reply: 200 fit into two packets.
    package var mostPeers = 200
    /// The ports that one address (one /64 of IPv6) can hold in a swarm: enough for a household,
    /// too few to fill a swarm with.
    package var portsPerAddress = 8
    /// The ports that a loopback address can hold: those are our own programs and tests.
    package var portsPerLoopback = 64
    /// The peers of one swarm; at some 200 bytes each.
    package var peersPerSwarm = 50_000
    /// The peers of all swarms together: 20 MB.
    package var peers = 100_000
    /// The swarms that an open tracker holds.
    package var swarms = 1000
    /// The torrents in one scrape: what fits into a packet of the UDP protocol (BEP 15).
    package var scrapedTorrents = 74
    /// Where peers on this machine are reachable from elsewhere, if that is known.
    package var publicAddress: IPAddress?

    /// The defaults.
    package init() {}

    /// How long a peer is listed after its last announce; above the longest interval in a reply.
    package var lifetime: Interval { interval * 2 }
}

/// The table of a tracker.
///
/// Hand in each announce with the address that it came from, and call `expire` when `nextDeadline`
/// is reached. Memory is bounded by the settings.
package struct TrackerRegistry: Sendable {
    /// Which torrents are served.
    package enum Admission: Hashable, Sendable {
        /// Any torrent.
        case open
        /// These torrents only.
        case only(Set<InfoHash>)
    }

    /// The limits.
    package let settings: TrackerRegistrySettings
    /// How many peers are listed in all.
    package private(set) var peerCount = 0
    private var admission: Admission
    var tables: [InfoHash: PeerTable] = [:]
    private var random: SeededRandom
    private var nextSweep = Instant.never

    /// A registry that serves what `admission` says.
    package init(
        admission: Admission, settings: TrackerRegistrySettings = TrackerRegistrySettings(),
        random: SeededRandom
    ) {
        self.admission = admission
        self.settings = settings
        self.random = random
    }

    /// When `expire` must be called next.
    package var nextDeadline: Deadline { Deadline(at: nextSweep, reason: "tracker expiry") }

    /// Serves `infoHash` from now on.
    package mutating func register(_ infoHash: InfoHash) {
        guard case .only(let hashes) = admission else { return }
        admission = .only(hashes.union([infoHash]))
    }

    /// Whether `infoHash` is served.
    package func serves(_ infoHash: InfoHash) -> Bool {
        switch admission {
        case .open: true
        case .only(let hashes): hashes.contains(infoHash)
        }
    }

    /// Enters what an announce says and answers with peers.
    ///
    /// - Parameters:
    ///   - request: What was announced.
    ///   - sender: The address that the announce came from.
    ///   - reached: The address of ours that the sender reached, where known. Without a public
    ///     address, peers on this machine are named to others by it.
    ///   - now: The time.
    ///   - width: The only kind of address that the answer can hold, or nil where it takes both.
    ///   - room: How many peers the answer has room for.
    /// - Returns: The answer to send.
    package mutating func announce(
        _ request: AnnounceRequest, from sender: IPAddress, reachedAt reached: IPAddress? = nil,
        at now: Instant, naming width: AddressWidth? = nil, atMost room: Int = .max
    ) -> AnnounceReply {
        guard sender.isUnicast else { return .refused(.impossibleAddress) }
        guard request.port != 0 else { return .refused(.malformed("port")) }
        guard serves(request.infoHash) else { return .refused(.unknownTorrent) }
        expire(at: now)
        let asker = Endpoint(address: sender, port: request.port)
        if request.event == .stopped {
            update(request.infoHash) { $0.remove(asker) }
            return .accepted(response(for: request.infoHash, peers: []))
        }
        guard enter(asker, request, at: now) else { return .refused(.full) }
        let wanted = min(request.wanted ?? settings.usualPeers, settings.mostPeers, room)
        let local = settings.publicAddress ?? reached
        let peers = choose(wanted, of: request.infoHash, for: asker, local: local, at: now) {
            width == nil || AddressWidth($0.address) == width
        }
        return .accepted(response(for: request.infoHash, peers: peers))
    }

    /// Takes off the peers that were not heard of for their lifetime.
    ///
    /// Sweeps four times in a lifetime: an announce in between costs nothing for those it passes.
    package mutating func expire(at now: Instant) {
        guard nextSweep <= now else { return }
        for infoHash in Array(tables.keys) {
            update(infoHash) { [settings] in $0.removeUnheard(since: now - settings.lifetime) }
        }
        nextSweep = peerCount == 0 ? .never : now + settings.lifetime * 0.25
    }

    /// Enters or renews a peer; false where there is no room for its swarm.
    ///
    /// A newcomer to a full swarm is served without being listed: it can still call others.
    private mutating func enter(
        _ asker: Endpoint, _ request: AnnounceRequest, at now: Instant
    ) -> Bool {
        let infoHash = request.infoHash
        guard tables[infoHash] != nil || tables.count < settings.swarms else { return false }
        let count = tables[infoHash]?.entries.count ?? 0
        let hasRoom = count < settings.peersPerSwarm && peerCount < settings.peers
        guard hasRoom || tables[infoHash]?.contains(asker) == true else { return true }
        let ports =
            asker.address.isLoopback ? settings.portsPerLoopback : settings.portsPerAddress
        let isSeeder = request.counters.left == 0
        update(infoHash) {
            $0.record(asker, isSeeder: isSeeder, at: now, ports: ports)
            if request.event == .completed { $0.completions += 1 }
        }
        nextSweep = min(nextSweep, now + settings.lifetime * 0.25)
        return true
    }

    /// Changes the table of one swarm in place and keeps the count of all peers.
    private mutating func update(_ infoHash: InfoHash, _ change: (inout PeerTable) -> Void) {
        let before = tables[infoHash]?.entries.count ?? 0
        change(&tables[infoHash, default: PeerTable()])
        let after = tables[infoHash]?.entries.count ?? 0
        peerCount += after - before
        if after == 0 { tables[infoHash] = nil }
    }

    private mutating func choose(
        _ wanted: Int, of infoHash: InfoHash, for asker: Endpoint, local: IPAddress?,
        at now: Instant, where fits: (Endpoint) -> Bool
    ) -> [Endpoint] {
        guard let table = tables[infoHash] else { return [] }
        var peers: [Endpoint] = []
        var order = LazyShuffle(count: table.entries.count)
        while peers.count < wanted, let place = order.next(using: &random) {
            let entry = table.entries[place]
            guard entry.lastHeard + settings.lifetime > now, entry.endpoint != asker,
                let shown = Self.name(entry.endpoint, to: asker.address, local: local),
                shown != asker, fits(shown)
            else { continue }
            peers.append(shown)
        }
        return peers
    }

    /// How `peer` is named to a node at `address`, or nil where that node could not reach it.
    private static func name(
        _ peer: Endpoint, to address: IPAddress, local: IPAddress?
    ) -> Endpoint? {
        guard peer.address.isLoopback, !address.isLoopback else { return peer }
        guard let local, local.isUnicast, !local.isLoopback else { return nil }
        return Endpoint(address: local, port: peer.port)
    }

    private mutating func response(for infoHash: InfoHash, peers: [Endpoint]) -> AnnounceResponse {
        let factor = Double.random(in: 0.8...1.2, using: &random)
        let seeders = tables[infoHash]?.seeders ?? 0
        return AnnounceResponse(
            interval: Int((settings.interval * factor).seconds),
            minInterval: Int(settings.minInterval.seconds), seeders: seeders,
            leechers: (tables[infoHash]?.entries.count ?? 0) - seeders, peers: peers)
    }
}
