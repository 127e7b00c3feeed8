// Players that do not read among players that do.

import Playout
import Primitives
import Reactor
import Testing

@testable import Gateway

@Suite("Slow players", .timeLimit(.minutes(1))) @Loop struct SlowPlayerTests {
    @Test("A player that does not read costs bounded memory, hurts nobody and lands on a key frame")
    func slowAmongFast() async throws {
        var settings = GatewaySettings()
        settings.port = 0
        let gateway = try LiveGateway(settings: settings) { "{}" }
        var ring = FeedSettings()
        // A tenth of the usual, so that the test need not wait.
        ring.backlog = .milliseconds(200)
        let channel = gateway.open(title: "x", feed: LiveFeed(settings: ring))
        let slow = RawClient(port: gateway.port, buffer: 4096)
        let fast = [RawClient(port: gateway.port), RawClient(port: gateway.port)]
        for client in [slow] + fast { client.get("/live/x.ts") }
        #expect(await eventually { channel.feed.readerCount == 3 })

        var expected: [UInt8] = []
        let size = 188 * 300
        for n in 0..<120 {
            channel.feed.append(chunk(n, size: size), wall: wall(n))
            expected += chunk(n, size: size).bytes
            try await Task.sleep(nanoseconds: 5_000_000)
            for client in fast { client.take() }
        }
        for client in fast {
            #expect(
                await eventually {
                    client.take()
                    return client.body.count >= expected.count + 120 * 8
                })
            let same = client.dechunked.bytes == expected
            #expect(same)
        }
        #expect(channel.feed.jumps == 0 && channel.feed.readerCount == 3)

        channel.feed.finish()
        #expect(
            await eventually {
                slow.take()
                return slow.isClosed || slow.dechunked.hasEnded
            })
        let got = slow.dechunked.bytes
        #expect(got.count < expected.count && got.count % 188 == 0)
        #expect(channel.feed.jumps >= 1)
        // The last 188 bytes are those of the last chunk, and a key frame began after the jump.
        #expect(got.last == 119)
        gateway.close()
    }

    @Test("Players that vanish leave nothing behind")
    func vanish() async throws {
        var settings = GatewaySettings()
        settings.port = 0
        let gateway = try LiveGateway(settings: settings) { "{}" }
        let channel = gateway.open(title: "x")
        channel.feed.append(chunk(0), wall: wall(0))
        var clients = (0..<50).map { _ in RawClient(port: gateway.port) }
        for client in clients { client.get("/live/x.ts") }
        #expect(await eventually { channel.feed.readerCount == 50 })
        clients.removeAll()
        #expect(
            await eventually {
                channel.feed.append(chunk(1), wall: wall(1))
                return channel.feed.readerCount == 0
            })
        gateway.close()
    }
}
