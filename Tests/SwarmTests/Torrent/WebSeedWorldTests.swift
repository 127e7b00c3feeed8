import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

extension TorrentWorld {
    /// Adds a web server that has all, with a line of so many bytes a second; `a` may ask it.
    mutating func addWebSeed(line: Double, for a: Int) -> Int {
        let web = add(line: line)
        nodes[a].links[web] = web
        nodes[web].links[a] = a
        let endpoint = Endpoint(address: .v4(0x0a00_0001 + UInt32(a)), port: 6881)
        tell(
            web,
            .peerJoined(
                PeerHandle(a),
                TorrentIntroduction(
                    endpoint: endpoint, id: Rig.id(UInt8(a + 1)), outgoing: false,
                    features: [.fast, .extensionProtocol])))
        tell(web, .messageReceived(PeerHandle(a), .interested))
        tell(a, .peerJoined(PeerHandle(web), .webSeed))
        return web
    }
}

@Suite("Web seeds in virtual time")
struct WebSeedWorldTests {
    /// How far a player read, and how many seconds at most it was behind one who plays 1 MB/s from
    /// the first byte on without a pause.
    private func plays(
        _ world: inout TorrentWorld, at leech: Int, for span: Interval
    ) -> (read: Int64, behind: Double) {
        var player = WorldPlayer(&world, at: leech, 1, from: 0)
        var behind = 0.0
        world.run(span) { world in
            player.look(&world)
            guard let first = player.firstAt else { return }
            behind = max(behind, (world.now - first).seconds - Double(player.position) / 1e6)
        }
        return (player.position, behind)
    }

    @Test("A swarm that is half as fast as the film plays through with a web seed, and not without")
    func rescuing() {
        func play(withWebSeed: Bool) -> (read: Int64, behind: Double, web: Int, all: Int) {
            var world = TorrentWorld(pieces: 400, blocks: 16, delay: .milliseconds(30))
            let leech = world.add(line: 1e6, isEmpty: true)
            for _ in 0..<5 {
                let seed = world.add(line: 1e5)
                world.connect(leech, seed)
            }
            if withWebSeed { _ = world.addWebSeed(line: 3e6, for: leech) }
            let player = plays(&world, at: leech, for: .seconds(20))
            let counters = world.nodes[leech].engine.counters
            return (player.read, player.behind, counters.webBytes, counters.usefulBytes)
        }
        let (helped, alone) = (play(withWebSeed: true), play(withWebSeed: false))
        #expect(alone.behind > 5)
        #expect(helped.behind < 0.5, "\(helped)")
        #expect(helped.read > 20_000_000)
        // Peers give what they can all the same.
        #expect(helped.all - helped.web > 6_000_000)
    }

    @Test("Where peers are fast enough hardly anything comes of it")
    func sparing() {
        var world = TorrentWorld(pieces: 400, blocks: 16, delay: .milliseconds(30))
        let leech = world.add(line: 1e6, isEmpty: true)
        for _ in 0..<8 {
            let seed = world.add(line: 5e5)
            world.connect(leech, seed)
        }
        // The slots of the swarm are given before it is asked for anything.
        world.run(.seconds(2))
        _ = world.addWebSeed(line: 3e6, for: leech)
        _ = plays(&world, at: leech, for: .seconds(15))
        let counters = world.nodes[leech].engine.counters
        #expect(counters.usefulBytes > 30_000_000)
        #expect(counters.webBytes * 10 < counters.usefulBytes)
    }
}
