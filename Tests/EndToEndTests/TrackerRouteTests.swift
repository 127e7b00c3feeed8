// Torrents whose peers know of each other by a tracker alone, which is asked by UDP, or by IPv6. They
// are private, so that nobody is found on the local network.

import Glibc
import Testing

extension EndToEnd {
    @MainActor
    @Suite("Torrents and the ways to a tracker", .serialized)
    struct TrackerRoutes {
        @Test(
            "Peers meet by a tracker that is asked by UDP", .timeLimit(.minutes(1)),
            arguments: [TrackerKind.ours, .opentracker])
        func udp(tracker: TrackerKind) async throws { try await meet("udp", "127.0.0.1", tracker) }

        @Test(
            "Peers meet over IPv6, by a tracker that is asked by HTTP or UDP",
            .enabled(if: Ports.hasIPv6, "this machine has no IPv6"), .timeLimit(.minutes(1)),
            arguments: ["http", "udp"])
        func ipv6(scheme: String) async throws { try await meet(scheme, "[::1]", .ours) }

        private func meet(
            _ scheme: String, _ address: String, _ tracker: TrackerKind
        ) async throws {
            try await onStage { stage in
                let port = try Ports.free()
                let film = try await stage.film([
                    "-p", "-t", "\(scheme)://\(address):\(port)/announce",
                ])
                try await stage.track(film.torrent, by: tracker, port: port)
                try await stage.seed(film)
                try await stage.waitForPeer(of: film.torrent, at: port)
                try await stage.loads(film, from: nil)
            }
        }
    }
}
