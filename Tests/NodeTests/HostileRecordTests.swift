// Peers that lie with records: forged, replayed, from afar, and contradictions that the
// channel's own key has signed.

import Crypto
import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Storage
import Swarm
import Testing
import Wire

@Suite("Hostile records", .serialized)
struct HostileRecordTests {
    @Test("A flipped bit anywhere in a record: the record is not accepted, its bearer is closed")
    @Loop
    func flipped() async throws {
        let stage = try await Stage()
        var random = SeededRandom(seed: 1)
        for round in 0..<24 {
            guard let record = stage.channel.record(of: stage.channel.edge) else { return }
            var bytes = record.bytes
            // The signature, the body and the header, in turn.
            let last = bytes.count - 1
            let place = [Int(random.next() % 40) + 7, last - 30, 60 + Int(random.next() % 20)][
                round % 3]
            bytes[place] ^= 1 << UInt8(random.next() % 8)
            let accepted = stage.viewer.counters.records
            let attacker = Attacker(stage.target, from: UInt8(100 + round))
            #expect(await eventually { attacker.liveID != nil })
            attacker.send(.records([bytes]))
            #expect(await eventually { attacker.isClosed })
            #expect(stage.viewer.counters.forged == round + 1)
            // Those that came meanwhile are the source's.
            let before = stage.viewer.node.swarm?.engine.metainfo
            #expect(stage.viewer.counters.records >= accepted)
            let held = before?.record(containing: record.pieces.lowerBound)
            #expect(held == nil || held == record)
        }
        await stage.stillPlays()
    }

    @Test("A record signed by another key closes its bearer, and one check settles many")
    @Loop
    func otherKey() async throws {
        let stage = try await Stage()
        let key = try SigningKey.generate()
        let attacker = Attacker(stage.target)
        #expect(await eventually { attacker.liveID != nil })
        let edge = stage.channel.edge
        let forged = try (1...40).map { step in
            try Self.record(at: edge.advanced(by: step * 4), key: key, stage.channel).bytes
        }
        attacker.send(.records(forged))
        #expect(await eventually { attacker.isClosed })
        #expect(stage.viewer.counters.forged == 1)
        #expect(stage.viewer.contradictions == 0)
        await stage.stillPlays()
    }

    @Test("Replayed records change nothing and are not passed on")
    @Loop
    func replayed() async throws {
        let stage = try await Stage()
        #expect(await stage.viewer.plays(more: 8))
        let records =
            stage.viewer.node.swarm?.engine.metainfo
            .records(from: PieceIndex(0), limit: 60).map(\.bytes) ?? []
        #expect(records.count > 4)
        let attacker = Attacker(stage.target)
        #expect(await eventually { attacker.liveID != nil })
        let before = stage.viewer.counters
        for _ in 0..<20 { for batch in LiveMessage.batches(of: records) { attacker.send(batch) } }
        await pause(.milliseconds(500))
        #expect(stage.viewer.counters.forged == before.forged)
        #expect(stage.viewer.contradictions == 0)
        #expect(stage.viewer.counters.records - before.records < 8)
        await stage.stillPlays()
    }

    @Test("A newcomer that is first shown old records finds the live edge all the same")
    @Loop
    func stale() async throws {
        let channel = try await TestChannel.onAir(first: 36_000)
        let key = try Self.key(of: channel)
        // The channel has been on the air for an hour: a record of its first minute is about.
        let old = try Self.record(
            at: PieceIndex(3), key: key, channel, wall: WallTime(microseconds: 1_000_000))
        let parsed = try channel.parsed()
        let viewer = TestViewer(parsed)
        let target = Attacker.Target(endpoint: .here(viewer.port), infoHash: channel.infoHash)
        let attacker = Attacker(target)
        #expect(await eventually { attacker.liveID != nil })
        attacker.send(.records([old.bytes]))
        #expect(await viewer.plays())
        await viewer.stop()
        channel.cut()
    }

    @Test("Records far in the past or the future, by the real key, do not move the window")
    @Loop
    func afar() async throws {
        let stage = try await Stage()
        let key = try Self.key(of: stage.channel)
        let edge = stage.channel.edge
        let attacker = Attacker(stage.target)
        #expect(await eventually { attacker.liveID != nil })
        for piece in [edge.advanced(by: 100_000), PieceIndex(.max - 20), PieceIndex(1 << 31)] {
            let record = try Self.record(at: piece, key: key, stage.channel)
            attacker.send(.records([record.bytes]))
        }
        let goesOn = await stage.viewer.plays(more: 8)
        #expect(goesOn)
        let newest = stage.viewer.node.swarm?.engine.metainfo.newest ?? PieceIndex(0)
        #expect(newest < edge.advanced(by: 1000))
        await stage.stillPlays()
    }

    @Test("Two signed records for one piece: said once, and the first one counts")
    @Loop
    func contradiction() async throws {
        let stage = try await Stage()
        let key = try Self.key(of: stage.channel)
        let piece = stage.viewer.node.swarm?.engine.metainfo.newest ?? PieceIndex(0)
        let truth = stage.viewer.node.swarm?.engine.metainfo.record(containing: piece)
        let lie = try Self.record(at: piece, key: key, stage.channel)
        let attacker = Attacker(stage.target)
        #expect(await eventually { attacker.liveID != nil })
        attacker.send(.records([lie.bytes]))
        #expect(await eventually { stage.viewer.contradictions > 0 })
        #expect(stage.viewer.node.swarm?.engine.metainfo.record(containing: piece) == truth)
        for _ in 0..<50 { attacker.send(.records([lie.bytes])) }
        await pause(.milliseconds(300))
        #expect(stage.viewer.contradictions == 1)
        await stage.stillPlays()
    }

    /// The channel's own key.
    @Loop
    static func key(of channel: TestChannel) throws -> SigningKey {
        try SigningKey(pem: contents(of: "\(channel.folder)/state/key.pem"))
    }

    /// A record of one piece of junk, signed by `key`.
    @Loop
    static func record(
        at piece: PieceIndex, key: SigningKey, _ channel: TestChannel, wall: WallTime = Loop.wallNow
    ) throws -> LiveRecord {
        let geometry = try channel.parsed().file.geometry
        let bytes = [UInt8](repeating: 7, count: geometry.pieceLength)
        let entry = PieceEntry(
            sha1: Digests.sha1(bytes), merkleRoot: Digests.merkleRoot(of: bytes), delay: 0,
            timestamp: nil, randomAccessOffsets: [])
        let draft = try RecordDraft(
            first: piece, previous: SHA256Digest(Bytes32()), wallTime: wall, entries: [entry],
            geometry: geometry)
        return draft.signed(by: try key.sign(draft.signedMessage(infoHash: channel.infoHash)))
    }
}
