import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("A neighbour that gives nothing")
struct ProbationTests {
    @Test("is relied on for three pieces if it never gave any, and for eight if it did")
    func limits() {
        let over = { (vain: Int, hasGiven: Bool, silence: Interval) in
            Probation.isOver(vain: vain, hasGiven: hasGiven, silence: silence)
        }
        #expect((1...4).map { over($0, false, .zero) } == [false, false, true, true])
        #expect((6...9).map { over($0, true, .zero) } == [false, false, true, true])
    }

    @Test("is relied on for two if it says nothing either")
    func silent() {
        #expect(!Probation.isOver(vain: 1, hasGiven: true, silence: .seconds(2)))
        #expect(Probation.isOver(vain: 2, hasGiven: true, silence: .seconds(2)))
    }

    @Test("is tried again after 15 s, then half a minute, and after four minutes at most")
    func pauses() {
        #expect((1...7).map { Probation.pause($0).seconds } == [15, 30, 60, 120, 240, 240, 240])
    }

    /// A viewer that has been here for a while, whose parent leaves and who takes neighbour 2, one
    /// hop from the source, which gives nothing; neighbour 3 is a hop further away.
    private func deceived(_ policies: DeliveryPolicies) -> Rig {
        var rig = fedViewer { $0.policies = policies }
        for piece in 8...100 as ClosedRange<UInt32> {
            rig.learn(piece...piece, from: 1)
            rig.give(piece, from: 1)
            _ = rig.wait(.milliseconds(80))
        }
        rig.meet(2, holding: 90...100, depth: 1)
        rig.meet(3, holding: 90...100, depth: 2)
        _ = rig.tell(.peerLeft(PeerHandle(1)))
        _ = rig.wait(.milliseconds(200))
        #expect(rig.engine.stripes.count { $0.parent == PeerHandle(2) } > 2)
        for piece in 101...180 as ClosedRange<UInt32> {
            rig.learn(piece...piece, from: 3)
            _ = rig.tell(.liveReceived(PeerHandle(2), .status(rig.status(1, newest: piece))))
            _ = rig.tell(.liveReceived(PeerHandle(3), .status(rig.status(2, newest: piece))))
            _ = rig.wait(.milliseconds(80))
            if !rig.engine.stripes.contains(where: { $0.parent == PeerHandle(2) }) { break }
        }
        return rig
    }

    @Test("is a parent no more, though nobody else is as near to the source")
    func leaving() {
        let rig = deceived(.all)
        #expect(!rig.engine.stripes.contains { $0.parent == PeerHandle(2) })
    }

    @Test("is not whoever was asked for pieces that nothing proves, by another's word of the edge")
    func rumour() {
        var rig = fedViewer()
        for piece in 8...100 as ClosedRange<UInt32> {
            rig.learn(piece...piece, from: 1)
            rig.give(piece, from: 1)
            _ = rig.wait(.milliseconds(80))
        }
        rig.meet(2, holding: 90...100, depth: 9)
        _ = rig.tell(.liveReceived(PeerHandle(2), .status(rig.status(9, newest: 116))))
        for _ in 0..<20 {
            _ = rig.wait(.milliseconds(100))
            _ = rig.tell(.liveReceived(PeerHandle(1), .status(rig.status(1))))
        }
        let vain = rig.engine.peers.look(PeerHandle(1)) { ($0.vain, $0.failings) }
        #expect(vain?.0 == 0)
        #expect(vain?.1 == 0)
    }

    @Test("is relied on all the same where there is nobody else")
    func last() {
        var rig = fedViewer()
        let now = rig.now
        rig.engine.peers.update(PeerHandle(1)) { $0.unreliedUntil = now + .seconds(15) }
        let only = rig.engine.peers.parents(at: now, quietAfter: .seconds(5))
        #expect(only.map(\.peer) == [PeerHandle(1)])
        rig.meet(2, holding: 0...7, depth: 1)
        let both = rig.engine.peers.parents(at: now, quietAfter: .seconds(5))
        #expect(both.map(\.peer) == [PeerHandle(2)])
    }

    /// A viewer that has been here for a while, and neighbour 2, which says that it is the source.
    private func claimed(_ change: (inout SwarmSettings) -> Void) -> Rig {
        var rig = fedViewer(change)
        for piece in 8...100 as ClosedRange<UInt32> {
            rig.learn(piece...piece, from: 1)
            rig.give(piece, from: 1)
            _ = rig.wait(.milliseconds(80))
        }
        rig.meet(2, holding: 90...100, isSource: true)
        for piece in 101...104 as ClosedRange<UInt32> {
            rig.learn(piece...piece, from: 1)
            rig.now = rig.now + .seconds(1)
            _ = rig.tell(.liveReceived(PeerHandle(1), .status(rig.status(1))))
            _ = rig.tell(.liveReceived(PeerHandle(2), .status(rig.status(0))))
            let ask = Ask(peer: PeerHandle(2), blocks: 1, at: rig.now, kind: .rescue)
            rig.engine.waitedInVain(for: ask, of: PieceIndex(piece), rig.now)
        }
        return rig
    }

    @Test("is nobody's source by its word alone: one that says so must give what it is asked for")
    func claim() {
        let isReady = { (rig: Rig) in
            rig.engine.peers.isReady(PeerHandle(2), at: rig.now, quietAfter: .seconds(5))
        }
        let claimed = self.claimed { _ in }
        #expect(claimed.engine.peers.look(PeerHandle(2), \.failings) == 1)
        #expect(!isReady(claimed))
        let named = self.claimed { $0.sourceEndpoints = [Rig.endpoint(2)] }
        #expect(named.engine.peers.look(PeerHandle(2), \.failings) == 0)
        #expect(isReady(named))
    }

    @Test("stays the parent where the policy is left out")
    func without() {
        let rig = deceived(DeliveryPolicies.all.subtracting(.probation))
        #expect(rig.engine.stripes.contains { $0.parent == PeerHandle(2) })
    }
}

@Suite("The audit of those whom the source feeds")
struct RootAuditTests {
    private let now = Instant.zero + .seconds(100)
    private func address(_ number: UInt32) -> Household { .v4(0x0a00_0000 | number) }

    /// Where two voices are enough.
    private var two: TrustSettings {
        var settings = TrustSettings()
        settings.auditVoices = 2
        return settings
    }

    /// A viewer of four complains of stripe 2.
    private func complains(_ audit: inout RootAudit, _ viewer: Household, at now: Instant) -> Bool {
        audit.complain(from: viewer, of: 2, viewers: 4, at: now)
    }

    @Test("finds a stripe dead when a third of all viewers had to ask for it")
    func third() {
        var audit = RootAudit(stripes: 8)
        let verdicts = (1...10).map { number in
            audit.complain(from: address(number), of: 2, viewers: 30, at: now)
        }
        #expect(verdicts == Array(repeating: false, count: 9) + [true])
    }

    @Test("hears each address once, however often it asks")
    func liar() {
        var audit = RootAudit(stripes: 8)
        for _ in 0..<100 {
            #expect(!complains(&audit, address(1), at: now))
        }
    }

    @Test("hears nothing about any stripe from those who lack all of them")
    func shunned() {
        var audit = RootAudit(stripes: 8)
        for number in 1...20 as ClosedRange<UInt32> {
            // Whoever begins with this stripe has said nothing of the others yet.
            for stripe in (0..<8).map({ ($0 + Int(number)) % 8 }) {
                let isDead = audit.complain(
                    from: address(number), of: stripe, viewers: 30, at: now)
                #expect(!isDead)
            }
        }
    }

    @Test("forgets what was four seconds ago, and rests after each verdict")
    func memory() {
        var audit = RootAudit(stripes: 8, two)
        #expect(!complains(&audit, address(1), at: now))
        #expect(!complains(&audit, address(2), at: now + .seconds(5)))
        #expect(complains(&audit, address(3), at: now + .seconds(6)))
        for number in 1...9 as ClosedRange<UInt32> {
            let later = now + .seconds(13)
            #expect(!complains(&audit, address(number), at: later))
        }
        #expect(complains(&audit, address(1), at: now + .seconds(15)))
    }

    @Test("keeps out for a minute whoever was dismissed, of that stripe alone")
    func dismissal() {
        var audit = RootAudit(stripes: 8)
        audit.dismiss(address(1), from: 2, at: now)
        #expect(!audit.admits(address(1), to: 2, at: now + .seconds(59)))
        #expect(audit.admits(address(1), to: 2, at: now + .seconds(60)))
        #expect(audit.admits(address(1), to: 3, at: now))
        #expect(audit.admits(address(2), to: 2, at: now))
    }

    /// A source whose stripe 0 goes to neighbours 1 and 2; six have been here for a while.
    private func source(_ change: (inout SwarmSettings) -> Void = { _ in }) -> Rig {
        var rig = Rig(.source, change)
        rig.publish(0...40)
        for slot in 1...6 { rig.meet(slot, outgoing: false) }
        _ = rig.wait(.seconds(5))
        rig.publish(41...63)
        _ = rig.wait(.seconds(2.5))
        for slot in 1...2 {
            for piece in [64, 72] as [UInt32] { #expect(rig.request(piece, by: slot) == []) }
        }
        return rig
    }

    @Test("takes a place from who kept pieces for itself, and gives it to another")
    func replaced() {
        var rig = source { $0.trust = two }
        #expect(!rig.request(56, by: 3).contains("1: reject #72"))
        #expect(rig.request(56, by: 4).contains("1: reject #72"))
        #expect(rig.request(72, by: 1) == ["1: reject #72"])
        #expect(rig.request(72, by: 3) == [])
    }

    @Test("hears three voices at least, however few there are, and one of each /64")
    func three() {
        var audit = RootAudit(stripes: 8)
        let verdicts = (1...3).map { complains(&audit, address($0), at: now) }
        #expect(verdicts == [false, false, true])
        var crowd = RootAudit(stripes: 8)
        for number in 1...50 as ClosedRange<UInt64> {
            let isDead = complains(&crowd, Household(.v6(7, number)), at: now)
            #expect(!isDead)
        }
    }

    @Test("remembers no more complaints than there can be neighbours, while a verdict rests")
    func bounded() {
        var audit = RootAudit(stripes: 8)
        for number in 1...1000 as ClosedRange<UInt32> {
            _ = audit.complain(from: address(number), of: 2, viewers: 4000, at: now)
        }
        #expect(audit.remembered(of: 2) == 128)
        // What is old makes room.
        _ = complains(&audit, address(1), at: now + .seconds(5))
        #expect(audit.remembered(of: 2) == 1)
    }

    @Test("takes nobody's place for what two ask for, nor for what those who ask hold themselves")
    func held() {
        var rig = source()
        for slot in 3...4 {
            #expect(!rig.request(56, by: slot).contains("1: reject #72"))
        }
        _ = rig.tell(.messageReceived(PeerHandle(5), .have(PieceIndex(56))))
        #expect(!rig.request(56, by: 5).contains("1: reject #72"))
        #expect(rig.request(56, by: 6).contains("1: reject #72"))
    }

    @Test("tells one that stood still, and whose place another gets, that it has lost it")
    func stuck() {
        var rig = source()
        rig.publish(64...64)
        _ = rig.wait(.seconds(1.5))
        #expect(rig.request(80, by: 1) == [])
        _ = rig.tell(
            .uplinkObserved(
                PeerHandle(2),
                UplinkSample(
                    unacknowledged: 0, unsent: 0, roundTrip: .milliseconds(50),
                    leastRoundTrip: .milliseconds(50))))
        // Neighbour 1 asks for what comes next, but acknowledges nothing.
        #expect(rig.request(72, by: 3).contains("1: reject #80"))
        #expect(!rig.engine.sourcePolicy.feeds(PeerHandle(1), in: 0))
        #expect(rig.engine.sourcePolicy.feeds(PeerHandle(3), in: 0))
    }

    @Test("does nothing where the policy is left out")
    func without() {
        var rig = source { $0.policies.remove(.rootAudit) }
        for slot in 3...6 {
            #expect(!rig.request(56, by: slot).contains("1: reject #72"))
        }
    }
}

@Suite("What the source gives beyond the trees")
struct FairExtraTests {
    /// How many blocks neighbour 1 of `count` gets in a minute that asks for something all the
    /// time.
    private func taken(of count: Int, _ change: (inout SwarmSettings) -> Void = { _ in }) -> Int {
        var rig = Rig(.source, change)
        rig.publish(0...63)
        for slot in 1...count { rig.meet(slot, outgoing: false) }
        var sent = 0
        for step in 0..<600 as Range<UInt32> {
            rig.now = rig.now + .milliseconds(100)
            sent += rig.request(step % 40, by: 1).count { $0.hasPrefix("1: block") }
            let sample = UplinkSample(
                unacknowledged: 0, unsent: 0, roundTrip: .milliseconds(50),
                leastRoundTrip: .milliseconds(50))
            sent += rig.tell(.uplinkObserved(PeerHandle(1), sample))
                .count { $0.hasPrefix("1: block") }
        }
        return sent
    }

    /// How many blocks come within `seconds` to neighbour 1 of 36, which asks for another piece
    /// after each pause, and to neighbours 2 to 6, who each ask for one in a second.
    private func shared(
        every pause: Interval, for seconds: Double, others: Bool
    ) -> (one: Int, others: Int) {
        var rig = Rig(.source)
        rig.publish(0...520)
        for slot in 1...36 { rig.meet(slot, outgoing: false) }
        var given: [Int: Int] = [:]
        let steps = Int(seconds / pause.seconds)
        for step in 0..<steps {
            rig.now = rig.now + pause
            var lines = rig.request(UInt32(step), by: 1)
            if others, step % Int(1 / pause.seconds) == 0 {
                for slot in 2...6 { lines += rig.request(UInt32(step + slot), by: slot) }
            }
            for slot in 1...6 {
                let sample = UplinkSample(
                    unacknowledged: 0, unsent: 0, roundTrip: .milliseconds(50),
                    leastRoundTrip: .milliseconds(50))
                lines += rig.tell(.uplinkObserved(PeerHandle(slot), sample))
            }
            for slot in 1...6 {
                given[slot, default: 0] += lines.count { $0.hasPrefix("\(slot): block") }
            }
        }
        return (given[1] ?? 0, (2...6).reduce(0) { $0 + (given[$1] ?? 0) })
    }

    @Test("is not left unused: who has had its share gets what nobody else wants")
    func spare() {
        // Three seconds of 12.5 pieces and a sixteenth of 2.9 copies would be 105.
        #expect(shared(every: .milliseconds(100), for: 30, others: false).one == 300)
    }

    @Test("is there at once for those within their share, however much one asks for")
    func first() {
        let (one, others) = shared(every: .milliseconds(20), for: 10, others: true)
        #expect(others == 5 * 10)
        // All of it: 2.9 copies of 12.5 pieces a second, and of the three seconds' worth that were
        // saved, one and what those within their share took of the rest.
        #expect((390...450).contains(one + others))
    }

    @Test("is not used up by one of forty")
    func share() {
        // Three seconds of 12.5 pieces, then a sixteenth of 2.9 copies for a minute.
        #expect((140...185).contains(taken(of: 36)))
        #expect(taken(of: 36) { $0.policies.remove(.fairExtra) } > 500)
    }
}

@Suite("The settings of trust")
struct TrustSettingsTests {
    @Test("decide in each of the policies")
    func each() {
        var settings = TrustSettings()
        (settings.littleToSend, settings.urgency) = (0.3, 5)
        let pays = SecondAsk.pays(
            wait: 0.2, waited: .seconds(1), patience: .seconds(1), settings)
        let paysElse = SecondAsk.pays(wait: 0.2, waited: .seconds(1), patience: .seconds(1))
        #expect((pays, paysElse) == (true, false))
        (settings.vainOfStrangers, settings.probation) = (1, .seconds(4))
        #expect(Probation.isOver(vain: 1, hasGiven: false, silence: .zero, settings))
        #expect(Probation.pause(2, settings) == .seconds(8))
        settings.leastExtraPart = 0.5
        #expect(FairExtra.part(of: 40, settings) == 0.5)
        settings.complaintAges = 3...4
        #expect(!RootAudit.counts(age: .seconds(2), settings))
        settings.auditVoices = 1
        var audit = RootAudit(stripes: 8, settings)
        let isDead = audit.complain(from: .v4(1), of: 2, viewers: 1, at: .zero)
        #expect(isDead)
    }
}
