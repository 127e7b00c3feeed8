// Links come, speak and go: what they say becomes inputs of the engine.

import Metainfo
import Pieces
import Primitives
import Reactor
import Swarm
import Wire

extension SwarmDriver {
    /// The number under which others send us live messages.
    static let liveID: UInt8 = 3
    /// The number under which others send us what their neighbours are.
    static let exchangeID: UInt8 = 2
    /// The number under which others ask us for introductions, or give them.
    static let holepunchID: UInt8 = 4

    private var handshake: Handshake {
        Handshake(reserved: [.fast, .extensionProtocol], infoHash: infoHash, peerID: ourID)
    }

    /// Opens a connection; it counts as a neighbour once both handshakes have passed.
    func dial(_ endpoint: Endpoint, from port: UInt16?) {
        let link = PeerLink(
            dialing: endpoint, from: port, offering: handshake, patience: .seconds(10),
            opening: { [weak self] link in self?.opening(to: link.endpoint) ?? [] },
            handler: { [weak self] link, event in self?.heard(link, event) })
        dialing[ObjectIdentifier(link)] = link
    }

    /// `message` with the port from which its endpoint is being dialled, if it asks for an
    /// introduction.
    func named(_ message: HolepunchMessage) -> HolepunchMessage {
        guard case .rendezvous(let endpoint, _) = message,
            let link = dialing.values.first(where: { $0.endpoint == endpoint })
        else { return message }
        return .rendezvous(endpoint, from: link.localPort ?? 0)
    }

    /// What goes out along with our handshake.
    private func opening(to endpoint: Endpoint) -> [Message] {
        guard let said = greeting(to: endpoint) else { return [] }
        return [.haveNone, greeting(said.offer)] + said.requests.map { .request($0) }
    }

    /// Takes an incoming link that named our info-hash.
    func adopt(_ link: PeerLink, _ greeting: Handshake) {
        link.answer(handshake)
        join(link, greeting)
    }

    private func join(_ link: PeerLink, _ greeting: Handshake) {
        guard greeting.reserved.isSuperset(of: [.fast, .extensionProtocol]) else {
            return refuse(link)
        }
        let slot = links.firstIndex { $0 == nil } ?? links.count
        if slot == links.count { links.append(nil) }
        links[slot] = link
        slots[ObjectIdentifier(link)] = PeerHandle(slot)
        feed(
            .peerJoined(
                PeerHandle(slot),
                Introduction(
                    endpoint: link.endpoint, id: greeting.peerID, outgoing: link.isOutgoing,
                    isGreeted: link.hasOpened)))
    }

    private func refuse(_ link: PeerLink) {
        link.close()
        if link.isOutgoing { feed(.dialFailed(link.endpoint)) }
    }

    func heard(_ link: PeerLink, _ event: LinkEvent) {
        let id = ObjectIdentifier(link)
        switch event {
        case .greeted(let greeting):
            guard dialing.removeValue(forKey: id) != nil else { return }
            guard greeting.infoHash == infoHash else { return refuse(link) }
            join(link, greeting)
        case .message(let message, let payload):
            guard let peer = slots[id] else { return }
            said(peer, link, message, payload)
        case .landed, .drained: break
        case .closed:
            if dialing.removeValue(forKey: id) != nil { feed(.dialFailed(link.endpoint)) }
            guard let peer = slots.removeValue(forKey: id) else { return }
            links[peer.slot] = nil
            feed(.peerLeft(peer))
        }
    }

    private func said(
        _ peer: PeerHandle, _ link: PeerLink, _ message: Message, _ payload: Payload?
    ) {
        switch message {
        case .piece(let block):
            self.payload = payload
            feed(.blockReceived(peer, block))
            self.payload = nil
        case .extended(let id, let bytes): extended(peer, link, id, bytes)
        default: feed(.messageReceived(peer, message))
        }
    }

    /// Extended messages (BEP 10): the handshake has number 0, ours the one that we gave.
    private func extended(
        _ peer: PeerHandle, _ link: PeerLink, _ id: UInt8, _ bytes: [UInt8]
    ) {
        let span = bytes.span
        do {
            if id == 0 {
                let handshake = try ExtensionHandshake.decode(span)
                link.theirIDs.apply(handshake.ids)
                feed(.extensionsReceived(peer, handshake))
            } else if id == Self.liveID {
                feed(.liveReceived(peer, try LiveMessage.decode(span)))
            } else if id == Self.exchangeID, engine.exchangesPeers {
                feed(.exchangeReceived(peer, try PeerExchangeMessage.decode(span)))
            } else if id == Self.holepunchID, engine.punchesHoles {
                feed(.holepunchReceived(peer, try HolepunchMessage.decode(span)))
            }
        } catch {
            drop(peer)
        }
    }

    /// A peer whose bytes make no sense.
    private func drop(_ peer: PeerHandle) {
        guard links.indices.contains(peer.slot), let link = links[peer.slot] else { return }
        release(peer)
        link.close()
        feed(.peerLeft(peer))
    }

    /// Takes a link out of the tables.
    func release(_ peer: PeerHandle) {
        guard links.indices.contains(peer.slot), let link = links[peer.slot] else { return }
        slots[ObjectIdentifier(link)] = nil
        links[peer.slot] = nil
    }

    /// The extension handshake of this node (BEP 10).
    func greeting(_ offer: LiveOffer) -> Message {
        var handshake = ExtensionHandshake()
        handshake.ids = [.live: Self.liveID]
        if engine.exchangesPeers { handshake.ids[.peerExchange] = Self.exchangeID }
        if engine.punchesHoles { handshake.ids[.holepunch] = Self.holepunchID }
        handshake.listenPort = listenPort
        handshake.client = "p2ptv 0.1"
        handshake.requestQueue = 500
        handshake.live = offer
        return .extended(id: 0, payload: handshake.encoded)
    }
}
