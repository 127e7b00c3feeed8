import Glibc
import Primitives
import Reactor
import Testing

/// A program that listens on a port and dials from it.
@Loop
private final class Program {
    let listener: TCPListener
    private(set) var dialled: [TCPConnection] = []
    private let taken: Log<TCPConnection>
    let events = Log<TCPEvent>()
    let callers = Log<Endpoint>()
    var port: UInt16 { listener.port }

    init(on endpoint: Endpoint = Endpoint(address: .v6(0, 0), port: 0)) throws {
        let (callers, taken) = (callers, Log<TCPConnection>())
        listener = try TCPListener(on: endpoint, sharesPort: true) { connection, remote in
            callers.add(remote)
            taken.add(connection)
            connection.start { _, _ in }
        }
        self.taken = taken
    }

    var incoming: [TCPConnection] { taken.entries }

    @discardableResult
    func dial(_ endpoint: Endpoint) -> TCPConnection {
        let connection = TCPConnection.connect(
            to: endpoint, sharing: port, timeout: .seconds(5)
        ) { [events] _, event in events.add(event) }
        dialled.append(connection)
        return connection
    }

    var open: Int { (dialled + incoming).count { $0.isOpen } }

    func close() {
        for connection in dialled + incoming { connection.close() }
        listener.close()
    }
}

@Suite("A port that is listened on and dialled from", .timeLimit(.minutes(1)))
@Loop
struct SharedPortTests {
    @Test("is where the other end sees the connection come from")
    func port() async throws {
        let (near, far) = (try Program(), try Program())
        let connection = near.dial(.here(far.port))
        #expect(await eventually { near.events.entries == [.connected] })
        #expect(connection.local == .here(near.port))
        #expect(await eventually { far.callers.entries == [.here(near.port)] })
        near.close()
        far.close()
    }

    @Test("dials by IPv6 too")
    func v6() async throws {
        let (near, far) = (try Program(), try Program())
        let there = Endpoint(address: .v6(0, 1), port: far.port)
        near.dial(there)
        #expect(await eventually { near.events.entries == [.connected] })
        #expect(far.callers.entries == [Endpoint(address: .v6(0, 1), port: near.port)])
        near.close()
        far.close()
    }

    @Test("is taken for another program, also while it is dialled from")
    func taken() async throws {
        let (near, far) = (try Program(), try Program())
        let any = Endpoint(address: .v6(0, 0), port: near.port)
        for _ in 0..<2 {
            #expect(throws: ReactorFault.addressInUse) { try Program(on: any) }
            #expect(throws: ReactorFault.addressInUse) { try TCPListener(on: any) { _, _ in } }
            #expect(throws: ReactorFault.addressInUse) { try Program(on: .here(near.port)) }
            near.dial(.here(far.port))
            #expect(await eventually { far.callers.entries.count == 1 })
        }
        near.close()
        far.close()
    }

    @Test("serves for one of two connections between the same ports, the other has any")
    func twice() async throws {
        let (near, far) = (try Program(), try Program())
        near.dial(.here(far.port))
        #expect(await eventually { far.incoming.count == 1 })
        let second = near.dial(.here(far.port))
        #expect(await eventually { near.events.entries == [.connected, .connected] })
        #expect(second.local.port != near.port)
        // The way back between these ports is the same connection.
        let back = far.dial(.here(near.port))
        #expect(await eventually { far.events.entries == [.connected] })
        #expect(back.local.port != far.port)
        near.close()
        far.close()
    }

    @Test("is dialled from at both ends at once: every dial ends, and at least one stands")
    func crossed() async throws {
        for _ in 0..<50 {
            let (near, far) = (try Program(), try Program())
            near.dial(.here(far.port))
            far.dial(.here(near.port))
            let ended = await eventually {
                near.events.entries.count == 1 && far.events.entries.count == 1
            }
            #expect(ended, "\(near.events.entries), \(far.events.entries)")
            #expect(near.events.entries + far.events.entries == [.connected, .connected])
            #expect(await eventually { near.open == far.open })
            #expect((1...2).contains(near.open))
            near.close()
            far.close()
        }
    }

    @Test("that nobody listens on is dialled from at both ends at once: one connection")
    func simultaneousOpen() async throws {
        // Between two that let nothing in, as NATs do, only crossing SYNs meet. The loopback
        // interface has no NAT; but a socket that dials itself is the same in the kernel.
        let program = try Program()
        let connection = program.dial(.here(program.port))
        #expect(await eventually { program.events.entries == [.connected] })
        #expect(connection.local == connection.remote)
        #expect(program.incoming.isEmpty)
        connection.send([1, 2, 3])
        #expect(await eventually { connection.input.count == 3 })
        program.close()
    }

    @Test("is free again at once when the program has ended, and still reaches whom it knew")
    func restart() async throws {
        let (near, far) = (try Program(), try Program())
        let port = near.port
        near.dial(.here(far.port))
        #expect(await eventually { far.incoming.count == 1 })
        // Who closes first has the port in TIME_WAIT.
        near.close()
        let again = try Program(on: Endpoint(address: .v6(0, 0), port: port))
        #expect(again.port == port)
        again.dial(.here(far.port))
        #expect(await eventually { again.events.entries == [.connected] })
        #expect(await eventually { far.incoming.count == 2 })
        again.close()
        far.close()
    }

    @Test("is reached from the other end while the last connection between the two lingers")
    func lingers() async throws {
        let (near, far) = (try Program(), try Program())
        let first = near.dial(.here(far.port))
        #expect(await eventually { far.incoming.count == 1 })
        // Near closes first and keeps the two ports in TIME_WAIT, where far may dial them.
        first.close()
        #expect(await eventually { far.open == 0 })
        let back = far.dial(.here(near.port))
        #expect(await eventually { far.events.entries == [.connected] })
        #expect(back.local == .here(far.port))
        #expect(await eventually { near.callers.entries == [.here(far.port)] })
        near.close()
        far.close()
    }

    @Test("that cannot be shared does not keep from dialling")
    func unshared() async throws {
        let other = try TCPListener(on: .here(0)) { _, _ in }
        let far = try Program()
        let events = Log<TCPEvent>()
        let connection = TCPConnection.connect(
            to: .here(far.port), sharing: other.port, timeout: .seconds(5)
        ) { _, event in events.add(event) }
        #expect(await eventually { events.entries == [.connected] })
        #expect(connection.local.port != other.port)
        let nowhere = TCPConnection.connect(
            to: .here(other.port == 1 ? 2 : 1), sharing: far.port, timeout: .seconds(5)
        ) { _, event in events.add(event) }
        #expect(await eventually { events.entries.count == 2 })
        #expect(events.entries.last == .closed(.failed(.refused)))
        nowhere.close()
        connection.close()
        other.close()
        far.close()
    }

    @Test("costs no descriptor where dials fall back")
    func descriptors() async throws {
        let other = try TCPListener(on: .here(0)) { _, _ in }
        let before = openDescriptors()
        for _ in 0..<20 {
            TCPConnection.connect(
                to: .here(other.port), sharing: other.port, timeout: .seconds(5)
            ) { _, _ in }.close()
        }
        #expect(openDescriptors() <= before)
        other.close()
    }

    private func openDescriptors() -> Int {
        (0..<4096).count { fcntl(Int32($0), F_GETFD) >= 0 }
    }
}
