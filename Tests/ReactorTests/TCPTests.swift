import Glibc
import Primitives
import Reactor
import Testing

@Suite("A TCP connection", .timeLimit(.minutes(2)))
@Loop
struct TCPConnectionTests {
    @Test("echoes 50 MB with bounded queues on both ends")
    func echo() async throws {
        let total = 50 << 20
        let block = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        var (sent, back, worst) = (0, 0, 0)
        var intact = true
        func pump(_ connection: TCPConnection) {
            while sent < total, connection.queuedBytes < 1 << 18 {
                connection.send(block)
                sent += block.count
            }
        }
        let pair = try await Pair(
            nearHandler: { connection, event in
                switch event {
                case .connected, .writable: pump(connection)
                case .received:
                    connection.consumeInput { bytes in
                        for i in bytes.indices where bytes[i] != block[(back + i) & 65_535] {
                            intact = false
                        }
                        back += bytes.count
                        return bytes.count
                    }
                case .closed: break
                }
            },
            farHandler: { connection, event in
                worst = max(worst, connection.queuedBytes)
                switch event {
                case .received:
                    connection.consumeInput { bytes in
                        connection.send(bytes.array(0..<bytes.count))
                        return bytes.count
                    }
                    if connection.queuedBytes > 1 << 20 { connection.pauseReading() }
                case .writable: connection.resumeReading()
                case .connected, .closed: break
                }
            })
        #expect(await eventually(within: .seconds(60)) { back >= total })
        #expect(back == sent && intact)
        #expect(worst <= (1 << 20) + 131_072)
        pair.close()
    }

    @Test("sends all messages of a turn in one packet")
    func coalesces() async throws {
        let pair = try await Pair()
        let near = try #require(pair.near)
        for i in 0..<100 { near.send([UInt8(i), 0, 0, 1]) }
        near.sendSlices(header: [1, 2, 3], payload: [UInt8](repeating: 7, count: 3000)[1000...])
        #expect(near.queuedBytes == 400 + 3 + 2000)
        #expect(await eventually { pair.far?.input.count == 2403 })
        #expect(pair.farEvents.entries == [.received])
        let input = try #require(pair.far?.input)
        #expect(input.bytes[396..<400] == [99, 0, 0, 1])
        #expect(input.bytes[400..<404] == [1, 2, 3, 7])
        pair.close()
    }

    @Test("sends bytes of files between their headers, however little the socket takes at a time")
    func files() async throws {
        let file = try OpenedFile([UInt8]((0..<600_000).map { UInt8(truncatingIfNeeded: $0 / 7) }))
        let pair = try await Pair()
        let (near, far) = (try #require(pair.near), try #require(pair.far))
        var sent: [UInt8] = []
        for number in 0..<64 {
            let header = [UInt8(number), 255, 254]
            let range = number * 9001..<number * 9001 + 16_384 + number % 3
            near.sendSlices(header: header, payload: file.part(range))
            sent += header + file.bytes[range]
        }
        near.send([1, 2, 3])
        sent += [1, 2, 3]
        #expect(near.queuedBytes == sent.count)
        var got: [UInt8] = []
        #expect(
            await eventually {
                got += far.input.bytes[far.input.readable]
                far.consume(far.input.count)
                return got.count == sent.count
            })
        #expect(got == sent)
        #expect(near.queuedBytes == 0)
        pair.close()
    }

    @Test("ends when a file has become shorter than what was promised of it")
    func shortFile() async throws {
        let file = try OpenedFile([UInt8](repeating: 7, count: 100_000))
        let pair = try await Pair()
        let near = try #require(pair.near)
        near.sendSlices(header: [1], payload: file.part(0..<50_000))
        file.truncate(to: 20_000)
        #expect(await eventually { pair.nearEvents.entries.last == .closed(.failed(.system(EIO))) })
        #expect(await eventually { pair.farEvents.entries.last == .closed(.endOfStream) })
        #expect(pair.far?.input.count == 20_001)
    }

    @Test("pauses reading at the input limit and goes on when it is consumed")
    func inputLimit() async throws {
        var settings = TCPSettings()
        settings.inputLimit = 10_000
        let pair = try await Pair(far: settings)
        pair.near?.send([UInt8](repeating: 1, count: 100_000))
        let far = try #require(pair.far)
        #expect(await eventually { far.input.count == 10_000 })
        await pause(.milliseconds(20))
        #expect(far.input.count == 10_000)
        var got = 0
        #expect(
            await eventually {
                got += far.input.count
                far.consume(far.input.count)
                return got == 100_000
            })
        pair.close()
    }

    @Test("says that the other side ended, once, after its last bytes")
    func endOfStream() async throws {
        let pair = try await Pair()
        pair.near?.send([1, 2, 3])
        pair.near?.close()
        #expect(await eventually { pair.farEvents.entries.count == 2 })
        #expect(pair.farEvents.entries == [.received, .closed(.endOfStream)])
        #expect(pair.nearEvents.entries == [.connected])
        pair.far?.send([1])
        pair.far?.close()
        await pause(.milliseconds(5))
        #expect(pair.farEvents.entries.count == 2)
        #expect(pair.far?.kernelStatus() == nil)
        pair.close()
    }

    @Test("closes when it is let go, and leaks no descriptor")
    func letGo() async throws {
        let before = openDescriptors()
        for _ in 0..<20 {
            let log = Log<TCPEvent>()
            let listener = try TCPListener(on: .here(0)) { _, _ in }
            let near = TCPConnection.connect(to: .here(listener.port), timeout: .seconds(5)) {
                log.add($1)
            }
            #expect(await eventually { log.entries.count == 2 })
            #expect(log.entries.first == .connected)
            near.close()
        }
        #expect(await eventually { openDescriptors() <= before + 2 })
    }

    @Test("reports a reset")
    func reset() async throws {
        let pair = try await Pair()
        // Unread bytes at the moment of closing make the kernel send RST.
        pair.far?.pauseReading()
        pair.near?.send([1, 2, 3])
        await pause(.milliseconds(20))
        pair.far?.close()
        #expect(await eventually { pair.nearEvents.entries.count == 2 })
        #expect(pair.nearEvents.entries.last == .closed(.failed(.reset)))
        pair.close()
    }

    @Test("is refused where nobody listens")
    func refused() async throws {
        let listener = try TCPListener(on: .here(0)) { _, _ in }
        listener.close()
        let log = Log<TCPEvent>()
        let connection = TCPConnection.connect(to: .here(listener.port), timeout: .seconds(5)) {
            log.add($1)
        }
        connection.send([1])
        #expect(await eventually { !log.entries.isEmpty })
        #expect(log.entries == [.closed(.failed(.refused))])
    }

    @Test("reports a failure to begin from the loop, not from connect")
    func failsLater() async throws {
        let log = Log<TCPEvent>()
        // 192.0.2.1 (RFC 5737) is not ours to bind to.
        let foreign = Endpoint(address: .v4(0xc000_0201), port: 0)
        let connection = TCPConnection.connect(
            to: .here(1), from: foreign, timeout: .seconds(5)
        ) { log.add($1) }
        #expect(log.entries.isEmpty)
        #expect(await eventually { !log.entries.isEmpty })
        #expect(log.entries == [.closed(.failed(.addressUnavailable))])
        connection.close()
    }

    @Test("gives up a handshake that is not answered in time")
    func connectTimeout() async throws {
        // A full backlog of 0 leaves later handshakes unanswered.
        let deaf = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(deaf) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = bind(deaf, $0, size)
                listen(deaf, 0)
                getsockname(deaf, $0, &size)
            }
        }
        let port = UInt16(bigEndian: address.sin_port)
        let log = Log<TCPEvent>()
        let attempts = (0..<4).map { _ in
            TCPConnection.connect(to: .here(port), timeout: .milliseconds(100)) { log.add($1) }
        }
        #expect(await eventually { log.entries.contains(.closed(.failed(.timedOut))) })
        for attempt in attempts { attempt.close() }
    }

    @Test("says writable when the queue has fallen to the low mark")
    func lowWater() async throws {
        let pair = try await Pair()
        pair.far?.pauseReading()
        let near = try #require(pair.near)
        near.setNotSentLowWater(16_384)
        near.send([UInt8](repeating: 0, count: 16 << 20))
        await pause(.milliseconds(20))
        #expect(near.queuedBytes > near.settings.lowWater)
        #expect(pair.nearEvents.entries == [.connected])
        let status = try #require(near.kernelStatus())
        #expect(status.unacknowledged >= status.unsentInKernel)
        #expect(status.unsentInKernel < 1 << 20)
        #expect(status.smoothedRTT > .zero)
        #expect(status.window >= 10 * 536, "ten packets at least (RFC 6928)")
        #expect(status.held == 0 && status.lost == 0, "nothing is lost on the way to oneself")
        pair.far?.settings.inputLimit = 1 << 30
        pair.far?.resumeReading()
        #expect(await eventually { pair.nearEvents.entries == [.connected, .writable] })
        #expect(await eventually { pair.far?.input.count == 16 << 20 })
        pair.close()
    }

    @Test("knows both its ends")
    func ends() async throws {
        let pair = try await Pair()
        #expect(pair.near?.remote == .here(pair.listener.port))
        #expect(pair.far?.local == .here(pair.listener.port))
        #expect(pair.near?.local == pair.far?.remote)
        pair.close()
    }

    private func openDescriptors() -> Int {
        (0..<1024).count { fcntl(Int32($0), F_GETFD) >= 0 }
    }
}

@Suite("A TCP listener", .timeLimit(.minutes(1)))
@Loop
struct TCPListenerTests {
    @Test("says that a port is taken")
    func inUse() throws {
        let first = try TCPListener(on: .here(0)) { _, _ in }
        #expect(throws: ReactorFault.addressInUse) {
            try TCPListener(on: .here(first.port)) { _, _ in }
        }
        first.close()
        _ = try TCPListener(on: .here(first.port)) { _, _ in }
    }

    @Test("says that an address is not this machine's")
    func foreign() {
        #expect(throws: ReactorFault.addressUnavailable) {
            try TCPListener(on: Endpoint(address: .v4(0xc000_0201), port: 0)) { _, _ in }
        }
    }

    @Test("takes IPv4 on the unspecified IPv6 address and calls it IPv4")
    func dualStack() async throws {
        let log = Log<Endpoint>()
        let listener = try TCPListener(on: Endpoint(address: .v6(0, 0), port: 0)) { log.add($1) }
        let connection = TCPConnection.connect(
            to: .here(listener.port), timeout: .seconds(5)
        ) { _, _ in }
        #expect(await eventually { log.entries.count == 1 })
        #expect(log.entries.first?.address == loopback)
        connection.close()
    }
}

@Suite("A numeric address")
struct NumericAddressTests {
    @Test(
        "is read in either family and nothing else is",
        arguments: [
            ("127.0.0.1", .v4(0x7f00_0001)), ("::", .v6(0, 0)), ("[::1]", .v6(0, 1)),
            ("::ffff:1.2.3.4", .v4(0x0102_0304)), ("localhost", nil), ("1.2.3", nil),
            ("", nil), ("[", nil), ("::1]", nil), ("1.2.3.4:5", nil),
        ] as [(String, IPAddress?)])
    func numeric(text: String, address: IPAddress?) {
        #expect(IPAddress(numeric: text) == address)
    }
}
