// Whom a node dials when trackers or peers name whom they like: how often one host, one network and
// all of them together are troubled.

import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("Dials of a torrent to where nobody answers")
struct DialTests {
    /// Feeds a torrent's engine what `named` says each five seconds, refuses every dial at once, and
    /// answers who was dialled, and in which second.
    private func dials(
        for seconds: Int, _ named: [Endpoint], refusing: (Endpoint) -> Bool = { _ in true }
    ) -> [(second: Int, endpoint: Endpoint)] {
        var rig = TorrentRig()
        var dialled: [(second: Int, endpoint: Endpoint)] = []
        let start = rig.now
        for tick in 0..<seconds * 20 {
            rig.now = start + .milliseconds(Int64(tick * 50))
            var outputs: [TorrentOutput] = []
            if tick % 100 == 0 {
                rig.engine.handle(.discovered(named), at: rig.now, into: &outputs)
            }
            if rig.engine.nextDeadline.at <= rig.now {
                rig.engine.handle(.woken, at: rig.now, into: &outputs)
            }
            while !outputs.isEmpty {
                guard case .dial(let endpoint) = outputs.removeFirst() else { continue }
                dialled.append((tick / 20, endpoint))
                guard refusing(endpoint) else { continue }
                rig.engine.handle(.dialFailed(endpoint), at: rig.now, into: &outputs)
            }
        }
        return dialled
    }

    private func ports(_ host: IPAddress, _ count: UInt16) -> [Endpoint] {
        (1...count).map { Endpoint(address: host, port: 1_000 + $0) }
    }

    /// Hosts in as many networks.
    private func hosts(_ count: UInt32) -> [Endpoint] {
        (1...count).map { Endpoint(address: .v4(0x3000_0000 + $0 << 12), port: 6881) }
    }

    @Test("A thousand ports of one host are eight, dialled 36 times in the first minute")
    func oneHost() {
        let victim = IPAddress.v4(0xcb00_7107)
        let dialled = dials(for: 180, ports(victim, 1_000))
        let first = dialled.filter { $0.second < 60 }
        #expect(Set(first.map(\.endpoint.port)).count == 8)
        let minutes = (0..<3).map { minute in dialled.count { $0.second / 60 == minute } }
        #expect(minutes[0] > 8 && minutes[0] <= 36, "\(minutes)")
        #expect(minutes[1] <= 20 && minutes[2] <= 20, "\(minutes)")
    }

    @Test("So it is with a thousand addresses of one /64 of IPv6")
    func oneNetworkOfIPv6() {
        let addresses = (1...1_000 as ClosedRange<UInt64>).map {
            Endpoint(address: .v6(0x2001_0db8_0000_0001, $0), port: 6881)
        }
        let dialled = dials(for: 60, addresses)
        #expect(dialled.count > 8 && dialled.count <= 36, "\(dialled.count)")
    }

    @Test("Of one network no more than 125 addresses are known, and others are dialled as well")
    func oneNetwork() {
        let net = (0..<1_000).map { number in
            Endpoint(address: .v4(0xcb00_7100 | UInt32(number & 255)), port: UInt16(1 + number))
        }
        let others = (1...9).map { Endpoint(address: .v4(0xc633_6400 + UInt32($0)), port: 6881) }
        let dialled = Set(dials(for: 10, net + others).map(\.endpoint))
        #expect(dialled.subtracting(others).count == 125)
        #expect(dialled.isSuperset(of: others))
    }

    @Test("A thousand hosts that refuse are dialled thirty a second, each six times in a minute")
    func manyHosts() {
        let dialled = dials(for: 60, hosts(1_000))
        let busiest = (0..<60).map { second in dialled.count { $0.second == second } }
        #expect(busiest[0] <= 60 && busiest.dropFirst().allSatisfy { $0 <= 31 }, "\(busiest)")
        let each = Dictionary(grouping: dialled, by: \.endpoint).values.map(\.count)
        #expect((each.max() ?? 0) <= 6)
        #expect(each.count == 1_000)
    }

    @Test("Those that do not answer are thirty at a time")
    func halfOpen() {
        #expect(dials(for: 9, hosts(1_000), refusing: { _ in false }).count == 30)
    }

    @Test("An address that was given up has one try a minute, however often it is named")
    func givenUp() {
        let many = hosts(20)
        let dialled = dials(for: 600, many).filter { $0.endpoint == many[0] }
        let late = dialled.filter { $0.second >= 180 }
        #expect(late.count >= 6 && late.count <= 8, "\(dialled.map(\.second))")
    }

    @Test("A node that knows one address alone dials it each five seconds")
    func alone() {
        let one = [Endpoint(address: .v4(0x3000_0001), port: 6881)]
        let late = dials(for: 300, one).filter { $0.second >= 60 }
        #expect(late.count >= 45, "\(late.map(\.second))")
    }

    @Test("Peers of one /64 have eight places, and after three poisoners all of it is banned")
    func household() {
        var rig = TorrentRig(pieces: 4)
        func joins(_ slot: Int, _ low: UInt64) -> [String] {
            rig.tell(
                .peerJoined(
                    PeerHandle(slot),
                    TorrentIntroduction(
                        endpoint: Endpoint(address: .v6(0x2001_0db8_0000_0001, low), port: 6881),
                        id: Rig.id(UInt8(slot)), outgoing: false,
                        features: [.fast, .extensionProtocol])))
        }
        for slot in 1...8 { #expect(!joins(slot, UInt64(slot)).contains("\(slot): close full")) }
        #expect(joins(9, 9) == ["9: close full"])
        for slot in 1...8 { rig.tell(.peerLeft(PeerHandle(slot))) }
        for poisoner in 11...13 {
            #expect(!joins(10, 77).contains("10: close poisoned"))
            rig.tell(.peerLeft(PeerHandle(10)))
            _ = joins(poisoner, UInt64(poisoner))
            rig.says(poisoner, .haveAll)
            rig.says(poisoner, .unchoke)
            rig.brings(poisoner, 0, 0)
            rig.brings(poisoner, 0, 1)
            rig.tell(.pieceRefused(PieceIndex(0), blocks: [1, 2]))
            #expect(joins(poisoner, UInt64(poisoner)) == ["\(poisoner): close poisoned"])
        }
        #expect(joins(10, 77) == ["10: close poisoned"])
    }
}
