// The little language of these tests: waiting for what the loop brings about.

import Glibc
import Primitives

@testable import Reactor

/// Waits until `condition` holds and answers whether it came to hold within `limit`.
@Loop
func eventually(
    within limit: Interval = .seconds(10), _ condition: @Loop () -> Bool
) async -> Bool {
    let end = Loop.now + limit
    while !condition() {
        guard Loop.now < end else { return false }
        await pause(.milliseconds(2))
    }
    return true
}

/// Lets the loop run for `time`.
@Loop
func pause(_ time: Interval) async {
    await withCheckedContinuation { continuation in
        var timer: LoopTimer?
        timer = LoopTimer {
            continuation.resume()
            timer = nil
        }
        timer?.schedule(at: Loop.now + time)
    }
}

/// What happened, in order.
@Loop
final class Log<Entry: Sendable> {
    private(set) var entries: [Entry] = []
    func add(_ entry: Entry) { entries.append(entry) }
}

let loopback = IPAddress.v4(0x7f00_0001)

extension Endpoint {
    /// The port of this machine.
    static func here(_ port: UInt16) -> Self { Self(address: loopback, port: port) }
}

/// Both ends of a connection over the loopback interface.
@Loop
final class Pair {
    let listener: TCPListener
    private(set) var near: TCPConnection?
    private(set) var far: TCPConnection?
    let nearEvents = Log<TCPEvent>()
    let farEvents = Log<TCPEvent>()
    private let accepted = Log<TCPConnection>()

    init(
        near: TCPSettings = TCPSettings(), far: TCPSettings = TCPSettings(),
        nearHandler: TCPConnection.Handler? = nil, farHandler: TCPConnection.Handler? = nil
    ) async throws {
        let (accepted, nearEvents, farEvents) = (accepted, nearEvents, farEvents)
        listener = try TCPListener(on: .here(0), settings: far) { connection, _ in
            accepted.add(connection)
            connection.start { connection, event in
                farEvents.add(event)
                farHandler?(connection, event)
            }
        }
        self.near = TCPConnection.connect(
            to: .here(listener.port), timeout: .seconds(5), settings: near
        ) { connection, event in
            nearEvents.add(event)
            nearHandler?(connection, event)
        }
        _ = await eventually { accepted.entries.count == 1 && !nearEvents.entries.isEmpty }
        self.far = accepted.entries.first
    }

    func close() {
        near?.close()
        far?.close()
        listener.close()
    }
}

/// A file without a name, and what is in it.
final class OpenedFile: Sendable {
    let bytes: [UInt8]
    private let descriptor: Int32

    init(_ bytes: [UInt8]) throws {
        self.bytes = bytes
        var name = Array("/tmp/p2ptv-test-XXXXXX".utf8CString)
        descriptor = mkstemp(&name)
        unlink(name)
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count == bytes.count else { throw ReactorFault(errno: errno) }
    }

    deinit { close(descriptor) }

    func part(_ range: Range<Int>) -> FileBytes {
        FileBytes(
            descriptor: descriptor, offset: Int64(range.lowerBound), count: range.count,
            owner: self)
    }

    func truncate(to length: Int) { ftruncate(descriptor, off_t(length)) }
}
