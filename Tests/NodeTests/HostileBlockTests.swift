// Peers that lie with blocks: wrong ones, ones that nobody asked for, and none at all.

import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Storage
import Swarm
import Testing
import Wire

@Suite("Hostile blocks", .serialized)
struct HostileBlockTests {
    static let junk = [UInt8](repeating: 0x47, count: PieceGeometry.blockLength)

    /// Answers every request with a block of junk.
    private static let poison: Attacker.Script = { attacker, message in
        if case .request(let block) = message { attacker.send(block, junk) }
    }

    @Test("A poisoner that boasts is asked, found out by one piece and closed")
    @Loop
    func wrongBlocks() async throws {
        let stage = try await Stage()
        let attacker = Attacker(stage.target, script: Self.poison)
        attacker.every(.milliseconds(200)) { $0.boast(stage.channel.edge) }
        #expect(await eventually { attacker.isClosed })
        #expect(!attacker.requests.isEmpty)
        #expect(stage.viewer.counters.dropped == 1)
        await stage.stillPlays()
    }

    @Test("A poisoner that was dialled is not dialled again")
    @Loop
    func banned() async throws {
        let stage = try await Stage()
        let found = Log<Attacker>()
        let hash = stage.channel.infoHash
        let listener = try TCPListener(on: .here(0)) { connection, _ in
            let attacker = Attacker(
                accepted: connection, infoHash: hash, script: Self.poison)
            attacker.every(.milliseconds(200)) { $0.boast(stage.channel.edge) }
            found.add(attacker)
        }
        stage.viewer.node.swarm?.feed(.discovered([.here(listener.port)]))
        #expect(await eventually { found.entries.first?.isClosed ?? false })
        #expect(stage.viewer.counters.dropped == 1)
        // The tracker goes on to name it.
        for _ in 0..<5 {
            stage.viewer.node.swarm?.feed(.discovered([.here(listener.port)]))
            await pause(.milliseconds(400))
        }
        #expect(found.entries.count == 1)
        listener.close()
        await stage.stillPlays(4)
    }

    @Test("Poison in one of two blocks costs nobody else their place")
    @Loop
    func halfPoison() async throws {
        let stage = try await Stage(Lab.richClip)
        let attacker = Attacker(stage.target) { attacker, message in
            // The first block only: the second is left to others, who are then suspects too.
            if case .request(let block) = message, block.offset == 0 {
                attacker.send(block, Self.junk)
            }
        }
        attacker.every(.milliseconds(200)) { $0.boast(stage.channel.edge) }
        #expect(await eventually { attacker.isClosed })
        #expect(stage.viewer.node.status.swarm.peers.count { $0.isSource } == 1)
        // A few pieces may have been lost on the way, but what is held is the broadcast's.
        #expect(await stage.viewer.plays(more: 30, within: .seconds(40)))
        let swarm = stage.viewer.node.swarm
        for piece in swarm?.store.window ?? PieceIndex(0)..<PieceIndex(0) {
            guard let bytes = swarm?.store.bytes(of: piece) else { continue }
            #expect(bytes == stage.channel.bytes(of: piece))
        }
        await stage.end()
    }

    @Test("Blocks that nobody asked for are not counted as given, and end in a close")
    @Loop
    func unasked() async throws {
        let stage = try await Stage()
        let attacker = Attacker(stage.target)
        #expect(await eventually { attacker.liveID != nil })
        let edge = stage.channel.edge
        attacker.every(.milliseconds(5)) { attacker in
            guard (attacker.connection?.queuedBytes ?? 0) < 100_000 else { return }
            for step in 0..<4 {
                let block = Block(
                    piece: edge.advanced(by: step), offset: 0,
                    length: UInt32(PieceGeometry.blockLength))
                attacker.send(block, Self.junk)
            }
        }
        #expect(await eventually { stage.viewer.counters.wastedBytes > 0 })
        let given = stage.viewer.node.status.swarm.peers.filter { $0.endpoint.contains(".66:") }
        #expect(given.allSatisfy { $0.downloaded == 0 })
        #expect(await eventually { attacker.isClosed })
        #expect(stage.viewer.counters.poisoned == 0)
        await stage.stillPlays()
    }

    @Test("Peers that take requests and send nothing do not hold the stream up")
    @Loop
    func withheld() async throws {
        let stage = try await Stage()
        let attackers = (0..<4).map { number in
            let attacker = Attacker(stage.target, from: UInt8(70 + number))
            attacker.every(.milliseconds(200)) { $0.boast(stage.channel.edge) }
            return attacker
        }
        #expect(await eventually { attackers.contains { !$0.requests.isEmpty } })
        await stage.stillPlays(16)
        for attacker in attackers { attacker.close() }
    }

    @Test("Peers that refuse everything do not hold the stream up")
    @Loop
    func refusing() async throws {
        let stage = try await Stage()
        let attackers = (0..<4).map { number in
            let attacker = Attacker(stage.target, from: UInt8(70 + number)) { attacker, message in
                if case .request(let block) = message { attacker.send(.reject(block)) }
            }
            attacker.every(.milliseconds(200)) { $0.boast(stage.channel.edge) }
            return attacker
        }
        #expect(await eventually { attackers.contains { !$0.requests.isEmpty } })
        await stage.stillPlays(16)
        for attacker in attackers { attacker.close() }
    }
}
