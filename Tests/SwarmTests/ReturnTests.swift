import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("Neighbours that have gone")
struct ReturnersTests {
    private let now = Instant.zero + .seconds(100)

    private func past(_ failings: Int) -> Past {
        var past = Past(newSince: now)
        past.failings = failings
        return past
    }

    @Test("are back once each, the last first, by address or /64")
    func back() {
        var returners = Returners(TrustSettings())
        returners.note(past(1), of: Household(.v6(7, 1)), at: now)
        returners.note(past(2), of: Household(.v6(7, 2)), at: now)
        returners.note(past(3), of: Household(.v4(7)), at: now)
        let found = (1...3).map { _ in returners.take(Household(.v6(7, 9)), at: now)?.failings }
        #expect(found == [2, 1, nil])
        #expect(returners.count == 1)
    }

    @Test("are forgotten after five minutes")
    func aging() {
        var returners = Returners(TrustSettings())
        returners.note(past(1), of: .v4(1), at: now)
        returners.note(past(2), of: .v4(2), at: now + .seconds(299))
        #expect(returners.take(.v4(1), at: now + .seconds(300)) == nil)
        #expect(returners.take(.v4(2), at: now + .seconds(300))?.failings == 2)
    }

    @Test("are a thousand at most, and who comes and goes most makes room")
    func bounded() {
        var returners = Returners(TrustSettings())
        returners.note(past(1), of: .v4(0), at: now)
        for number in 0..<1200 { returners.note(past(number), of: .v6(9), at: now) }
        #expect(returners.count == 1000)
        #expect(returners.take(.v4(0), at: now)?.failings == 1)
        #expect(returners.take(.v6(9), at: now)?.failings == 1199)
    }
}

@Suite("Whoever closes and comes again")
struct ReturnTests {
    private func comeAgain(_ rig: inout Rig, _ slot: Int, as other: Int) {
        _ = rig.tell(.peerLeft(PeerHandle(slot)))
        let introduction = Rig.introduction(other, at: slot, outgoing: false)
        _ = rig.tell(.peerJoined(PeerHandle(other), introduction))
        _ = rig.tell(.extensionsReceived(PeerHandle(other), rig.handshake(nil, false)))
    }

    private func state(_ rig: Rig, _ slot: Int) -> PeerState? { rig.engine.peers[PeerHandle(slot)] }

    @Test("is not relied on until its time is over")
    func probation() {
        var rig = fedViewer()
        rig.meet(2, holding: 4...8, depth: 1)
        let end = rig.now + .seconds(15)
        rig.engine.peers.update(PeerHandle(2)) { ($0.unreliedUntil, $0.failings) = (end, 2) }
        comeAgain(&rig, 2, as: 3)
        #expect(state(rig, 3)?.unreliedUntil == end)
        #expect(state(rig, 3)?.failings == 2)
    }

    @Test("has taken of the source what it had taken")
    func extra() {
        var rig = Rig(.source)
        rig.publish(0...63)
        for slot in 1...36 { rig.meet(slot, outgoing: false) }
        for piece in 0..<40 as Range<UInt32> {
            _ = rig.request(piece, by: 1)
            let sample = UplinkSample(
                unacknowledged: 0, unsent: 0, roundTrip: .milliseconds(50),
                leastRoundTrip: .milliseconds(50))
            _ = rig.tell(.uplinkObserved(PeerHandle(1), sample))
        }
        comeAgain(&rig, 1, as: 50)
        let mayTake = [2, 50].map { slot in
            var extra = state(rig, slot)?.extra
            return extra?.take(5 * 16_384, rate: .zero, depth: 40 * 16_384, at: rig.now)
        }
        #expect(mayTake == [true, false])
    }

    @Test("is a newcomer three times, then once a minute")
    func newcomer() {
        var rig = fedViewer()
        rig.meet(20, outgoing: false)
        let isNew = { (rig: Rig, slot: Int) in
            rig.engine.peers.look(PeerHandle(slot), { rig.now - $0.newSince < .seconds(6) })
                ?? false
        }
        var seen: [Bool] = []
        var slot = 20
        for _ in 0..<6 {
            seen.append(isNew(rig, slot))
            _ = rig.wait(.seconds(7))
            let next = slot == 20 ? 21 : 20
            _ = rig.tell(.peerLeft(PeerHandle(slot)))
            let introduction = Rig.introduction(next, at: 20, outgoing: false)
            _ = rig.tell(.peerJoined(PeerHandle(next), introduction))
            slot = next
        }
        #expect(seen == [true, true, true, false, false, false])
        _ = rig.tell(.peerLeft(PeerHandle(slot)))
        _ = rig.wait(.seconds(60))
        _ = rig.tell(.peerJoined(PeerHandle(30), Rig.introduction(30, at: 20, outgoing: false)))
        #expect(isNew(rig, 30))
    }

    @Test("goes on as a newcomer where it began, with what it has not got of its first key frame")
    func duplicate() {
        var rig = fedViewer()
        rig.meet(2, outgoing: false)
        rig.engine.peers.update(PeerHandle(2)) { ($0.openings, $0.startLag) = (3, 1.5) }
        let block = rig.block(5)
        rig.engine.uploads.add(
            Upload(
                peer: PeerHandle(2), block: block, since: rig.now, published: rig.now,
                purpose: .opening))
        let since = state(rig, 2)?.newSince
        rig.now = rig.now + .seconds(1)
        comeAgain(&rig, 2, as: 3)
        #expect(state(rig, 3)?.newSince == since)
        #expect(state(rig, 3)?.startLag == 1.5)
        #expect(state(rig, 3)?.openings == 2)
    }

    @Test("on the loopback address may be somebody else")
    func loopback() {
        var rig = fedViewer()
        let here = Endpoint(address: .v4(0x7f00_0001), port: 5000)
        for slot in [8, 9] {
            let id = Rig.id(UInt8(slot))
            let introduction = Introduction(endpoint: here, id: id, outgoing: false)
            _ = rig.tell(.peerJoined(PeerHandle(slot), introduction))
            rig.engine.peers.update(PeerHandle(8)) { $0.failings = 3 }
            _ = rig.tell(.peerLeft(PeerHandle(8)))
        }
        #expect(state(rig, 9)?.failings == 0)
    }
}
