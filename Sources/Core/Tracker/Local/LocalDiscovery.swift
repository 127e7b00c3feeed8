// Finding peers in the local network (BEP 14): what is announced when, and who among those that
// announce themselves is a peer of ours. Opens no socket and knows no interfaces. Nobody answers an
// announcement: whoever hears it calls.

package import Primitives

/// The limits of local discovery.
package struct LocalDiscoverySettings: Hashable, Sendable {
    /// The time between announcements of a swarm (BEP 14).
    package var interval = Interval.seconds(300)
    /// The least time between any two announcements (BEP 14).
    package var pause = Interval.seconds(60)
    /// How long a peer that was found is not told of again.
    package var memory = Interval.seconds(60)
    /// The peers that are found in that time: more than any household has, and no flood.
    package var peers = 64
    /// The swarms that are announced; those beyond are found by others only.
    package var swarms = 1000

    /// The defaults.
    package init() {}
}

/// The local discovery of all swarms of a process.
///
/// Private torrents (BEP 27) must not join.
package struct LocalDiscovery: Sendable {
    /// What has happened.
    package enum Input: Hashable, Sendable {
        /// This node takes part in a swarm, and listens on a port.
        case joined(InfoHash, port: UInt16)
        /// It takes part no more.
        case left(InfoHash)
        /// A datagram came to one of the groups.
        case received([UInt8], from: Endpoint)
        /// The deadline was reached.
        case timePassed
    }

    /// What is to be done.
    package enum Output: Hashable, Sendable {
        /// Send this to both groups, through every interface.
        case announce(LocalAnnouncement)
        /// Tell a swarm of a peer.
        case discovered(InfoHash, Endpoint)
    }

    private struct Swarm: Sendable {
        let infoHash: InfoHash
        let port: UInt16
        var due: Instant
    }

    private struct Sighting: Hashable, Sendable {
        let infoHash: InfoHash
        let endpoint: Endpoint
    }

    private let settings: LocalDiscoverySettings
    private let cookie: String
    private var swarms: [Swarm] = []
    private var announcedAt: Instant?
    private var sightings: [Sighting: Instant] = [:]

    /// A discovery without swarms.
    package init(
        settings: LocalDiscoverySettings = LocalDiscoverySettings(), random: SeededRandom
    ) {
        self.settings = settings
        var random = random
        var bytes: [UInt8] = []
        bytes.append(bigEndian: random.next())
        cookie = hex(bytes)
    }

    /// When `timePassed` must be said next.
    package var nextDeadline: Deadline {
        guard let due = swarms.map(\.due).min() else { return .never }
        let allowed = announcedAt.map { $0 + settings.pause } ?? due
        return Deadline(at: max(due, allowed), reason: "local announcement")
    }

    /// Takes what has happened and appends what is to be done.
    package mutating func handle(_ input: Input, at now: Instant, into outputs: inout [Output]) {
        switch input {
        case .joined(let infoHash, let port):
            swarms.removeAll { $0.infoHash == infoHash }
            guard swarms.count < settings.swarms, port != 0 else { return }
            swarms.append(Swarm(infoHash: infoHash, port: port, due: now))
        case .left(let infoHash):
            swarms.removeAll { $0.infoHash == infoHash }
            sightings = sightings.filter { $0.key.infoHash != infoHash }
        case .received(let bytes, let sender):
            return receive(bytes, from: sender, at: now, into: &outputs)
        case .timePassed: break
        }
        announce(at: now, into: &outputs)
    }

    /// Announces the swarms that are due, as many as one datagram names; they share a port.
    private mutating func announce(at now: Instant, into outputs: inout [Output]) {
        guard nextDeadline.at <= now, let port = swarms.min(by: { $0.due < $1.due })?.port else {
            return
        }
        let due = swarms.indices.filter { swarms[$0].port == port && swarms[$0].due <= now }
            .sorted { swarms[$0].due < swarms[$1].due }
            .prefix(LocalAnnouncement.mostSwarms)
        let hashes = due.map { swarms[$0].infoHash }
        for place in due { swarms[place].due = now + settings.interval }
        announcedAt = now
        outputs.append(
            .announce(LocalAnnouncement(port: port, infoHashes: hashes, cookie: cookie)))
    }

    private mutating func receive(
        _ bytes: [UInt8], from sender: Endpoint, at now: Instant, into outputs: inout [Output]
    ) {
        guard sender.address.isUnicast, !sender.address.needsInterface,
            let announcement = LocalAnnouncement(bytes), announcement.cookie != cookie
        else { return }
        let endpoint = Endpoint(address: sender.address, port: announcement.port)
        sightings = sightings.filter { now < $0.value + settings.memory }
        for swarm in swarms where announcement.infoHashes.contains(swarm.infoHash) {
            let sighting = Sighting(infoHash: swarm.infoHash, endpoint: endpoint)
            guard sightings[sighting] == nil, sightings.count < settings.peers else { continue }
            sightings[sighting] = now
            outputs.append(.discovered(swarm.infoHash, endpoint))
        }
    }
}

extension IPAddress {
    /// Whether the address names a host only together with an interface: fe80::/10 (RFC 4291, 2.5.6).
    fileprivate var needsInterface: Bool {
        switch self {
        case .v4: false
        case .v6(let high, _): high >> 54 == 0x3fa
        }
    }
}
