// A node without a swarm: it hears what readers want and gives bytes when a test says so.

import Glibc
import Primitives
import Reactor
import Testing

@testable import Gateway

/// The bytes of every test file, again and again: a prime number of them, so that no power of two
/// is a multiple.
private let pattern: [UInt8] = (0..<65_521).map { UInt8(truncatingIfNeeded: ($0 &* 40_503) >> 7) }

/// The bytes `range` of every test file.
func testBytes(_ range: Range<Int64>) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(range.count)
    var at = Int(range.lowerBound)
    while at < range.upperBound {
        let start = at % pattern.count
        let end = min(pattern.count, start + Int(range.upperBound) - at)
        out += pattern[start..<end]
        at += end - start
    }
    return out
}

/// The gateway with one shelf, and what its readers want.
@Loop
final class FakeNode {
    private(set) var events: [FileReaderEvent] = []
    private(set) var wants: [FileReaderID: Range<Int64>] = [:]
    private(set) var open: Set<FileReaderID> = []
    /// Answers each wish at once, in parts of this many bytes, where it is set.
    var eager: Int?
    let gateway: LiveGateway
    private(set) var shelf: FileShelf?

    init(
        _ files: [ServedFile], settings: FileShelfSettings = FileShelfSettings()
    ) throws {
        var gatewaySettings = GatewaySettings()
        gatewaySettings.port = 0
        gateway = try LiveGateway(settings: gatewaySettings) { "{}" }
        let shelf = FileShelf(content: "0123abcd", files: files, settings: settings) {
            [weak self] in self?.hear($0)
        }
        self.shelf = shelf
        gateway.open(shelf)
    }

    convenience init(length: Int64, name: String = "film.mkv") throws {
        try self.init([ServedFile(index: 0, path: [name], length: length)])
    }

    func client() -> RawClient { RawClient(port: gateway.port) }

    private func hear(_ event: FileReaderEvent) {
        events.append(event)
        switch event {
        case .opened(let reader, _, _): open.insert(reader)
        case .closed(let reader):
            open.remove(reader)
            wants[reader] = nil
        case .wants(let reader, let range):
            wants[reader] = range
            guard let eager else { return }
            for start in stride(from: range.lowerBound, to: range.upperBound, by: eager) {
                give(start..<min(start + Int64(eager), range.upperBound), to: reader)
            }
        }
    }

    /// Gives the bytes of `range`, whether or not they are right to give.
    @discardableResult
    func give(_ range: Range<Int64>, to reader: FileReaderID) -> Bool {
        shelf?.give(.memory(testBytes(range)), to: reader) ?? false
    }

    /// Gives the first `count` bytes that a reader wants.
    @discardableResult
    func give(first count: Int64, to reader: FileReaderID) -> Bool {
        guard let want = wants[reader] else { return false }
        let part = want.prefix(Int(count))
        wants[reader] = part.endIndex..<want.upperBound
        return give(part.startIndex..<part.endIndex, to: reader)
    }

    var reader: FileReaderID? { open.first }
}

extension RawClient {
    /// Asks for a range of the first file.
    func ask(_ range: String?, path: String = "/file/0/film.mkv", more: String = "") {
        let field = range.map { "Range: bytes=\($0)\r\n" } ?? ""
        send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(field)\(more)\r\n")
    }

    /// Waits until `count` bytes of the body have come.
    func body(_ count: Int) async -> [UInt8] {
        _ = await eventually {
            self.take()
            return self.received.count >= count && self.body.count >= count || self.isClosed
        }
        return body
    }
}
