// The paths and the Host headers that the gateway knows.

import Gateway
import Testing

@Suite("Paths and hosts") struct RouteTests {
    @Test(
        "Each path names one resource",
        arguments: [
            ("/", .page), ("/app.js", .script), ("/api/v1/status", .status),
            ("/playlist.m3u", .playlist), ("/healthz", .health),
            ("/live/News-24.ts", .live("News-24")), ("/live/a.b.ts", .live("a.b")),
            ("/live/.ts", .unknown), ("/live/", .unknown), ("/live/x", .unknown),
            ("/live/a/b.ts", .unknown), ("/live/%2e%2e.ts", .unknown), ("", .unknown),
            ("/live/a b.ts", .unknown), ("//", .unknown), ("/../etc/passwd", .unknown),
            ("/live/\u{e9}.ts", .unknown), ("/index.html", .unknown),
        ] as [(String, GatewayRoute)])
    func paths(_ path: String, _ route: GatewayRoute) {
        #expect(GatewayRoute(path: path) == route)
    }

    @Test(
        "A title becomes a name that its own path leads to",
        arguments: [
            ("News 24", "News-24"), ("  a  b  ", "a-b"), ("\u{e9}t\u{e9}", "t"), ("", "channel"),
            ("..", "channel"), ("../x", "..-x"), ("\u{1b}[2J", "2J"), ("日本", "channel"),
        ] as [(String, String)])
    func names(_ title: String, _ name: String) {
        #expect(GatewayRoute.name(for: title) == name)
        #expect(GatewayRoute(path: GatewayRoute.path(ofLive: name)) == .live(name))
    }

    @Test("A long title becomes a name of bounded length")
    func longName() {
        let name = GatewayRoute.name(for: String(repeating: "a b", count: 1000))
        #expect(name.utf8.count <= GatewayRoute.longestName)
        #expect(GatewayRoute(path: GatewayRoute.path(ofLive: name)) == .live(name))
        let beyond = String(repeating: "a", count: GatewayRoute.longestName + 1)
        #expect(GatewayRoute(path: "/live/\(beyond).ts") == .unknown)
    }

    @Test(
        "Our names with our port or without one are ours",
        arguments: [
            "127.0.0.1", "localhost", "[::1]", "127.0.0.1:7780", "LOCALHOST:7780", "[::1]:7780",
            "tv.example", "tv.example:7780",
        ])
    func accepted(_ host: String) {
        #expect(HostPolicy(port: 7780, extra: ["TV.example"]).accepts([host]))
    }

    @Test(
        "Every other Host is refused",
        arguments: [
            [], [""], ["evil.example"], ["localhost.evil"], ["127.0.0.1.evil"], ["127.0.0.1:80"],
            ["localhost:"], ["localhost:07780"], ["user@localhost"], ["localhost", "localhost"],
            ["localhost@evil"], ["::1"], ["[::1"], ["127.1"], ["0.0.0.0"], ["localhost."],
            ["evil:7780"], [":7780"], ["localhost:7780:7780"], ["localhost evil"],
        ] as [[String]])
    func refused(_ hosts: [String]) {
        #expect(!HostPolicy(port: 7780, extra: ["tv.example"]).accepts(hosts))
    }
}
