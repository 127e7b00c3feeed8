// Peers tell each other of their peers (BEP 11): what is told is whom this node is connected to,
// what is heard is a claim, tried last.

import Primitives
import Wire

extension TorrentPeer {
    /// Where others reach it, as far as that is known: we dialled it, or it named its port.
    var contact: Contact? {
        let role: ContactFlags = isSeed ? .uploadOnly : []
        if introduction.outgoing { return Contact(introduction.endpoint, role.union(.reachable)) }
        return listenPort.map {
            Contact(Endpoint(address: introduction.endpoint.address, port: $0), role)
        }
    }
}

extension TorrentEngine {
    /// Tells those whose time has come who has joined and left since they were last told.
    mutating func tellContacts(_ now: Instant, _ outputs: inout [TorrentOutput]) {
        guard settings.exchangesPeers else { return }
        let contacts = peers.handles.compactMap { peers[$0].contact }
        for peer in peers.handles where peers[peer].exchange.isWanted {
            if now >= peers[peer].exchange.nextAt {
                let state = peers[peer]
                let others = contacts.filter { Self.concerns($0.endpoint, state) }
                guard let news = peers[peer].exchange.next(others, at: now) else { continue }
                outputs.append(.sendExchange(peer, news))
            }
            timers.wake(.exchange, by: peers[peer].exchange.nextAt)
        }
    }

    /// Whether a contact is of use to a peer: another, and at an address that means the same host
    /// there as here.
    private static func concerns(_ contact: Endpoint, _ peer: TorrentPeer) -> Bool {
        contact != peer.contact?.endpoint
            && contact.address.scope >= peer.introduction.endpoint.address.scope
    }

    mutating func exchanged(
        _ peer: PeerHandle, _ message: PeerExchangeMessage, _ now: Instant,
        _ outputs: inout [TorrentOutput]
    ) {
        let count = message.added.count + message.dropped.count
        guard affords(peer, 4 + count / 4, now, &outputs) else { return }
        guard peers[peer].exchange.admits(at: now), settings.exchangesPeers else {
            return glitch(peer, "peer exchange out of season", now, &outputs)
        }
        let state = peers[peer]
        let teller = state.introduction.endpoint.address
        planner.withdraw(message.dropped, by: teller)
        let news = message.added.filter { Self.concerns($0.endpoint, state) }
        planner.hear(news.map(\.endpoint).shuffled(using: &random), from: teller)
        connect(now, &outputs)
    }
}
