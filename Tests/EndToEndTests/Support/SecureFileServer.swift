// A web server of one film by https: Python's, with a certificate that it has signed itself.

/// A server by https on the loopback address, which answers ranges only.
@MainActor
struct SecureFileServer {
    /// Its certificate, which is its own authority.
    let certificate: String
    private let child: Child

    /// How many ranges it was asked for.
    var asked: Int { child.output.split(separator: "\n").count { $0 == "GET" } }

    /// Serves `film` at `port`, on a stage that it ends with.
    init(_ film: Film, port: UInt16, _ stage: Stage) async throws {
        certificate = stage.path("certificate.pem")
        let made = try stage.tool(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                stage.path("key.pem"), "-out", certificate,
            ])
        guard try await made.ended(within: 20) == .code(0) else {
            throw Failure("no certificate: \(made.lastWords)")
        }
        try write(Self.program.utf8, to: stage.path("https.py"))
        let server = try stage.tool(
            "python3",
            [
                stage.path("https.py"), "\(port)", certificate, stage.path("key.pem"),
                "\(film.folder)/film.ts",
            ])
        child = server
        guard try await eventually(within: 20, { server.output.contains("ready") }) else {
            throw Failure("no server by https: \(server.lastWords)")
        }
    }

    private static let program = """
        import http.server, ssl, sys

        port, certificate, key, path = sys.argv[1:]
        content = open(path, 'rb').read()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_GET(self):
                print('GET', flush=True)
                first, last = self.headers['Range'].removeprefix('bytes=').split('-')
                part = content[int(first):int(last) + 1]
                self.send_response(206)
                self.send_header('Content-Range', f'bytes {first}-{last}/{len(content)}')
                self.send_header('Content-Length', str(len(part)))
                self.end_headers()
                self.wfile.write(part)

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, request, address):
                pass

        server = Server(('127.0.0.1', int(port)), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        print('ready', flush=True)
        server.serve_forever()
        """
}
