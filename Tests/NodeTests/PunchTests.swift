// Nodes that dial each other, and introduce each other, on real sockets. What NATs do to it is in
// the simulator.

import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Swarm
import Testing
import Wire

extension TestViewer {
    /// Where its neighbours are.
    fileprivate var neighbours: [Endpoint] {
        node.swarm?.engine.neighbours(at: Loop.now).map(\.endpoint) ?? []
    }
}

@Suite("Nodes that dial each other", .serialized)
struct PunchTests {
    @Test("at once: one connection is left, and both play")
    @Loop
    func atOnce() async throws {
        let channel = try await TestChannel.onAir()
        let ports = [try freePort(), try freePort()]
        let viewers = try [0, 1].map { number in
            TestViewer(try channel.parsed(), peers: [.here(ports[1 - number])]) {
                $0.peerPorts = ports[number]...ports[number]
            }
        }
        for viewer in viewers { #expect(await viewer.plays(), "\(viewer.report)") }
        let settles = await eventually { viewers.allSatisfy { $0.peerCount == 2 } }
        #expect(settles, "\(viewers.map(\.report))")
        for viewer in viewers {
            #expect(await viewer.plays(more: 8), "\(viewer.report)")
            #expect(viewer.peerCount == 2)
        }
        for viewer in viewers { await viewer.stop() }
        await channel.stop()
    }

    @Test("and meet themselves there, go on without")
    @Loop
    func itself() async throws {
        let channel = try await TestChannel.onAir()
        let port = try freePort()
        let viewer = TestViewer(try channel.parsed(), peers: [.here(port)]) {
            $0.peerPorts = port...port
        }
        #expect(await viewer.plays(), "\(viewer.report)")
        #expect(await viewer.plays(more: 8), "\(viewer.report)")
        #expect(viewer.neighbours == [.here(channel.peerPort)])
        await viewer.stop()
        await channel.stop()
    }

    @Test("find it free when they come back, and their neighbours too")
    @Loop
    func comesBack() async throws {
        let channel = try await TestChannel.onAir()
        let port = try freePort()
        for _ in 0..<3 {
            let viewer = TestViewer(try channel.parsed()) { $0.peerPorts = port...port }
            #expect(await viewer.plays(), "\(viewer.report)")
            #expect(viewer.port == port)
            await viewer.stop()
        }
        await channel.stop()
    }

    @Test("introduce two of their neighbours to each other, and say it where they cannot")
    @Loop
    func introduces() async throws {
        let stage = try await Stage()
        let heard = Log<String>()
        let peers = ([66, 67] as [UInt8]).map { number in
            Attacker(stage.target, from: number) { peer, message in
                guard case .extended(9, let payload) = message else { return }
                let span = payload.span
                heard.add("\(number): \((try? HolepunchMessage.decode(span)).map(text) ?? "✗")")
            }
        }
        #expect(await eventually { peers.allSatisfy { $0.greeting != nil } })
        for (peer, port) in zip(peers, [7001, 7002] as [UInt16]) {
            var handshake = ExtensionHandshake()
            handshake.ids = [.live: 3, .holepunch: 9]
            handshake.listenPort = port
            handshake.live = LiveOffer(window: nil, keep: 900, ahead: 16, isSource: false)
            peer.send(.extended(id: 0, payload: handshake.encoded))
        }
        await pause(.milliseconds(100))
        let id = SwarmDriver.holepunchID
        let other = Endpoint(address: host(67), port: 7002)
        let nobody = Endpoint(address: host(99), port: 7002)
        peers[0].send(HolepunchMessage.rendezvous(other).message(id: id))
        peers[0].send(HolepunchMessage.rendezvous(nobody).message(id: id))
        #expect(await eventually { heard.entries.count == 3 }, "\(heard.entries)")
        #expect(
            heard.entries.sorted() == [
                "66: connect 127.0.0.67:7002", "66: error 127.0.0.99:7002 2",
                "67: connect 127.0.0.66:7001",
            ])
        // What makes no sense closes the connection.
        peers[0].send(.extended(id: id, payload: [0, 7, 1]))
        #expect(await eventually { peers[0].isClosed })
        peers[1].close()
        await stage.stillPlays()
    }

    @Loop
    private func text(_ message: HolepunchMessage) -> String {
        switch message {
        case .rendezvous(let endpoint, _): "rendezvous \(endpoint)"
        case .connect(let endpoint): "connect \(endpoint)"
        case .error(let endpoint, let error): "error \(endpoint) \(error.rawValue)"
        case .unknown(let type): "unknown \(type)"
        }
    }
}
