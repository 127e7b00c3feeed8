import Primitives
import Reactor
import Testing

@Suite(
    "Servers by https", .timeLimit(.minutes(1)),
    .enabled(if: SecureServer.missing == nil, "needs openssl and python3: scripts/setup"))
@Loop
struct TLSTests {
    private func get(_ url: String, _ trust: TLSTrust) async -> Result<
        HTTPResponse, HTTPClientFault
    > {
        var limits = HTTPClientLimits()
        limits.total = .seconds(5)
        return await withCheckedContinuation { continuation in
            HTTPClient.get(url, limits: limits, trusting: trust) {
                continuation.resume(returning: $0)
            }
        }
    }

    @Test("that prove who they are are read from, all others are refused with the reason")
    func verdicts() async throws {
        let server = await SecureServer()
        defer { server.close() }
        let trust = TLSTrust.file(server.authority)
        for host in ["localhost", "127.0.0.1"] {
            let page = await get(server.url("", host: host), trust)
            #expect(try page.get().body == Array("xxxxx".utf8), "\(server.log)")
        }
        let large = await get(server.url("big?1000000"), trust)
        #expect(try large.get().body.count == 1_000_000)
        #expect(await get(server.url("big?1048577"), trust) == .failure(.tooLarge))

        let unknown = await get(server.url(""), .system)
        #expect(
            unknown == .failure(.untrusted("self-signed certificate in certificate chain"))
                || unknown == .failure(.untrusted("unable to get local issuer certificate")))
        #expect(
            await get(server.url("", of: .other), trust)
                == .failure(.untrusted("hostname mismatch")))
        #expect(
            await get(server.url("", of: .other, host: "127.0.0.1"), trust)
                == .failure(.untrusted("IP address mismatch")))
        #expect(
            await get(server.url("", of: .old), trust)
                == .failure(.untrusted("certificate has expired")))
        guard case .failure(.tls) = await get(server.url("", of: .ancient), trust) else {
            Issue.record("speaks TLS 1.1")
            return
        }
        let nowhere = await get(server.url(""), .file("\(server.authority).none"))
        #expect(nowhere == .failure(.tls("it cannot be set up here")))
    }

    @Test("hand on what they send as it comes, as web seeds do")
    func streaming() async throws {
        let server = await SecureServer()
        defer { server.close() }
        let log = Log<Int>()
        let result = await withCheckedContinuation { continuation in
            HTTPClient.get(
                server.url("big?1000000"), trusting: .file(server.authority),
                receiver: { status, _, bytes in
                    if status == 200 { log.add(bytes.count) }
                }, completion: { continuation.resume(returning: $0) })
        }
        #expect(try result.get().body == [])
        #expect(log.entries.count > 1 && log.entries.reduce(0, +) == 1_000_000)
    }

    @Test("lead to others of their kind, and never back to http")
    func redirects() async throws {
        let server = await SecureServer()
        defer { server.close() }
        let trust = TLSTrust.file(server.authority)
        let plain = try HTTPServer(address: "127.0.0.1", port: 0) { request, responder in
            let target = String(decoding: request.query("to") ?? [], as: UTF8.self)
            responder.send(status: 302, headers: ["Location": target], body: [])
        }
        defer { plain.close() }
        let there = await get("http://127.0.0.1:\(plain.port)/?to=\(server.url("page"))", trust)
        #expect(try there.get().status == 200)
        let relative = await get(server.url("to?/page"), trust)
        #expect(try relative.get().status == 200)
        let back = await get(server.url("to?http://127.0.0.1:\(plain.port)/"), trust)
        #expect(back == .failure(.badRedirect))
        #expect(await get(server.url("to?/to?/page"), .system) != there)
    }

    @Test("that end before the end are not believed, nor what does not speak TLS")
    func broken() async throws {
        let server = await SecureServer()
        defer { server.close() }
        let cut = await get(server.url("cut"), .file(server.authority))
        #expect(cut == .failure(.truncated))
        let plain = try HTTPServer(address: "127.0.0.1", port: 0) { _, responder in
            responder.send(status: 200, headers: [:], body: [])
        }
        let result = await get("https://127.0.0.1:\(plain.port)/", .system)
        #expect(result == .failure(.tls("wrong version number")))
        plain.close()
        let gone = await get("https://127.0.0.1:\(plain.port)/", .system)
        #expect(gone == .failure(.connect))
        let kept = Log<TCPConnection>()
        let silent = try TCPListener(on: .here(0)) { connection, _ in
            connection.start { _, _ in }
            kept.add(connection)
        }
        var limits = HTTPClientLimits()
        limits.total = .milliseconds(300)
        let late = await withCheckedContinuation { continuation in
            HTTPClient.get("https://127.0.0.1:\(silent.port)/", limits: limits) {
                continuation.resume(returning: $0)
            }
        }
        #expect(late == .failure(.timeout))
        silent.close()
        for connection in kept.entries { connection.close() }
    }
}
