import Primitives
import Testing

@testable import Swarm

@Suite("The connection planner")
struct ConnectionPlannerTests {
    private func second(_ second: Double) -> Instant { .zero + .seconds(second) }

    private func planner(_ slots: ClosedRange<Int>) -> ConnectionPlanner {
        var planner = ConnectionPlanner()
        planner.add(slots.map { Rig.endpoint($0) })
        return planner
    }

    @Test("dials each address once, as many as there is room for")
    func dials() {
        var planner = planner(1...5)
        #expect(planner.next(room: 2, at: .zero) == [Rig.endpoint(1), Rig.endpoint(2)])
        let rest = planner.next(room: 9, at: .zero)
        #expect(rest.count == 3)
        #expect(planner.next(room: 9, at: .zero) == [])
        #expect(planner.dialing == 5)
    }

    @Test("tries again after 1, 2, 4 seconds and so on to half a minute")
    func again() {
        var planner = planner(1...1)
        var now = Instant.zero
        var pauses: [Double] = []
        for _ in 0..<7 {
            _ = planner.next(room: 1, at: now)
            planner.failed(Rig.endpoint(1), at: now)
            var retry = now
            // What is found due is then being dialled: a copy is asked.
            var probe = planner
            while probe.next(room: 1, at: retry).isEmpty { retry = retry + .milliseconds(500) }
            pauses.append((retry - now).seconds)
            now = retry
        }
        #expect(pauses == [1, 2, 4, 8, 16, 30, 30])
    }

    @Test("forgets an address after nine failures, until it is named again")
    func forgets() {
        var planner = planner(1...1)
        var now = Instant.zero
        for _ in 0..<9 {
            let dialled = planner.next(room: 1, at: now)
            #expect(dialled == [Rig.endpoint(1)])
            planner.failed(Rig.endpoint(1), at: now)
            now = now + .seconds(61)
        }
        let dialled = planner.next(room: 1, at: now)
        #expect(dialled.isEmpty)
        planner.add([Rig.endpoint(1)])
        let again = planner.next(room: 1, at: now)
        #expect(again == [Rig.endpoint(1)])
    }

    private func neighbour(_ low: UInt64, _ port: UInt16 = 6881) -> Endpoint {
        Endpoint(address: .v6(0x2001_0db8_0000_0007, low), port: port)
    }

    @Test("bans an address for one poisoner, a /64 for three, and the source for nobody else")
    func bans() {
        var planner = ConnectionPlanner(trusting: [neighbour(1)])
        planner.add([neighbour(1), neighbour(2)])
        for low in [11, 12] as [UInt64] {
            planner.ban(neighbour(low).address)
            #expect(planner.isKeptOut(neighbour(low)))
            #expect(!planner.isKeptOut(neighbour(2)))
        }
        planner.ban(neighbour(13).address)
        #expect(planner.isKeptOut(neighbour(2)))
        #expect(planner.next(room: 9, at: .zero) == [neighbour(1)])
        planner.refuse(neighbour(1))
        #expect(planner.isKeptOut(neighbour(1)))
    }

    @Test("makes room for a new port of a host where an old one was tried in vain")
    func portsOfOneHost() {
        var planner = ConnectionPlanner()
        let ports = (1...9 as ClosedRange<UInt16>).map { neighbour(1, $0) }
        planner.add(ports)
        let tried = planner.next(room: 9, at: .zero)
        #expect(tried == Array(ports[..<8]))
        for _ in 0..<5 { planner.failed(ports[3], at: .zero) }
        planner.add([ports[8]])
        #expect(planner.known[ports[8]] == nil)
        planner.failed(ports[3], at: .zero)
        planner.add([ports[8]])
        #expect(planner.next(room: 9, at: .zero) == [ports[8]])
        #expect(planner.known[ports[3]] == nil)
    }

    @Test("tries the source every five seconds, whoever else is at its address")
    func sourceAmongMany() {
        let source = neighbour(1)
        var planner = ConnectionPlanner(trusting: [source])
        planner.add((2...9).map { neighbour($0) } + [source])
        var tries = 0
        for step in 0..<240 {
            let now = second(Double(step) / 2)
            // Named again by the tracker, as it is while nobody answers.
            if step % 10 == 0 { planner.add([source]) }
            for endpoint in planner.next(room: 30, alone: true, at: now) {
                if endpoint == source { tries += 1 }
                planner.failed(endpoint, at: now)
            }
        }
        #expect(tries >= 9)
    }

    @Test("passes over addresses where nobody can live")
    func senseless() throws {
        var planner = ConnectionPlanner()
        let texts = ["0.0.0.0:6881", "224.0.0.1:6881", "255.255.255.255:6881"]
        planner.add(texts.compactMap { Endpoint($0) })
        planner.add([Endpoint(address: .v4(0x0a00_0001), port: 0)])
        #expect(planner.next(room: 9, at: .zero) == [])
    }

    @Test("keeps out what is refused or banned, whoever names it")
    func keepsOut() {
        var planner = planner(1...3)
        planner.refuse(Rig.endpoint(1))
        planner.ban(Rig.endpoint(2).address)
        planner.add([Rig.endpoint(1), Rig.endpoint(2)])
        #expect(planner.next(room: 9, at: .zero) == [Rig.endpoint(3)])
        #expect(planner.isBanned(Rig.endpoint(2).address))
    }

    @Test("dials a quiet neighbour anew, but not one that it does not have")
    func redials() {
        var planner = planner(1...2)
        _ = planner.next(room: 2, at: .zero)
        planner.connected(Rig.endpoint(1))
        planner.redial(Rig.endpoint(1), at: second(6))
        planner.redial(Rig.endpoint(2), at: second(6))
        #expect(planner.next(room: 9, at: second(6)) == [Rig.endpoint(1)])
    }

    @Test("remembers a thousand addresses, not more")
    func flood() {
        var planner = ConnectionPlanner()
        planner.add((1...5000).map { Rig.endpoint($0) })
        let known = planner.next(room: 9999, at: .zero)
        #expect(known.count == 1000)
    }
    @Test("full of addresses that fail takes others in their place, those first that failed most")
    func crowded() {
        // Each in a network of its own.
        func endpoint(_ number: UInt32) -> Endpoint {
            Endpoint(address: .v4(0x3000_0000 + number << 12), port: 6881)
        }
        var planner = ConnectionPlanner()
        planner.add((1...1000).map { endpoint($0) })
        planner.add([endpoint(5000)])
        let dialled = planner.next(room: 2, at: .zero)
        #expect(dialled == [endpoint(1), endpoint(2)])
        for endpoint in dialled { planner.failed(endpoint, at: .zero) }
        // The first of them fails a second time.
        let others = Set((2...1000).map { endpoint($0) })
        let again = planner.next(room: 1, avoiding: others, at: second(5))
        #expect(again == [endpoint(1)])
        planner.failed(endpoint(1), at: second(5))
        planner.add([endpoint(5001)])
        planner.add([endpoint(5000)])
        planner.add([endpoint(5002)])
        let all = Set(planner.next(room: 9999, at: second(90)))
        #expect(all.count == 1000)
        #expect(all.isSuperset(of: [endpoint(5000), endpoint(5001)]))
        #expect(all.isDisjoint(with: [endpoint(1), endpoint(2), endpoint(5002)]))
    }
}
