import Pieces
import Primitives
import Testing

@testable import Swarm

@Suite("The source's places")
struct SourcePolicyTests {
    /// Peers 1 to 9 ask; those in `leaves` would not pass on what they get.
    private func ask(
        _ policy: inout SourcePolicy, _ peer: Int, _ stripe: Int, at second: Double = 0,
        leaves: Set<Int> = [], viewers: Int = 1
    ) -> SourcePolicy.Verdict {
        policy.ask(
            PeerHandle(peer), for: stripe,
            passing: Set((1...9).filter { !leaves.contains($0) }.map { PeerHandle($0) }),
            viewers: viewers, at: .zero + .seconds(second))
    }

    @Test("are shared evenly among those who are there, and none stays empty")
    func evenly() {
        var policy = SourcePolicy(stripes: 4, roots: 2)
        // Eight places for four viewers.
        #expect(ask(&policy, 1, 0, viewers: 4) == .feed)
        #expect(ask(&policy, 1, 1, viewers: 4) == .feed)
        #expect(ask(&policy, 1, 2, viewers: 4) == .refuse)
        #expect(ask(&policy, 2, 2, viewers: 4) == .feed)
        #expect(ask(&policy, 1, 2, at: 0.3, viewers: 4) == .refuse)
        #expect(ask(&policy, 1, 2, at: 0.8, viewers: 4) == .feed)
    }

    @Test("are two in each stripe")
    func places() {
        var policy = SourcePolicy(stripes: 2, roots: 2)
        #expect(ask(&policy, 1, 0) == .feed)
        #expect(ask(&policy, 2, 0) == .feed)
        #expect(ask(&policy, 3, 0) == .refuse)
        #expect(ask(&policy, 1, 0) == .feed)
        #expect(ask(&policy, 3, 1) == .feed)
        policy.release(PeerHandle(1))
        #expect(ask(&policy, 3, 0) == .feed)
    }

    @Test("go from whoever has two more than the asker")
    func fair() {
        var policy = SourcePolicy(stripes: 4, roots: 1)
        for stripe in 0..<4 { #expect(ask(&policy, 1, stripe) == .feed) }
        #expect(ask(&policy, 2, 0) == .replace(PeerHandle(1)))
        #expect(ask(&policy, 2, 1) == .replace(PeerHandle(1)))
        #expect(ask(&policy, 2, 2) == .refuse)
        #expect(policy.share(of: PeerHandle(1)) == 2)
        #expect(policy.share(of: PeerHandle(2)) == 2)
    }

    @Test("go from those who keep what they get to those who pass it on")
    func passingOn() {
        var policy = SourcePolicy(stripes: 1, roots: 2)
        #expect(ask(&policy, 1, 0, leaves: [1, 3]) == .feed)
        #expect(ask(&policy, 2, 0, leaves: [1, 3]) == .feed)
        #expect(ask(&policy, 3, 0, leaves: [1, 3]) == .refuse)
        #expect(ask(&policy, 4, 0, leaves: [1, 3]) == .replace(PeerHandle(1)))
        #expect(ask(&policy, 5, 0, leaves: [1, 3]) == .refuse)
    }

    @Test("fall free when nobody asks")
    func expiry() {
        var policy = SourcePolicy(stripes: 1, roots: 1)
        #expect(ask(&policy, 1, 0, at: 0) == .feed)
        #expect(ask(&policy, 1, 0, at: 3) == .feed)
        #expect(ask(&policy, 2, 0, at: 6) == .refuse)
        #expect(ask(&policy, 2, 0, at: 8) == .feed)
    }

    @Test("come with a budget for the rest that fills at a rate")
    func budget() {
        var policy = SourcePolicy(stripes: 1, roots: 1)
        let spends: [(count: Int, second: Double, may: Bool)] = [
            (3000, 0, true), (100, 0, false), (100, 0.1, true),
            // An hour of rest is worth three seconds.
            (3000, 3600, true), (1, 3600, false),
        ]
        for spend in spends {
            let may = policy.spend(
                spend.count, rate: ByteRate(bytesPerSecond: 1000),
                at: .zero + .seconds(spend.second))
            #expect(may == spend.may, "\(spend)")
        }
    }
}

@Suite("The upload queue")
struct UploadQueueTests {
    private func block(_ piece: UInt32) -> Block {
        Block(piece: PieceIndex(piece), offset: 0, length: 16_384)
    }

    /// An upload of a piece that was published 1.2 s before it came here, or when it is said.
    private func upload(
        _ peer: Int, _ piece: UInt32, since: Int64 = 0, published: Int64? = nil,
        for purpose: Upload.Purpose = .live
    ) -> Upload {
        Upload(
            peer: PeerHandle(peer), block: block(piece), since: .zero + .milliseconds(since),
            published: .zero + .milliseconds(published ?? since - 1200), purpose: purpose)
    }

    /// The order in which a queue empties, as `peer#piece`.
    private func order(
        _ uploads: [Upload], copies: [UInt32: Int] = [:], leaves: Set<Int> = [],
        newcomers: Set<Int> = [], starts: [Int: PlayerStart] = [:], byDeadline: Bool = true
    ) -> [String] {
        var queue = UploadQueue()
        for upload in uploads { queue.add(upload) }
        var order = SendOrder(copyWeight: 0.06)
        order.byDeadline = byDeadline
        var out: [String] = []
        while let next = queue.next(
            order: order, copies: { copies[$0.block.piece.value] ?? 0 },
            receiver: { peer, _ in
                if newcomers.contains(peer.slot) { return .newLeaf }
                return leaves.contains(peer.slot) ? .leaf : .inner
            },
            start: { starts[$0.slot] }, canTake: { _ in true })
        {
            out.append("\(next.peer.slot)\(next.block.piece)")
        }
        return out
    }

    @Test("sends what has waited longest, and the least-sent piece before it")
    func order() {
        #expect(order([upload(1, 5, since: 50), upload(2, 6, since: 0)]) == ["2#6", "1#5"])
        #expect(
            order([upload(1, 5, since: 0), upload(2, 6, since: 50)], copies: [5: 1])
                == ["2#6", "1#5"])
    }

    @Test("sends the rest of a copy before another copy begins")
    func wholeCopies() {
        var queue = UploadQueue()
        for (peer, piece) in [(1, 5), (2, 5), (3, 6)] as [(Int, UInt32)] {
            for offset in [0, 16_384] as [UInt32] {
                let half = Block(piece: PieceIndex(piece), offset: offset, length: 16_384)
                queue.add(
                    Upload(
                        peer: PeerHandle(peer), block: half, since: .zero, published: .zero,
                        purpose: .live))
            }
        }
        var sent: [PieceIndex: Int] = [:]
        var out: [String] = []
        while let next = queue.next(
            order: SendOrder(copyWeight: 3),
            copies: { SendOrder.copies(before: $0, sent: sent[$0.block.piece] ?? 0, of: 2) },
            receiver: { _, _ in .inner }, canTake: { _ in true })
        {
            sent[next.block.piece, default: 0] += 1
            let half = next.block.offset == 0 ? "a" : "b"
            out.append("\(next.peer.slot)\(next.block.piece)\(half)")
        }
        #expect(out == ["1#5a", "1#5b", "3#6a", "3#6b", "2#5a", "2#5b"])
    }

    @Test("lets what is asked for late wait for what was asked for in time")
    func late() {
        let late = upload(1, 1, since: -200, for: .catchUp)
        #expect(order([late, upload(2, 9, since: 90)]) == ["2#9", "1#1"])
        // But not for ever: whoever asks so late has nobody else.
        #expect(order([late, upload(2, 9, since: 190)]) == ["1#1", "2#9"])
    }

    @Test("sends a newcomer's backlog when its player needs it")
    func deadline() {
        let old = upload(1, 1, since: 5000, published: 3000, for: .urgent)
        let new = upload(1, 2, since: 5000, published: 4700, for: .urgent)
        let live = upload(2, 9, since: 4500)
        #expect(order([new, live, old]) == ["1#1", "2#9", "1#2"])
        #expect(order([new, live, old], byDeadline: false) == ["2#9", "1#2", "1#1"])
        // The stream goes halfway by its age.
        let aged = upload(1, 3, since: 5000, published: 3200)
        #expect(order([upload(2, 4, since: 4800), aged]) == ["1#3", "2#4"])
        #expect(order([upload(2, 4, since: 4600), aged]) == ["2#4", "1#3"])
        // Whoever asks for the oldest of all is not before everybody else for that.
        let oldest = upload(3, 3, since: 5000, published: 0, for: .urgent)
        #expect(order([oldest, upload(2, 9, since: 3900)]) == ["2#9", "3#3"])
    }

    @Test("serves newcomers by when their own players began")
    func ownDeadlines() {
        let one = upload(1, 1, since: 5000, published: 4000, for: .urgent)
        let other = upload(2, 2, since: 4900, published: 3800, for: .urgent)
        #expect(order([one, other]) == ["2#2", "1#1"])
        // 1 began at a fresh key frame, 2 is two seconds further behind.
        let starts = [
            1: PlayerStart(lag: 0.5, first: 2), 2: PlayerStart(lag: 2.4, first: 1.5),
        ]
        #expect(order([one, other], starts: starts) == ["1#1", "2#2"])
        // The stream goes by it too, and not halfway by when it came.
        let live = [upload(1, 8, since: 5000, published: 4800), upload(2, 9, since: 4700)]
        #expect(order(live) == ["2#9", "1#8"])
        #expect(order(live, starts: starts) == ["1#8", "2#9"])
        // What a player begins with it needs at once.
        let first = upload(2, 3, since: 5000, published: 1500, for: .urgent)
        let third = upload(1, 4, since: 5000, published: 3450, for: .urgent)
        #expect(order([third, first], starts: starts) == ["2#3", "1#4"])
    }

    @Test("sends a newcomer's first key frame before all that has not waited for seconds")
    func opening() {
        let first = upload(1, 1, since: 1900, for: .opening)
        #expect(order([upload(2, 9), first], copies: [1: 9]) == ["1#1", "2#9"])
        #expect(order([upload(2, 9, since: -200), first]) == ["2#9", "1#1"])
    }

    @Test("sends first to those who pass it on")
    func leaves() {
        #expect(
            order([upload(1, 9, since: 0), upload(2, 9, since: 90)], leaves: [1])
                == ["2#9", "1#9"])
        // A leaf waits for two seconds; one that has just come may pass on soon.
        let three = [upload(1, 7, since: 0), upload(2, 8, since: 1100), upload(3, 9, since: 1900)]
        #expect(order(three, leaves: [1], newcomers: [2]) == ["3#9", "2#8", "1#7"])
        let later = [upload(1, 7, since: 0), upload(2, 8, since: 1100), upload(3, 9, since: 2100)]
        #expect(order(later, leaves: [1], newcomers: [2]) == ["2#8", "1#7", "3#9"])
    }

    @Test("gives up what has waited for spare upload for too long")
    func stale() {
        var queue = UploadQueue()
        queue.add(upload(1, 1, for: .catchUp))
        queue.add(upload(1, 2, since: 900, for: .catchUp))
        queue.add(upload(1, 9))
        let dropped = queue.dropStale(after: .milliseconds(500), at: .zero + .milliseconds(1000))
        #expect(dropped.map(\.block) == [block(1)])
        #expect(queue.count(of: PeerHandle(1)) == 2)
    }

    @Test("passes over those who cannot take more")
    func full() {
        var queue = UploadQueue()
        queue.add(upload(1, 5))
        let next = queue.next(
            order: SendOrder(copyWeight: 0), copies: { _ in 0 },
            receiver: { _, _ in .inner }, canTake: { $0 != PeerHandle(1) })
        #expect(next == nil)
        #expect(queue.count(of: PeerHandle(1)) == 1)
    }

    @Test("keeps standing requests until their piece is here")
    func standing() {
        var queue = UploadQueue()
        queue.keep(upload(1, 5))
        queue.keep(upload(2, 5))
        queue.keep(upload(1, 6))
        #expect(queue.ready.isEmpty && queue.contains(PeerHandle(1), block(5)))
        queue.arrived(
            PieceIndex(5), published: .zero + .milliseconds(-500), at: .zero + .milliseconds(700))
        #expect(queue.ready == [upload(1, 5, since: 700), upload(2, 5, since: 700)])
        #expect(queue.count(of: PeerHandle(1)) == 2)
    }

    @Test("forgets what is cancelled, dropped and too old, and counts right")
    func forgets() {
        var queue = UploadQueue()
        for piece in 5...8 as ClosedRange<UInt32> { queue.keep(upload(1, piece)) }
        queue.add(upload(1, 1))
        #expect(queue.cancel(PeerHandle(1), block(5)) == true)
        #expect(queue.cancel(PeerHandle(1), block(5)) == false)
        #expect(queue.dropStanding(PeerHandle(1), keeping: 0) { $0.value == 6 } == [block(6)])
        #expect(queue.dropStanding(before: PieceIndex(8)) == [upload(1, 7)])
        #expect(queue.requests(of: PeerHandle(1)) == [block(1), block(8)])
        #expect(queue.count(of: PeerHandle(1)) == 2)
        queue.drop(PeerHandle(1))
        #expect(queue.count(of: PeerHandle(1)) == 0 && queue.ready.isEmpty)
    }

    @Test("leaves a child that is let go the next piece")
    func notice() {
        var queue = UploadQueue()
        for piece in [5, 13, 21] as [UInt32] { queue.keep(upload(1, piece)) }
        queue.keep(upload(2, 5))
        let dropped = queue.dropStanding(PeerHandle(1), keeping: 1) { _ in true }
        #expect(dropped == [block(13), block(21)])
        #expect(queue.requests(of: PeerHandle(1)) == [block(5)])
        #expect(queue.requests(of: PeerHandle(2)) == [block(5)])
    }
}

@Suite("The choker")
struct LiveChokerTests {
    /// Neighbours as `name: gives, child stripes, age in seconds`.
    private func open(_ slots: Int, _ peers: [(gives: Double, children: Int, age: Double)])
        -> [Int]
    {
        let chokees = peers.enumerated().map { slot, peer in
            Chokee(
                peer: PeerHandle(slot), isInterested: true, gives: peer.gives,
                childStripes: peer.children, age: .seconds(peer.age))
        }
        return LiveChoker.unchoked(chokees, slots: slots).map(\.slot).sorted()
    }

    @Test("opens to all while there is room")
    func room() {
        #expect(open(3, [(0, 0, 99), (0, 0, 99), (0, 0, 99)]) == [0, 1, 2])
    }

    @Test("prefers those who give and children, and keeps places for newcomers")
    func ranks() {
        let old = 99.0
        #expect(open(2, [(0, 0, old), (9, 0, old), (5, 0, old)]) == [1, 2])
        #expect(open(2, [(900, 0, old), (0, 1, old), (950, 0, old)]) == [1, 2])
        #expect(open(2, [(900, 0, old), (0, 0, 1), (950, 0, old)]) == [1, 2])
        // Among newcomers the youngest: it has had no turn yet.
        #expect(open(2, [(900, 0, old), (0, 0, 9), (0, 0, 1)]) == [0, 2])
    }

    @Test("opens to nobody who wants nothing")
    func uninterested() {
        let idle = Chokee(
            peer: PeerHandle(1), isInterested: false, gives: 9, childStripes: 0, age: .zero)
        #expect(LiveChoker.unchoked([idle], slots: 5).isEmpty)
    }
}

@Suite("The uplink")
struct UplinkTests {
    private func uplink(limit: ByteRate? = nil) -> Uplink {
        Uplink(initial: 98_304, target: .milliseconds(60), limit: limit)
    }

    /// Acknowledges at a rate for a while, every 15 ms.
    private func run(
        _ uplink: inout Uplink, rate: Double, from: Double, to: Double,
        roundTrip: Interval = .milliseconds(50)
    ) {
        var second = from
        while second < to {
            uplink.acknowledged(
                Int(rate * 0.015), leastRoundTrip: roundTrip,
                at: .zero + .seconds(second))
            second += 0.015
        }
    }

    @Test("learns the line's rate, and puts more under way on a faster one")
    func rate() {
        var (slow, fast) = (uplink(), uplink())
        run(&slow, rate: 100_000, from: 0, to: 5)
        run(&fast, rate: 10_000_000, from: 0, to: 5)
        #expect((90_000.0...110_000).contains(slow.rate.bytesPerSecond))
        #expect(slow.inFlight < 98_304)
        #expect(fast.inFlight > 1_000_000 && fast.inFlight <= 4_194_304)
    }

    @Test("keeps more under way over a long distance, so that its first readings do not starve it")
    func distance() {
        // Round trips in milliseconds, and the least under way: 64 KiB in 160 ms.
        for (roundTrip, least) in [(20, 65_536), (100, 65_536), (340, 163_840), (5_000, 262_144)] {
            var line = uplink()
            let time = Interval.milliseconds(Int64(roundTrip))
            run(&line, rate: 10_000, from: 0, to: 5, roundTrip: time)
            #expect(abs(line.inFlight - least) < 64, "\(roundTrip) ms")
        }
    }

    @Test("remembers the best of ten seconds, not more")
    func memory() {
        var line = uplink()
        run(&line, rate: 1_000_000, from: 0, to: 3)
        run(&line, rate: 100_000, from: 3, to: 8)
        #expect(line.rate.bytesPerSecond > 900_000)
        run(&line, rate: 100_000, from: 8, to: 30)
        #expect(line.rate.bytesPerSecond < 200_000)
    }
}

@Suite("The number of feeds")
struct FeedSlotsTests {
    private func second(_ second: Double) -> Instant { .zero + .seconds(second) }

    @Test("grows one by one while nothing waits")
    func grows() {
        var slots = FeedSlots(initial: 2)
        #expect(slots.hasRoom(used: 1, at: second(1)) == true)
        #expect(slots.hasRoom(used: 2, at: second(1)) == true)
        #expect(slots.hasRoom(used: 3, at: second(1.1)) == false)
        #expect(slots.hasRoom(used: 3, at: second(2)) == true)
        #expect(slots.count == 4)
    }

    @Test("shrinks while blocks wait, and is careful afterwards")
    func shrinks() {
        var slots = FeedSlots(initial: 8)
        for _ in 0..<60 { slots.learn(.milliseconds(600), at: second(1)) }
        #expect(slots.isFull(used: 8, at: second(1)))
        #expect(slots.isCrowded(used: 8, at: second(1)) == true)
        #expect(slots.count == 7)
        #expect(slots.isCrowded(used: 7, at: second(1.2)) == false)
        for _ in 0..<60 { slots.learn(.zero, at: second(2)) }
        #expect(slots.hasRoom(used: 7, at: second(4)) == false)
        #expect(slots.hasRoom(used: 7, at: second(7)) == true)
    }

    @Test("lets go sooner, and takes on later, where the line is busy")
    func busy() {
        for isBusy in [false, true] {
            var slots = FeedSlots(initial: 8)
            slots.fit(8, isBusy: isBusy)
            for _ in 0..<60 { slots.learn(.milliseconds(80), at: second(1)) }
            #expect(slots.hasRoom(used: 8, at: second(1)) == !isBusy)
            for _ in 0..<60 { slots.learn(.milliseconds(250), at: second(2)) }
            #expect(slots.isCrowded(used: 8, at: second(2)) == isBusy)
        }
    }

    @Test("does not grow beyond what a busy line carries, though nothing waits yet")
    func spoken() {
        for isBusy in [false, true] {
            var slots = FeedSlots(initial: 8)
            slots.fit(9.3, isBusy: isBusy)
            #expect(slots.hasRoom(used: 7, at: second(1)) == true)
            #expect(slots.hasRoom(used: 8, at: second(1)) == !isBusy)
            #expect(slots.isFull(used: 8, at: second(2)) == isBusy)
            slots.fit(9.6, isBusy: isBusy)
            #expect(slots.hasRoom(used: 8, at: second(3)) == true)
        }
    }

    @Test("never shrinks below what the line has shown to carry")
    func shown() {
        var slots = FeedSlots(initial: 8)
        slots.fit(9.3)
        for _ in 0..<60 { slots.learn(.seconds(2), at: second(1)) }
        #expect(slots.isCrowded(used: 7, at: second(1)) == false)
        #expect(slots.isCrowded(used: 9, at: second(1)) == true)
        #expect(slots.count == 7)
        slots.fit(20)
        #expect(slots.count == 17)
    }

    @Test("forgets a crowd of long ago")
    func forgets() {
        var slots = FeedSlots(initial: 8)
        for _ in 0..<60 { slots.learn(.seconds(1), at: second(1)) }
        #expect(slots.isFull(used: 0, at: second(1)) == true)
        #expect(slots.isFull(used: 0, at: second(8)) == false)
    }
}
