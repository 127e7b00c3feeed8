// Servers by https that are not ours: Python's, with certificates of an authority made for the test.

import Glibc
import Primitives
import Reactor

/// Four servers on ports of the loopback address, and the authority that vouches for them.
@Loop
final class SecureServer {
    /// The file with the certificate of the authority.
    let authority: String
    private let folder: String
    private var ports: [String: UInt16] = [:]
    private var pid = 0

    /// What is wrong with a server, if anything.
    enum Kind: String {
        /// Its certificate is of localhost and 127.0.0.1.
        case good
        /// Its certificate is of another host.
        case other
        /// Its certificate is too old.
        case old
        /// It speaks TLS 1.1 and no later.
        case ancient
    }

    /// Why there can be none, or nil.
    nonisolated static let missing: String? =
        ["openssl version", "python3 -c 'import ssl'"].first {
            output(of: "\($0) && echo ok") == ""
        }

    init() async {
        folder = output(of: "mktemp -d").split(separator: "\n").first.map(String.init) ?? "/tmp"
        authority = "\(folder)/ca.pem"
        let script =
            "cd \(folder) && cat >make.sh <<'END'\n\(Self.certificates)\nEND\n"
            + "cat >serve.py <<'END'\n\(Self.program)\nEND\nsh make.sh >make.log 2>&1\n"
            + "python3 serve.py >ports 2>log </dev/null & echo $!"
        pid = output(of: script).split(separator: "\n").first.flatMap { Int($0) } ?? 0
        _ = await eventually {
            let lines = output(of: "cat \(folder)/ports").split(separator: "\n")
            guard lines.contains("ready") else { return false }
            for line in lines {
                let words = line.split(separator: " ")
                if words.count == 2 { ports[String(words[0])] = UInt16(words[1]) }
            }
            return true
        }
    }

    /// The page `path` of a server.
    func url(_ path: String, of kind: Kind = .good, host: String = "localhost") -> String {
        "https://\(host):\(ports[kind.rawValue] ?? 0)/\(path)"
    }

    /// What the servers have to say of what went wrong.
    var log: String { output(of: "cat \(folder)/make.log \(folder)/log") }

    func close() {
        if pid > 1 { kill(pid_t(pid), SIGKILL) }
        _ = output(of: "rm -rf \(folder)")
    }

    private static let certificates = """
        set -e
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key \\
            -out ca.pem -days 2 -subj '/CN=Authority of a test'
        make() { # name, subject names, days
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key \\
                -out $1.csr -subj /CN=$1
            echo "subjectAltName=$2" >$1.ext
            openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days $3 \\
                -extfile $1.ext -out $1.pem
        }
        make good DNS:localhost,IP:127.0.0.1 2
        make other DNS:other.example,DNS:local*.example 2
        make old DNS:localhost -1
        """

    private static let program = """
        import http.server, socket, ssl, threading
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path.startswith('/to?'):
                    self.send_response(302)
                    self.send_header('Location', self.path[4:])
                    self.send_header('Content-Length', '0')
                    self.end_headers()
                elif self.path.startswith('/cut'):
                    self.wfile.write(b'HTTP/1.0 200 OK\\r\\n\\r\\nhel')
                    self.wfile.flush()
                    self.connection.unwrap = None
                    socket.socket(fileno=self.connection.detach()).close()
                else:
                    body = b'x' * (int(self.path[5:]) if self.path.startswith('/big?') else 5)
                    self.send_response(200)
                    self.send_header('Content-Length', str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
            def log_message(self, *words): pass
        for name, files in [('good', 'good'), ('other', 'other'), ('old', 'old'), ('ancient', 'good')]:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            if name == 'ancient':
                context.set_ciphers('ALL:@SECLEVEL=0')
                context.minimum_version = ssl.TLSVersion.TLSv1_1
                context.maximum_version = ssl.TLSVersion.TLSv1_1
            context.load_cert_chain(files + '.pem', files + '.key')
            server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
            server.socket = context.wrap_socket(server.socket, server_side=True,
                do_handshake_on_connect=False)
            threading.Thread(target=server.serve_forever).start()
            print(name, server.server_address[1], flush=True)
        print('ready', flush=True)
        """
}

/// Runs a command and returns what it printed.
func output(of command: String) -> String {
    guard let pipe = popen(command, "r") else { return "" }
    defer { pclose(pipe) }
    var out: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = fread(&buffer, 1, buffer.count, pipe)
        guard count > 0 else { return String(decoding: out, as: UTF8.self) }
        out += buffer.prefix(count)
    }
}
