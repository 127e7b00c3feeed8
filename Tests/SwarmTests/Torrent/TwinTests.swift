// Two nodes that find each other in several ways at once keep one connection, whatever comes first.

import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

/// Two nodes and the connections between them, each opened by the one or the other.
private struct Pair {
    /// The node with the smaller name, and that with the greater.
    var rigs: [TorrentRig]
    /// Who opened each connection.
    let openers: [Int]
    /// What each end has closed, and has been told that the other closed.
    var closed: [Set<Int>] = [[], []]
    var gone: [Set<Int>] = [[], []]

    init(openers: [Int]) {
        self.openers = openers
        rigs = [
            TorrentRig(pieces: 64, name: 3),
            TorrentRig(pieces: 64, have: Array(0..<64), name: 200),
        ]
    }

    /// The handshake of a connection has come to one end.
    mutating func join(_ end: Int, _ connection: Int) {
        let other = Rig.id(end == 0 ? 200 : 3)
        // By another address each.
        let endpoint = Endpoint(address: .v4(0x0a00_0000 + UInt32(connection)), port: 6881)
        note(
            end,
            rigs[end].tell(
                .peerJoined(
                    PeerHandle(connection),
                    TorrentIntroduction(
                        endpoint: endpoint, id: other, outgoing: openers[connection] == end,
                        features: [.fast, .extensionProtocol]))))
    }

    private mutating func note(_ end: Int, _ lines: [String]) {
        for line in lines where line.contains(": close ") {
            guard let connection = Int(line.prefix { $0 != ":" }) else { continue }
            closed[end].insert(connection)
        }
    }

    /// What one end has closed is heard of at the other.
    mutating func tellCloses() {
        for end in 0...1 {
            for connection in closed[1 - end].subtracting(closed[end]).subtracting(gone[end]) {
                gone[end].insert(connection)
                note(end, rigs[end].tell(.peerLeft(PeerHandle(connection))))
            }
        }
    }

    /// Time passes, in which each hears of the other on every connection that is there.
    mutating func wait(_ seconds: Int) {
        for _ in 0..<seconds {
            for end in 0...1 {
                for connection in openers.indices where rigs[end].has(connection) {
                    note(
                        end,
                        rigs[end].tell(.messageReceived(PeerHandle(connection), .keepAlive)))
                }
                note(end, rigs[end].wait(.seconds(1)))
            }
            tellCloses()
        }
    }

    /// The connections that both ends have.
    var common: [Int] {
        openers.indices.filter { connection in rigs.allSatisfy { $0.has(connection) } }
    }
}

extension TorrentRig {
    fileprivate func has(_ connection: Int) -> Bool {
        engine.peers.contains(PeerHandle(connection))
    }
}

/// All orders of `items`.
private func orders(_ items: [Int]) -> [[Int]] {
    guard items.count > 1 else { return [items] }
    return items.flatMap { first in
        orders(items.filter { $0 != first }).map { [first] + $0 }
    }
}

@Suite("Several connections between two nodes")
struct TwinTests {
    @Test(
        "One is left to both, in whatever order they come to each",
        arguments: [[0, 1], [0, 0], [1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0], [1, 1, 1]],
        [false, true])
    func allOrders(openers: [Int], isSlow: Bool) {
        let all = orders(Array(openers.indices))
        for here in all {
            for there in all {
                var pair = Pair(openers: openers)
                for step in here.indices {
                    for (end, order) in [(0, here), (1, there)] where !pair.isGone(order[step]) {
                        pair.join(end, order[step])
                    }
                    // A close is heard of at once, or when all have come.
                    if !isSlow { pair.tellCloses() }
                }
                pair.tellCloses()
                #expect(!pair.common.isEmpty, "\(here) and \(there)")
                pair.wait(15)
                #expect(pair.common.count == 1, "\(here) and \(there)")
                #expect(pair.rigs.allSatisfy { $0.engine.peers.count == 1 })
            }
        }
    }

    @Test("A name alone takes nobody's place, and no more than four at a time")
    func names() {
        for name: UInt8 in [1, 200] {
            var rig = TorrentRig(pieces: 4)
            _ = rig.meet(name, at: 1)
            var lines = rig.wait(.seconds(30))
            for other in 2...9 {
                _ = rig.tell(.messageReceived(PeerHandle(1), .keepAlive))
                lines += rig.meet(name, at: other)
            }
            #expect(rig.engine.peers.count == (name == 1 ? 1 : 4))
            for _ in 0..<12 {
                _ = rig.tell(.messageReceived(PeerHandle(1), .keepAlive))
                lines += rig.wait(.seconds(1))
            }
            #expect(!lines.contains { $0.hasPrefix("1: close") })
            #expect(rig.engine.peers.handles == [PeerHandle(1)])
        }
    }

    @Test("A node that comes again takes the place of what is left of its dead connection")
    func dead() {
        for name: UInt8 in [1, 200] {
            var rig = TorrentRig(pieces: 4)
            _ = rig.meet(name, at: 1)
            _ = rig.wait(.seconds(30))
            _ = rig.meet(name, at: 2)
            #expect(rig.engine.peers.count == 2)
            _ = rig.wait(.seconds(1))
            _ = rig.tell(.messageReceived(PeerHandle(2), .interested))
            #expect(rig.wait(.seconds(12)).contains("1: close duplicate"))
            #expect(rig.engine.peers.handles == [PeerHandle(2)])
        }
    }
}

extension TorrentRig {
    /// A peer comes by its own connection, under a name.
    fileprivate mutating func meet(_ name: UInt8, at slot: Int) -> [String] {
        let endpoint = Endpoint(address: .v4(0x0a00_0000 + UInt32(slot)), port: 6881)
        return tell(
            .peerJoined(
                PeerHandle(slot),
                TorrentIntroduction(
                    endpoint: endpoint, id: Rig.id(name), outgoing: false, features: [.fast])))
    }
}

extension Pair {
    /// Whether an end closed it and the other has heard of that.
    fileprivate func isGone(_ connection: Int) -> Bool {
        closed.contains { $0.contains(connection) } && gone.contains { $0.contains(connection) }
    }
}
