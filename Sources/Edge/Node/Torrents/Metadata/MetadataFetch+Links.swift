// Links of a fetch: whom to connect to, and what they say becomes inputs of the exchange. Pieces of
// the content are of no interest yet, and nothing is said of them.

import Metainfo
import Primitives
import Reactor
import Wire

extension MetadataFetch: LinkOwner {
    /// The number under which others send us metadata.
    private static let metadataID: UInt8 = 1

    private func handshake(_ infoHash: InfoHash) -> Handshake {
        // Without Fast (BEP 6) nothing need be said of pieces, of which no number is known.
        Handshake(reserved: .extensionProtocol, infoHash: infoHash, peerID: ourID)
    }

    // MARK: Connecting

    /// Opens connections while there is room.
    func connect() {
        guard !isOver, !isKnown else { return }
        let now = Loop.now
        for endpoint in order {
            guard dialing.count + neighbours.count < settings.connections else { return }
            guard let address = addresses[endpoint], !address.isInUse, address.restsUntil <= now
            else { continue }
            dial(endpoint, address)
        }
    }

    private func dial(_ endpoint: Endpoint, _ address: Address) {
        guard !swarms.isEmpty else { return }
        addresses[endpoint]?.isInUse = true
        // A hybrid has two names, and a peer may know the torrent by the other one.
        let name = swarms[address.failures % swarms.count]
        let link = PeerLink(
            dialing: endpoint, offering: handshake(name), patience: settings.greetingTime,
            opening: { _ in [] },
            handler: { [weak self] link, event in self?.heard(link, event) })
        dialing[ObjectIdentifier(link)] = link
    }

    /// Lets peers go that have no metadata, or give none of it, where others wait for their place.
    func dismissIdle() {
        let now = Loop.now
        let waiting = addresses.values.contains { !$0.isInUse && $0.restsUntil <= now }
        guard waiting, dialing.count + neighbours.count >= settings.connections else { return }
        for (number, neighbour) in neighbours
        where (neighbour.isOfUse ? neighbour.gaveAt : neighbour.since) + settings.idleTime <= now {
            drop(number)
        }
    }

    /// An address may be tried again, later with each time.
    private func rest(_ endpoint: Endpoint, forEver: Bool = false) {
        guard var address = addresses[endpoint] else { return }
        address.isInUse = false
        address.failures += 1
        let pause = settings.pause * Double(min(address.failures, 1_000))
        address.restsUntil = forEver ? .never : Loop.now + min(pause, settings.longestPause)
        addresses[endpoint] = address
    }

    // MARK: Links

    func adopt(_ link: PeerLink, _ greeting: Handshake) {
        guard !isOver, neighbours.count < settings.connections else { return link.close() }
        link.answer(handshake(greeting.infoHash))
        join(link, greeting)
    }

    func heard(_ link: PeerLink, _ event: LinkEvent) {
        let id = ObjectIdentifier(link)
        switch event {
        case .greeted(let greeting):
            guard dialing.removeValue(forKey: id) != nil else { return }
            join(link, greeting)
        case .message(.extended(let kind, let bytes), _):
            guard let number = numbers[id] else { return }
            extended(number, kind, bytes)
        case .message(let message, _):
            guard let number = numbers[id] else { return }
            heard(number, message)
        case .landed, .drained: break
        case .closed:
            if dialing.removeValue(forKey: id) != nil { rest(link.endpoint) }
            if let number = numbers[id] { drop(number) }
        }
    }

    private func join(_ link: PeerLink, _ greeting: Handshake) {
        guard greeting.peerID != ourID, swarms.contains(greeting.infoHash),
            greeting.reserved.contains(.extensionProtocol)
        else {
            link.close()
            return rest(link.endpoint, forEver: greeting.peerID == ourID)
        }
        everGreeted += 1
        lastNumber += 1
        neighbours[lastNumber] = Neighbour(link: link)
        numbers[ObjectIdentifier(link)] = lastNumber
        link.limits = WireLimits()
        var hello = ExtensionHandshake()
        hello.ids[.metadata] = Self.metadataID
        hello.listenPort = host?.port
        hello.client = "p2ptv 0.1"
        link.send(hello.message)
        tell(.joined(lastNumber))
    }

    /// Ends a connection.
    func drop(_ number: Int, forEver: Bool = false) {
        guard let neighbour = neighbours.removeValue(forKey: number) else { return }
        numbers[ObjectIdentifier(neighbour.link)] = nil
        neighbour.link.close()
        rest(neighbour.link.endpoint, forEver: forEver)
        feed(.left(number))
        tell(.left(number))
    }

    /// Counts a message that nobody asked for.
    func noteUseless(_ number: Int) {
        neighbours[number]?.useless += 1
        if let neighbour = neighbours[number], neighbour.useless > settings.patience {
            drop(number, forEver: true)
        }
    }

    /// Sends a message, where the peer has named the extension.
    func say(_ message: MetadataMessage, to number: Int) {
        guard let link = neighbours[number]?.link, let id = link.theirIDs[.metadata] else { return }
        link.send(message.message(id: id))
    }

    private func extended(_ number: Int, _ kind: UInt8, _ bytes: [UInt8]) {
        let span = bytes.span
        do {
            if kind == 0 {
                greeted(number, try ExtensionHandshake.decode(span))
            } else if kind == Self.metadataID, let message = try MetadataMessage.decode(span) {
                heard(number, message)
            }
        } catch {
            drop(number)
        }
    }

    private func greeted(_ number: Int, _ hello: ExtensionHandshake) {
        guard let link = neighbours[number]?.link else { return }
        link.theirIDs.apply(hello.ids)
        guard link.theirIDs[.metadata] != nil else { return }
        if hello.metadataSize != nil { neighbours[number]?.isOfUse = true }
        feed(.offered(number, size: hello.metadataSize))
    }

    private func heard(_ number: Int, _ message: MetadataMessage) {
        switch message {
        case .request(let piece): feed(.requested(number, piece: piece))
        case .reject(let piece): feed(.rejected(number, piece: piece))
        case .data(let piece, let size, let bytes):
            let before = status.progress?.have
            feed(.delivered(number, piece: piece, totalSize: size, bytes: bytes))
            // What nobody asked for is no gift.
            if status.progress?.have != before { neighbours[number]?.gaveAt = Loop.now }
        }
    }
}
