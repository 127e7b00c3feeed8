// Peers that speak raw bytes: a client that sends what it is told, and a server that follows a
// script whatever it is asked.

import Primitives
import Reactor

/// A client that collects what comes.
@Loop
final class RawClient {
    private(set) var connection: TCPConnection?
    private(set) var received: [UInt8] = []
    private(set) var isClosed = false

    init(port: UInt16, settings: TCPSettings = TCPSettings(), _ text: String = "") {
        connection = TCPConnection.connect(
            to: .here(port), timeout: .seconds(5), settings: settings
        ) { [weak self] connection, event in
            switch event {
            case .received:
                connection.consumeInput {
                    self?.received += $0.array(0..<$0.count)
                    return $0.count
                }
            case .closed: self?.isClosed = true
            case .connected, .writable: break
            }
        }
        send(text)
    }

    func send(_ text: String) { connection?.send(Array(text.utf8)) }

    var text: String { String(decoding: received, as: UTF8.self) }

    func close() { connection?.close() }
}

/// A server that answers each request as its script says.
@Loop
final class ScriptServer {
    private var listener: TCPListener?
    private var connections: [TCPConnection] = []
    private(set) var requests: [String] = []
    var port: UInt16 { listener?.port ?? 0 }

    init(_ script: @escaping @Loop (TCPConnection, Int) -> Void) throws {
        listener = try TCPListener(on: .here(0)) { [weak self] connection, _ in
            self?.connections.append(connection)
            connection.start { connection, event in
                guard event == .received, let self else { return }
                var text = ""
                connection.consumeInput {
                    text = String(decoding: $0.array(0..<$0.count), as: UTF8.self)
                    return $0.count
                }
                self.requests.append(text)
                script(connection, self.requests.count)
            }
        }
    }

    convenience init(answer: String, closing: Bool = true) throws {
        try self.init { connection, _ in
            connection.send(Array(answer.utf8))
            if closing { connection.close() }
        }
    }

    func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    func close() {
        listener?.close()
        for connection in connections { connection.close() }
    }
}

/// Gets a URL and waits for the outcome.
@Loop
func fetch(
    _ url: String, limits: HTTPClientLimits = HTTPClientLimits(), headers: HTTPHeaders = [:],
    from local: IPAddress? = nil
) async -> Result<HTTPResponse, HTTPClientFault> {
    await withCheckedContinuation { continuation in
        HTTPClient.get(url, limits: limits, headers: headers, from: local) {
            continuation.resume(returning: $0)
        }
    }
}
