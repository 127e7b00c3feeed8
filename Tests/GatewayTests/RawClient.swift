// A client that writes what it is told and keeps what it gets: no HTTP library in between.

import Glibc
import Primitives
import Reactor

/// A TCP connection to the gateway whose bytes the test makes and sees.
@Loop
final class RawClient {
    private let descriptor: Int32
    private(set) var received: [UInt8] = []
    private(set) var isClosed = false

    /// Connects, with a receive buffer of `buffer` bytes where one is given.
    init(port: UInt16, buffer: Int32? = nil) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        if var buffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &buffer, socklen_t(4))
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        _ = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                Glibc.connect(descriptor, $0.baseAddress, socklen_t(bytes.count))
            }
        }
        _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    }

    deinit { close(descriptor) }

    /// Lets the end of this connection be a reset and not a farewell, as players do it.
    func resetOnClose() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Sends a request for `path` as a good player does.
    func get(_ path: String, host: String = "127.0.0.1", method: String = "GET") {
        send("\(method) \(path) HTTP/1.1\r\nHost: \(host)\r\n\r\n")
    }

    /// Takes what has come.
    func take() {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 { received += buffer[..<count] }
            let failure = errno
            if count == 0 || (count < 0 && failure != EAGAIN) { isClosed = true }
            guard count > 0 else { return }
        }
    }

    /// Waits for the header fields of the answer.
    func head() async -> String {
        _ = await eventually {
            self.take()
            return self.headEnd != nil || self.isClosed
        }
        return String(decoding: received[..<(headEnd ?? received.count)], as: UTF8.self)
    }

    /// Waits for a whole answer of known length, and gives status and body.
    func answer() async -> (status: Int, head: String, body: String) {
        let head = await head()
        let lines = head.split(separator: "\r\n")
        let length = lines.first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.dropFirst(15).drop { $0 == " " }) }
        _ = await eventually {
            self.take()
            return self.isClosed || length.map { self.body.count >= $0 } ?? true
        }
        let status = head.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return (status, head, String(decoding: body, as: UTF8.self))
    }

    /// What came after the header fields.
    var body: [UInt8] { headEnd.map { Array(received[($0 + 4)...]) } ?? [] }

    /// The body without the framing of chunks, as far as it is complete, and whether it ended.
    var dechunked: (bytes: [UInt8], hasEnded: Bool) {
        var out: [UInt8] = []
        var rest = body[...]
        while let line = rest.firstIndex(of: 13),
            let size = Int(String(decoding: rest[..<line], as: UTF8.self), radix: 16)
        {
            if size == 0 { return (out, true) }
            guard rest.endIndex - line >= size + 4 else { break }
            out += rest[(line + 2)..<(line + 2 + size)]
            rest = rest[(line + 4 + size)...]
        }
        return (out, false)
    }

    private var headEnd: Int? {
        guard received.count >= 4 else { return nil }
        return (0...(received.count - 4)).first {
            received[$0..<$0 + 4].elementsEqual([13, 10, 13, 10])
        }
    }
}
