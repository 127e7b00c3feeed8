import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("Whoever leaves without a word")
struct DepartureTests {
    private static let usual = Interval.milliseconds(100)

    @Test("is suspected after a timeout of TCP and two round trips, a second at most")
    func standstill() {
        let after = { (span: Int64, roundTrip: Interval) in
            Standstill.hesitates(unacknowledged: .milliseconds(span), roundTrip: roundTrip)
        }
        #expect(!after(400, Self.usual))
        #expect(after(401, Self.usual))
        #expect(!after(840, .milliseconds(320)))
        #expect(after(841, .milliseconds(320)))
        #expect(!after(1000, .seconds(2)))
        #expect(after(1001, .seconds(2)))
    }

    @Test("is gone when it says nothing either")
    func gone() {
        let isGone = { (span: Int64, silence: Int64) in
            Standstill.isGone(
                unacknowledged: .milliseconds(span), silence: .milliseconds(silence),
                roundTrip: Self.usual)
        }
        #expect(!isGone(500, 5000))
        #expect(!isGone(5000, 500))
        #expect(isGone(501, 501))
    }

    @Test("leaves places that are free within a second")
    func place() {
        for policies in [DeliveryPolicies.all, .all.subtracting(.vacancies)] {
            var rig = fedViewer { $0.policies = policies }
            for slot in 2...6 { rig.meet(slot) }
            for slot in 2...5 { #expect(rig.request(9, by: slot) == []) }
            #expect(rig.request(17, by: 6) == ["6: reject #17"])
            for slot in 2...5 { _ = rig.tell(.uplinkObserved(PeerHandle(slot), sample(17))) }
            for _ in 0..<10 {
                _ = rig.tell(.messageReceived(PeerHandle(6), .keepAlive))
                _ = rig.wait(.milliseconds(100))
            }
            let answer = policies == .all ? [] : ["6: reject #17"]
            #expect(rig.request(17, by: 6) == answer)
        }
    }

    @Test("is replaced while others are heard, and what it owed is asked of the next parent")
    func heir() {
        var rig = orphan()
        #expect(speak(500, &rig) == [])
        let lines = speak(100, &rig)
        #expect(lines.contains("1: cancel #8"))
        #expect(lines.contains("2: request #8"))
        #expect(lines.contains("2: request #9"))
    }

    @Test("is asked no less than before where nobody is heard: the own line is cut")
    func cut() {
        var rig = orphan()
        let lines = rig.wait(.milliseconds(900))
        #expect(!lines.contains { $0.contains("cancel") || $0.contains("request") })
    }

    @Test("is waited for a second without the early alarm")
    func late() {
        var rig = orphan { $0.policies.remove(.earlyAlarm) }
        #expect(speak(900, &rig) == [])
        #expect(speak(200, &rig).contains("2: request #8"))
    }

    @Test("owes what is asked of those who show it, without the trees")
    func owed() {
        var rig = orphan { $0.policies.remove(.orphansByTree) }
        let lines = speak(600, &rig)
        #expect(lines.contains("2: request #9"))
        #expect(!lines.contains("2: request #8"))
    }

    /// A viewer whose parent acknowledges nothing from now on; another could be its parent.
    ///
    /// Piece 8 exists, and neither of them shows it.
    private func orphan(_ change: (inout SwarmSettings) -> Void = { _ in }) -> Rig {
        var rig = fedViewer(change)
        rig.meet(2, holding: 0...7, depth: 1)
        rig.learn(8...8, from: 2)
        _ = rig.wait(.milliseconds(10))
        _ = rig.tell(.uplinkObserved(PeerHandle(1), sample(17)))
        return rig
    }

    /// Time passes while neighbour 2 is heard; answers what is cancelled and asked for.
    private func speak(_ milliseconds: Int, _ rig: inout Rig) -> [String] {
        var lines: [String] = []
        for _ in 0..<milliseconds / 100 {
            lines += rig.tell(.messageReceived(PeerHandle(2), .keepAlive))
            lines += rig.wait(.milliseconds(100))
        }
        return lines.filter { $0.contains("cancel") || $0.contains("request") }
    }

    private func sample(_ unacknowledged: Int) -> UplinkSample {
        UplinkSample(
            unacknowledged: unacknowledged, unsent: 0, roundTrip: Self.usual,
            leastRoundTrip: Self.usual)
    }
}
