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

    /// Two copies stand at the source: of three viewers one must be fed by the others.
    @Test("Of three viewers some get pieces from the others")
    @Loop
    func passesOn() async throws {
        let channel = try await TestChannel.onAir()
        let first = TestViewer(try channel.parsed())
        #expect(await first.plays())
        let second = TestViewer(try channel.parsed(), peers: [.here(first.port)])
        #expect(await second.plays())
        let third = TestViewer(
            try channel.parsed(), peers: [.here(first.port), .here(second.port)])
        #expect(await third.plays())
        #expect(await third.plays(more: 24))
        let viewers = [first, second, third]
        #expect(third.node.status.swarm.peers.count { !$0.isSource } == 2)
        #expect(viewers.reduce(0) { $0 + $1.counters.sentBytes } > 0)
        for viewer in viewers {
            #expect(channel.judge(viewer.file).isRight)
            await viewer.stop()
        }
        await channel.stop()
    }
}
