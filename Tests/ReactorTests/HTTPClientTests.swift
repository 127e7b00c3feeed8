import Primitives
import Reactor
import Testing

@Suite("The HTTP client", .timeLimit(.minutes(1)))
@Loop
struct HTTPClientTests {
    private func small(
        total: Interval = .seconds(5), body: Int = 1 << 20
    ) -> HTTPClientLimits {
        var limits = HTTPClientLimits()
        limits.total = total
        limits.bodyBytes = body
        return limits
    }

    @Test("gets from our server, with the query as it was given")
    func ours() async throws {
        let log = Log<HTTPRequest>()
        let server = try HTTPServer(address: "::", port: 0) { request, responder in
            log.add(request)
            responder.send(status: 404, headers: ["X": "y"], body: [0, 1, 255])
        }
        let hash = "%12%34%5Aq%7e~%ff"
        for host in ["127.0.0.1", "[::1]", "localhost"] {
            let result = await fetch(
                "http://\(host):\(server.port)/announce?info_hash=\(hash)#part",
                headers: ["User-Agent": "test"])
            let response = try result.get()
            #expect(response.status == 404 && response.body == [0, 1, 255])
            #expect(response.headers["x"] == "y")
            #expect(log.entries.last?.target == "/announce?info_hash=\(hash)")
            #expect(log.entries.last?.headers["Host"] == "\(host):\(server.port)")
            #expect(log.entries.last?.headers["User-Agent"] == "test")
        }
        let bound = await fetch("http://127.0.0.1:\(server.port)/", from: .v4(0x7f00_0009))
        #expect(try bound.get().status == 404)
        #expect(log.entries.last?.remote.address == .v4(0x7f00_0009))
        let unbound = await fetch("http://127.0.0.1:\(server.port)/", from: .v4(0xc000_0201))
        #expect(unbound == .failure(.connect))
        server.close()
    }

    @Test(
        "reads bodies of every framing",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello and more",
            "HTTP/1.0 200 OK\r\n\r\nhello", "HTTP/1.1 200\r\nConnection: close\r\n\r\nhello",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n",
        ])
    func framings(answer: String) async throws {
        let server = try ScriptServer(answer: answer)
        let result = await fetch(server.url(), limits: small())
        guard !answer.contains("x=y") else {
            // libevent takes no chunk extension (RFC 9112, 7.1.1), which no tracker sends.
            #expect(result == .failure(.tooLarge))
            return
        }
        #expect(try result.get().body == Array("hello".utf8))
        server.close()
    }

    @Test("reads chunks of one byte that come one by one")
    func byteChunks() async throws {
        let server = try ScriptServer { connection, _ in
            connection.send(Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8))
            Task {
                for byte in "hello".utf8 {
                    for part in ["1", "\r\n", String(UnicodeScalar(byte)), "\r", "\n"] {
                        connection.send(Array(part.utf8))
                        await pause(.milliseconds(1))
                    }
                }
                connection.send(Array("0\r\n\r\n".utf8))
            }
        }
        let result = await fetch(server.url(), limits: small())
        #expect(try result.get().body == Array("hello".utf8))
        server.close()
    }

    @Test(
        "calls a lie a lie",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", .truncated),
            ("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", .tooLarge),
            ("HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", .protocolViolation),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\nx", .tooLarge),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", .truncated),
            ("HTTP/1.1 200 OK\r\nContent-Le", .truncated), ("", .truncated),
            ("SSH-2.0-OpenSSH\r\n\r\n", .protocolViolation),
            ("HTTP/1.1 0 x\r\n\r\n", .protocolViolation),
            ("HTTP/1.1 200 OK\r\nX: " + String(repeating: "a", count: 70_000), .protocolViolation),
            (String(repeating: "HTTP/1.1 100 C\r\nX: y\r\n\r\n", count: 50), .truncated),
        ] as [(String, HTTPClientFault)])
    func lies(answer: String, fault: HTTPClientFault) async throws {
        let server = try ScriptServer(answer: answer)
        #expect(await fetch(server.url(), limits: small()) == .failure(fault))
        server.close()
    }

    @Test("takes a body of exactly the limit, in one chunk or by its length")
    func largest() async throws {
        let body = String(repeating: "x", count: 100_000)
        let next = String(repeating: "1\r\ny\r\n", count: 10)
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + body + next,
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n186a0\r\n" + body
                + "\r\n0\r\n\r\n" + next,
        ] {
            let server = try ScriptServer(answer: answer)
            let result = await fetch(server.url(), limits: small(body: 100_000))
            #expect(try result.get().body.count == 100_000)
            server.close()
        }
    }

    @Test("takes a few interim responses before the one that counts, not an endless row")
    func interim() async throws {
        let interim = "HTTP/1.1 100 Continue\r\nX: y\r\n\r\n"
        let final = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
        let server = try ScriptServer(
            answer: String(repeating: interim, count: 3) + final, closing: false)
        let result = await fetch(server.url(), limits: small())
        #expect(try result.get().body == Array("hello".utf8))
        server.close()
        let endless = try ScriptServer(
            answer: String(repeating: interim, count: 5) + final, closing: false)
        #expect(await fetch(endless.url(), limits: small()) == .failure(.protocolViolation))
        endless.close()
    }

    @Test("survives an answer cut off at every byte")
    func truncated() async throws {
        let text =
            "HTTP/1.1 302 Found\r\nLocation: /x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        let server = try ScriptServer { connection, count in
            connection.send(Array(text.utf8.prefix(count)))
            connection.close()
        }
        for _ in 0..<text.utf8.count - 5 {
            #expect(await fetch(server.url(), limits: small()) == .failure(.truncated))
        }
        server.close()
    }

    @Test(
        "stops an endless body or line at its limit",
        arguments: [
            ("HTTP/1.1 200 OK\r\n\r\n", .tooLarge),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .tooLarge),
        ] as [(String, HTTPClientFault)])
    func endless(head: String, fault: HTTPClientFault) async throws {
        let block = [UInt8](repeating: 65, count: 1 << 20)
        let connections = Log<TCPConnection>()
        let server = try ScriptServer { connection, _ in
            connections.add(connection)
            connection.send(Array(head.utf8))
            for _ in 0..<64 { connection.send(block) }
        }
        let limits = small(total: .seconds(30), body: 100_000)
        #expect(await fetch(server.url(), limits: limits) == .failure(fault))
        #expect((connections.entries.first?.queuedBytes ?? 0) < 64 << 20)
        server.close()
    }

    @Test("ends a drip at the total deadline, and silence after a step's")
    func drip() async throws {
        let server = try ScriptServer { connection, _ in
            connection.send(Array("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".utf8))
            Task {
                while connection.isOpen {
                    connection.send([65])
                    await pause(.milliseconds(5))
                }
            }
        }
        #expect(
            await fetch(server.url(), limits: small(total: .milliseconds(200)))
                == .failure(.timeout))
        let silent = try ScriptServer { _, _ in }
        var limits = small(total: .seconds(30))
        limits.perOperation = .milliseconds(100)
        #expect(await fetch(silent.url(), limits: limits) == .failure(.timeout))
        server.close()
        silent.close()
    }

    @Test("follows redirects, absolute and relative, and carries no fragment")
    func redirects() async throws {
        let steps = ["/b", "c?d=e", "?f", "//127.0.0.1:PORT/g#h", "http://localhost:PORT/end"]
        let own = Log<UInt16>()
        let server = try ScriptServer { connection, count in
            let location =
                count <= steps.count
                ? steps[count - 1].replacing("PORT", with: "\(own.entries[0])") : nil
            let answer =
                location.map { "HTTP/1.1 302 Found\r\nLocation: \($0)\r\n\r\n" }
                ?? "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
            connection.send(Array(answer.utf8))
            connection.close()
        }
        own.add(server.port)
        let result = await fetch(server.url("/a/start"), limits: small())
        #expect(try result.get().body == Array("ok".utf8))
        let targets = server.requests.map { $0.split(separator: " ")[1] }
        #expect(targets == ["/a/start", "/b", "/c?d=e", "/c?f", "/g", "/end"])
        server.close()
    }

    @Test(
        "does not follow redirects in a circle or to nowhere",
        arguments: [
            ("/again", .badRedirect), ("ftp://example.org/", .unsupportedScheme("ftp")),
            ("file:///etc/passwd", .unsupportedScheme("file")), ("http://", .badRedirect),
            ("http://a b/", .badRedirect), ("http://u@h/", .badRedirect),
        ] as [(String, HTTPClientFault)])
    func badRedirects(location: String, fault: HTTPClientFault) async throws {
        let server = try ScriptServer(
            answer: "HTTP/1.1 301 Moved\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n")
        #expect(await fetch(server.url(), limits: small()) == .failure(fault))
        #expect(server.requests.count == (location == "/again" ? 6 : 1))
        server.close()
    }

    @Test("asks no private services for strangers, nor for servers of the Internet (TC4, M6)")
    func reach() async throws {
        let (here, home, world) = (
            Endpoint.here(80), Endpoint(address: .v4(0xc0a8_0001), port: 80),
            Endpoint(address: .v4(0x0808_0808), port: 80)
        )
        let (page, tracker) = (
            try HTTPURL("http://h/reboot?announce"), try HTTPURL("http://h/x/announce.php?y")
        )
        let all = [here, home, world]
        #expect(try page.allowed(among: all, reach: .machine, isStrangers: false) == all)
        #expect(try page.allowed(among: all, reach: .site, isStrangers: false) == [home, world])
        #expect(try page.allowed(among: all, reach: .machine, isStrangers: true) == [world])
        #expect(try tracker.allowed(among: all, reach: .machine, isStrangers: true) == all)
        #expect(throws: HTTPClientFault.badRedirect) {
            try tracker.allowed(among: [here, home], reach: .world, isStrangers: false)
        }
        #expect(throws: HTTPClientFault.privateService) {
            try page.allowed(among: [here, home], reach: .machine, isStrangers: true)
        }
        let server = try HTTPServer(address: "127.0.0.1", port: 0) { _, responder in
            responder.send(status: 200, headers: [:], body: [])
        }
        var limits = small()
        limits.isStrangers = true
        let root = "http://127.0.0.1:\(server.port)"
        #expect(await fetch("\(root)/", limits: limits) == .failure(.privateService))
        #expect(try await fetch("\(root)/scrape", limits: limits).get().status == 200)
        server.close()
    }

    @Test("leads to files in private networks without a query, and to no link-local address (M6)")
    func filesReach() throws {
        let (here, link) = (
            Endpoint.here(80), Endpoint(address: .v4(0xa9fe_a9fe), port: 80)
        )
        let all = [here, link]
        let (file, query) = (try HTTPURL("http://h/film.ts"), try HTTPURL("http://h/film?x=1"))
        #expect(
            try file.allowed(among: all, reach: .machine, isStrangers: true, isOfFile: true)
                == [here])
        #expect(throws: HTTPClientFault.privateService) {
            try query.allowed(among: all, reach: .machine, isStrangers: true, isOfFile: true)
        }
        #expect(throws: HTTPClientFault.badRedirect) {
            try file.allowed(among: all, reach: .world, isStrangers: true, isOfFile: true)
        }
    }

    @Test("hands a body on as it comes, of the last answer alone")
    func streaming() async throws {
        let body = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 >> 3) }
        let server = try HTTPServer(address: "127.0.0.1", port: 0) { request, responder in
            guard request.path == "/there" else {
                return responder.send(
                    status: 302, headers: ["Location": "/there"], body: [1, 2, 3])
            }
            responder.send(status: 206, headers: ["X": "y"], body: body)
        }
        var came: [UInt8] = []
        var parts = 0
        var limits = small(body: 3_000_000)
        limits.isStrangers = false
        let result = await withCheckedContinuation { continuation in
            HTTPClient.get(
                "http://127.0.0.1:\(server.port)/here", limits: limits,
                receiver: { status, headers, bytes in
                    #expect(status == 206 && headers["X"] == "y")
                    came += bytes
                    parts += 1
                }, completion: { continuation.resume(returning: $0) })
        }
        #expect(try result.get().body == [])
        let isWhole = came == body
        #expect(isWhole && parts > 1)
        server.close()
    }

    @Test("is given up from within its body")
    func cancelling() async throws {
        let server = try HTTPServer(address: "127.0.0.1", port: 0) { _, responder in
            responder.send(status: 200, body: [UInt8](repeating: 7, count: 1_000_000))
        }
        let log = Log<Int>()
        var request: HTTPClientRequest?
        request = HTTPClient.get(
            "http://127.0.0.1:\(server.port)/",
            receiver: { _, _, bytes in
                log.add(bytes.count)
                request?.cancel()
            }, completion: { _ in log.add(-1) })
        #expect(await eventually { !log.entries.isEmpty })
        await pause(.milliseconds(100))
        #expect(log.entries.count == 1 && log.entries[0] > 0)
        server.close()
    }

    @Test("says that nobody listens, or that a name does not exist")
    func unreachable() async throws {
        let listener = try TCPListener(on: .here(0)) { _, _ in }
        listener.close()
        #expect(
            await fetch("http://127.0.0.1:\(listener.port)/", limits: small())
                == .failure(.connect))
        let result = await fetch("http://no-such-host.invalid/", limits: small(total: .seconds(1)))
        switch result {
        case .failure(.resolve), .failure(.timeout): break
        default: Issue.record("unexpected: \(result)")
        }
    }

    @Test(
        "refuses what is no http URL",
        arguments: [
            ("gopher://example.org/", .unsupportedScheme("gopher")), ("", .malformedURL),
            ("udp://h:1/announce", .unsupportedScheme("udp")), ("http:///x", .malformedURL),
            ("http://h:0/", .malformedURL), ("http://h:99999/", .malformedURL),
            ("http://h/a b", .malformedURL), ("http://h/\r\nX: y", .malformedURL),
            ("http://[::1/", .malformedURL), ("http://h:-1/", .malformedURL),
        ] as [(String, HTTPClientFault)])
    func malformed(url: String, fault: HTTPClientFault) async {
        #expect(await fetch(url) == .failure(fault))
    }

    @Test("never calls back after a cancellation, at whatever stage")
    func cancelled() async throws {
        let server = try ScriptServer { _, _ in }
        let log = Log<String>()
        let early = HTTPClient.get(server.url()) { _ in log.add("early") }
        early.cancel()
        let late = HTTPClient.get(server.url()) { _ in log.add("late") }
        #expect(await eventually { server.requests.count == 1 })
        late.cancel()
        late.cancel()
        server.close()
        await pause(.milliseconds(20))
        #expect(log.entries.isEmpty)
    }
}

@Suite("The resolver", .timeLimit(.minutes(1)))
@Loop
struct ResolverTests {
    @Test("answers numeric addresses at once")
    func numeric() {
        let log = Log<[Endpoint]>()
        for host in ["127.0.0.1", "::1", "[::1]"] {
            Resolver.resolve(host, port: 7) { log.add((try? $0.get()) ?? []) }
        }
        let six = Endpoint(address: .v6(0, 1), port: 7)
        #expect(log.entries == [[.here(7)], [six], [six]])
    }

    @Test("finds names of the hosts file, and may be cancelled")
    func hosts() async {
        let log = Log<[Endpoint]>()
        Resolver.resolve("localhost", port: 80) { log.add((try? $0.get()) ?? []) }
        #expect(await eventually { log.entries.count == 1 })
        #expect(log.entries.first?.allSatisfy { $0.address.isLoopback } == true)
        Resolver.resolve("no-such-host.invalid", port: 1) { _ in log.add([]) }.cancel()
        await pause(.milliseconds(20))
        #expect(log.entries.count == 1)
    }
}
