// The server's side of the UDP tracker protocol (BEP 15): what is answered to a datagram, if
// anything. The swarms are the registry's; nothing is kept of who asked for a connection, as that
// costs whoever forges addresses nothing.

package import Primitives

/// The limits of a tracker by UDP.
package struct UDPTrackerServerSettings: Hashable, Sendable {
    /// The span of time that a connection identifier is of.
    package var slot = Interval.seconds(60)
    /// How many spans back an identifier is still good: two minutes at least (BEP 15).
    package var slots: UInt64 = 2
    /// Bytes of the longest answer: no link splits it on its way.
    ///
    /// Every IPv6 link carries 1,280, less both headers. Holds 202 peers of IPv4, 67 of IPv6.
    package var answer = 1232
    /// Bytes of a reason: shorter than any announce that it answers.
    package var reason = 80

    /// The defaults.
    package init() {}
}

/// A tracker by UDP.
///
/// Whoever has not shown by a connection identifier that it gets what is sent to its address is
/// sent at most as many bytes as it sent itself.
package struct UDPTrackerServer: Sendable {
    private let settings: UDPTrackerServerSettings
    private let hash: SipHash

    /// A tracker whose identifiers nobody can foretell who does not know `key`, 16 secret bytes.
    package init(
        key: [UInt8], settings: UDPTrackerServerSettings = UDPTrackerServerSettings()
    ) {
        hash = SipHash(key: key)
        self.settings = settings
    }

    /// The answer to a datagram, or nil where silence is the answer.
    package func answer(
        _ bytes: [UInt8], from sender: Endpoint, by registry: inout TrackerRegistry,
        at now: Instant
    ) -> [UInt8]? {
        guard sender.canBePeer, let request = UDPTrackerRequest(bytes),
            let body = answer(to: request, from: sender.address, by: &registry, at: now)
        else { return nil }
        let reply = UDPTrackerReply(transaction: request.transaction, body: body)
        return reply.encoded(for: AddressWidth(sender.address))
    }

    private func answer(
        to request: UDPTrackerRequest, from address: IPAddress,
        by registry: inout TrackerRegistry, at now: Instant
    ) -> UDPTrackerReply.Body? {
        if case .connect = request.body {
            return .connected(identifier(of: address, slot: slot(of: now)))
        }
        guard accepts(request.connection, from: address, at: now) else { return nil }
        switch request.body {
        case .connect: return nil
        case .announce(let announce, _, _):
            let width = AddressWidth(address)
            let room = (settings.answer - 20) / (width.rawValue + 2)
            let reply = registry.announce(
                announce, from: address, at: now, naming: width, atMost: room)
            switch reply {
            case .accepted(let response): return .announced(response)
            case .refused(let refusal): return refuse(refusal)
            }
        case .scrape(let hashes):
            let limit = min(registry.settings.scrapedTorrents, (settings.answer - 8) / 12)
            guard (1...limit).contains(hashes.count) else {
                return refuse(.scrapeSize(limit: limit))
            }
            return .scraped(hashes.map { registry.counts(of: $0, at: now) })
        }
    }

    private func refuse(_ refusal: TrackerRefusal) -> UDPTrackerReply.Body {
        .refused(String(refusal.reason.prefix(settings.reason)))
    }

    // MARK: Connection identifiers

    private func accepts(_ connection: UInt64, from address: IPAddress, at now: Instant) -> Bool {
        let slot = slot(of: now)
        // All are compared, whichever is right: the time it takes tells nothing.
        return (0...settings.slots).reduce(false) { found, back in
            let isRight = connection == identifier(of: address, slot: slot &- back)
            return found || isRight
        }
    }

    private func slot(of now: Instant) -> UInt64 {
        UInt64(bitPattern: (now - Instant.zero).nanoseconds / max(settings.slot.nanoseconds, 1))
    }

    /// What an address is given in a span: the port is left out, as NATs change it.
    private func identifier(of address: IPAddress, slot: UInt64) -> UInt64 {
        var input = address.bytes
        input.append(bigEndian: slot)
        return hash.hash(input)
    }
}
