// Two nodes that find each other in several ways at once keep one connection, whatever comes first.

import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

/// Two nodes and the connections between them, each opened by the one or the other.
private struct Pair {
    /// A connection: who opened it, and which address of the other it was.
    struct Way {
        let opener: Int
        let address: Int
    }

    /// The node with the smaller name, and that with the greater.
    var rigs: [TorrentRig]
    var ways: [Way]
    /// What each end has closed, and has been told that the other closed.
    var closed: [Set<Int>] = [[], []]
    var gone: [Set<Int>] = [[], []]
    /// What each end dials.
    var dials: [Way] = []

    /// Of connections by other addresses each, opened by these ends.
    init(openers: [Int]) {
        ways = openers.enumerated().map { Way(opener: $1, address: $0) }
        rigs = [
            TorrentRig(pieces: 64, name: 3),
            TorrentRig(pieces: 64, have: Array(0..<64), name: 200),
        ]
    }

    /// The handshake of a connection has come to one end.
    mutating func join(_ end: Int, _ number: Int) {
        let way = ways[number]
        let isOurs = way.opener == end
        let endpoint = Endpoint(
            address: .v4(0x0a00_0000 + UInt32(way.address)),
            port: isOurs ? 6881 : UInt16(50_000 + number))
        note(
            end,
            rigs[end].tell(
                .peerJoined(
                    PeerHandle(number),
                    TorrentIntroduction(
                        endpoint: endpoint, id: Rig.id(end == 0 ? 200 : 3), outgoing: isOurs,
                        features: [.fast, .extensionProtocol]))))
    }

    private mutating func note(_ end: Int, _ lines: [String]) {
        for line in lines {
            if line.contains(": close "), let number = Int(line.prefix { $0 != ":" }) {
                closed[end].insert(number)
            } else if line.hasPrefix("dial 10.0.0."), let address = line.split(separator: ".").last
            {
                let number = Int(address.prefix { $0 != ":" }) ?? 0
                dials.append(Way(opener: end, address: number))
            }
        }
    }

    /// What one end has closed is heard of at the other.
    mutating func tellCloses() {
        for end in 0...1 {
            for number in closed[1 - end].subtracting(closed[end]).subtracting(gone[end]) {
                gone[end].insert(number)
                note(end, rigs[end].tell(.peerLeft(PeerHandle(number))))
            }
        }
    }

    /// Time passes, in which each hears of the other on every connection that is there, and makes
    /// those that it wants to make.
    mutating func wait(_ seconds: Int) {
        for _ in 0..<seconds {
            for end in 0...1 {
                for number in ways.indices where rigs[end].has(number) {
                    note(end, rigs[end].tell(.messageReceived(PeerHandle(number), .keepAlive)))
                }
                note(end, rigs[end].wait(.seconds(1)))
            }
            tellCloses()
            let new = dials
            dials = []
            for way in new {
                ways.append(way)
                // The handshake of whoever dials goes first, and the answer comes back.
                join(1 - way.opener, ways.count - 1)
                if closed[1 - way.opener].contains(ways.count - 1) {
                    gone[way.opener].insert(ways.count - 1)
                    let endpoint = Endpoint(
                        address: .v4(0x0a00_0000 + UInt32(way.address)), port: 6881)
                    note(way.opener, rigs[way.opener].tell(.dialFailed(endpoint)))
                } else {
                    join(way.opener, ways.count - 1)
                }
            }
            tellCloses()
        }
    }

    /// The connections that both ends have.
    var common: [Int] { ways.indices.filter { way in rigs.allSatisfy { $0.has(way) } } }
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
        "One is left to both and stays, in whatever order they come to each",
        arguments: [[0, 1], [0, 0], [1, 1], [0, 1, 1], [0, 0, 1], [0, 0, 0], [1, 1, 1]],
        [false, true])
    func allOrders(openers: [Int], isSlow: Bool) {
        let all = orders(Array(openers.indices))
        for here in all {
            for there in all { meet(openers, here, there, isSlow: isSlow) }
        }
    }

    @Test("Also where there are six", arguments: [0b000000, 0b111111, 0b010101, 0b111000])
    func many(bits: Int) {
        let openers = (0..<6).map { bits >> $0 & 1 }
        for here in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [2, 0, 5, 1, 4, 3]] {
            for there in [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [3, 1, 4, 0, 5, 2]] {
                meet(openers, here, there, isSlow: true)
            }
        }
    }

    private func meet(_ openers: [Int], _ here: [Int], _ there: [Int], isSlow: Bool) {
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
        let kept = pair.common
        #expect(kept.count == 1, "\(here) and \(there)")
        pair.wait(45)
        #expect(pair.common == kept, "\(here) and \(there)")
        #expect(pair.ways.count <= openers.count * 10)
        #expect(pair.rigs.allSatisfy { $0.engine.peers.count == 1 })
    }

    @Test("A name alone takes nobody's place, and no more than eight are there at a time")
    func names() {
        for name: UInt8 in [1, 200] {
            var rig = TorrentRig(pieces: 4)
            _ = rig.meet(name, at: 1)
            var lines = rig.wait(.seconds(30))
            for other in 2...9 {
                _ = rig.tell(.messageReceived(PeerHandle(1), .keepAlive))
                lines += rig.meet(name, at: other)
            }
            #expect(rig.engine.peers.count == (name == 1 ? 1 : 8))
            for _ in 0..<12 {
                _ = rig.tell(.messageReceived(PeerHandle(1), .keepAlive))
                lines += rig.wait(.seconds(1))
            }
            #expect(!lines.contains { $0.hasPrefix("1: close") })
            #expect(rig.engine.peers.handles == [PeerHandle(1)])
        }
    }

    @Test("Another address of a node that is here is not dialled again and again")
    func alias() {
        // The other end chooses, and closes what we open beside its own.
        var rig = TorrentRig(pieces: 4)
        _ = rig.meet(200, at: 1)
        let alias = Endpoint(address: .v4(0x0b00_0001), port: 6881)
        var lines = rig.tell(.discovered([alias]))
        var dials = 0
        for _ in 0..<300 {
            lines += rig.tell(.messageReceived(PeerHandle(1), .keepAlive))
            lines += rig.wait(.seconds(1))
            let isDialled = lines.contains("dial \(alias)")
            lines = []
            if isDialled {
                dials += 1
                _ = rig.tell(
                    .peerJoined(
                        PeerHandle(2),
                        TorrentIntroduction(
                            endpoint: alias, id: Rig.id(200), outgoing: true, features: [.fast])))
                _ = rig.tell(.peerLeft(PeerHandle(2)))
            }
        }
        #expect((5...16).contains(dials), "\(dials)")
        #expect(rig.engine.peers.count == 1)
    }

    @Test(
        "A node that comes again takes the place of what is left of its dead connection",
        arguments: [1, 200])
    func dead(name: UInt8) {
        var rig = TorrentRig(pieces: 4)
        _ = rig.meet(name, at: 1)
        _ = rig.wait(.seconds(30))
        // The old one is told something: if it lives, it is heard of.
        #expect(rig.meet(name, at: 2, from: 1).contains("1: keep-alive"))
        _ = rig.wait(.seconds(1))
        _ = rig.says(2, .interested)
        #expect(rig.wait(.seconds(12)).contains("1: close duplicate"))
        #expect(rig.engine.peers.handles == [PeerHandle(2)])
    }

    @Test(
        "From another address it is believed when the old one was silent for two minutes",
        arguments: [1, 200], [true, false])
    func elsewhere(name: UInt8, speaks: Bool) {
        var rig = TorrentRig(pieces: 4)
        _ = rig.meet(name, at: 1)
        _ = rig.wait(.seconds(30))
        _ = rig.meet(name, at: 2)
        _ = rig.wait(.seconds(1))
        for message in [Message.haveAll, .unchoke] { _ = rig.says(2, message) }
        _ = rig.brings(2, 0, 0)
        _ = rig.wait(.seconds(30))
        #expect(rig.engine.peers.count == 2)
        if speaks { _ = rig.says(1, .keepAlive) }
        _ = rig.says(2, .keepAlive)
        let lines = rig.wait(.seconds(80))
        #expect(lines.contains("2: close duplicate") == speaks)
        #expect(lines.contains("1: close duplicate") == !speaks)
        #expect(rig.engine.peers.handles == [PeerHandle(speaks ? 1 : 2)])
    }

    @Test("A list that hearsay has made too long by one does not grow any more")
    func overrun() {
        func endpoint(_ number: Int) -> Endpoint {
            // Networks and hosts of their own.
            Endpoint(address: .v4(0x0b00_0000 + UInt32(number) << 8), port: 6881)
        }
        var planner = ConnectionPlanner()
        planner.hear([endpoint(0)], from: .v4(0x0c00_0001))
        planner.add((1...1000).map(endpoint))
        planner.connected(endpoint(0))
        #expect(planner.count == 1001)
        for number in 1...10 { planner.failed(endpoint(number), at: .zero + .seconds(1)) }
        planner.add((2001...3000).map(endpoint))
        #expect(planner.count == 1001)
    }

    @Test("A seed remembers other seeds no longer than it must, a leech those that it let go")
    func sated() {
        for isSeed in [true, false] {
            var rig = TorrentRig(
                pieces: 4, have: isSeed ? [0, 1, 2, 3] : [0], chosen: isSeed ? nil : 0..<1)
            let seed = Endpoint(address: .v4(0x0a00_0001), port: 6881)
            var lines = rig.tell(.discovered([seed]))
            var dials = 0
            for _ in 0..<2400 {
                lines += rig.wait(.seconds(1))
                let isDialled = lines.contains("dial \(seed)")
                lines = []
                guard isDialled else { continue }
                dials += 1
                rig.meet(1, outgoing: true)
                lines = rig.says(1, .haveAll)
            }
            let isKnown = rig.engine.planner.known[seed] != nil
            #expect(isKnown == !isSeed)
            // Who is alone with few addresses tries them every five seconds.
            #expect(dials <= (isSeed ? 9 : 250), "\(dials)")
        }
    }

    @Test("An address that has answered is remembered, and proves itself by lasting")
    func answered() {
        var planner = ConnectionPlanner()
        let (good, unknown) = (
            Endpoint(address: .v4(0x0b00_0001), port: 6881),
            Endpoint(address: .v4(0x0b00_0002), port: 6881)
        )
        planner.add([good, unknown])
        var now = Instant.zero
        planner.connected(good, isScarce: true)
        for _ in 0..<10 {
            now = now + .seconds(60)
            planner.failed(good, at: now)
            planner.failed(unknown, at: now)
        }
        #expect(planner.known[good]?.failures == 10)
        #expect(planner.known[unknown] == nil)
        // It is needed: at once.
        #expect(!planner.isReady(good, alone: false, at: now))
        planner.hurry(at: now)
        #expect(planner.isReady(good, alone: false, at: now))
        planner.proved(good)
        #expect(planner.known[good]?.failures == 0)
    }
}

extension TorrentRig {
    /// A peer comes by its own connection, under a name.
    fileprivate mutating func meet(
        _ name: UInt8, at slot: Int, from address: Int? = nil
    ) -> [String] {
        let endpoint = Endpoint(
            address: .v4(0x0a00_0000 + UInt32(address ?? slot)), port: UInt16(6880 + slot))
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
