import Primitives
import Reactor
import Testing

@Suite("The HTTP server", .timeLimit(.minutes(1)))
@Loop
struct HTTPServerTests {
    private func server(
        limits: HTTPServerLimits = HTTPServerLimits(), _ handler: @escaping HTTPServer.Handler
    ) throws -> HTTPServer {
        try HTTPServer(address: "127.0.0.1", port: 0, limits: limits, handler: handler)
    }

    private func hello(limits: HTTPServerLimits = HTTPServerLimits()) throws -> HTTPServer {
        try server(limits: limits) { request, responder in
            responder.send(
                status: 200, headers: ["Content-Type": "text/plain"],
                body: Array("hello \(request.path)".utf8))
        }
    }

    @Test("hands over path, binary query, headers and the client's address")
    func request() async throws {
        let log = Log<HTTPRequest>()
        let server = try server { request, responder in
            log.add(request)
            responder.send(status: 204)
        }
        let client = RawClient(
            port: server.port,
            """
            GET /a%20b/c?info_hash=%00%ff%26x&empty=&flag&a=1+2%2B3&a=again HTTP/1.1\r
            Host: x\r\nX-Two: one\r\nx-two:  two \r\nConnection: close\r\n\r\n
            """)
        #expect(await eventually { client.isClosed })
        let request = try #require(log.entries.first)
        #expect(request.method == .get && request.isHTTP11)
        #expect(request.path == "/a b/c")
        #expect(request.target.hasPrefix("/a%20b/c?info_hash=%00"))
        #expect(request.query("info_hash") == [0, 0xff, 0x26, 0x78])
        let names = request.query.map { String(decoding: $0.name, as: UTF8.self) }
        #expect(names == ["info_hash", "empty", "flag", "a", "a"])
        #expect(request.query("a") == Array("1 2+3".utf8))
        #expect(request.headers["X-TWO"] == "one")
        #expect(request.headers.all("x-two") == ["one", "two"])
        #expect(request.remote.address == loopback && request.remote.port != 0)
        #expect(client.text.hasPrefix("HTTP/1.1 204 "))
        server.close()
    }

    @Test("keeps an HTTP/1.1 connection and answers pipelined requests in order")
    func keepAlive() async throws {
        let server = try hello()
        let client = RawClient(
            port: server.port,
            "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await eventually { client.text.hasSuffix("hello /2") })
        #expect(client.text.contains("hello /1"))
        #expect(!client.isClosed && server.connectionCount == 1)
        client.send("GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(await eventually { client.isClosed && client.text.hasSuffix("hello /3") })
        #expect(await eventually { server.connectionCount == 0 })
        server.close()
    }

    @Test("closes after HTTP/1.0, unless asked to keep alive")
    func http10() async throws {
        let server = try hello()
        let closing = RawClient(port: server.port, "GET /old HTTP/1.0\r\n\r\n")
        #expect(await eventually { closing.isClosed })
        #expect(closing.text.hasSuffix("hello /old"))
        let keeping = RawClient(
            port: server.port, "GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(await eventually { keeping.text.hasSuffix("hello /a") })
        keeping.send("GET /b HTTP/1.0\r\n\r\n")
        #expect(await eventually { keeping.isClosed && keeping.text.hasSuffix("hello /b") })
        server.close()
    }

    @Test("answers HEAD with the length and no body")
    func head() async throws {
        let server = try hello()
        let client = RawClient(
            port: server.port, "HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(await eventually { client.isClosed })
        #expect(client.text.contains("Content-Length: 8\r\n"))
        #expect(client.text.hasSuffix("\r\n\r\n"))
        server.close()
    }

    @Test(
        "answers 405 to other methods",
        arguments: [
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", "POST / HTTP/1.1\r\n\r\n",
            "DELETE / HTTP/1.1\r\n\r\n", "OPTIONS * HTTP/1.1\r\n\r\n", "BREW / HTTP/1.1\r\n\r\n",
            "TRACE / HTTP/1.1\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\n\r\n",
        ])
    func methods(text: String) async throws {
        let server = try hello()
        let client = RawClient(port: server.port, text)
        #expect(await eventually { client.isClosed })
        #expect(client.text.hasPrefix("HTTP/1.1 405 "))
        server.close()
    }

    @Test(
        "refuses what is no request, and closes",
        arguments: [
            ("GET / HTTP/1.1\r\n" + String(repeating: "X: y\r\n", count: 6000) + "\r\n", "400"),
            ("GET /" + String(repeating: "a", count: 20_000) + " HTTP/1.1\r\n\r\n", "400"),
            (String(repeating: "a", count: 20_000), "400"),
            ("nonsense\r\n\r\n", "400"), ("GET / HTTP/9.1\r\n\r\n", "400"),
            ("GET / HTTP/1.7\r\n\r\n", "505"), ("GET / HTTP/-1.1\r\n\r\n", "505"),
            ("GET / HTTP/1.1\r\nno colon\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab", "413"),
            ("GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", "4"),
            ("GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "400"),
            (
                "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + String(repeating: "5", count: 100_000), "none"
            ),
            ("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", "4"),
        ] as [(String, String)])
    func refused(text: String, status: String) async throws {
        let server = try hello()
        let client = RawClient(port: server.port, text)
        #expect(await eventually { client.isClosed && server.connectionCount == 0 })
        // A reset because of what was not read may overtake the answer.
        let line = client.text.prefix { $0 != "\r\n" }
        #expect(line.contains(" \(status)") || line.isEmpty)
        let other = RawClient(port: server.port, "GET /after HTTP/1.0\r\n\r\n")
        #expect(await eventually { other.text.hasSuffix("hello /after") })
        server.close()
    }

    @Test("survives a request cut off at every byte")
    func truncated() async throws {
        let server = try hello()
        let text = "GET /a?b=%20c HTTP/1.1\r\nHost: x\r\nX: y\r\n folded\r\n\r\n"
        for length in 0...text.utf8.count {
            let client = RawClient(port: server.port, String(text.prefix(length)))
            #expect(await eventually { client.connection?.isOpen == true })
            if length % 2 == 0 { await pause(.milliseconds(1)) }
            client.close()
        }
        #expect(await eventually { server.connectionCount == 0 })
        server.close()
    }

    @Test("survives mutated requests")
    func mutated() async throws {
        var limits = HTTPServerLimits()
        limits.headerDeadline = .milliseconds(100)
        let server = try hello(limits: limits)
        let good = Array(
            "GET /a?b=%20c HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n"
                .utf8)
        var random = SeededRandom(seed: 7)
        for _ in 0..<40 {
            let clients = (0..<10).map { _ in
                var bytes = good
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let at = Int.random(in: 0..<bytes.count, using: &random)
                    bytes[at] = UInt8.random(in: 0...255, using: &random)
                }
                let client = RawClient(port: server.port)
                client.connection?.send(bytes)
                return client
            }
            await pause(.milliseconds(3))
            for client in clients { client.close() }
        }
        #expect(await eventually { server.connectionCount == 0 })
        server.close()
    }

    @Test("ends a drip of header bytes at the total deadline, and one that says nothing")
    func slowloris() async throws {
        var limits = HTTPServerLimits()
        limits.headerDeadline = .milliseconds(600)
        let server = try hello(limits: limits)
        let silent = RawClient(port: server.port)
        let drip = RawClient(port: server.port, "GET / HTTP/1.1\r\n")
        var sent = 0
        #expect(
            await eventually {
                drip.send("X")
                sent += 1
                return drip.isClosed && silent.isClosed
            })
        #expect(sent > 3 && drip.text.isEmpty)
        server.close()
    }

    @Test("closes a kept connection that stays idle")
    func idle() async throws {
        var limits = HTTPServerLimits()
        limits.idleTimeout = .milliseconds(50)
        let server = try hello(limits: limits)
        let client = RawClient(port: server.port, "GET /1 HTTP/1.1\r\n\r\n")
        #expect(await eventually { client.isClosed })
        #expect(client.text.hasSuffix("hello /1"))
        server.close()
    }

    @Test("closes connections beyond its limits at once, and takes new ones when some end")
    func tooMany() async throws {
        var limits = HTTPServerLimits()
        limits.maxConnectionsPerAddress = 3
        let server = try hello(limits: limits)
        var clients: [RawClient] = []
        for _ in 0..<5 {
            clients.append(RawClient(port: server.port))
            await pause(.milliseconds(3))
        }
        #expect(await eventually { clients.map(\.isClosed) == [false, false, false, true, true] })
        clients[0].close()
        #expect(await eventually { server.connectionCount == 2 })
        let next = RawClient(port: server.port, "GET /next HTTP/1.0\r\n\r\n")
        #expect(await eventually { next.text.hasSuffix("hello /next") })
        server.close()
        #expect(await eventually { clients.allSatisfy(\.isClosed) || clients[1].isClosed })
    }

    @Test("says when a port is taken, and what is no address")
    func faults() throws {
        let server = try hello()
        #expect(throws: ReactorFault.addressInUse) {
            try HTTPServer(address: "127.0.0.1", port: server.port) { _, _ in }
        }
        #expect(throws: ReactorFault.notAnAddress("localhost")) {
            try HTTPServer(address: "localhost", port: 0) { _, _ in }
        }
        server.close()
    }
}
