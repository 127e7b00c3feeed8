// Links come, speak and go: what they say becomes inputs of the engine.

import Crypto
import Metainfo
import Pieces
import Primitives
import Reactor
import Swarm
import Wire

extension TorrentDriver {
    /// The number under which others send us what their peers are.
    static let exchangeID: UInt8 = 2

    /// What this node can do; that it knows version 2 needs no saying where that is the only one.
    private var ours: ReservedBits {
        let known: ReservedBits = [.fast, .extensionProtocol]
        return torrent.isV2 && infoHashes.count > 1 ? known.union(.v2) : known
    }

    private func handshake(_ infoHash: InfoHash) -> Handshake {
        Handshake(reserved: ours, infoHash: infoHash, peerID: ourID)
    }

    /// What both ends can do.
    private func features(_ greeting: Handshake) -> ReservedBits {
        let shared = greeting.reserved.intersection(ours)
        let isV2 = torrent.isV2 && greeting.infoHash == infoHashes.last
        return isV2 ? shared.union(.v2) : shared
    }

    private var limits: WireLimits {
        var limits = WireLimits(pieceCount: UInt32(torrent.layout.pieceCount))
        limits.takesLateBitfields = true
        return limits
    }

    /// Opens a connection; it counts as a peer once both handshakes have passed.
    ///
    /// Ten seconds for all of it, as a peer that is far away and busy may need.
    func dial(_ endpoint: Endpoint) {
        guard let infoHash = infoHashes.first, !isStopped else { return }
        let link = PeerLink(
            dialing: endpoint, offering: handshake(infoHash), patience: .seconds(10),
            opening: { [weak self] link in
                self?.connected(link)
                return []
            },
            handler: { [weak self] link, event in self?.heard(link, event) })
        dialing[ObjectIdentifier(link)] = link
    }

    /// Takes an incoming link that named one of our info-hashes.
    func adopt(_ link: PeerLink, _ greeting: Handshake) {
        guard !isStopped else { return link.close() }
        link.answer(handshake(greeting.infoHash))
        join(link, greeting)
    }

    /// The number of a link, which it keeps.
    private func slot(of link: PeerLink) -> Int {
        if let known = slots[ObjectIdentifier(link)] { return known.slot }
        let slot = links[webSeeds.count...].firstIndex { $0 == nil } ?? links.count
        if slot == links.count {
            links.append(nil)
            readingBytes.append(0)
        }
        links[slot] = link
        readingBytes[slot] = 0
        slots[ObjectIdentifier(link)] = PeerHandle(slot)
        return slot
    }

    /// A link that was dialled is connected: what the engine says now goes along with our handshake.
    private func connected(_ link: PeerLink) {
        let delay = link.status?.kernel.smoothedRTT ?? .zero
        feed(.connected(PeerHandle(slot(of: link)), link.endpoint, roundTrip: delay))
    }

    private func join(_ link: PeerLink, _ greeting: Handshake) {
        let slot = slot(of: link)
        metadata.joined(PeerHandle(slot))
        hashes.left(PeerHandle(slot))
        link.limits = limits
        link.tune(self)
        feed(
            .peerJoined(
                PeerHandle(slot),
                TorrentIntroduction(
                    endpoint: link.endpoint, id: greeting.peerID, outgoing: link.isOutgoing,
                    features: features(greeting))))
        guard let status = link.status else { return }
        feed(.delayObserved(PeerHandle(slot), status.kernel.smoothedRTT))
    }

    func heard(_ link: PeerLink, _ event: LinkEvent) {
        let id = ObjectIdentifier(link)
        switch event {
        case .greeted(let greeting):
            guard dialing.removeValue(forKey: id) != nil else { return }
            guard infoHashes.contains(greeting.infoHash) else {
                if let peer = slots[id] { release(peer) }
                link.close()
                return feed(.dialFailed(link.endpoint))
            }
            join(link, greeting)
        case .message(let message, let payload):
            guard let peer = slots[id] else { return }
            said(peer, link, message, payload)
        case .landed(let blocks):
            guard let peer = slots[id] else { return }
            placed = blocks[...]
            feed(.blocksReceived(peer, blocks))
            placed = []
        case .drained:
            guard let peer = slots[id], link.hasUnobserved else { return }
            link.hasUnobserved = false
            feed(.drained(peer, queued: waiting(peer)))
        case .closed:
            if dialing.removeValue(forKey: id) != nil { feed(.dialFailed(link.endpoint)) }
            guard let peer = slots.removeValue(forKey: id) else { return }
            links[peer.slot] = nil
            feed(.peerLeft(peer))
        }
    }

    /// Bytes of blocks for a peer that its socket has not taken.
    func waiting(_ peer: PeerHandle) -> Int {
        (links[peer.slot]?.queuedBytes ?? 0) + readingBytes[peer.slot]
    }

    private func said(
        _ peer: PeerHandle, _ link: PeerLink, _ message: Message, _ payload: Payload?
    ) {
        switch message {
        case .piece(let block):
            self.payload = payload
            feed(.blockReceived(peer, block))
            self.payload = nil
        case .extended(let id, let bytes):
            if id != 0, id != Self.exchangeID { feed(.messageReceived(peer, message)) }
            extended(peer, id, bytes)
        case .hashRequest(let request):
            feed(.messageReceived(peer, message))
            answer(request, of: peer)
        case .hashes(let request, let hashes):
            feed(.messageReceived(peer, message))
            took(request, hashes, of: peer)
        case .hashReject(let request):
            feed(.messageReceived(peer, message))
            rejected(request, by: peer)
        default: feed(.messageReceived(peer, message))
        }
    }

    /// Extended messages (BEP 10): the handshake has number 0, ours the one that we gave.
    private func extended(_ peer: PeerHandle, _ id: UInt8, _ bytes: [UInt8]) {
        let span = bytes.span
        do {
            if id == 0 {
                let handshake = try ExtensionHandshake.decode(span)
                links[peer.slot]?.theirIDs.apply(handshake.ids)
                feed(.extensionsReceived(peer, handshake))
            } else if id == Self.exchangeID, engine.exchangesPeers {
                feed(.exchangeReceived(peer, try PeerExchangeMessage.decode(span)))
            } else if id == MetadataServing.id {
                let answer = try metadata.answer(span, from: peer)
                if let link = links[peer.slot], let id = link.theirIDs[.metadata], let answer {
                    link.send(answer.message(id: id))
                }
            }
        } catch {
            drop(peer)
        }
    }

    /// A peer whose bytes make no sense.
    private func drop(_ peer: PeerHandle) {
        guard let link = links[peer.slot] else { return }
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
    var greeting: Message {
        var handshake = ExtensionHandshake()
        if engine.exchangesPeers { handshake.ids[.peerExchange] = Self.exchangeID }
        metadata.introduce(in: &handshake)
        handshake.listenPort = listenPort
        handshake.client = "p2ptv 0.1"
        handshake.requestQueue = engine.settings.mostQueuedRequests
        return .extended(id: 0, payload: handshake.encoded)
    }
}
