// The embedded tracker: HTTP (BEP 3, BEP 48) and UDP (BEP 15) in front of one registry, on the port
// of one number. Serves only the swarms that it is given.

import Crypto

package import Primitives
package import Reactor
import Tracker

/// A tracker on a port of this machine.
@Loop
package final class TrackerService {
    /// The port that it listens on.
    package var port: UInt16 { server?.port ?? 0 }
    /// The peers that are registered now, of all swarms.
    package var peerCount: Int { registry.peerCount }
    private var registry: TrackerRegistry
    private var server: HTTPServer?
    private let datagrams = UDPTrackerServer(key: secureRandom(16))
    private var v4: UDPSocket?
    private var v6: UDPSocket?

    /// A tracker of the given swarms; empty serves every swarm that is announced.
    ///
    /// - Throws: the fault of the port, such as `.addressInUse`.
    package init(
        port: UInt16, swarms: Set<InfoHash>, publicAddress: IPAddress?, seed: UInt64
    ) throws(ReactorFault) {
        var settings = TrackerRegistrySettings()
        settings.publicAddress = publicAddress
        registry = TrackerRegistry(
            admission: swarms.isEmpty ? .open : .only(swarms), settings: settings,
            random: SeededRandom(seed: seed))
        try open(port)
    }

    /// Listens by both protocols; where the kernel chooses the port, until it is free for both.
    private func open(_ port: UInt16) throws(ReactorFault) {
        for attempt in 1... {
            let server = try HTTPServer(address: "::", port: port) {
                [weak self] request, responder in self?.answer(request, responder)
            }
            do throws(ReactorFault) {
                v4 = try socket(at: .v4(0), server.port)
                do throws(ReactorFault) {
                    v6 = try socket(at: .v6(0, 0), server.port)
                } catch .familyUnsupported {
                    // Nobody comes by IPv6 where there is none.
                }
                self.server = server
                return
            } catch {
                server.close()
                close()
                guard port == 0, attempt < Self.attempts else { throw error }
            }
        }
    }

    private func socket(at address: IPAddress, _ port: UInt16) throws(ReactorFault) -> UDPSocket {
        try UDPSocket(on: Endpoint(address: address, port: port)) { [weak self] bytes, sender in
            self?.received(bytes, from: sender)
        }
    }

    /// How often another port is tried that the kernel chose for TCP, and UDP has taken.
    private static let attempts = 20

    /// Takes another swarm in.
    package func register(_ infoHash: InfoHash) { registry.register(infoHash) }

    /// Ends it.
    package func close() {
        server?.close()
        server = nil
        v4?.close()
        v6?.close()
        (v4, v6) = (nil, nil)
    }

    private func received(_ bytes: [UInt8], from sender: Endpoint) {
        let answer = datagrams.answer(bytes, from: sender, by: &registry, at: Loop.now)
        guard let answer else { return }
        let socket =
            switch sender.address {
            case .v4: v4
            case .v6: v6
            }
        // Whoever cannot be reached gets no answer.
        try? socket?.send(answer, to: sender, from: socket?.reached)
    }

    private func answer(_ request: HTTPRequest, _ responder: HTTPResponder) {
        let items = request.query.map {
            (name: String(decoding: $0.name, as: UTF8.self), value: $0.value)
        }
        switch request.path {
        case "/announce":
            let reply = registry.announce(items: items, from: request.remote.address, at: Loop.now)
            responder.send(status: 200, headers: Self.headers, body: reply.encoded)
        case "/scrape":
            let reply = registry.scrape(items: items, at: Loop.now)
            responder.send(status: 200, headers: Self.headers, body: reply)
        default:
            responder.send(
                status: 404, headers: ["Content-Type": "text/plain"],
                body: Array("This is a BitTorrent tracker: /announce and /scrape.\n".utf8))
        }
    }

    private static let headers: HTTPHeaders = [
        "Content-Type": "text/plain", "Cache-Control": "no-store",
    ]
}
