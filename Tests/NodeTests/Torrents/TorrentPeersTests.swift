// Peers of an ordinary torrent that poison, withhold or tell of others, and where peers are found.

@testable import Node
import Pieces
import Primitives
import Reactor
@testable import Swarm
import Testing
import Tracker
import Wire

@Suite("Peers that lie to a torrent", .serialized, .timeLimit(.minutes(2)))
struct TorrentLiarTests {
    /// A peer that says it has all, and answers each request as `answer` says.
    @Loop
    private func liar(
        _ stage: FilmStage, from source: UInt8, _ answer: @escaping @Loop (Attacker, Block) -> Void
    ) -> Attacker {
        Attacker.ofTorrent(stage.leech.target, from: source, has: .haveAll) { attacker, message in
            if case .request(let block) = message { answer(attacker, block) }
        }
    }

    @Test("A poisoner is found by one piece, closed, and not let in again (W13)")
    @Loop
    func poison() async throws {
        let stage = try await FilmStage()
        let wrong = [UInt8](repeating: 7, count: 16_384)
        let poisoner = liar(stage, from: 66) { $0.send($1, Array(wrong.prefix(Int($1.length)))) }
        #expect(await eventually { poisoner.isClosed })
        // And what had come by then: pieces are checked eight at a time.
        #expect((1...8).contains(stage.leech.engine?.counters.poisoned ?? 0))
        let again = liar(stage, from: 66) { _, _ in }
        #expect(await eventually { again.isClosed })
        #expect(!again.isGreeted)
        await stage.stillWorks()
    }

    @Test("Of two poisoners and an honest peer the two are found, and the honest one stays (W14)")
    @Loop
    func collusion() async throws {
        // Slow enough that the others are asked for most of it.
        let stage = try await FilmStage { $0.upLimit = ByteRate(bytesPerSecond: 300_000) }
        let film = stage.film
        stage.leech.hears(of: [stage.seed.endpoint])
        #expect(await eventually { stage.leech.engine?.peerCount == 1 })
        // Each spoils every second block, so that most pieces are wrong by one block.
        let poisoners = [UInt8(66), 67].map { source in
            liar(stage, from: source) { attacker, block in
                var bytes = film.bytes(of: block)
                if block.offset > 0 || source == 67 { bytes[9] ^= 1 }
                attacker.send(block, bytes)
            }
        }
        await stage.leech.loads()
        let areGone = poisoners.allSatisfy { $0.isClosed }
        #expect(areGone)
        #expect((stage.leech.engine?.counters.poisoned ?? 0) >= 2)
        // It loads nothing without the honest one, which it may let go once it has everything.
        let others = stage.leech.engine?.neighbours.filter { $0.endpoint != stage.seed.endpoint }
        #expect(others?.isEmpty == true)
        let isKeptOut = stage.leech.engine?.planner.isKeptOut(stage.seed.endpoint)
        #expect(isKeptOut == false)
        let areKeptOut = [UInt8(66), 67].map { number in
            stage.leech.engine?.planner.isBanned(.v4(0x7f00_0000 | UInt32(number))) ?? false
        }
        #expect(areKeptOut == [true, true])
        stage.end()
    }

    @Test("Who withholds, refuses, sends something else or stops within a block holds nobody up")
    @Loop
    func useless() async throws {
        let stage = try await FilmStage()
        let film = stage.film
        let liars = [
            liar(stage, from: 66) { _, _ in },
            liar(stage, from: 67) { $0.send(.reject($1)) },
            liar(stage, from: 68) { attacker, block in
                let other = Block(
                    piece: PieceIndex((block.piece.value + 1) % 60), offset: block.offset,
                    length: 16_384)
                attacker.send(other, film.bytes(of: other))
            },
            liar(stage, from: 69) { attacker, block in
                var bytes: [UInt8] = []
                Message.encodePieceHeader(block, into: &bytes)
                attacker.send(raw: bytes + [UInt8](repeating: 0, count: 100))
                attacker.script = { _, _ in }
            },
        ]
        #expect(await eventually { liars.allSatisfy { !$0.requests.isEmpty } })
        await stage.stillWorks()
        for liar in liars { liar.close() }
    }
}

@Suite("Where a torrent finds its peers", .serialized, .timeLimit(.minutes(2)))
struct TorrentDiscoveryTests {
    @Test(
        "Peers tell each other of peers, but not of a private torrent (BEP 11)",
        arguments: [true, false])
    @Loop
    func exchange(isAllowed: Bool) async throws {
        let film = try TestFilm()
        let slow = ByteRate(bytesPerSecond: 50_000)
        let seed = try FilmNode(film, has: true) { settings in
            settings.exchangesPeers = isAllowed
            settings.upLimit = slow
        }
        #expect(await seed.joins())
        let leeches = try (0..<2).map { _ in
            try FilmNode(film, peers: [seed.endpoint]) { $0.exchangesPeers = isAllowed }
        }
        #expect(await eventually { seed.engine?.peerCount == 2 })
        if isAllowed {
            #expect(await eventually { leeches.allSatisfy { $0.engine?.peerCount == 2 } })
        } else {
            await pause(.seconds(1))
            #expect(leeches.allSatisfy { $0.engine?.peerCount == 1 })
        }
        seed.driver?.feed(.upLimitChanged(nil))
        for leech in leeches { await leech.loads() }
        for node in leeches + [seed] { node.close() }
    }

    @Test("Three thousand addresses of a tracker are dialled with measure (W16, TC1)")
    @Loop
    func addresses() async throws {
        // Addresses of this machine at which nobody listens.
        let peers = (0..<3_000).flatMap { number -> [UInt8] in
            [127, 9, UInt8(number >> 8), UInt8(number & 255), 0, 9]
        }
        let body = Array("d8:intervali1800e5:peers\(peers.count):".utf8) + peers + [0x65]
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(body.count)\r\n\r\n"
        let server = try ScriptServer(Array(head.utf8) + body)
        let film = try TestFilm(trackers: [server.url])
        let seed = try FilmNode(film, has: true)
        let leech = try FilmNode(film)
        #expect(await eventually { leech.events.contains { $0.contains("3000 peers") } })
        var most = 0
        for _ in 0..<20 {
            most = max(most, leech.driver?.dialing.count ?? 0)
            await pause(.milliseconds(50))
        }
        #expect(most <= 30)
        // They fill the list of the one who loads, and the right one gets in all the same.
        #expect(seed.events.contains { $0.contains("3000 peers") })
        leech.hears(of: [seed.endpoint])
        await leech.loads()
        for node in [leech, seed] { node.close() }
        server.close()
    }

    @Test(
        "An announcement in the local network leads to a connection, a hostile one to none (BEP 14)",
        .enabled("needs multicast on the loopback interface") {
            await LocalPeersTests.canMulticast()
        })
    @Loop
    func neighbourhood() async throws {
        let loopback = { NetworkInterface.all.filter(\.isLoopback) }
        let film = try TestFilm(isPrivate: false)
        let leech = try FilmNode(film, neighbourhood: LocalPeers(interfaces: loopback))
        #expect(await leech.joins())
        await pause(.milliseconds(100))
        // It comes too late to hear the other's own announcement, and makes none.
        let seed = try FilmNode(film, has: true, neighbourhood: LocalPeers(interfaces: { [] }))
        #expect(await seed.joins())
        let socket = try UDPSocket(on: .here(0)) { _, _ in }
        let interface = try #require(loopback().first)
        let group = LocalGroup.v4.endpoint
        func announce(_ text: String) throws {
            try socket.send(Array(text.utf8), to: group, through: interface, hops: 0)
        }
        func announcement(_ port: String, _ infoHash: InfoHash) -> String {
            "BT-SEARCH * HTTP/1.1\r\nHost: \(group)\r\nPort: \(port)\r\n"
                + "Infohash: \(infoHash)\r\n\r\n\r\n"
        }
        let port = "\(seed.endpoint.port)"
        for text in [
            "", "hello", String(repeating: "x", count: 1_400), "BT-SEARCH * HTTP/1.1\r\n\r\n",
            announcement(port, InfoHash(Bytes20())), announcement("0", film.infoHash),
            announcement("65536", film.infoHash), announcement("-1", film.infoHash),
            String(announcement(port, film.infoHash).dropLast(12)),
        ] { try announce(text) }
        await pause(.milliseconds(500))
        #expect(leech.engine?.peerCount == 0)
        #expect(leech.driver?.dialing.isEmpty == true)
        try announce(announcement(port, film.infoHash))
        await leech.loads()
        for node in [leech, seed] { node.close() }
        socket.close()
    }
}
