// Two nodes behind NATs cannot call each other, but both at once can: a neighbour of both tells them
// to (BEP 55). Who asks, who introduces and who obeys; whom to ask is for Rendezvous.

import Primitives
import Wire

extension SwarmEngine {
    /// Whether this node takes part in introductions.
    ///
    /// Not where the trackers alone may say who takes part (BEP 27): to introduce is to tell.
    package var punchesHoles: Bool {
        settings.exchangesPeers && settings.policies.contains(.holePunching)
    }

    /// Addresses are being dialled.
    mutating func expect(_ dialled: [Endpoint], _ now: Instant) {
        guard punchesHoles else { return }
        for endpoint in dialled { rendezvous.dialled(endpoint, at: now) }
        timers.wake(.punch, by: rendezvous.nextAt)
    }

    /// A dial has come to nothing.
    mutating func failed(_ endpoint: Endpoint, _ now: Instant) {
        planner.failed(endpoint, at: now)
        _ = early.take(endpoint)
        rendezvous.failed(endpoint, at: now)
        timers.wake(.punch, by: rendezvous.nextAt)
    }

    /// Asks neighbours for introductions to those who do not answer.
    mutating func seekIntroductions(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        for endpoint in rendezvous.due(at: now) {
            // Who has enough neighbours needs none that are hard to get.
            guard peers.count < settings.targetPeers else {
                rendezvous.met(endpoint)
                continue
            }
            let relays = relays(for: endpoint)
            guard let relay = rendezvous.ask(for: endpoint, among: relays, at: now) else {
                continue
            }
            outputs.append(.sendHolepunch(relay, .rendezvous(endpoint)))
        }
        timers.wake(.punch, by: rendezvous.nextAt)
    }

    /// Neighbours that introduce: the source first, whom most are connected to, the others by lot.
    private mutating func relays(for endpoint: Endpoint) -> [PeerHandle] {
        let all = peers.filter { $0.isLive && $0.punches && Self.concerns(endpoint, $0) }
        let sources = all.filter { peers.look($0, \.isSource) ?? false }
        return sources + all.filter { !sources.contains($0) }.shuffled(using: &random)
    }

    /// A neighbour speaks of introductions.
    mutating func holepunched(
        _ peer: PeerHandle, _ message: HolepunchMessage, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        guard affords(peer, 8, now, &outputs) else { return }
        heard(peer, now)
        // Who has not said that it speaks this is not listened to (BEP 55).
        guard punchesHoles, let state = peers[peer], state.isLive, state.punches else { return }
        switch message {
        case .rendezvous(let endpoint, let port):
            introduce(peer, from: port, to: endpoint, now, &outputs)
        case .connect(let endpoint): meet(endpoint, invitedBy: peer, now, &outputs)
        case .error(let endpoint, let error):
            // Who does not speak it does so nowhere, if that is true: the source is believed.
            // Somebody else may be connected to it.
            let isTrue = error == .noSupport && state.isTrustedSource
            rendezvous.refused(endpoint, by: peer, forGood: isTrue, at: now)
            timers.wake(.punch, by: rendezvous.nextAt)
        case .unknown: glitch(peer, "unknown rendezvous message", now, &outputs)
        }
    }

    /// Tells two neighbours to dial each other, or the one that asks why not.
    ///
    /// Each is named by the address that we see it at. The one that asks is dialled back at the port
    /// from which it dials, the other one at the port that it listens on and dials back from: a NAT
    /// that keeps ports has its holes there. One that does not has another for each that is
    /// dialled, so the port that we see would be of no use either.
    private mutating func introduce(
        _ peer: PeerHandle, from port: UInt16, to endpoint: Endpoint, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        guard rendezvous.serves(peer, at: now) else {
            return glitch(peer, "rendezvous without end", now, &outputs)
        }
        switch match(peer, from: port, endpoint) {
        case .failure(let error):
            outputs.append(.sendHolepunch(peer, .error(endpoint, error)))
        case .success(let (host, guest)):
            outputs.append(.sendHolepunch(host, .connect(guest)))
            outputs.append(.sendHolepunch(peer, .connect(endpoint)))
        }
    }

    /// The neighbour at `endpoint`, and the address under which it is to dial `peer`.
    private func match(
        _ peer: PeerHandle, from port: UInt16, _ endpoint: Endpoint
    ) -> Result<(host: PeerHandle, guest: Endpoint), HolepunchError> {
        guard endpoint.canBePeer, let guest = peers[peer] else { return .failure(.noSuchPeer) }
        guard !rendezvous.knowsAsOurs(endpoint) else { return .failure(.noSelf) }
        guard let handle = neighbour(at: endpoint), let host = peers[handle], host.isLive else {
            return .failure(.notConnected)
        }
        let ours = guest.contact?.endpoint ?? guest.introduction.endpoint
        guard handle != peer, Self.concerns(endpoint, guest), Self.concerns(ours, host) else {
            return .failure(.noSuchPeer)
        }
        guard host.punches else { return .failure(.noSupport) }
        let hole = port == 0 ? ours : Endpoint(address: ours.address, port: port)
        return .success((handle, hole))
    }

    /// The neighbour that others know by this address.
    private func neighbour(at endpoint: Endpoint) -> PeerHandle? {
        peers.filter { $0.contact?.endpoint == endpoint || $0.introduction.endpoint == endpoint }
            .first
    }

    /// Dials somebody who dials us at this moment, by a neighbour's word.
    ///
    /// Whoever sends this makes us send packets to an address of its choice: so seldom, to few ports
    /// of a host, never again soon, and never to addresses that it could not tell us of by BEP 11.
    private mutating func meet(
        _ endpoint: Endpoint, invitedBy peer: PeerHandle, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        let isAsked = rendezvous.isAnswer(endpoint, by: peer)
        guard isAsked || rendezvous.obeys(peer, at: now) else {
            return glitch(peer, "introductions without end", now, &outputs)
        }
        guard settings.role != .source, let state = peers[peer], endpoint.canBePeer,
            Self.concerns(endpoint, state), neighbour(at: endpoint) == nil,
            peers.count < settings.maxPeers, !rendezvous.knowsAsOurs(endpoint)
        else { return }
        let teller = state.introduction.endpoint.address
        let mayDial = planner.dialing < settings.maxHalfOpen
        let dials = mayDial && planner.meet(endpoint, by: teller, isAsked: isAsked, at: now)
        if dials { outputs.append(.dialBack(endpoint)) }
        guard planner.isDialing(endpoint) else { return }
        rendezvous.introduced(endpoint, by: peer, isBack: dials && !isAsked, at: now)
    }
}
