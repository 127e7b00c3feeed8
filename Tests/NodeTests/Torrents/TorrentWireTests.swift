// Peers of an ordinary torrent that break the wire protocol, or send what is of no use: at one who
// loads and at one who seeds.

@testable import Node
import Pieces
import Primitives
import Reactor
import Swarm
import Testing
import Wire

/// Bytes as they stand on the wire.
enum RawMessage {
    static func zeros(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }
    static func words(_ values: UInt32...) -> [UInt8] {
        values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
        }
    }
    static func of(_ id: UInt8, _ fields: [UInt8] = []) -> [UInt8] {
        words(UInt32(1 + fields.count)) + [id] + fields
    }
    static func request(_ piece: UInt32, _ offset: UInt32, _ length: UInt32) -> [UInt8] {
        of(6, words(piece, offset, length))
    }
    static func piece(_ piece: UInt32, _ offset: UInt32, _ length: Int) -> [UInt8] {
        of(7, words(piece, offset) + zeros(length))
    }
    static func extended(_ id: UInt8, _ payload: [UInt8]) -> [UInt8] { of(20, [id] + payload) }
    static func extended(_ id: UInt8, _ text: String) -> [UInt8] { extended(id, Array(text.utf8)) }
}

@Suite("A hostile wire of a torrent", .serialized, .timeLimit(.minutes(2)))
struct TorrentWireTests {
    /// Bytes after a good greeting that must end the connection (reliability, 2.3).
    static let faults: [(String, [UInt8])] = [
        ("W1 a length prefix of 4 GiB", [0xff, 0xff, 0xff, 0xff, 7]),
        ("W1 a length prefix of 2 GiB", [0x80, 0, 0, 0, 20]),
        ("W1 a length prefix of 16 MiB", [1, 0, 0, 0, 7]),
        ("W1 a bitfield of 1 MiB", [0, 0x10, 0, 1, 5]),
        ("W1 an extended message of 1 MiB", [0, 0x10, 0, 1, 20]),
        ("W2 a choke of eight bytes", RawMessage.of(0, RawMessage.zeros(7))),
        ("W2 a have of three bytes", RawMessage.of(4, [0, 0])),
        ("W2 a request of twelve bytes", RawMessage.of(6, RawMessage.zeros(11))),
        ("W2 a piece of eight bytes", RawMessage.of(7, RawMessage.zeros(7))),
        ("W2 a cancel that is too long", RawMessage.of(8, RawMessage.zeros(13))),
        ("W2 a piece of more than a block", RawMessage.piece(0, 0, 16_385)),
        ("W2 a bitfield that is too short", RawMessage.of(5, RawMessage.zeros(7))),
        ("W2 a bitfield that is too long", RawMessage.of(5, RawMessage.zeros(9))),
        ("W2 an empty extended message", RawMessage.of(20)),
        ("W3 a have past the last piece", RawMessage.of(4, RawMessage.words(61))),
        ("W3 a have of piece -1", RawMessage.of(4, RawMessage.words(.max))),
        ("W3 a bitfield with a spare bit", RawMessage.of(5, RawMessage.zeros(7) + [4])),
        ("W3 HAVE ALL after HAVE NONE", RawMessage.of(14)),
        ("W3 a suggestion past the last piece", RawMessage.of(13, RawMessage.words(61))),
        ("W3 allowed fast past the last piece", RawMessage.of(17, RawMessage.words(.max))),
        ("W4 a request past the last piece", RawMessage.request(61, 0, 16_384)),
        ("W4 a request beyond the piece", RawMessage.request(0, 0x4000_0000, 16_384)),
        ("W4 a request across the piece's end", RawMessage.request(0, 16_385, 16_384)),
        ("W4 a request beyond the last piece's end", RawMessage.request(60, 16_384, 16_384)),
        ("W4 a request whose end wraps", RawMessage.request(0, 0xffff_c000, 16_384)),
        ("W4 a request of nothing", RawMessage.request(0, 0, 0)),
        ("W4 a request of 1 MiB", RawMessage.request(0, 0, 1 << 20)),
        ("W4 a request of 2 GiB", RawMessage.request(0, 0, 1 << 31)),
        ("W6 a block of a piece past the last", RawMessage.piece(61, 0, 16_384)),
        ("W8 garbage for an extension handshake", RawMessage.extended(0, "hello")),
        ("W8 bencode 60,000 deep", RawMessage.extended(0, Array(repeating: 0x6c, count: 60_000))),
        ("W8 a string of 2^63 bytes", RawMessage.extended(0, "d9223372036854775807:")),
        ("W8 an extension handshake that is a list", RawMessage.extended(0, "le")),
        ("W8 an extension handshake of 60 kB", RawMessage.extended(0, "d1:a60000:" + text + "e")),
        ("W9 garbage for metadata", RawMessage.extended(1, "hello")),
        ("W9 a piece of metadata of -1", RawMessage.extended(1, "d8:msg_typei0e5:piecei-1ee")),
        ("W9 a piece that is a word", RawMessage.extended(1, "d8:msg_typei0e5:piece1:xe")),
        ("W9 metadata of 60 kB", RawMessage.extended(1, "d8:msg_typei1e5:piecei0ee" + text)),
        ("W10 garbage for a peer exchange", RawMessage.extended(2, "hello")),
        ("W10 2,000 peers at once", RawMessage.extended(2, "d5:added12000:\(many)e")),
        ("BEP 52 a request for hashes of eight bytes", RawMessage.of(21, RawMessage.zeros(8))),
    ]
    private static let text = String(repeating: "x", count: 60_000)
    private static let many = String(repeating: "abcdef", count: 2000)

    @Test("Every fault ends the connection, and neither a byte is given nor one taken")
    @Loop
    func faults() async throws {
        let stage = try await FilmStage { $0.exchangesPeers = true }
        for (number, fault) in Self.faults.enumerated() {
            for (name, victim) in stage.victims {
                let attacker = Attacker.ofTorrent(victim.target, from: UInt8(20 + number))
                let greeted = await eventually { attacker.isGreeted }
                #expect(greeted, "\(fault.0): the \(name) does not greet")
                attacker.send(raw: fault.1)
                let closed = await eventually(within: .seconds(5)) { attacker.isClosed }
                #expect(closed, "\(fault.0): the \(name) does not close")
                #expect(attacker.blocks == 0, "\(fault.0): it was served")
                attacker.close()
            }
        }
        #expect(stage.leech.engine?.counters.usefulBytes == 0)
        #expect(stage.seed.engine?.counters.sentBytes == 0)
        await stage.stillWorks()
    }

    /// Bytes of no use that are no reason to part.
    static let oddities: [(String, [UInt8])] = [
        ("an unknown message", RawMessage.of(77, RawMessage.zeros(100))),
        ("an unknown extension", RawMessage.extended(99, RawMessage.zeros(1000))),
        ("the port of a DHT node", RawMessage.of(9, [0x1a, 0xe1])),
        ("W3 the same bitfield again", RawMessage.of(5, [0x80] + RawMessage.zeros(7))),
        ("W3 and again", RawMessage.of(5, [0x80] + RawMessage.zeros(7))),
        ("W6 a block that nobody asked for", RawMessage.piece(1, 0, 16_384)),
        ("W6 one that is short", RawMessage.piece(1, 0, 100)),
        ("W6 one beyond its piece", RawMessage.piece(1, 0x4000_0000, 16_384)),
        ("W6 one that lies across blocks", RawMessage.piece(1, 1, 16_384)),
        ("W6 a reject of what nobody asked for", RawMessage.of(16, RawMessage.words(1, 0, 16_384))),
        ("W6 a suggestion", RawMessage.of(13, RawMessage.words(3))),
        ("W6 an allowed piece", RawMessage.of(17, RawMessage.words(3))),
        ("a cancel of what was not asked", RawMessage.of(8, RawMessage.words(1, 0, 16_384))),
        (
            "W8 numbers out of range",
            RawMessage.extended(
                0,
                "d1:md6:ut_pexi70000e11:ut_metadatai-5e1:\0i1e0:i3ee13:metadata_size"
                    + "i2147483647e4:reqqi9223372036854775807e1:pi0e6:yourip3:abc1:v3:\u{1b}[2e")
        ),
        ("W8 a size of -1", RawMessage.extended(0, "d13:metadata_sizei-1e4:reqqi-1ee")),
        ("W9 a piece of metadata that is not", RawMessage.extended(1, "d8:msg_typei0e5:piecei9ee")),
        (
            "W9 metadata that nobody asked for",
            RawMessage.extended(1, "d8:msg_typei1e5:piecei0e10:total_sizei40000eexxxx")
        ),
        ("W9 a refusal of metadata", RawMessage.extended(1, "d8:msg_typei2e5:piecei0ee")),
        ("W10 a list of an odd length", RawMessage.extended(2, "d5:added7:abcdefge")),
        ("W10 lists that are numbers", RawMessage.extended(2, "d5:addedi1e7:droppedlee")),
    ]

    @Test("What is of no use is passed over, and counts for nothing")
    @Loop
    func oddities() async throws {
        let stage = try await FilmStage { $0.exchangesPeers = true }
        for (name, victim) in stage.victims {
            let attacker = Attacker.ofTorrent(victim.target)
            #expect(await eventually { attacker.isGreeted })
            for oddity in Self.oddities { attacker.send(raw: oddity.1) }
            // An answer shows that all before it was heard.
            attacker.send(raw: RawMessage.extended(1, "d8:msg_typei0e5:piecei0ee"))
            let refusals = attacker.received
            #expect(await eventually { attacker.received > refusals + 100 }, "the \(name)")
            #expect(!attacker.isClosed, "the \(name)")
            #expect(victim.engine?.counters.usefulBytes == 0)
            #expect(victim.engine?.neighbours.first?.received == 0)
            attacker.close()
        }
        #expect(stage.leech.engine?.counters.wastedBytes == 16_384 * 3 + 100)
        await stage.stillWorks()
    }

    @Test("What is no greeting, or none in time, is closed; a drip too (W11, W15)")
    @Loop
    func greetings() async throws {
        let stage = try await FilmStage()
        let target = stage.leech.target
        let greeting = Handshake(
            reserved: [.fast, .extensionProtocol], infoHash: target.infoHash,
            peerID: Attacker.name()
        ).encoded
        var random = SeededRandom(seed: 5)
        let key = (0..<96).map { _ in UInt8.random(in: 0...255, using: &random) }
        let bad: [(String, [UInt8])] = [
            ("HTTP", Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)),
            ("TLS", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
            ("W15 a key of encryption", key),
            (
                "another swarm",
                Handshake(
                    reserved: [.fast], infoHash: InfoHash(Bytes20()), peerID: Attacker.name()
                ).encoded
            ),
        ]
        for (name, bytes) in bad {
            let attacker = Attacker(target, hello: false)
            #expect(await eventually { attacker.isConnected })
            attacker.send(raw: bytes)
            #expect(await eventually(within: .seconds(5)) { attacker.isClosed }, "\(name)")
        }
        let mute = Attacker(target, from: 67, hello: false)
        let half = Attacker(target, from: 68, hello: false)
        #expect(await eventually { half.isConnected })
        half.send(raw: Array(greeting.prefix(40)))
        let dripper = Attacker(target, from: 69, hello: false)
        var next = 0
        dripper.every(.milliseconds(300)) { dripper in
            guard next < greeting.count else { return }
            dripper.send(raw: [greeting[next]])
            next += 1
        }
        let areGone = await eventually(within: .seconds(16)) {
            mute.isClosed && half.isClosed && dripper.isClosed
        }
        #expect(areGone, "\([mute, half, dripper].map(\.isClosed))")
        #expect(next < greeting.count)
        #expect(stage.leech.engine?.peerCount == 0)
        await stage.stillWorks()
    }

    @Test("Who was dialled and does not greet is let go, and others are dialled (W11)")
    @Loop
    func dialled() async throws {
        let stage = try await FilmStage()
        let greeting = Handshake(
            reserved: [.fast], infoHash: stage.film.infoHash, peerID: Attacker.name()
        ).encoded
        let other = Handshake(
            reserved: [.fast], infoHash: InfoHash(Bytes20()), peerID: Attacker.name()
        ).encoded
        let ours = stage.leech.driver?.ourID
        let mirror = Handshake(
            reserved: [.fast], infoHash: stage.film.infoHash, peerID: ours ?? Attacker.name()
        ).encoded
        let servers = [
            try ScriptServer(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8)),
            try ScriptServer(other), try ScriptServer(mirror), try ScriptServer([]),
            try ScriptServer(greeting, drip: true, pace: .milliseconds(300)),
        ]
        stage.leech.hears(of: servers.map(\.endpoint))
        #expect(await eventually { servers.allSatisfy { $0.visits > 0 } })
        // None of them becomes a peer, also not later than the time that all of them have.
        await pause(.seconds(11))
        #expect(stage.leech.engine?.peerCount == 0)
        #expect((stage.leech.driver?.dialing.count ?? 9) <= 2)
        // Its own name is dialled once.
        #expect(servers[2].visits == 1)
        await stage.stillWorks()
        for server in servers { server.close() }
    }
}
