// Trackers that lie: a server of the test's own that answers whatever it likes (reliability, 2.4).

import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Swarm
import Testing

/// A server that answers every request with the same bytes, at once or a byte at a time.
@Loop
final class ScriptServer {
    private var listener: TCPListener?
    private var connections: [TCPConnection] = []
    private var timers: [LoopTimer] = []
    /// The connections that came.
    private(set) var visits = 0

    /// Answers with `answer`; with `drip` it sends a byte of it in each time of `pace`.
    init(
        _ answer: [UInt8], drip: Bool = false, pace: Interval = .milliseconds(100)
    ) throws {
        listener = try TCPListener(on: .here(0)) { [weak self] connection, _ in
            self?.serve(connection, answer, drip, pace)
        }
    }

    /// Where it is.
    var endpoint: Endpoint { .here(listener?.port ?? 0) }

    /// Where a tracker would be.
    var url: String { "http://\(endpoint)/announce" }

    private func serve(
        _ connection: TCPConnection, _ answer: [UInt8], _ drip: Bool, _ pace: Interval
    ) {
        visits += 1
        connections.append(connection)
        connection.start { connection, event in
            guard case .received = event else { return }
            connection.consumeInput { $0.count }
            if !drip { connection.send(answer) }
        }
        guard drip else { return }
        var next = 0
        var timer: LoopTimer?
        timer = LoopTimer { [weak connection] in
            guard let connection, connection.isOpen, next < answer.count else { return }
            connection.send([answer[next]])
            next += 1
            timer?.schedule(at: Loop.now + pace)
        }
        timer?.schedule(at: Loop.now)
        if let timer { timers.append(timer) }
    }

    func close() {
        listener?.close()
        for connection in connections { connection.close() }
        for timer in timers { timer.cancel() }
    }
}

@Suite("A tracker that lies", .serialized)
struct LyingTrackerTests {
    private static func http(_ body: [UInt8]) -> [UInt8] {
        Array("HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n".utf8) + body
    }

    private static func announce(_ peers: [UInt8], interval: String = "1800") -> [UInt8] {
        http(
            Array("d8:intervali\(interval)e5:peers\(peers.count):".utf8) + peers
                + Array("e".utf8))
    }

    @Test("Three thousand addresses are dialled with measure, and the source is found all the same")
    @Loop
    func addresses() async throws {
        // Addresses of this machine at which nobody listens.
        let peers = (0..<3000).flatMap { number -> [UInt8] in
            [127, 9, UInt8(number >> 8), UInt8(number & 255), 0, 9]
        }
        let server = try ScriptServer(Self.announce(peers))
        let stage = try await Stage(trackers: [server.url])
        #expect(server.visits > 0)
        var most = 0
        for _ in 0..<20 {
            most = max(most, stage.viewer.node.swarm?.dialing.count ?? 0)
            await pause(.milliseconds(100))
        }
        #expect(most <= 12)
        await stage.stillPlays()
        server.close()
    }

    /// Answers that are none; what is merely odd is the matter of the Tracker module's tests.
    static let lies: [(String, [UInt8])] = [
        ("garbage", Array(repeating: 0xff, count: 100_000)),
        ("no bencode", http(Array("hello".utf8))),
        ("bencode 100,000 deep", http(Array(repeating: 0x6c, count: 100_000))),
        (
            "a length of 2^63",
            Array("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n".utf8)
        ),
        ("8 MiB", http(Array(repeating: 0x31, count: 8 << 20))),
    ]

    @Test("Garbage of every kind disturbs nobody, and the good-bye waits for no one")
    @Loop
    func garbage() async throws {
        let servers = try Self.lies.map { try ScriptServer($0.1) }
        let drip = try ScriptServer(Self.announce([127, 0, 0, 1, 0, 9]), drip: true)
        let memory = residentBytes()
        // Each tier fails, so that the next is asked.
        let stage = try await Stage(trackers: servers.map(\.url) + [drip.url])
        #expect(await stage.viewer.plays(more: 8))
        #expect(await eventually { servers.allSatisfy { $0.visits > 0 } && drip.visits > 0 })
        #expect(residentBytes() - memory < 64 << 20)
        #expect(channelIsRight(stage))
        #expect(await stage.viewer.stop())
        let began = Loop.now
        await stage.channel.stop()
        #expect(Loop.now - began < .seconds(3))
        for server in servers { server.close() }
        drip.close()
    }

    @Loop
    private func channelIsRight(_ stage: Stage) -> Bool {
        stage.viewer.skipped == 0 && stage.channel.judge(stage.viewer.file).isRight
    }
}
