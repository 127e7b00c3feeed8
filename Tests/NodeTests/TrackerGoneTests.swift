// The tracker goes away: those who are there tell newcomers of each other (BEP 11).

@testable import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Swarm
import Testing
import Wire

@Suite("A channel without its tracker")
struct TrackerGoneTests {
    /// What somebody has of a channel whose trackers are gone and whose source has moved.
    private func stripped(_ file: ParsedChannelFile) -> ParsedChannelFile {
        changed(file) { ($0.trackers, $0.peers) = ([], []) }
    }

    private func changed(
        _ file: ParsedChannelFile, _ change: (inout ChannelFile) -> Void
    ) -> ParsedChannelFile {
        var other = file.file
        change(&other)
        return ParsedChannelFile(
            file: other, infoBytes: file.infoBytes, signature: file.signature,
            signedMessage: file.signedMessage)
    }

    @Test("A newcomer that knows one viewer finds the others and plays")
    @Loop
    func newcomer() async throws {
        let channel = try await TestChannel.onAir()
        let first = TestViewer(try channel.parsed())
        #expect(await first.plays())
        let second = TestViewer(try channel.parsed(), peers: [.here(first.port)])
        #expect(await second.plays())
        #expect(await eventually { second.peerCount == 2 })
        channel.source?.service?.close()
        let newcomer = TestViewer(
            stripped(try channel.parsed()), peers: [.here(second.port)])
        #expect(await newcomer.plays(), "\(newcomer.report)")
        #expect(await eventually { newcomer.peerCount == 3 }, "\(newcomer.report)")
        #expect(newcomer.node.status.swarm.peers.contains { $0.isSource })
        // Whom it knew leaves, and it goes on with those whom it found.
        await second.stop()
        #expect(await newcomer.plays(more: 16), "\(newcomer.report)")
        #expect(channel.judge(newcomer.file).isRight)
        await newcomer.stop()
        await first.stop()
        channel.cut()
    }

    @Test("A relay tells of the source, unless the channel is private")
    @Loop
    func relay() async throws {
        let channel = try await TestChannel.onAir()
        let (open, closed) = (
            TestRelay([try channel.parsed()]),
            TestRelay([changed(try channel.parsed()) { $0.isPrivate = true }])
        )
        #expect(await open.carries())
        #expect(await closed.carries())
        let told = TestViewer(stripped(try channel.parsed()), peers: [open.endpoint])
        #expect(await eventually { told.node.status.swarm.peers.contains { $0.isSource } })
        let untold = TestViewer(stripped(try channel.parsed()), peers: [closed.endpoint])
        #expect(await untold.plays(), "\(untold.report)")
        #expect(await untold.plays(more: 12), "\(untold.report)")
        #expect(untold.node.status.swarm.peers.map(\.isSource) == [false])
        for viewer in [told, untold] { await viewer.stop() }
        for relay in [open, closed] { #expect(await relay.stop()) }
        await channel.stop()
    }

    @Test("A neighbour that tells of nobody but itself and garbage disturbs nobody")
    @Loop
    func garbage() async throws {
        let stage = try await Stage()
        let liar = Attacker(stage.target)
        liar.every(.milliseconds(20)) { liar in
            let crowd = (1...50).map { number in
                Contact(Endpoint(address: host(UInt8(100 + number)), port: 9), .reachable)
            }
            liar.send(PeerExchangeMessage(added: crowd).message(id: 2))
        }
        let torn = Attacker(stage.target, from: 67)
        torn.every(.milliseconds(20)) { $0.send(.extended(id: 2, payload: [100, 53, 58])) }
        #expect(await eventually { torn.isClosed && liar.isClosed })
        await stage.stillPlays()
    }
}
