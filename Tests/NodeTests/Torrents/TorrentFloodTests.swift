// Peers of an ordinary torrent that send too much, that come in crowds, or that hang up in the
// middle: what they cost is bounded, and the torrent is loaded all the same.

import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Swarm
import Testing
import Wire

@Suite("Floods at a torrent", .serialized, .timeLimit(.minutes(2)))
struct TorrentFloodTests {
    /// Messages over and over, by a name for the test's report.
    struct Flood: CustomTestStringConvertible, Sendable {
        var name: String
        var bytes: @Sendable () -> [UInt8]
        var testDescription: String { name }
    }

    static let floods: [Flood] = [
        Flood(name: "keep-alives") { RawMessage.words(0) },
        Flood(name: "chokes and unchokes") { RawMessage.of(0) + RawMessage.of(1) },
        Flood(name: "interested and not") { RawMessage.of(2) + RawMessage.of(3) },
        Flood(name: "the same have") { RawMessage.of(4, RawMessage.words(3)) },
        Flood(name: "bitfields") { RawMessage.of(5, [0x80] + RawMessage.zeros(7)) },
        Flood(name: "requests") { RawMessage.request(3, 0, 16_384) },
        Flood(name: "cancels") { RawMessage.of(8, RawMessage.words(3, 0, 16_384)) },
        Flood(name: "suggestions") { RawMessage.of(13, RawMessage.words(3)) },
        Flood(name: "rejects") { RawMessage.of(16, RawMessage.words(3, 0, 16_384)) },
        Flood(name: "allowed pieces") { RawMessage.of(17, RawMessage.words(3)) },
        Flood(name: "blocks that nobody asked for") { RawMessage.piece(3, 0, 1_000) },
        Flood(name: "extension handshakes") { RawMessage.extended(0, "d1:md6:ut_pexi2eee") },
        Flood(name: "requests for metadata") {
            RawMessage.extended(1, "d8:msg_typei0e5:piecei0ee")
        },
        Flood(name: "metadata") {
            RawMessage.extended(1, "d8:msg_typei1e5:piecei0e10:total_sizei4eexxxx")
        },
        Flood(name: "peer exchanges") { RawMessage.extended(2, "d5:added6:abcdefe") },
        Flood(name: "messages of no extension") { RawMessage.extended(99, [1]) },
        Flood(name: "messages of no kind") { RawMessage.of(77) },
    ]

    @Test("A flood is cut off, and costs little memory (W7)", arguments: floods)
    @Loop
    func flood(_ flood: Flood) async throws {
        let stage = try await FilmStage { $0.exchangesPeers = true }
        let memory = residentBytes()
        for (name, victim) in stage.victims {
            let attacker = Attacker.ofTorrent(victim.target)
            #expect(await eventually { attacker.isGreeted })
            attacker.flood(flood.bytes(), times: 200_000)
            let closed = await eventually(within: .seconds(10)) { attacker.isClosed }
            #expect(closed, "the \(name) does not cut it off")
            attacker.close()
        }
        #expect(residentBytes() - memory < 64 << 20)
        await stage.stillWorks()
    }

    @Test("Metadata is given twice and no more, however often it is asked for (W9)")
    @Loop
    func metadata() async throws {
        let stage = try await FilmStage()
        let attacker = Attacker.ofTorrent(stage.seed.target)
        #expect(await eventually { attacker.isGreeted })
        let before = attacker.received
        let request = RawMessage.extended(1, "d8:msg_typei0e5:piecei0ee")
        attacker.flood(request, times: 3_000)
        #expect(await eventually { attacker.isClosed })
        // A refusal is as long as a request.
        let size = stage.film.torrent.infoBytes.count
        #expect(attacker.received - before > 2 * size)
        #expect(attacker.received - before < 2 * size + 1_300 * request.count)
        await stage.stillWorks()
    }

    @Test("A hundred thousand requests of a peer that never reads fill no memory (W5)")
    @Loop
    func requests() async throws {
        let stage = try await FilmStage()
        let memory = residentBytes()
        let attacker = Attacker.ofTorrent(stage.seed.target)
        #expect(await eventually { attacker.isGreeted })
        attacker.isReading = false
        var bytes: [UInt8] = []
        for piece in 0..<50 as Range<UInt32> { bytes += RawMessage.request(piece, 0, 16_384) }
        attacker.flood(bytes, times: 2_000)
        #expect(await eventually(within: .seconds(10)) { stage.seed.engine?.peerCount == 0 })
        #expect(residentBytes() - memory < 64 << 20)
        await stage.stillWorks()
    }

    @Test("Two hundred connections that say nothing do not keep a good peer out (W12)")
    @Loop
    func idle() async throws {
        let stage = try await FilmStage()
        let descriptors = openDescriptors()
        let crowd = (0..<200).map { number in
            Attacker(stage.seed.target, from: UInt8(20 + number), hello: false)
        }
        #expect(await eventually { crowd.allSatisfy { $0.isConnected || $0.isClosed } })
        stage.leech.hears(of: [stage.seed.endpoint])
        await stage.leech.loads()
        for attacker in crowd { attacker.close() }
        #expect(await eventually { openDescriptors() < descriptors + 20 })
        stage.end()
    }

    @Test("Peers that are of no use make room, and one host has eight places (W12)")
    @Loop
    func useless() async throws {
        let stage = try await FilmStage { settings in
            settings.maxPeers = 20
            settings.trialTime = .seconds(2)
        }
        let target = stage.seed.target
        let crowd = (0..<20).map { number in
            Attacker(
                target, from: UInt8(20 + number), saying: [.haveNone, Attacker.torrentHello()],
                limits: WireLimits(pieceCount: UInt32(TestFilm.pieceCount)))
        }
        #expect(await eventually { stage.seed.engine?.peerCount == 20 })
        let many = (0..<20).map { _ in Attacker.ofTorrent(target, from: 90) }
        #expect(await eventually { many.allSatisfy { $0.isClosed || $0.isGreeted } })
        await pause(.seconds(3))
        stage.leech.hears(of: [stage.seed.endpoint])
        await stage.leech.loads()
        #expect(many.count { !$0.isClosed } <= 8)
        for attacker in crowd + many { attacker.close() }
        stage.end()
    }

    @Test("One name is one peer, and our own is none (W12)")
    @Loop
    func names() async throws {
        let stage = try await FilmStage()
        let name = Attacker.name()
        let twins = (0..<50).map { number in
            Attacker.ofTorrent(stage.leech.target, from: UInt8(20 + number), id: name)
        }
        let mirror = Attacker.ofTorrent(stage.leech.target, id: stage.leech.driver?.ourID)
        #expect(await eventually { mirror.isClosed && twins.count { !$0.isClosed } == 1 })
        #expect(stage.leech.engine?.peerCount == 1)
        for attacker in twins { attacker.close() }
        await stage.stillWorks()
    }

    @Test("Three hundred connections that are reset in the middle of a block leave nothing (W12)")
    @Loop
    func reset() async throws {
        let stage = try await FilmStage()
        let descriptors = openDescriptors()
        for number in 0..<300 {
            let victim = number % 2 == 0 ? stage.seed : stage.leech
            let attacker = Attacker.ofTorrent(
                victim.target, from: UInt8(20 + number % 200), has: .haveAll)
            attacker.send(raw: RawMessage.piece(3, 0, 16_384).dropLast(9_000))
            #expect(await eventually { attacker.isGreeted || attacker.isClosed })
            // It has not read what came meanwhile, so that its end is a reset.
            attacker.isReading = false
            attacker.send(raw: RawMessage.extended(1, "d8:msg_typei0e5:piecei0ee"))
            attacker.close()
        }
        #expect(await eventually { stage.leech.engine?.peerCount == 0 })
        #expect(await eventually { openDescriptors() < descriptors + 10 })
        await stage.stillWorks()
    }
}
