// Nodes that all behave: what a viewer plays is what was broadcast, whoever comes and goes.

import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Swarm
import Testing

@Suite("A healthy channel")
struct HealthyTests {
    @Test("A viewer plays the broadcast's bytes from a key frame on")
    @Loop
    func plays() async throws {
        let channel = try await TestChannel.onAir()
        let viewer = TestViewer(try channel.parsed())
        #expect(await viewer.plays())
        #expect(await viewer.plays(more: 12))
        #expect(channel.judge(viewer.file).isRight)
        #expect(viewer.file.count > 100_000)
        #expect(viewer.skipped == 0)
        await viewer.stop()
        await channel.stop()
    }

    @Test("A second viewer gets pieces from the first")
    @Loop
    func passesOn() async throws {
        let channel = try await TestChannel.onAir()
        let first = TestViewer(try channel.parsed())
        #expect(await first.plays())
        let second = TestViewer(try channel.parsed(), peers: [.here(first.port)])
        #expect(await second.plays())
        #expect(await second.plays(more: 16))
        let between = second.node.status.swarm.peers.filter { !$0.isSource }
        #expect(between.count == 1)
        #expect(between.contains { $0.downloaded > 0 } || first.counters.sentBytes > 0)
        #expect(first.counters.sentBytes > 0)
        #expect(channel.judge(second.file).isRight)
        #expect(channel.judge(first.file).isRight)
        await first.stop()
        await second.stop()
        await channel.stop()
    }
}
