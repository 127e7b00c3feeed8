// Relays: they pass on what they get, in several channels at once, and one channel's trouble is
// not another's.

import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Swarm
import Testing

@Suite("A relay", .serialized)
struct RelayTests {
    @Test("feeds a viewer that can reach nobody else, byte for byte")
    @Loop
    func between() async throws {
        let channel = try await TestChannel.onAir()
        let relay = TestRelay([try channel.parsed()])
        #expect(await relay.carries())
        let viewer = TestViewer(try channel.parsed().secluded, peers: [relay.endpoint])
        #expect(await viewer.plays(), "\(viewer.report)")
        #expect(await viewer.plays(more: 12), "\(viewer.report)")
        #expect(channel.judge(viewer.file).isRight)
        #expect(viewer.node.status.swarm.peers.map(\.isSource) == [false])
        let status = relay.node.status
        #expect(status.uploaded >= viewer.file.count)
        #expect(status.peers == 2)
        #expect(status.channels.map(\.label.infoHash) == [channel.onAir?.infoHash])
        await viewer.stop()
        #expect(await relay.stop())
        await channel.stop()
    }

    @Test("carries several channels on one port, and goes on with one while another is away")
    @Loop
    func several() async throws {
        let (first, second) = (try await TestChannel.onAir(), try await TestChannel.onAir())
        let relay = TestRelay(
            [try first.parsed(), try second.parsed(), try first.parsed()])
        #expect(relay.states.count == 2)
        #expect(await relay.carries())
        let viewer = TestViewer(try first.parsed().secluded, peers: [relay.endpoint])
        let other = TestViewer(try second.parsed().secluded, peers: [relay.endpoint])
        #expect(await viewer.plays(), "\(viewer.report)")
        #expect(await other.plays(), "\(other.report)")

        second.cut()
        #expect(await eventually { relay.states == [.carrying, .silent] })
        #expect(await viewer.plays(more: 8), "\(viewer.report)")
        try await second.start()
        #expect(await relay.carries())
        #expect(await other.plays(more: 8), "\(other.report)")
        #expect(channelFlow(relay.news(of: 1)) == ["carrying", "silent", "carrying"])
        #expect(channelFlow(relay.news(of: 0)) == ["carrying"])
        #expect(first.judge(viewer.file).isRight)
        #expect(viewer.skipped == 0)
        await viewer.stop()
        await other.stop()
        #expect(await relay.stop())
        await first.stop()
        await second.stop()
    }

    @Test("has ended though a piece from before the end comes late")
    func late() {
        var flow = RelayFlow()
        var news: [String] = []
        func note(_ isNews: Bool) { if isNews { news.append(flow.state.rawValue) } }
        note(flow.came(PieceIndex(8)))
        note(flow.ended(before: PieceIndex(11)))
        note(flow.came(PieceIndex(10)))
        note(flow.paused())
        #expect(news == ["carrying", "ended"])
        note(flow.came(PieceIndex(11)))
        note(flow.came(PieceIndex(12)))
        note(flow.paused())
        #expect(news == ["carrying", "ended", "carrying", "silent"])
    }

    @Test("waits at the end of a broadcast for the next one")
    @Loop
    func waits() async throws {
        let channel = try await TestChannel.onAir()
        let relay = TestRelay([try channel.parsed()])
        #expect(await relay.carries())
        await channel.stop()
        #expect(await eventually { relay.states == [.ended] })
        try await channel.start()
        #expect(await relay.carries())
        #expect(channelFlow(relay.news(of: 0)) == ["carrying", "ended", "carrying"])
        #expect(await relay.stop())
        await channel.stop()
    }

    @Test("gives the channel that is asked for more of its upload limit, and never more than all")
    @Loop
    func limit() async throws {
        let (busy, idle) = (try await TestChannel.onAir(), try await TestChannel.onAir())
        let limit = ByteRate(bitsPerSecond: 2e6)
        let relay = TestRelay([try busy.parsed(), try idle.parsed()]) { $0.upLimit = limit }
        #expect(await relay.carries())
        let viewer = TestViewer(try busy.parsed().secluded, peers: [relay.endpoint])
        #expect(await viewer.plays(), "\(viewer.report)")
        let isDivided = await eventually {
            let shares = relay.node.status.channels.compactMap { $0.share?.bytesPerSecond }
            let sum = shares.reduce(0, +)
            #expect(abs(sum - limit.bytesPerSecond) < 1)
            return shares.count == 2 && shares[0] > shares[1] * 1.1
        }
        #expect(isDivided)
        #expect(await viewer.plays(more: 12), "\(viewer.report)")
        await viewer.stop()
        #expect(await relay.stop())
        await busy.stop()
        await idle.stop()
    }

    @Test("says good-bye in every channel; a tracker that is gone holds up nothing")
    @Loop
    func goodByes() async throws {
        let service = try TrackerService(port: 0, swarms: [], publicAddress: nil, seed: 1)
        let tracker = "http://127.0.0.1:\(service.port)/announce"
        let first = try await TestChannel.onAir(trackers: [tracker])
        let second = try await TestChannel.onAir(trackers: [tracker])
        let third = try await TestChannel.onAir(trackers: ["http://127.0.0.1:9/announce"])
        let relay = TestRelay([try first.parsed(), try second.parsed(), try third.parsed()])
        #expect(await relay.carries())
        #expect(await eventually { service.peerCount == 4 })
        #expect(await relay.stop())
        #expect(service.peerCount == 2)
        for channel in [first, second, third] { await channel.stop() }
        service.close()
    }

    @Test("refuses a channel that it was not asked to carry")
    @Loop
    func strange() async throws {
        let (carried, other) = (try await TestChannel.onAir(), try await TestChannel.onAir())
        let relay = TestRelay([try carried.parsed()])
        #expect(await relay.carries())
        let target = Attacker.Target(endpoint: relay.endpoint, infoHash: other.infoHash)
        let stranger = Attacker(target)
        #expect(await eventually { stranger.isClosed })
        #expect(stranger.liveID == nil)
        #expect(relay.node.status.peers == 1)
        #expect(await relay.stop())
        await carried.stop()
        await other.stop()
    }

    @Test("keeps no more than its memory holds, and 64 pieces at least")
    func memory() throws {
        let small = try #require(PieceGeometry(pieceLength: 16_384))
        let large = try #require(PieceGeometry(pieceLength: 1_048_576))
        #expect(windowPieces(.seconds(180), small, bytes: 256 << 20) == 2880)
        #expect(windowPieces(.seconds(180), small, bytes: 16 << 20) == 1024)
        #expect(windowPieces(.seconds(180), large, bytes: 256 << 20) == 256)
        #expect(windowPieces(.seconds(180), large, bytes: 0) == 64)
        #expect(windowPieces(.seconds(60), small) == 960)
    }

    private func channelFlow(_ news: [RelayNews]) -> [String] {
        news.map { item in
            switch item {
            case .carrying: "carrying"
            case .silent: "silent"
            case .ended: "ended"
            case .tracker, .contradiction: "\(item)"
            }
        }
    }
}
