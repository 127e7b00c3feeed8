// A tracker that knows no peers and only writes down what it is told.

import Primitives
import Reactor

/// The announces of a test, in order.
@Loop
final class AnnounceLog {
    /// One announce.
    struct Entry: Equatable, Sendable {
        var peer: [UInt8]
        var event: String
    }

    private(set) var entries: [Entry] = []
    private var server: HTTPServer?

    /// Listens on a port of the loopback address.
    init(port: UInt16) throws {
        server = try HTTPServer(address: "127.0.0.1", port: port) {
            [weak self] request, responder in
            // A scrape names no peer.
            if let peer = request.query("peer_id") {
                self?.entries.append(
                    Entry(
                        peer: peer,
                        event: String(decoding: request.query("event") ?? [], as: UTF8.self)))
            }
            responder.send(
                status: 200, headers: ["Content-Type": "text/plain"],
                body: Array("d8:intervali60e5:peers0:e".utf8))
        }
    }

    /// What each peer said, in order, without the announces that name no event.
    var lives: [[String]] {
        var order: [[UInt8]] = []
        for entry in entries where !order.contains(entry.peer) { order.append(entry.peer) }
        return order.map { peer in
            entries.filter { $0.peer == peer && !$0.event.isEmpty }.map(\.event)
        }
    }

    /// Listens no more.
    func close() { server?.close() }
}
