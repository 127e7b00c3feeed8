// A source and a viewer that plays, for an attacker to come to.

import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Swarm
import Testing

/// A healthy pair, and what must still be true of it after an attack.
@Loop
struct Stage {
    let channel: TestChannel
    let viewer: TestViewer

    /// Sets the stage: the viewer plays.
    init(
        _ clip: String = Lab.clip, trackers: [String] = [], peers: [Endpoint] = []
    ) async throws {
        channel = try await TestChannel.onAir(clip, trackers: trackers)
        viewer = TestViewer(try channel.parsed(), peers: peers)
        let plays = await viewer.plays()
        #expect(plays, "it never began: \(viewer.report)")
    }

    /// Where an attacker of the viewer connects to.
    var target: Attacker.Target {
        Attacker.Target(endpoint: .here(viewer.port), infoHash: channel.infoHash)
    }

    /// Expects that the viewer goes on, without a gap and without a wrong byte, then ends all.
    func stillPlays(
        _ more: Int = 8, sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let goesOn = await viewer.plays(more: more)
        #expect(goesOn, "it stands still: \(viewer.report)", sourceLocation: sourceLocation)
        let verdict = channel.judge(viewer.file)
        #expect(verdict.isRight, "a wrong byte or a gap", sourceLocation: sourceLocation)
        #expect(verdict.rightBytes > 40_000, sourceLocation: sourceLocation)
        #expect(viewer.skipped == 0, sourceLocation: sourceLocation)
        #expect(viewer.failure == nil, sourceLocation: sourceLocation)
        await end()
    }

    /// Ends both.
    func end() async {
        await viewer.stop()
        channel.cut()
    }
}
