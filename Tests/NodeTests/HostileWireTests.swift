// Peers that break the wire protocol, and peers that are not what they say.

import Bencode
import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Swarm
import Testing
import Wire

@Suite("A hostile wire", .serialized)
struct HostileWireTests {
    /// Bytes after a good greeting that must end the connection (reliability, 2.3).
    static let faults: [(String, [UInt8])] = [
        ("W1 a length prefix of 4 GiB", [0xff, 0xff, 0xff, 0xff, 7]),
        ("W1 a length prefix of 2 GiB", [0x80, 0, 0, 0, 20]),
        ("W1 a length prefix of 16 MiB", [1, 0, 0, 0, 7]),
        ("W1 a bitfield of 1 MiB", [0, 0x10, 0, 1, 5]),
        ("W2 a choke of eight bytes", [0, 0, 0, 8, 0] + zeros(7)),
        ("W2 a have of three bytes", [0, 0, 0, 3, 4, 0, 0]),
        ("W2 a request of twelve bytes", [0, 0, 0, 12, 6] + zeros(11)),
        ("W2 a piece of eight bytes", [0, 0, 0, 8, 7] + zeros(7)),
        ("W2 a cancel that is too long", [0, 0, 0, 14, 8] + zeros(13)),
        ("W2 a piece of more than a block", [0, 0, 0x40, 10, 7] + zeros(16_393)),
        ("W2 an empty extended message", [0, 0, 0, 1, 20]),
        ("W3 a bitfield after HAVE NONE", [0, 0, 0, 2, 5, 0xff]),
        ("W3 HAVE ALL after HAVE NONE", [0, 0, 0, 1, 14]),
        ("W4 a request beyond the piece", request(0, 0x4000_0000, 16_384)),
        ("W4 a request whose end wraps", request(0, 0xffff_c000, 16_384)),
        ("W4 a request of nothing", request(0, 0, 0)),
        ("W4 a request of 1 MiB", request(0, 0, 1 << 20)),
        ("W4 a request of 2 GiB", request(0, 0, 1 << 31)),
        ("W6 a block beyond the piece", piece(0, 0x4000_0000, 16_384)),
        ("W6 a short block", piece(0, 0, 100)),
        ("W8 garbage for an extension handshake", extended(0, Array("hello".utf8))),
        ("W8 bencode 60,000 deep", extended(0, Array(repeating: 0x6c, count: 60_000))),
        ("W8 a string of 2^63 bytes", extended(0, Array("d9223372036854775807:".utf8))),
        ("W8 an extension handshake that is a list", extended(0, Array("le".utf8))),
        ("a live message of no bytes at all", extended(3, [0])),
        ("records of length 0", extended(3, [0, 1, 0, 0])),
        ("a record that is none", extended(3, [0, 1, 0, 4, 9, 9, 9, 9])),
        ("a status of 200 stripes", extended(3, [2, 0, 200] + zeros(206))),
        ("a map past the last number", extended(3, [1, 0xff, 0xff, 0xff, 0xfe, 0xff])),
    ]

    private static func zeros(_ count: Int) -> [UInt8] { Array(repeating: 0, count: count) }
    private static func words(_ values: UInt32...) -> [UInt8] {
        values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
        }
    }
    private static func request(_ piece: UInt32, _ offset: UInt32, _ length: UInt32) -> [UInt8] {
        words(13) + [6] + words(piece, offset, length)
    }
    private static func piece(_ piece: UInt32, _ offset: UInt32, _ length: UInt32) -> [UInt8] {
        words(9 + length) + [7] + words(piece, offset) + zeros(Int(length))
    }
    private static func extended(_ id: UInt8, _ payload: [UInt8]) -> [UInt8] {
        words(UInt32(2 + payload.count)) + [20, id] + payload
    }

    @Test("Every fault ends the connection and touches nothing else")
    @Loop
    func faults() async throws {
        let stage = try await Stage()
        for (number, fault) in Self.faults.enumerated() {
            let attacker = Attacker(stage.target, from: UInt8(20 + number))
            #expect(await eventually { attacker.liveID != nil }, "\(fault.0): no greeting")
            let blocks = attacker.blocks
            attacker.send(raw: fault.1)
            #expect(await eventually(within: .seconds(5)) { attacker.isClosed }, "\(fault.0)")
            #expect(attacker.blocks == blocks, "\(fault.0): it was served")
        }
        await stage.stillPlays()
    }

    @Test("Messages to be ignored are ignored")
    @Loop
    func ignored() async throws {
        let stage = try await Stage()
        let attacker = Attacker(stage.target)
        #expect(await eventually { attacker.liveID != nil })
        attacker.send(raw: Self.extended(99, Array(repeating: 1, count: 1000)))
        attacker.send(.have(PieceIndex(.max)))
        attacker.send(.unknown(id: 77))
        let silly =
            "d1:md10:p2ptv_livei3e11:lt_donthavei-5e6:ut_pexi70000ee13:metadata_sizei2147483647ee"
        attacker.send(raw: Self.extended(0, Array(silly.utf8)))
        await pause(.milliseconds(500))
        await stage.stillPlays()
        attacker.close()
    }

    @Test("What is no greeting, or none in time, is closed; a drip too")
    @Loop
    func greetings() async throws {
        let stage = try await Stage()
        let target = stage.target
        let bad: [(String, [UInt8])] = [
            ("HTTP", Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)),
            ("TLS", [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]),
            (
                "another swarm",
                Handshake(
                    reserved: [.fast, .extensionProtocol], infoHash: InfoHash(Bytes20()),
                    peerID: Attacker.name()
                ).encoded
            ),
            (
                "no extension protocol",
                Handshake(
                    reserved: [.fast], infoHash: target.infoHash, peerID: Attacker.name()
                ).encoded
            ),
        ]
        for (name, bytes) in bad {
            let attacker = Attacker(target, hello: false)
            #expect(await eventually { attacker.isConnected })
            attacker.send(raw: bytes)
            #expect(await eventually(within: .seconds(5)) { attacker.isClosed }, "\(name)")
        }
        // A byte now and then: the time is for the whole greeting.
        let greeting = Handshake(
            reserved: [.fast, .extensionProtocol], infoHash: target.infoHash,
            peerID: Attacker.name()
        ).encoded
        let dripper = Attacker(target, hello: false)
        var next = 0
        dripper.every(.milliseconds(300)) { dripper in
            guard next < greeting.count else { return }
            dripper.send(raw: [greeting[next]])
            next += 1
        }
        // And one that greets, but never says what it speaks.
        let mute = Attacker(target, from: 67, hello: false)
        #expect(await eventually { mute.isConnected })
        mute.send(raw: greeting)
        mute.every(.milliseconds(500)) { $0.send(.keepAlive) }
        #expect(await eventually(within: .seconds(16)) { dripper.isClosed && mute.isClosed })
        #expect(next < greeting.count)
        await stage.stillPlays()
    }

    @Test("A peer with our own name is closed; one with the source's name does not replace it")
    @Loop
    func names() async throws {
        let stage = try await Stage()
        guard let ours = stage.viewer.node.swarm?.ourID,
            let sources = stage.channel.source?.swarm?.ourID
        else { return }
        let mirror = Attacker(stage.target, from: 66, id: ours)
        #expect(await eventually { mirror.isClosed })
        // Whichever of the two names is the smaller one: six viewers have six names.
        let parsed = try stage.channel.parsed()
        let viewers = (0..<5).map { _ in TestViewer(parsed) }
        for viewer in viewers + [stage.viewer] {
            #expect(await viewer.plays())
            let target = Attacker.Target(
                endpoint: .here(viewer.port), infoHash: stage.channel.infoHash)
            let imposter = Attacker(target, from: 67, id: sources)
            #expect(await eventually { imposter.greeting != nil })
            await pause(.milliseconds(300))
            #expect(viewer.node.status.swarm.peers.count { $0.isSource } == 1)
            imposter.close()
        }
        for viewer in viewers { await viewer.stop() }
        await stage.stillPlays()
    }
}
