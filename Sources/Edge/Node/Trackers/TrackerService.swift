// The embedded tracker: an HTTP server in front of the registry (BEP 3, BEP 48).
// Serves only the swarms that it is given.

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
        server = try HTTPServer(address: "::", port: port) { [weak self] request, responder in
            self?.answer(request, responder)
        }
    }

    /// Takes another swarm in.
    package func register(_ infoHash: InfoHash) { registry.register(infoHash) }

    /// Ends it.
    package func close() {
        server?.close()
        server = nil
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
