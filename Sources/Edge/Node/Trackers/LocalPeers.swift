// Local discovery (BEP 14) on real sockets, for all swarms of the process: carries out what
// LocalDiscovery says. Decides nothing; who may join is for the swarms' nodes to say.

import Crypto
import Primitives
import Reactor
import Tracker

/// The local discovery of the process.
@Loop
final class LocalPeers {
    /// The discovery; its sockets are open while a swarm takes part.
    static let shared = LocalPeers()

    /// What is told of each peer that is found.
    typealias Handler = @Loop (Endpoint) -> Void

    private var discovery = LocalDiscovery(random: SeededRandom(seed: randomSeed()))
    private var handlers: [InfoHash: Handler] = [:]
    private var sockets: [LocalGroup: UDPSocket] = [:]
    private var timer: LoopTimer?
    /// Which interfaces are used; tests keep to the loopback one.
    private let interfaces: () -> [NetworkInterface]

    /// Announcements pass so many routers: the groups reach further than one network (BEP 14), but
    /// a home has no more.
    private static let hops: Int32 = 4

    init(
        interfaces: @escaping () -> [NetworkInterface] = {
            NetworkInterface.all.filter { !$0.isLoopback }
        }
    ) {
        self.interfaces = interfaces
        timer = LoopTimer { [weak self] in self?.feed(.timePassed) }
    }

    /// Announces a swarm, and tells `handler` of the peers that do the same.
    ///
    /// Not for private torrents (BEP 27). Where the machine has no network this does nothing.
    func join(_ infoHash: InfoHash, port: UInt16, handler: @escaping Handler) {
        handlers[infoHash] = handler
        open()
        feed(.joined(infoHash, port: port))
    }

    /// Takes a swarm off.
    func leave(_ infoHash: InfoHash) {
        handlers[infoHash] = nil
        feed(.left(infoHash))
        guard handlers.isEmpty else { return }
        for socket in sockets.values { socket.close() }
        sockets = [:]
    }

    private func feed(_ input: LocalDiscovery.Input) {
        var outputs: [LocalDiscovery.Output] = []
        discovery.handle(input, at: Loop.now, into: &outputs)
        for output in outputs {
            switch output {
            case .announce(let announcement): announce(announcement)
            case .discovered(let infoHash, let endpoint): handlers[infoHash]?(endpoint)
            }
        }
        let deadline = discovery.nextDeadline
        if deadline.at < .never { timer?.schedule(at: deadline.at) } else { timer?.cancel() }
    }

    /// Opens a socket for each group: bound to its address, it hears nothing else.
    private func open() {
        for group in LocalGroup.allCases where sockets[group] == nil {
            sockets[group] = try? UDPSocket(
                on: group.endpoint, isShared: true, largest: LocalAnnouncement.longest
            ) { [weak self] bytes, sender in self?.feed(.received(bytes, from: sender)) }
        }
        listen()
    }

    /// Joins the groups on all interfaces: those that are new, for others it changes nothing.
    private func listen() {
        for (group, socket) in sockets {
            for interface in interfaces() {
                try? socket.join(group.endpoint.address, on: interface)
            }
        }
    }

    private func announce(_ announcement: LocalAnnouncement) {
        // Networks come and go between announcements.
        listen()
        for (group, socket) in sockets {
            let bytes = announcement.encoded(for: group)
            for interface in interfaces() {
                try? socket.send(bytes, to: group.endpoint, through: interface, hops: Self.hops)
            }
        }
    }
}
