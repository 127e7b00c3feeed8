// The gateway over real sockets of the loopback interface, asked byte by byte.

import Playout
import Primitives
import Reactor
import Testing

@testable import Gateway

/// A gateway on a free port.
@Loop
private func makeGateway() throws -> LiveGateway {
    var settings = GatewaySettings()
    settings.port = 0
    settings.hosts = ["tv.example"]
    return try LiveGateway(settings: settings) { #"{"channels":[]}"# }
}

@Suite("The gateway", .timeLimit(.minutes(1))) @Loop struct LiveGatewayTests {
    @Test("A player gets the header fields before any byte of media, then a key frame")
    func headersFirst() async throws {
        let gateway = try makeGateway()
        let channel = gateway.open(title: "News 24")
        let client = RawClient(port: gateway.port)
        client.get("/live/News-24.ts")
        let head = await client.head()
        #expect(head.hasPrefix("HTTP/1.1 200 "))
        for field in [
            "Content-Type: video/mp2t", "Transfer-Encoding: chunked", "Cache-Control: no-store",
            "Accept-Ranges: none", "X-Content-Type-Options: nosniff",
        ] {
            #expect(head.contains("\r\n\(field)"))
        }
        #expect(!head.lowercased().contains("access-control"))
        #expect(client.body.isEmpty)
        #expect(await eventually { channel.feed.readerCount == 1 })

        channel.feed.append(chunk(0), wall: wall(0))
        channel.feed.append(chunk(1), wall: wall(1))
        #expect(
            await eventually {
                client.take()
                return client.dechunked.bytes.count == 2 * chunk(0).bytes.count
            })
        let same = client.dechunked.bytes == chunk(0).bytes + chunk(1).bytes
        #expect(same)
        #expect(!client.dechunked.hasEnded && !client.isClosed)

        gateway.remove(channel.name)
        #expect(
            await eventually {
                client.take()
                return client.dechunked.hasEnded
            })
        gateway.close()
    }

    @Test("Who comes later begins at a key frame with a burst behind it")
    func joins() async throws {
        let gateway = try makeGateway()
        let channel = gateway.open(title: "x")
        for n in 0..<35 { channel.feed.append(chunk(n), wall: wall(n)) }
        let client = RawClient(port: gateway.port)
        client.get("/live/x.ts")
        let expected = (20..<35).flatMap { chunk($0).bytes }
        #expect(
            await eventually {
                client.take()
                return client.dechunked.bytes.count >= expected.count
            })
        let same = client.dechunked.bytes == expected
        #expect(same)
        gateway.close()
    }

    @Test("HTTP/1.0 gets the same, ended by closing")
    func http10() async throws {
        let gateway = try makeGateway()
        let channel = gateway.open(title: "x")
        let client = RawClient(port: gateway.port)
        client.send("GET /live/x.ts HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
        let head = await client.head()
        #expect(head.contains(" 200 "))
        let lower = head.lowercased()
        #expect(!lower.contains("chunked") && !lower.contains("content-length"))
        channel.feed.append(chunk(0), wall: wall(0))
        channel.feed.finish()
        #expect(
            await eventually {
                client.take()
                return client.isClosed
            })
        let same = client.body == chunk(0).bytes
        #expect(same)
        gateway.close()
    }

    @Test("HEAD gets the header fields alone, and no player is counted")
    func head() async throws {
        let gateway = try makeGateway()
        let channel = gateway.open(title: "x")
        channel.feed.append(chunk(0), wall: wall(0))
        let client = RawClient(port: gateway.port)
        client.get("/live/x.ts", method: "HEAD")
        let head = await client.head()
        #expect(head.contains(" 200 ") && head.contains("video/mp2t"))
        client.get("/healthz", method: "HEAD")
        #expect(
            await eventually {
                client.take()
                return String(decoding: client.body, as: UTF8.self).contains(" 200 ")
            })
        #expect(!String(decoding: client.body, as: UTF8.self).hasSuffix("ok\n"))
        #expect(channel.feed.readerCount == 0)
        gateway.close()
    }

    @Test(
        "A request under a name that is not ours is refused",
        arguments: [
            "Host: evil.example", "Host: localhost.evil", "Host: 127.0.0.1.evil", "Host:",
            "X: y", "Host: localhost\r\nHost: evil", "Host: localhost\r\nHost: localhost",
            "Host: localhost:1", "Host: user@localhost", "Host: localhost evil", "Host: 0.0.0.0",
        ])
    func hosts(_ fields: String) async throws {
        let gateway = try makeGateway()
        _ = gateway.open(title: "x")
        for path in ["/", "/live/x.ts", "/api/v1/status", "/nothing"] {
            let client = RawClient(port: gateway.port)
            client.send("GET \(path) HTTP/1.1\r\n\(fields)\r\n\r\n")
            let answer = await client.answer()
            #expect(answer.status == 421 || (answer.status == 400 && answer.body.count < 400))
        }
        gateway.close()
    }

    @Test("A target with an authority of its own is refused")
    func authority() async throws {
        let gateway = try makeGateway()
        for target in ["http://evil.example/", "http://localhost/", "http://a@localhost/", "*"] {
            let client = RawClient(port: gateway.port)
            client.get(target)
            #expect([400, 404, 421].contains(await client.answer().status))
        }
        gateway.close()
    }

    @Test("Our names are taken with our port, without one, and as configured")
    func ownHosts() async throws {
        let gateway = try makeGateway()
        for name in ["127.0.0.1", "localhost", "[::1]", "tv.example", "TV.Example"] {
            for host in [name, "\(name):\(gateway.port)"] {
                let client = RawClient(port: gateway.port)
                client.get("/healthz", host: host)
                let answer = await client.answer()
                #expect(answer.status == 200 && answer.body == "ok\n")
            }
        }
        gateway.close()
    }

    @Test("Only GET and HEAD exist", arguments: ["POST", "PUT", "DELETE", "TRACE", "OPTIONS"])
    func methods(_ method: String) async throws {
        let gateway = try makeGateway()
        _ = gateway.open(title: "x")
        let client = RawClient(port: gateway.port)
        client.get("/live/x.ts", method: method)
        let answer = await client.answer()
        #expect(answer.status == 405 || answer.status == 501)
        #expect(!answer.head.lowercased().contains("access-control"))
        gateway.close()
    }

    @Test("The page allows nothing but its own script, and the rest is where it is said to be")
    func page() async throws {
        let gateway = try makeGateway()
        let expected = [
            ("/", "text/html"), ("/app.js", "text/javascript"),
            ("/api/v1/status", "application/json"), ("/playlist.m3u", "audio/x-mpegurl"),
        ]
        for (path, type) in expected {
            let client = RawClient(port: gateway.port)
            client.get(path)
            let answer = await client.answer()
            #expect(answer.status == 200 && !answer.body.isEmpty)
            #expect(answer.head.contains("Content-Type: \(type)"))
            #expect(answer.head.contains("Cache-Control: no-store"))
            #expect(
                answer.head.contains("Content-Security-Policy: default-src 'self'")
                    == (path == "/"))
        }
        gateway.close()
    }

    @Test(
        "What does not exist is 404 with a hint",
        arguments: [
            "/x", "/live/y.ts", "/live/../x.ts", "/live/%2e%2e/x.ts", "/..%2fetc/passwd", "//",
            "/live/x.ts/", "/live/x%00.ts", "/LIVE/x.ts", "/live/..%5cx.ts",
        ])
    func notFound(_ path: String) async throws {
        let gateway = try makeGateway()
        _ = gateway.open(title: "x")
        let client = RawClient(port: gateway.port)
        client.get(path)
        let answer = await client.answer()
        #expect(answer.status == 404 && answer.body.contains("/playlist.m3u"))
        gateway.close()
    }

    @Test("A title cannot write lines of the playlist, and names do not collide")
    func playlist() async throws {
        let gateway = try makeGateway()
        _ = gateway.open(title: "a\r\nhttp://evil/\u{2028}\u{1b}[2J")
        _ = gateway.open(title: "b")
        #expect(gateway.open(title: "b").name == "b-2")
        let client = RawClient(port: gateway.port)
        client.get("/playlist.m3u", host: "localhost")
        let lines = await client.answer().body.split(separator: "\n")
        #expect(lines.count == 7)
        #expect(lines.first == "#EXTM3U")
        #expect(lines.dropFirst().first == "#EXTINF:-1,ahttp://evil/[2J")
        #expect(lines.last == "http://localhost/live/b-2.ts")
        gateway.close()
    }
}
