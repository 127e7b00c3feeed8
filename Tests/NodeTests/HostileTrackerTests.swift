// Trackers by https, and trackers whose answers are packed: on real sockets, by the client that all
// swarms use.

import Glibc
@testable import Node
import Primitives
import Reactor
import Testing
import Tracker

/// Trackers by https of Python's, which name one peer: one with a certificate of 127.0.0.1, one with
/// that of another host.
@Loop
struct SecureTrackers {
    /// The file with both certificates, each of which is its own authority.
    let authority: String
    private let folder: String
    private let pid: pid_t
    private(set) var good = ""
    private(set) var other = ""

    /// Why there can be none, or nil.
    nonisolated static let missing: String? =
        ["openssl version", "python3 -c 'import ssl'"].first { shell("\($0) && echo ok") == "" }

    private static let script = """
        set -e
        for name in 127.0.0.1 other.example; do
            case $name in 127*) kind=IP ;; *) kind=DNS ;; esac
            openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \\
                -subj /CN=$name -addext subjectAltName=$kind:$name \\
                -keyout $name.key -out $name.pem
        done
        cat 127.0.0.1.pem other.example.pem >both.pem
        """

    private static let program = """
        import http.server, ssl, threading
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = b'd8:intervali1800e5:peers6:' + bytes([127, 0, 0, 9, 0x1a, 0xe1]) + b'e'
                self.send_response(200)
                self.send_header('Content-Length', str(len(body)))
                self.end_headers()
                self.wfile.write(body)
            def log_message(self, *words): pass
        for name in ['127.0.0.1', 'other.example']:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(name + '.pem', name + '.key')
            server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
            server.socket = context.wrap_socket(server.socket, server_side=True,
                do_handshake_on_connect=False)
            threading.Thread(target=server.serve_forever).start()
            print(server.server_address[1], flush=True)
        """

    init() async {
        folder = "\(Lab.folder)/https"
        authority = "\(folder)/both.pem"
        let started = shell(
            "mkdir -p \(folder) && cd \(folder) && cat >make.sh <<'END'\n\(Self.script)\nEND\n"
                + "cat >serve.py <<'END'\n\(Self.program)\nEND\nsh make.sh >make.log 2>&1\n"
                + "python3 serve.py >ports 2>log </dev/null & echo $!")
        pid = started.split(separator: "\n").first.flatMap { pid_t($0) } ?? 0
        var ports: [Substring] = []
        _ = await eventually {
            ports = shell("cat \(folder)/ports").split(separator: "\n")
            return ports.count == 2
        }
        guard ports.count == 2 else { return }
        good = "https://127.0.0.1:\(ports[0])/announce"
        other = "https://127.0.0.1:\(ports[1])/announce"
    }

    func close() {
        if pid > 1 { kill(pid, SIGKILL) }
    }
}

@Suite("Trackers that prove nothing, or pack their answers", .serialized)
struct HostileTrackerTests {
    static let infoHash = InfoHash(Bytes20(Array(1...20)) ?? Bytes20())

    @Test(
        "A tracker by https is believed where its certificate is right, else the next is asked",
        .enabled(if: SecureTrackers.missing == nil, "needs openssl and python3: scripts/setup"))
    @Loop
    func certificates() async throws {
        let trackers = await SecureTrackers()
        defer { trackers.close() }
        let trust = TLSTrust.file(trackers.authority)
        let node = TestAnnounces(
            [[trackers.other], [trackers.good]], infoHash: Self.infoHash, port: 4001,
            trusting: trust)
        #expect(await eventually { node.isAnswered }, "\(node.notes)")
        #expect(node.found == [Endpoint(address: host(9), port: 6881)])
        let words = "failed: its certificate is not trusted: IP address mismatch"
        #expect(node.notes.first?.contains("\(trackers.other) \(words)") == true, "\(node.notes)")
        #expect(await node.stop())

        let stranger = TestAnnounces([[trackers.good]], infoHash: Self.infoHash, port: 4001)
        #expect(await eventually { !stranger.notes.isEmpty })
        #expect(
            stranger.notes.first?.contains("certificate is not trusted: self-signed") == true,
            "\(stranger.notes)")
        #expect(stranger.found == [])
        #expect(await stranger.stop())
    }

    /// What a command prints, as bytes.
    private func bytes(of command: String) -> [UInt8] {
        shell("\(command) | od -An -v -tx1").split { $0 == " " || $0 == "\n" }
            .compactMap { UInt8($0, radix: 16) }
    }

    @Test("Answers that are packed are read; a bomb and a torn one are none, with the reason (TC2)")
    @Loop
    func packed() async throws {
        let good = bytes(of: "printf 'd8:intervali1800e5:peers6:abcdefe' | gzip -c")
        let bomb = bytes(of: "head -c 268435456 /dev/zero | gzip -c -9")
        let answers: [(body: [UInt8], word: String)] = [
            (bomb, "its answer is too long"), (good.dropLast(9), "damaged or cut off"),
            (good, "1 peers"),
        ]
        let memory = residentBytes()
        let servers = try answers.map { body, _ in
            let head =
                "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                + "Content-Length: \(body.count)\r\n\r\n"
            return try ScriptServer(Array(head.utf8) + body)
        }
        let node = TestAnnounces(servers.map { [$0.url] }, infoHash: Self.infoHash, port: 4001)
        #expect(await eventually { node.isAnswered }, "\(node.notes)")
        #expect(node.notes.count == 3)
        for (note, answer) in zip(node.notes, answers) {
            #expect(note.contains(answer.word), "\(note)")
        }
        #expect(node.found.count == 1)
        #expect(residentBytes() - memory < 64 << 20)
        #expect(await node.stop())
        for server in servers { server.close() }
    }
}
