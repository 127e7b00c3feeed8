// Files over real sockets of the loopback interface, from a node that gives slowly.

import Glibc
import Primitives
import Reactor
import Testing

@testable import Gateway

@Suite("Files over HTTP", .timeLimit(.minutes(1))) @Loop struct FileServingTests {
    @Test("The header fields go out before any byte is there, and the body waits")
    func headersFirst() async throws {
        let node = try FakeNode(length: 1000)
        let client = node.client()
        client.ask("100-199")
        let head = await client.head()
        #expect(head.hasPrefix("HTTP/1.1 206 "))
        for field in [
            "Content-Range: bytes 100-199/1000", "Content-Length: 100", "Accept-Ranges: bytes",
            "Content-Type: video/x-matroska", "ETag: \"0123abcd-0\"",
        ] {
            #expect(head.contains("\r\n\(field)"))
        }
        #expect(!head.lowercased().contains("chunked"))
        let id = FileReaderID(1)
        #expect(
            node.events == [
                .opened(id, file: 0, range: 100..<200), .wants(id, range: 100..<200),
            ])
        #expect(client.body.isEmpty)

        #expect(node.give(100..<130, to: id))
        #expect(await client.body(30) == testBytes(100..<130))
        #expect(node.shelf?.position(of: id) == 130)
        #expect(node.open == [id])
        #expect(node.give(130..<200, to: id))
        #expect(await client.body(100) == testBytes(100..<200))
        #expect(node.events.last == .closed(id))
        #expect(node.shelf?.readerCount == 0)
        node.gateway.close()
    }

    @Test("A connection is kept for the next request")
    func keepAlive() async throws {
        let node = try FakeNode(length: 100)
        node.eager = 7
        let client = node.client()
        for range in ["0-9", "-5", "50-"] {
            client.ask(range)
            let before = client.received.count
            _ = await eventually {
                client.take()
                return client.received.count > before && node.open.isEmpty
            }
        }
        #expect(
            await eventually {
                client.take()
                let text = String(decoding: client.received, as: UTF8.self)
                return text.components(of: "206 Partial").count == 4
                    && client.received.suffix(50).elementsEqual(testBytes(50..<100))
            })
        #expect(!client.isClosed)
        node.gateway.close()
    }

    @Test("What is wrong to give is not given")
    func wrongGives() async throws {
        let node = try FakeNode(length: 100)
        let client = node.client()
        client.ask("0-9")
        _ = await client.head()
        let id = try #require(node.reader)
        #expect(!node.give(0..<11, to: id))
        #expect(!node.give(0..<0, to: id))
        #expect(!node.give(0..<1, to: FileReaderID(77)))
        #expect(node.give(0..<10, to: id))
        #expect(!node.give(0..<1, to: id))
        #expect(await client.body(10) == testBytes(0..<10))
        node.gateway.close()
    }

    @Test("Past the end is 416 at once, HEAD answers without a reader, 304 has no body")
    func withoutReaders() async throws {
        let node = try FakeNode(length: 1000)
        let client = node.client()
        client.ask("1000-")
        var answer = await client.answer()
        #expect(answer.status == 416 && answer.head.contains("Content-Range: bytes */1000"))

        let head = node.client()
        head.get("/file/0/film.mkv", method: "HEAD")
        let text = await head.head()
        #expect(text.contains(" 200 ") && text.contains("Content-Length: 1000"))
        #expect(head.body.isEmpty)

        let known = node.client()
        known.ask("0-", more: "If-None-Match: \"0123abcd-0\"\r\n")
        answer = await known.answer()
        #expect(answer.status == 304 && answer.body.isEmpty)
        #expect(answer.head.contains("ETag: \"0123abcd-0\""))

        let absent = node.client()
        absent.get("/file/1/film.mkv")
        answer = await absent.answer()
        #expect(answer.status == 404 && answer.body.contains("/file/0/film.mkv"))
        #expect(node.events.isEmpty)
        node.gateway.close()
    }

    @Test("An empty file is an empty answer, to GET with a range too")
    func empty() async throws {
        let node = try FakeNode(length: 0)
        for range in [nil, "0-", "-1"] as [String?] {
            let client = node.client()
            client.ask(range)
            let answer = await client.answer()
            #expect(answer.status == 200 && answer.head.contains("Content-Length: 0"))
        }
        #expect(node.events.isEmpty)
        node.gateway.close()
    }

    @Test("A reader that goes away while it waits is gone at once", arguments: [true, false])
    func goesAway(_ byReset: Bool) async throws {
        let node = try FakeNode(length: 1_000_000)
        var client: RawClient? = node.client()
        client?.ask("0-")
        _ = await client?.head()
        let id = try #require(node.reader)
        if byReset { client?.resetOnClose() }
        client = nil
        #expect(await eventually { node.events.last == .closed(id) })
        #expect(!node.give(0..<1, to: id))
        node.gateway.close()
    }

    @Test("No more waits in a reader than its window, and more is wanted as it is taken")
    func backPressure() async throws {
        var settings = FileShelfSettings()
        settings.window = 100_000
        let length: Int64 = 8_000_000
        let node = try FakeNode(
            [ServedFile(index: 0, path: ["a.ts"], length: length)], settings: settings)
        node.eager = 16_384
        let client = RawClient(port: node.gateway.port, buffer: 8192)
        client.ask(nil, path: "/file/0/a.ts")
        #expect(await eventually { node.reader != nil })
        let id = try #require(node.reader)
        // A reader that does not read: what the kernel takes, and one window.
        _ = await settles { node.shelf?.position(of: id) ?? 0 }
        let given = node.lastWanted
        let taken = node.shelf?.position(of: id) ?? 0
        #expect(given - taken <= 100_000 && given < length)
        for event in node.events {
            guard case .wants(_, let range) = event else { continue }
            #expect(range.count <= 100_000)
        }
        let got = await client.body(Int(length))
        #expect(got.count == Int(length))
        let same = got == testBytes(0..<length)
        #expect(same)
        #expect(await eventually { node.open.isEmpty })
        node.gateway.close()
    }

    @Test("Many readers that do not read share what may wait")
    func manyStuck() async throws {
        var settings = FileShelfSettings()
        settings.memory = 400_000
        let node = try FakeNode(
            [ServedFile(index: 0, path: ["a.ts"], length: 1 << 30)], settings: settings)
        node.eager = 65_536
        let clients = (0..<20).map { _ in RawClient(port: node.gateway.port, buffer: 4096) }
        for client in clients { client.ask(nil, path: "/file/0/a.ts") }
        #expect(await eventually { node.open.count == 20 })
        let widest = node.events.suffix(20).compactMap { event -> Int? in
            guard case .wants(_, let range) = event else { return nil }
            return range.count
        }
        #expect(widest.allSatisfy { $0 <= settings.leastWindow * 2 })
        node.gateway.close()
        #expect(await eventually { node.open.isEmpty })
    }

    @Test("Sixteen readers at once each get their own bytes")
    func sixteen() async throws {
        let node = try FakeNode(length: 4_000_000)
        let ranges = (0..<16).map { Int64($0) * 200_000..<Int64($0) * 200_000 + 150_000 }
        let clients = ranges.map { range in
            let client = node.client()
            client.ask("\(range.lowerBound)-\(range.upperBound - 1)")
            return client
        }
        #expect(await eventually { node.open.count == 16 })
        // A block to each in turn, as a swarm would.
        while !node.open.isEmpty {
            for reader in node.open.sorted(by: { $0.value > $1.value }) {
                node.give(first: 16_384, to: reader)
            }
            try await Task.sleep(nanoseconds: 100_000)
        }
        for (client, range) in zip(clients, ranges) {
            let same = await client.body(range.count) == testBytes(range)
            #expect(same)
        }
        node.gateway.close()
    }

    @Test(
        "Bytes of memory and of open files make one body, and a file is closed when they are through"
    )
    func sentFiles() async throws {
        let path = "/tmp/p2ptv-gateway-test-\(getpid())"
        let length: Int64 = 3_000_000
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        let content = testBytes(0..<length)
        #expect(write(descriptor, content, content.count) == content.count)
        unlink(path)
        let node = try FakeNode(length: length)
        let client = node.client()
        client.ask("10-")
        _ = await client.head()
        let id = try #require(node.reader)
        var file: SharedFile? = SharedFile(adopting: descriptor)
        var at: Int64 = 10
        while at < length {
            guard let want = node.wants[id] else { break }
            let count = Int(min(want.upperBound - at, 333_333))
            guard count > 0, let whole = file else {
                try await Task.sleep(nanoseconds: 1_000_000)
                client.take()
                continue
            }
            if at % 2 == 0 {
                #expect(node.shelf?.give(.file(whole, offset: at, count: count), to: id) == true)
            } else {
                #expect(node.give(at..<at + Int64(count), to: id))
            }
            at += Int64(count)
            client.take()
        }
        let same = await client.body(Int(length) - 10) == Array(content[10...])
        #expect(same)
        file = nil
        #expect(await eventually { fcntl(descriptor, F_GETFD) == -1 })
        node.gateway.close()
    }

    @Test("A file that became shorter closes the connection, and nothing else")
    func truncatedFile() async throws {
        let path = "/tmp/p2ptv-gateway-short-\(getpid())"
        let descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC, 0o600)
        unlink(path)
        #expect(write(descriptor, testBytes(0..<100), 100) == 100)
        let node = try FakeNode(length: 1000)
        let client = node.client()
        client.ask(nil)
        _ = await client.head()
        let id = try #require(node.reader)
        let file = SharedFile(adopting: descriptor)
        #expect(node.shelf?.give(.file(file, offset: 0, count: 1000), to: id) == true)
        #expect(
            await eventually {
                client.take()
                return client.isClosed
            })
        #expect(client.body.count <= 100)
        let other = node.client()
        other.get("/healthz")
        #expect(await other.answer().status == 200)
        node.gateway.close()
    }

    @Test("Two thousand opens and closes leave nothing behind")
    func churn() async throws {
        let node = try FakeNode(length: 1 << 40)
        for n in 0..<100 {
            var clients: [RawClient] = []
            for k in 0..<20 {
                let client = node.client()
                client.ask("\((n * 7919 + k * 104_729) % (1 << 30))-")
                clients.append(client)
            }
            // Connections that nobody accepts would block this thread, which is the server's.
            try await Task.sleep(nanoseconds: UInt64(n % 3 + 1) * 1_000_000)
            if let reader = node.reader { node.give(first: 1000, to: reader) }
        }
        #expect(await eventually { node.open.isEmpty && node.shelf?.readerCount == 0 })
        let opened = node.events.filter { if case .opened = $0 { true } else { false } }
        let closed = node.events.filter { if case .closed = $0 { true } else { false } }
        #expect(opened.count == closed.count)
        node.gateway.close()
    }

    @Test("Hostile requests open no reader")
    func hostile() async throws {
        let node = try FakeNode(length: 1000)
        let many = (0..<900).map { "\($0)-\($0)" }.joined(separator: ",")
        let requests = [
            ("GET /file/0/film.mkv HTTP/1.1\r\nHost: evil.example\r\n\r\n", [421]),
            ("GET /file/0/film.mkv HTTP/1.1\r\n\r\n", [421]),
            ("POST /file/0/film.mkv HTTP/1.1\r\nHost: localhost\r\n\r\n", [405]),
            ("GET /file/../file/0/../../etc HTTP/1.1\r\nHost: localhost\r\n\r\n", [404]),
            ("GET /file/%2e%2e%2fetc%2fpasswd HTTP/1.1\r\nHost: localhost\r\n\r\n", [404]),
            ("GET /file/-1/x HTTP/1.1\r\nHost: localhost\r\n\r\n", [404]),
            ("GET /file/99999999999999999999/x HTTP/1.1\r\nHost: localhost\r\n\r\n", [404]),
            ("HEAD /file/0/x HTTP/1.1\r\nHost: localhost\r\nRange: bytes=9-1\r\n\r\n", [200]),
            (
                "GET /file/0/x HTTP/1.1\r\nHost: localhost\r\nRange: bytes=5000-\r\n\r\n", [416]
            ),
            (
                "GET /file/0/x HTTP/1.1\r\nHost: localhost\r\n"
                    + "Range: bytes=\(String(repeating: "0-1,", count: 10_000))\r\n\r\n", [400]
            ),
        ]
        for (request, statuses) in requests {
            let client = node.client()
            client.send(request)
            #expect(statuses.contains(await client.answer().status))
        }
        #expect(node.events.isEmpty)
        // Nine hundred ranges are the whole file, once.
        node.eager = 100
        let client = node.client()
        client.ask(many)
        #expect(await client.answer().status == 200)
        #expect(await client.body(1000) == testBytes(0..<1000))
        node.gateway.close()
    }

    @Test("The playlist, the list and the page name the files")
    func lists() async throws {
        let node = try FakeNode([
            ServedFile(index: 0, path: ["d", "b 1.mkv"], length: 5),
            ServedFile(index: 1, path: ["d", "b 1.srt"], length: 6),
        ])
        let expected = [
            ("/playlist.m3u", "/file/0/b%201.mkv\n"), ("/playlist.m3u", "/file/1/b%201.srt\n"),
            ("/api/v1/files", "\"name\":\"d/b 1.srt\""), ("/app.js", "/api/v1/files"),
            ("/", "id=\"files\""),
        ]
        for (path, text) in expected {
            let client = node.client()
            client.get(path)
            #expect(await client.answer().body.contains(text))
        }
        node.gateway.close()
    }
}

extension FakeNode {
    /// The end of the last wish, up to which an eager node has given.
    var lastWanted: Int64 {
        events.reduce(0) {
            guard case .wants(_, let range) = $1 else { return $0 }
            return range.upperBound
        }
    }
}

extension String {
    /// The parts between occurrences of `separator`.
    func components(of separator: String) -> [Substring] {
        var (out, rest): ([Substring], Substring) = ([], self[...])
        while let found = rest.firstRange(of: separator) {
            out.append(rest[..<found.lowerBound])
            rest = rest[found.upperBound...]
        }
        return out + [rest]
    }
}

/// Waits until a value has been the same for 100 ms.
@Loop
func settles<T: Equatable>(_ value: @Loop () -> T) async -> T {
    var last = value()
    var same = 0
    while same < 20 {
        try? await Task.sleep(nanoseconds: 5_000_000)
        let next = value()
        same = next == last ? same + 1 : 0
        last = next
    }
    return last
}
