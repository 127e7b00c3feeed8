import Primitives
import Reactor
import Testing

@Suite("A streamed answer", .timeLimit(.minutes(1)))
@Loop
struct HTTPStreamTests {
    /// A server whose one responder the test holds.
    @Loop
    private final class Stage {
        private(set) var server: HTTPServer?
        private(set) var responder: HTTPResponder?
        let happened = Log<String>()

        init(limits: HTTPServerLimits = HTTPServerLimits()) throws {
            let happened = happened
            server = try HTTPServer(
                address: "127.0.0.1", port: 0, limits: limits
            ) { [weak self] _, responder in
                responder.onClose = { happened.add("closed") }
                responder.onDrain = { happened.add("drained") }
                self?.responder = responder
            }
        }

        var port: UInt16 { server?.port ?? 0 }
        func drop() { responder = nil }
        func close() { server?.close() }
    }

    @Test("comes in chunks, and its connection is kept")
    func chunks() async throws {
        let stage = try Stage()
        let client = RawClient(port: stage.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await eventually { stage.responder != nil })
        stage.responder?.start(status: 200, headers: ["Content-Type": "video/mp2t"])
        stage.responder?.write(Array("abc".utf8))
        stage.responder?.write([])
        #expect(await eventually { client.text.hasSuffix("\r\n\r\n3\r\nabc\r\n") })
        #expect(client.text.contains("Transfer-Encoding: chunked\r\n"))
        stage.responder?.write([UInt8](repeating: 120, count: 5000))
        stage.responder?.end()
        #expect(stage.responder?.isOpen == false)
        stage.responder?.write([1])
        stage.responder?.end()
        #expect(await eventually { client.text.hasSuffix("x\r\n0\r\n\r\n") })
        client.send("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(await eventually { stage.responder?.isOpen == true })
        stage.responder?.start(status: 200)
        stage.responder?.write([1, 2, 3])
        stage.responder?.end()
        #expect(await eventually { client.isClosed })
        #expect(client.text.hasSuffix("\r\n\r\n"))
        #expect(stage.happened.entries.isEmpty)
        stage.close()
    }

    @Test(
        "to HTTP/1.0 is ended by closing",
        arguments: ["GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"])
    func http10(text: String) async throws {
        let stage = try Stage()
        let client = RawClient(port: stage.port, text)
        #expect(await eventually { stage.responder != nil })
        stage.responder?.start(status: 200)
        stage.responder?.write([UInt8](repeating: 120, count: 300_000))
        stage.responder?.end()
        #expect(await eventually { client.isClosed })
        #expect(!client.text.contains("Content-Length"))
        #expect(client.received.count { $0 == 120 } == 300_000)
        stage.close()
    }

    @Test("piles up in pendingBytes for a slow reader, and drains when it reads")
    func slowReader() async throws {
        let stage = try Stage()
        let client = RawClient(port: stage.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await eventually { stage.responder != nil })
        let responder = try #require(stage.responder)
        responder.setSendBuffer(16_384)
        responder.start(status: 200)
        client.connection?.pauseReading()
        let block = [UInt8](repeating: 120, count: 1 << 20)
        for _ in 0..<8 { responder.write(block) }
        await pause(.milliseconds(20))
        let before = responder.pendingBytes
        #expect(before > 1 << 20)
        responder.write(block)
        #expect(responder.pendingBytes > before)
        client.connection?.resumeReading()
        #expect(await eventually { stage.happened.entries == ["drained"] })
        #expect(responder.pendingBytes <= responder.lowWater)
        responder.write(block)
        responder.end()
        #expect(await eventually { client.text.hasSuffix("0\r\n\r\n") })
        #expect(client.received.count { $0 == 120 } == 10 << 20)
        stage.close()
    }

    @Test("is given up when nothing of it leaves")
    func stalled() async throws {
        var limits = HTTPServerLimits()
        limits.stallTimeout = .milliseconds(100)
        let stage = try Stage(limits: limits)
        let client = RawClient(port: stage.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await eventually { stage.responder != nil })
        client.connection?.pauseReading()
        stage.responder?.start(status: 200)
        stage.responder?.write([UInt8](repeating: 0, count: 16 << 20))
        #expect(await eventually { stage.happened.entries == ["closed"] })
        #expect(stage.server?.connectionCount == 0)
        stage.close()
    }

    @Test("outlives a silent client by far, unlike its request")
    func silentClient() async throws {
        var limits = HTTPServerLimits()
        limits.headerDeadline = .milliseconds(500)
        limits.idleTimeout = .milliseconds(500)
        limits.stallTimeout = .milliseconds(500)
        let stage = try Stage(limits: limits)
        let client = RawClient(port: stage.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await eventually { stage.responder != nil })
        stage.responder?.start(status: 200)
        await pause(.milliseconds(1200))
        stage.responder?.write([120])
        #expect(await eventually { client.text.hasSuffix("1\r\nx\r\n") })
        #expect(!client.isClosed)
        stage.close()
    }

    @Test("says that the client has gone; calls after that do nothing")
    func clientGone() async throws {
        let stage = try Stage()
        let client = RawClient(port: stage.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await eventually { stage.responder != nil })
        stage.responder?.start(status: 200)
        stage.responder?.write([1])
        client.close()
        #expect(await eventually { stage.happened.entries == ["closed"] })
        stage.responder?.write([1])
        stage.responder?.end()
        stage.responder?.send(status: 200)
        stage.responder?.abort()
        stage.responder?.setSendBuffer(1)
        #expect(stage.responder?.pendingBytes == 0)
        #expect(stage.happened.entries == ["closed"])
        stage.close()
    }

    @Test("is closed by abort, and by letting the responder go")
    func aborted() async throws {
        for letGo in [false, true] {
            let stage = try Stage()
            let client = RawClient(port: stage.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(await eventually { stage.responder != nil })
            if letGo { stage.drop() } else { stage.responder?.abort() }
            #expect(await eventually { client.isClosed && stage.server?.connectionCount == 0 })
            #expect(client.received.isEmpty && stage.happened.entries.isEmpty)
            stage.close()
        }
    }

    @Test("may be aborted, and the server closed, from within the handler")
    func withinHandler() async throws {
        let servers = Log<HTTPServer>()
        for closing in [false, true] {
            let server = try HTTPServer(address: "127.0.0.1", port: 0) { _, responder in
                if closing { servers.entries.last?.close() } else { responder.abort() }
                responder.send(status: 200)
            }
            servers.add(server)
            let client = RawClient(port: server.port, "GET / HTTP/1.1\r\n\r\n")
            #expect(await eventually { client.isClosed })
            #expect(client.received.isEmpty && server.connectionCount == 0)
            server.close()
        }
    }

    @Test("does not grow by what an impolite client sends meanwhile")
    func impolite() async throws {
        let stage = try Stage()
        let client = RawClient(port: stage.port, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(await eventually { stage.responder != nil })
        stage.responder?.start(status: 200)
        client.connection?.send([UInt8](repeating: 65, count: 64 << 20))
        await pause(.milliseconds(200))
        // What the server had read would be gone from here.
        #expect((client.connection?.queuedBytes ?? 0) > 32 << 20)
        client.close()
        stage.close()
    }
}
