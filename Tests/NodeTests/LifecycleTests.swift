// Nodes that come and go: sources that end or are cut off and come back, trackers that go away,
// and everybody's good-byes.

import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Storage
import Swarm
import Testing
import Wire

@Suite("Comings and goings")
struct LifecycleTests {
    @Test("The tracker goes away: those who watch go on")
    @Loop
    func trackerCloses() async throws {
        let channel = try await TestChannel.onAir()
        let viewer = TestViewer(try channel.parsed())
        #expect(await viewer.plays())
        channel.source?.service?.close()
        #expect(await viewer.plays(more: 12))
        // A newcomer comes by the addresses in the channel file.
        let second = TestViewer(try channel.parsed())
        let begins = await second.plays()
        #expect(begins, "\(second.report), \(second.node.status.swarm.peers)")
        #expect(channel.judge(viewer.file).isRight)
        await second.stop()
        #expect(await viewer.stop())
        await channel.stop()
    }

    @Test("A source that is cut off comes back under its name, and the viewer plays by itself")
    @Loop
    func sourceReturns() async throws {
        let channel = try await TestChannel.onAir()
        let viewer = TestViewer(try channel.parsed())
        #expect(await viewer.plays())
        #expect(await viewer.plays(more: 8))
        let (hash, edge) = (channel.onAir?.infoHash, channel.edge)
        channel.cut()
        await pause(.seconds(4))
        try await channel.start()
        #expect(channel.onAir?.infoHash == hash)
        #expect((channel.onAir?.firstPiece ?? 0) > edge.value + 1)
        // Within ten seconds, as reliability L12 has it.
        #expect(await viewer.plays(more: 8, within: .seconds(10)))
        // The numbers that the kill left out are waited for as long as for any other piece.
        #expect(await eventually(within: .seconds(10)) { viewer.isPlaying })
        let newest = viewer.node.swarm?.engine.metainfo.newest ?? PieceIndex(0)
        #expect(newest > edge)
        #expect(viewer.contradictions == 0)
        await viewer.stop()
        await channel.stop()
    }

    @Test("A source that was stopped and is started again is played again by who stayed")
    @Loop
    func sourceStartsAnew() async throws {
        let channel = try await TestChannel.onAir()
        let viewer = TestViewer(try channel.parsed())
        #expect(await viewer.plays())
        #expect(await viewer.plays(more: 8))
        let edge = channel.edge
        await channel.stop()
        #expect(await eventually { viewer.hasEnded || viewer.node.status.state == .ended })
        try await channel.start()
        #expect((channel.onAir?.firstPiece ?? 0) > edge.value)
        #expect(await viewer.plays(more: 8, within: .seconds(10)))
        #expect(viewer.contradictions == 0)
        await viewer.stop()
        await channel.stop()
    }

    @Test("A viewer is back after a source's long absence, though it had given up its address")
    @Loop
    func longAbsence() async throws {
        let channel = try await TestChannel.onAir()
        let viewer = TestViewer(try channel.parsed())
        #expect(await viewer.plays())
        channel.cut()
        await pause(.seconds(16))
        try await channel.start()
        #expect(await viewer.plays(more: 4, within: .seconds(10)))
        await viewer.stop()
        await channel.stop()
    }

    @Test("Whoever leaves says so to the tracker, within three seconds")
    @Loop
    func goodByes() async throws {
        let service = try TrackerService(port: 0, swarms: [], publicAddress: nil, seed: 1)
        let tracker = "http://127.0.0.1:\(service.port)/announce"
        let channel = try await TestChannel.onAir(trackers: [tracker])
        let viewer = TestViewer(try channel.parsed())
        #expect(await viewer.plays())
        #expect(await eventually { service.peerCount == 2 })
        #expect(await viewer.stop())
        #expect(service.peerCount == 1)
        let began = Loop.now
        await channel.stop()
        #expect(Loop.now - began < .seconds(3))
        #expect(service.peerCount == 0)
        service.close()
    }

    @Test("At the end of the input the viewer has everything, and says once that it has ended")
    @Loop
    func inputEnds() async throws {
        let channel = try await TestChannel.onAir(Lab.shortClip, loop: false)
        let viewer = TestViewer(try channel.parsed())
        #expect(await viewer.plays())
        #expect(await eventually { viewer.hasEnded })
        let file = viewer.file
        let verdict = channel.judge(file)
        #expect(verdict.isRight)
        // All but a packet that the last piece may leave unfinished.
        #expect(channel.bytesAfter(file) < 188)
        await pause(.milliseconds(500))
        #expect(viewer.events.entries.count { if case .ended = $0 { true } else { false } } == 1)
        #expect(viewer.file.count == file.count)
        await viewer.stop()
        await channel.stop()
    }

    @Test("A newcomer that meets an old record of a long broadcast first finds the live edge")
    @Loop
    func oldRecordFirst() async throws {
        let channel = try await TestChannel.onAir(first: 50_000)
        let key = try HostileRecordTests.key(of: channel)
        let old = try HostileRecordTests.record(
            at: PieceIndex(3), key: key, channel, wall: WallTime(microseconds: 1_000_000))
        let infoHash = channel.infoHash
        channel.cut()
        let viewer = TestViewer(try channel.parsed())
        let target = Attacker.Target(endpoint: .here(viewer.port), infoHash: infoHash)
        let attacker = Attacker(target)
        #expect(await eventually { attacker.liveID != nil })
        attacker.send(.records([old.bytes]))
        #expect(await eventually { viewer.counters.records > 0 })
        try await channel.start()
        #expect(await viewer.plays())
        #expect(await viewer.plays(more: 8))
        #expect(channel.judge(viewer.file).isRight)
        await viewer.stop()
        channel.cut()
        attacker.close()
    }
}
