// The port that peers connect to, shared by all swarms of the process: takes connections in,
// reads the info-hash that they name, and hands them to its swarm.

import Glibc
import Primitives
import Reactor
import Wire

/// The limits of the greeting.
struct PeerHostSettings: Sendable {
    /// Connections that have not greeted yet; of more, the oldest is closed.
    var mostGreeting = 128
    /// The same from one address, or one /64 of IPv6.
    var mostGreetingPerAddress = 16
    /// The time for the whole greeting (libtorrent: 10 s).
    var patience = Interval.seconds(10)
}

/// The listener for peers.
@Loop
final class PeerHost {
    /// The port that is listened on.
    let port: UInt16
    private let listener: TCPListener
    private let box: Box

    /// What the listener's handler needs, without holding the host.
    @Loop
    private final class Box {
        var settings = PeerHostSettings()
        var swarms: [InfoHash: any LinkOwner] = [:]
        var greeting: [ObjectIdentifier: PeerLink] = [:]
        /// The same in the order in which they came; some have gone.
        var order: [PeerLink] = []
    }

    /// Listens on the first free port of `ports`.
    init(ports: some Sequence<UInt16>) throws(ReactorFault) {
        let box = Box()
        var last = ReactorFault(errno: EADDRINUSE)
        for port in ports {
            do throws(ReactorFault) {
                let any = Endpoint(address: .v6(0, 0), port: port)
                listener = try TCPListener(
                    on: any, settings: PeerLink.tcp, sharesPort: true
                ) { connection, remote in Self.accept(connection, remote, box) }
                self.box = box
                self.port = listener.port
                return
            } catch {
                last = error
                guard case .addressInUse = error else { throw error }
            }
        }
        throw last
    }

    /// Makes `swarm` reachable under its info-hash.
    func add(_ swarm: SwarmDriver) { add(swarm, as: swarm.infoHash) }

    /// Makes `swarm` reachable under `infoHash`.
    func add(_ swarm: any LinkOwner, as infoHash: InfoHash) { box.swarms[infoHash] = swarm }

    /// Takes no more connections for `infoHash`.
    func remove(_ infoHash: InfoHash) { box.swarms[infoHash] = nil }

    /// Ends listening; links that were handed over go on.
    func close() {
        listener.close()
        for link in box.greeting.values { link.close() }
        box.greeting = [:]
        box.order = []
    }

    private static func accept(_ connection: TCPConnection, _ remote: Endpoint, _ box: Box) {
        makeRoom(for: remote, box)
        let link = PeerLink(
            accepted: connection, from: remote, patience: box.settings.patience
        ) { [weak box] link, event in
            guard let box else { return }
            heard(link, event, box)
        }
        box.greeting[ObjectIdentifier(link)] = link
        box.order.append(link)
        link.start()
    }

    /// Who is honest greets within a round trip: of too many that have not, the oldest goes.
    private static func makeRoom(for remote: Endpoint, _ box: Box) {
        box.order.removeAll { box.greeting[ObjectIdentifier($0)] == nil }
        let household = Household(remote.address)
        let same = box.order.filter { Household($0.endpoint.address) == household }
        let isCrowd = same.count >= box.settings.mostGreetingPerAddress
        guard let oldest = isCrowd ? same.first : box.order.first,
            isCrowd || box.order.count >= box.settings.mostGreeting
        else { return }
        box.greeting[ObjectIdentifier(oldest)] = nil
        oldest.close()
    }

    private static func heard(_ link: PeerLink, _ event: LinkEvent, _ box: Box) {
        let id = ObjectIdentifier(link)
        switch event {
        case .greeted(let handshake):
            box.greeting[id] = nil
            guard let swarm = box.swarms[handshake.infoHash] else { return link.close() }
            swarm.adopt(link, handshake)
        case .message(let message, let payload):
            guard let hash = link.handshake?.infoHash else { return link.close() }
            box.swarms[hash]?.heard(link, .message(message, payload: payload))
        case .landed, .drained:
            guard let hash = link.handshake?.infoHash else { return }
            box.swarms[hash]?.heard(link, event)
        case .closed:
            box.greeting[id] = nil
            guard let hash = link.handshake?.infoHash else { return }
            box.swarms[hash]?.heard(link, .closed)
        }
    }
}
