// Bodies that a server packs though nobody asked for it: read within the limits of any other body,
// or refused with the reason.

import Primitives
import Reactor
import Testing

@Suite("Bodies that are packed", .timeLimit(.minutes(1)))
@Loop
struct PackedBodyTests {
    /// What a command prints, as bytes.
    private func bytes(of command: String) -> [UInt8] {
        output(of: "\(command) | od -An -v -tx1").split { $0 == " " || $0 == "\n" }
            .compactMap { UInt8($0, radix: 16) }
    }

    private func get(
        _ body: [UInt8], _ coding: String = "gzip", limit: Int = 1 << 20
    ) async throws -> Result<HTTPResponse, HTTPClientFault> {
        let server = try ScriptServer { connection, _ in
            let head =
                "HTTP/1.1 200 OK\r\nContent-Encoding: \(coding)\r\n"
                + "Content-Length: \(body.count)\r\n\r\n"
            connection.send(Array(head.utf8) + body)
            connection.close()
        }
        defer { server.close() }
        var limits = HTTPClientLimits()
        limits.total = .seconds(5)
        limits.bodyBytes = limit
        let result = await fetch(server.url(), limits: limits)
        #expect(server.requests.first?.contains("Accept-Encoding: identity\r\n") == true)
        return result
    }

    @Test("are unpacked, up to the limit and no further (TC2)")
    func unpacked() async throws {
        let packed = bytes(of: "printf hello | gzip -c")
        for coding in ["gzip", "x-gzip", "GZIP"] {
            let response = try await get(packed, coding).get()
            #expect(response.body == Array("hello".utf8))
            #expect(response.headers["Content-Encoding"] == nil)
        }
        #expect(try await get(packed, limit: 5 + packed.count).get().body.count == 5)
        let exact = bytes(of: "head -c 100000 /dev/zero | gzip -c")
        let zeros = [UInt8](repeating: 0, count: 100_000)
        #expect(try await get(exact, limit: 100_000).get().body == zeros)
        #expect(try await get(exact, limit: 99_999) == .failure(.tooLarge))
        // "hello" as zlib writes it.
        let hello: [UInt8] = [
            0x78, 0x9c, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x06, 0x2c, 0x02, 0x15,
        ]
        #expect(try await get(hello, "deflate").get().body == Array("hello".utf8))
        #expect(try await get(Array("hello".utf8), "identity").get().body == Array("hello".utf8))
        #expect(try await get([], "gzip").get().body == [])
    }

    @Test("of 256 MiB in 256 KiB are too long (TC2)")
    func bomb() async throws {
        let bomb = bytes(of: "head -c 268435456 /dev/zero | gzip -c -9")
        #expect(bomb.count < 1 << 19)
        #expect(try await get(bomb) == .failure(.tooLarge))
    }

    @Test("that are cut off, changed or have something behind them are damaged (TC2)")
    func damaged() async throws {
        let packed = bytes(of: "printf 'hello, hello, hello' | gzip -nc")
        for count in 1..<packed.count {
            let result = try await get(Array(packed.prefix(count)))
            #expect(result == .failure(.damaged), "\(count) of \(packed.count) bytes")
        }
        for place in packed.indices {
            var changed = packed
            changed[place] ^= 0x10
            let result = try await get(changed)
            // The time, the system and the flags of the head are of no account.
            guard place > 9 else { continue }
            #expect(result == .failure(.damaged), "byte \(place)")
        }
        #expect(try await get(packed + [0]) == .failure(.damaged))
        #expect(try await get(Array("hello".utf8)) == .failure(.damaged))
    }

    @Test("in another way than we know are refused by its name", arguments: ["br", "gzip, gzip"])
    func unknown(_ coding: String) async throws {
        let result = try await get(Array("hello".utf8), coding)
        #expect(result == .failure(.packed(coding)))
        #expect("\(HTTPClientFault.packed(coding))".contains(coding))
    }

    @Test(
        "come from a server of somebody else's",
        .enabled(if: SecureServer.missing == nil, "needs python3: scripts/setup"))
    func python() async throws {
        let program = """
            import gzip, http.server
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    body = gzip.compress(b'd8:intervali1800ee')
                    self.send_response(200)
                    self.send_header('Content-Encoding', 'gzip')
                    self.send_header('Content-Length', str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
            server = http.server.HTTPServer(('127.0.0.1', 0), Handler)
            print(server.server_address[1], flush=True)
            server.handle_request()
            """
        let folder = output(of: "mktemp -d").split(separator: "\n").first.map(String.init) ?? "/tmp"
        defer { _ = output(of: "rm -rf \(folder)") }
        _ = output(
            of: "cat >\(folder)/serve.py <<'END'\n\(program)\nEND\n"
                + "cd \(folder) && timeout 30 python3 serve.py >port 2>log </dev/null &")
        var port = ""
        _ = await eventually {
            port = output(of: "cat \(folder)/port | tr -d '\\n'")
            return !port.isEmpty
        }
        let response = try await fetch("http://127.0.0.1:\(port)/announce").get()
        #expect(response.body == Array("d8:intervali1800ee".utf8))
    }
}
