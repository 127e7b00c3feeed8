// A web server of files for tests: with ranges, and with the faults that servers have.

import Primitives
import Reactor

/// Serves files that are in memory, and notes what was asked for.
@Loop
final class FileServer {
    /// What is wrong with a server.
    enum Manner: Sendable {
        case good
        /// It always sends whole files.
        case rangeless
        /// It has other bytes, of the same length.
        case poisoned
        /// Its files are longer.
        case grown
        /// It fails the first so many times.
        case failing(Int)
        /// It takes requests and never answers.
        case silent
        /// It sends half of what it announces, the first so many times.
        case cutting(Int)
        /// It is somewhere else.
        case moved(String)
    }

    private(set) var asked: [String] = []
    private var server: HTTPServer?
    private var held: [HTTPResponder] = []
    private let files: [String: [UInt8]]
    private let manner: Manner
    /// Bytes that were sent.
    private(set) var sent = 0

    /// Serves files by their paths, which requests escape.
    init(port: UInt16, _ files: [String: [UInt8]], _ manner: Manner = .good) throws {
        (self.files, self.manner) = (files, manner)
        server = try HTTPServer(address: "127.0.0.1", port: port) {
            [weak self] request, responder in self?.answer(request, responder)
        }
    }

    /// Listens no more.
    func close() {
        held = []
        server?.close()
    }

    private func answer(_ request: HTTPRequest, _ responder: HTTPResponder) {
        let path = request.path
        asked.append("\(path) \(request.headers["Range"] ?? "-")")
        guard var bytes = files[path] else { return responder.send(status: 404, body: [1, 2]) }
        var isCut = false
        switch manner {
        case .good: break
        case .rangeless: return responder.send(status: 200, body: bytes)
        case .poisoned: bytes = bytes.map { $0 ^ 1 }
        case .grown: bytes += [7]
        case .failing(let times):
            if asked.count <= times { return responder.send(status: 503, body: [9]) }
        case .silent: return held.append(responder)
        case .cutting(let times): isCut = asked.count <= times
        case .moved(let root):
            return responder.send(status: 302, headers: ["Location": root + request.target])
        }
        guard let range = Self.range(request.headers["Range"], in: bytes.count) else {
            return responder.send(status: 200, body: bytes)
        }
        let headers: HTTPHeaders = [
            "Content-Range": "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(bytes.count)"
        ]
        sent += range.count
        guard isCut else {
            return responder.send(status: 206, headers: headers, body: Array(bytes[range]))
        }
        var cut = headers
        cut["Content-Length"] = "\(range.count)"
        responder.start(status: 206, headers: cut)
        responder.write(Array(bytes[range].prefix(range.count / 2)))
        held.append(responder)
        let timer = LoopTimer { responder.abort() }
        timer.schedule(at: Loop.now + .milliseconds(100))
        timers.append(timer)
    }

    private var timers: [LoopTimer] = []

    private static func range(_ field: String?, in length: Int) -> Range<Int>? {
        guard let field, field.hasPrefix("bytes=") else { return nil }
        let ends = field.dropFirst(6).split(separator: "-").compactMap { Int($0) }
        guard ends.count == 2, ends[0] <= ends[1], ends[1] < length else { return nil }
        return ends[0]..<ends[1] + 1
    }
}
