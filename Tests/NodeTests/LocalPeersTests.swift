// Local discovery on the loopback interface: two processes' worth of it in one.

@testable import Node
import Primitives
import Reactor
import Testing

@Suite("Peers in the local network", .serialized)
struct LocalPeersTests {
    static let infoHash = InfoHash(Bytes20(Array(41...60)) ?? Bytes20())

    /// Whether datagrams to a group come back through the loopback interface here.
    @Loop
    static func canMulticast() async -> Bool {
        let group = Endpoint(address: .v4(0xefc0_9890), port: (try? freePort()) ?? 9)
        let heard = Log<Int>()
        guard
            let interface = NetworkInterface.all.first(where: \.isLoopback),
            let socket = try? UDPSocket(
                on: group, isShared: true, handler: { bytes, _ in heard.add(bytes.count) })
        else { return false }
        try? socket.join(group.address, on: interface)
        try? socket.send([1, 2], to: group, through: interface, hops: 0)
        return await eventually(within: .seconds(1)) { heard.entries == [2] }
    }

    @Test(
        "Two that are in one swarm find each other, and nobody finds itself",
        .enabled("needs multicast on the loopback interface") { await canMulticast() })
    @Loop
    func meet() async throws {
        let loopback = { NetworkInterface.all.filter(\.isLoopback) }
        let (first, second) = (LocalPeers(interfaces: loopback), LocalPeers(interfaces: loopback))
        let (found, other) = (Log<Endpoint>(), Log<Endpoint>())
        first.join(Self.infoHash, port: 4001) { found.add($0) }
        first.join(InfoHash(Bytes20()), port: 4001) { other.add($0) }
        second.join(Self.infoHash, port: 4002) { other.add($0) }
        #expect(await eventually(within: .seconds(5)) { !found.entries.isEmpty })
        await pause(.milliseconds(50))
        #expect(Set(found.entries.map(\.port)) == [4002])
        // The second has come too late to hear the first, whom it will be called by.
        #expect(other.entries == [])
        let descriptors = openDescriptors()
        for peers in [first, second] { peers.leave(Self.infoHash) }
        first.leave(InfoHash(Bytes20()))
        #expect(openDescriptors() <= descriptors - 2)
    }
}
