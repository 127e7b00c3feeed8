import Primitives
import Reactor
import Testing

@Suite("Datagrams")
struct UDPTests {
    /// A datagram and where it came from.
    struct Datagram: Equatable, Sendable {
        let bytes: [UInt8]
        let from: Endpoint
    }

    @Test("go there and back, in both versions of IP")
    @Loop
    func thereAndBack() async throws {
        for address in [loopback, .v6(0, 1)] {
            let (near, far) = (Log<Datagram>(), Log<Datagram>())
            let any = Endpoint(address: address, port: 0)
            let a = try UDPSocket(on: any) { near.add(Datagram(bytes: $0, from: $1)) }
            let b = try UDPSocket(on: any) { far.add(Datagram(bytes: $0, from: $1)) }
            try a.send([1, 2, 3], to: Endpoint(address: address, port: b.port))
            try a.send([], to: Endpoint(address: address, port: b.port))
            #expect(await eventually { far.entries.count == 2 })
            let sender = Endpoint(address: address, port: a.port)
            #expect(
                far.entries == [
                    .init(bytes: [1, 2, 3], from: sender), .init(bytes: [], from: sender),
                ])
            try b.send([4], to: sender)
            #expect(await eventually { near.entries.count == 1 })
            a.close()
            b.close()
            #expect(throws: ReactorFault.unreachable) { try a.send([1], to: sender) }
        }
    }

    @Test("can be answered from the address that they went to")
    @Loop
    func reached() async throws {
        let near = Log<Datagram>()
        for (any, ours) in [(IPAddress.v4(0), IPAddress.v4(0x7f00_0009)), (.v6(0, 0), .v6(0, 1))] {
            let sockets = Log<UDPSocket>()
            let server = try UDPSocket(on: Endpoint(address: any, port: 0)) { bytes, sender in
                guard let socket = sockets.entries.first else { return }
                #expect(socket.reached == ours)
                try? socket.send(bytes, to: sender, from: socket.reached)
            }
            sockets.add(server)
            let client = try UDPSocket(on: Endpoint(address: any, port: 0)) {
                near.add(Datagram(bytes: $0, from: $1))
            }
            let question = Endpoint(address: ours, port: server.port)
            try client.send([1], to: question)
            #expect(await eventually { near.entries.last == Datagram(bytes: [1], from: question) })
            #expect(server.reached == nil)
            server.close()
            client.close()
        }
    }

    @Test("that are too long are passed over, and those that cannot be sent are a fault")
    @Loop
    func tooLong() async throws {
        let far = Log<Int>()
        let b = try UDPSocket(on: .here(0), largest: 100) { bytes, _ in far.add(bytes.count) }
        let a = try UDPSocket(on: .here(0)) { _, _ in }
        for count in [101, 2000, 100, 1] {
            try a.send([UInt8](repeating: 1, count: count), to: .here(b.port))
        }
        #expect(await eventually { far.entries == [100, 1] })
        #expect(throws: ReactorFault.self) {
            try a.send([UInt8](repeating: 1, count: 70_000), to: .here(b.port))
        }
        let other = Endpoint(address: .v6(0, 1), port: 9)
        #expect(throws: ReactorFault.unreachable) { try a.send([1], to: other) }
    }

    @Test("a port that is taken is a fault, unless it is shared")
    @Loop
    func taken() throws {
        let a = try UDPSocket(on: .here(0), isShared: true) { _, _ in }
        #expect(throws: ReactorFault.addressInUse) {
            _ = try UDPSocket(on: .here(a.port)) { _, _ in }
        }
        _ = try UDPSocket(on: .here(a.port), isShared: true) { _, _ in }
        a.close()
        _ = try UDPSocket(on: .here(a.port)) { _, _ in }
    }

    @Test("a port that nobody listens on stops nothing")
    @Loop
    func nobody() async throws {
        let far = Log<Int>()
        let gone = try UDPSocket(on: .here(0)) { _, _ in }
        gone.close()
        let a = try UDPSocket(on: .here(0)) { bytes, _ in far.add(bytes.count) }
        for _ in 0..<10 { try? a.send([1], to: .here(gone.port)) }
        await pause(.milliseconds(20))
        try a.send([1, 2], to: .here(a.port))
        #expect(await eventually { far.entries == [2] })
    }
}
