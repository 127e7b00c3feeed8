// Neighbours tell each other of their neighbours (BEP 11), so that a swarm outlives its tracker.
// What is told is what this node is connected to; what is heard is a claim, tried last.

import Primitives
import Wire

extension PeerState {
    /// Where others reach it, as far as that is known: we dialled it, or it named its port.
    ///
    /// Whom we were introduced to did not wait to be dialled.
    var contact: Contact? {
        let role: ContactFlags = isSource ? .uploadOnly : []
        // Called back at the port that it dialled from: nobody else reaches it there.
        if isIntroduced, let listenPort {
            return Contact(
                Endpoint(address: introduction.endpoint.address, port: listenPort), role)
        }
        if introduction.outgoing {
            return Contact(
                introduction.endpoint, isIntroduced ? role : role.union(.reachable))
        }
        return listenPort.map {
            Contact(Endpoint(address: introduction.endpoint.address, port: $0), role)
        }
    }
}

extension SwarmEngine {
    /// Whether contacts are exchanged with neighbours.
    package var exchangesPeers: Bool { settings.exchangesPeers }

    /// Notes what a handshake says of the exchange: where the neighbour listens, and whether it
    /// wants to be told of others.
    mutating func noteExchange(
        _ peer: PeerHandle, _ handshake: ExtensionHandshake, _ now: Instant
    ) {
        if let port = handshake.listenPort { peers[peer]?.listenPort = port }
        if let id = handshake.ids[.holepunch] { peers[peer]?.punches = id != 0 }
        if let endpoint = peers[peer]?.contact?.endpoint { rendezvous.met(endpoint) }
        rendezvous.gained(at: now)
        timers.wake(.punch, by: rendezvous.nextAt)
        if let id = handshake.ids[.peerExchange] { peers[exchange: peer].isWanted = id != 0 }
        timers.wake(.exchange, by: now)
    }

    /// Tells those whose time has come who has joined and left since they were last told.
    mutating func tellContacts(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        guard settings.exchangesPeers else { return }
        let contacts = peers.handles.compactMap { handle in
            peers[handle].flatMap { $0.isLive ? $0.contact : nil }
        }
        for peer in peers.handles {
            guard let state = peers[peer], state.isLive, peers[exchange: peer].isWanted
            else { continue }
            if now >= peers[exchange: peer].nextAt {
                let others = contacts.filter { Self.concerns($0.endpoint, state) }
                guard let news = peers[exchange: peer].next(others, at: now) else { continue }
                outputs.append(.sendExchange(peer, news))
            }
            timers.wake(.exchange, by: peers[exchange: peer].nextAt)
        }
    }

    /// Whether `contact` is of use to a neighbour: it is another, and at an address that means the
    /// same host there as here.
    ///
    /// A private address means something to those only who are reached at one themselves.
    static func concerns(_ contact: Endpoint, _ neighbour: PeerState) -> Bool {
        contact != neighbour.contact?.endpoint
            && contact.address.scope >= neighbour.introduction.endpoint.address.scope
    }

    /// A neighbour tells of its neighbours.
    mutating func exchanged(
        _ peer: PeerHandle, _ message: PeerExchangeMessage, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        let count = message.added.count + message.dropped.count
        guard affords(peer, 4 + count / 4, now, &outputs) else { return }
        heard(peer, now)
        let isFit = peers[exchange: peer].admits(at: now)
        guard isFit, settings.exchangesPeers, let state = peers[peer], state.isLive else {
            return glitch(peer, "peer exchange out of season", now, &outputs)
        }
        // A source dials nobody.
        guard settings.role != .source else { return }
        let teller = state.introduction.endpoint.address
        planner.withdraw(message.dropped, by: teller)
        rendezvous.withdrawn(message.dropped, by: peer)
        let news = message.added.shuffled(using: &random).filter {
            Self.concerns($0.endpoint, state)
        }
        let reachable = news.filter { $0.flags.contains(.reachable) }
        let others = news.filter { !$0.flags.contains(.reachable) }
        planner.hear((reachable + others).map(\.endpoint), from: teller)
        rendezvous.told(of: news.map(\.endpoint), by: peer, at: now)
        timers.wake(.punch, by: rendezvous.nextAt)
        connect(now, &outputs)
    }
}
