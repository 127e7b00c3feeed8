import Primitives
import Testing
import Wire

@testable import Swarm

/// An engine whose neighbours are at addresses of the Internet, and speak of introductions.
private struct Meeting {
    var rig: Rig

    init(_ change: (inout SwarmSettings) -> Void = { _ in }) { rig = Rig(.viewer, change) }

    /// A neighbour at 80.0.0.`slot`, port 6881, or at another endpoint, joins.
    @discardableResult
    mutating func join(
        _ slot: Int, at endpoint: String? = nil, id: UInt8? = nil, outgoing: Bool = false,
        isSource: Bool = false
    ) -> [String] {
        guard let endpoint = Endpoint(endpoint ?? "80.0.0.\(slot):6881") else { return [] }
        var handshake = rig.handshake(nil, isSource)
        handshake.listenPort = 6881
        handshake.ids = [.live: 3, .peerExchange: 2, .holepunch: 4]
        let introduction = Introduction(
            endpoint: endpoint, id: Rig.id(id ?? UInt8(slot)), outgoing: outgoing)
        return rig.tell(.peerJoined(PeerHandle(slot), introduction))
            + rig.tell(.extensionsReceived(PeerHandle(slot), handshake))
    }

    mutating func hear(
        _ slot: Int, _ make: (Endpoint) -> HolepunchMessage, _ endpoint: String
    ) -> [String] {
        guard let endpoint = Endpoint(endpoint) else { return ["no endpoint"] }
        return rig.tell(.holepunchReceived(PeerHandle(slot), make(endpoint)))
    }

    mutating func connect(_ slot: Int, _ endpoint: String) -> [String] {
        hear(slot, { .connect($0) }, endpoint)
    }

    /// A dial comes to nothing.
    mutating func fail(_ endpoint: String) {
        if let endpoint = Endpoint(endpoint) { _ = rig.tell(.dialFailed(endpoint)) }
    }

    mutating func discover(_ endpoint: String) -> [String] {
        rig.tell(.discovered([endpoint].compactMap { Endpoint($0) }))
    }

    /// Whom it asks for introductions meanwhile.
    mutating func asks(within span: Interval) -> [String] {
        rig.wait(span).filter { $0.contains("introduce") }
    }
}

@Suite("Whoever introduces need not be believed")
struct IntroductionTrustTests {
    @Test("what was asked for is not used up by those who were not asked")
    func quota() {
        var meeting = Meeting { $0.maxHalfOpen = 1000 }
        meeting.join(1, isSource: true)
        _ = meeting.discover("80.0.0.9:6881")
        for slot in [2, 3] {
            meeting.join(slot)
            for number in 1...30 {
                #expect(meeting.connect(slot, "81.0.\(slot).\(number):6881").count == 1)
            }
        }
        #expect(meeting.connect(1, "81.0.1.1:6881") == [])
        meeting.fail("80.0.0.9:6881")
        #expect(
            meeting.asks(within: .milliseconds(1)) == ["1: introduce me to 80.0.0.9:6881"])
        #expect(meeting.connect(1, "80.0.0.9:6881") == ["dial 80.0.0.9:6881"])
        // An answer is one: what it says again it was not asked.
        meeting.fail("80.0.0.9:6881")
        #expect(meeting.connect(1, "80.0.0.9:6881") == [])
    }

    @Test("an address that nobody else knows, and that did not answer, is left alone for a minute")
    func vain() {
        var meeting = Meeting()
        meeting.join(1)
        #expect(meeting.connect(1, "81.0.0.1:80") == ["dial 81.0.0.1:80"])
        meeting.fail("81.0.0.1:80")
        #expect(meeting.connect(1, "81.0.0.1:80") == [])
        _ = meeting.rig.wait(.seconds(20))
        #expect(meeting.connect(1, "81.0.0.1:80") == [])
        // Nor are more ports of it tried than four.
        for port in 81...83 {
            #expect(meeting.connect(1, "81.0.0.1:\(port)").count == 1)
            meeting.fail("81.0.0.1:\(port)")
        }
        #expect(meeting.connect(1, "81.0.0.1:84") == [])
        meeting.join(2)
        _ = meeting.rig.wait(.seconds(29))
        meeting.join(3)
        _ = meeting.rig.wait(.seconds(12))
        #expect(meeting.connect(3, "81.0.0.1:80") == ["dial 81.0.0.1:80"])
    }

    @Test("that somebody cannot be introduced, one says of all: only the source is believed")
    func noSupport() {
        let endpoint = "80.0.0.9:6881"
        for (named, asked) in [(false, ["2: introduce me to \(endpoint)"]), (true, [])] {
            var meeting = Meeting {
                if named { $0.sourceEndpoints = ["80.0.0.1:6881"].compactMap { Endpoint($0) } }
            }
            meeting.join(1, outgoing: true, isSource: true)
            meeting.join(2)
            _ = meeting.discover(endpoint)
            #expect(
                meeting.asks(within: .milliseconds(300)) == ["1: introduce me to \(endpoint)"])
            _ = meeting.hear(1, { .error($0, .noSupport) }, endpoint)
            #expect(meeting.asks(within: .seconds(2)) == asked)
        }
    }

    @Test("a dial by another's word that is refused makes nobody ask for introductions")
    func refusedBack() {
        var meeting = Meeting()
        meeting.join(1)
        meeting.join(2)
        #expect(meeting.connect(1, "80.0.0.9:40000") == ["dial 80.0.0.9:40000"])
        meeting.fail("80.0.0.9:40000")
        #expect(meeting.asks(within: .seconds(2)) == [])
    }

    @Test("an introduction that was asked for, and is refused, is not asked for again at once")
    func refusedAgain() {
        var meeting = Meeting()
        meeting.join(1, isSource: true)
        meeting.join(2)
        _ = meeting.discover("80.0.0.9:6881")
        meeting.fail("80.0.0.9:6881")
        #expect(
            meeting.asks(within: .milliseconds(1)) == ["1: introduce me to 80.0.0.9:6881"])
        #expect(meeting.connect(1, "80.0.0.9:6881") == ["dial 80.0.0.9:6881"])
        meeting.fail("80.0.0.9:6881")
        #expect(meeting.asks(within: .milliseconds(200)) == [])
    }

    @Test("of an own dial and a call back both ends keep the same one: whose name is the smaller")
    func calledBack() {
        // The node here is number 100. Called back is the other's own dial.
        for (id, kept) in [(9, 3), (200, 4)] as [(UInt8, Int)] {
            for order in [[3, 4], [4, 3]] {
                var meeting = Meeting()
                meeting.join(1)
                _ = meeting.discover("80.0.0.9:6881")
                #expect(meeting.connect(1, "80.0.0.9:40000") == ["dial 80.0.0.9:40000"])
                for slot in order {
                    let port = slot == 3 ? 40_000 : 6881
                    meeting.join(slot, at: "80.0.0.9:\(port)", id: id, outgoing: true)
                }
                let left = [3, 4].filter { meeting.rig.engine.peers.contains(PeerHandle($0)) }
                #expect(left == [kept], "\(id), \(order)")
            }
        }
    }

    @Test("who was called back is told of at the port that it listens on, and not as reachable")
    func contact() {
        var meeting = Meeting()
        meeting.join(1)
        _ = meeting.connect(1, "80.0.0.9:40000")
        meeting.join(9, at: "80.0.0.9:40000", outgoing: true)
        let contact = meeting.rig.engine.peers[PeerHandle(9)]?.contact
        #expect(contact.map { "\($0.endpoint)" } == "80.0.0.9:6881")
        #expect(contact?.flags == [])
        let told = meeting.rig.wait(.milliseconds(1)).filter { $0.hasPrefix("1: tell") }
        #expect(told == ["1: tell +80.0.0.9:6881"])
        // So it is to whom it asks for, if it does not say from which port it dials.
        #expect(
            meeting.hear(9, { .rendezvous($0) }, "80.0.0.1:6881")
                == ["1: connect to 80.0.0.9:6881", "9: connect to 80.0.0.1:6881"])
    }
}
