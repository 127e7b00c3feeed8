import Metainfo
import Pieces
import Primitives
import Testing

@testable import Swarm

/// A picture of missing pieces: the digit is the number of holders, `.` is not missing; the
/// player needs the first one now and the others 100 ms after each other.
private func order(
    _ picture: String, urgent: Int64, _ order: PickOrder = .deadline, seed: UInt64 = 1
) -> [UInt32] {
    var random = SeededRandom(seed: seed)
    let now = Instant.zero
    let candidates = picture.enumerated().compactMap { index, character in
        character.wholeNumberValue.map {
            Candidate(
                piece: PieceIndex(UInt32(index)), due: now + .milliseconds(Int64(index) * 100),
                holders: $0)
        }
    }
    let sorted = order.sorted(
        candidates, now: now, urgent: .milliseconds(urgent), random: &random)
    return sorted.map(\.piece.value)
}

@Suite("The order of picking")
struct PickOrderTests {
    @Test("is that of the deadlines within the urgent span, then the rarest, then the newest")
    func pictures() {
        #expect(order("333333", urgent: 1000) == [0, 1, 2, 3, 4, 5])
        #expect(order("333333", urgent: 250) == [0, 1, 2, 5, 4, 3])
        #expect(order("332212", urgent: 50) == [0, 4, 5, 3, 2, 1])
        #expect(order("9..9.1", urgent: 50) == [0, 5, 3])
        #expect(order("......", urgent: 50) == [])
    }

    @Test("may be plain: as the stream goes, or the rarest first and lots among equals")
    func plain() {
        #expect(order("921.3", urgent: 50, .sequential) == [0, 1, 2, 4])
        #expect(order("921.3", urgent: 50, .rarestFirst) == [2, 1, 4, 0])
        let lots = Set((1...8).map { order("33333333", urgent: 50, .rarestFirst, seed: $0) })
        #expect(lots.count > 4)
        #expect(lots.allSatisfy { $0.sorted() == [0, 1, 2, 3, 4, 5, 6, 7] })
    }

    @Test("is for BiToS the rarest of what is due soon, and now and then of the rest")
    func biToS() {
        let sure = PickOrder.biToS(soon: 1)
        #expect(order("321321", urgent: 250, sure) == [2, 1, 0, 5, 4, 3])
        let never = PickOrder.biToS(soon: 0)
        #expect(order("321321", urgent: 250, never) == [5, 4, 3, 2, 1, 0])
        let first = (1...1000).map { order("1119", urgent: 250, .biToS(soon: 0.8), seed: $0)[0] }
        #expect((150...250).contains(first.count { $0 == 3 }))
    }

    @Test("draws no lots for the project's own order, so that nothing else changes with it")
    func noLots() {
        var random = SeededRandom(seed: 1)
        var fresh = SeededRandom(seed: 1)
        let candidates = [Candidate(piece: PieceIndex(1), due: .never, holders: 1)]
        _ = PickOrder.deadline.sorted(candidates, now: .zero, urgent: .zero, random: &random)
        #expect(random.next() == fresh.next())
    }
}

@Suite("The choice among holders")
struct HolderPolicyTests {
    private func holder(_ slot: Int, _ change: (inout Holder) -> Void = { _ in }) -> Holder {
        var holder = Holder(
            peer: PeerHandle(slot), outstanding: 0, rate: ByteRate(bytesPerSecond: 100_000),
            lateness: 0, isSource: false, isPresumed: false)
        change(&holder)
        return holder
    }

    private func best(_ holders: Holder...) -> Int? {
        HolderPolicy.best(holders, length: 16_384, salt: 1)?.slot
    }

    @Test("is the one with the shortest expected delivery time")
    func fastest() {
        #expect(best() == nil)
        #expect(best(holder(1) { $0.outstanding = 65_536 }, holder(2)) == 2)
        let quick = holder(2) {
            $0.outstanding = 65_536
            $0.rate = ByteRate(bytesPerSecond: 1_000_000)
        }
        #expect(best(holder(1) { $0.outstanding = 16_384 }, quick) == 2)
    }

    @Test("goes last to the source, to the late and to those who have not said so")
    func last() {
        #expect(best(holder(1) { $0.isSource = true }, holder(2)) == 2)
        #expect(best(holder(1) { $0.lateness = 1 }, holder(2)) == 2)
        #expect(best(holder(1) { $0.isPresumed = true }, holder(2)) == 2)
        #expect(best(holder(1) { $0.isSource = true }) == 1)
    }

    @Test("prefers a little who has little to send, and whoever was heard lately")
    func idle() {
        #expect(best(holder(1) { $0.wait = 0.2 }, holder(2)) == 2)
        // Many hear the same word at once: its own slower line counts for more.
        let slow = holder(2) { $0.outstanding = 32_768 }
        #expect(best(holder(1) { $0.wait = 0.75 }, slow) == 1)
        #expect(best(holder(1) { $0.silence = .seconds(2) }, holder(2)) == 2)
        #expect(best(holder(1) { $0.silence = .seconds(2) }, slow) == 2)
    }

    @Test("is put off while all lines are full, but not for ever")
    func secondAsk() {
        func pays(_ wait: Double, after waited: Double) -> Bool {
            SecondAsk.pays(wait: wait, waited: .seconds(waited), patience: .seconds(0.4))
        }
        #expect(pays(0, after: 0.41))
        #expect(pays(0.1, after: 0.41))
        #expect(!pays(0.15, after: 0.41))
        #expect(pays(0.75, after: 0.81))
    }

    @Test("uses equals evenly")
    func even() {
        let equals = (1...4).map { holder($0) }
        let chosen = (0..<200).map {
            HolderPolicy.best(equals, length: 16_384, salt: $0 &* 7919)?.slot ?? 0
        }
        for slot in 1...4 { #expect(chosen.count { $0 == slot } > 20) }
    }
}

@Suite("The choice of a parent")
struct ParentPolicyTests {
    private func candidate(
        _ slot: Int, depth: UInt8, feeds: Int = 0, late: Int = 0, current: Bool = false,
        roundTrip: Int64 = 50
    ) -> ParentCandidate {
        ParentCandidate(
            peer: PeerHandle(slot), depth: depth, feeds: feeds, lateness: late,
            roundTrip: .milliseconds(roundTrip), isCurrent: current)
    }

    private func choose(_ candidates: ParentCandidate...) -> Int? {
        ParentPolicy.choose(candidates, salt: 3)?.slot
    }

    @Test("is whoever is nearest to the source")
    func nearest() {
        #expect(choose() == nil)
        #expect(choose(candidate(1, depth: 3), candidate(2, depth: 1)) == 2)
        #expect(choose(candidate(1, depth: 2), candidate(2, depth: 2, roundTrip: 300)) == 1)
    }

    @Test("spreads the stripes")
    func spread() {
        #expect(choose(candidate(1, depth: 2, feeds: 3), candidate(2, depth: 2)) == 2)
    }

    @Test("stays with the parent unless another is more than two hops better")
    func loyal() {
        #expect(choose(candidate(1, depth: 3, current: true), candidate(2, depth: 2)) == 1)
        #expect(choose(candidate(1, depth: 5, current: true), candidate(2, depth: 2)) == 2)
        #expect(
            choose(candidate(1, depth: 2, late: 6, current: true), candidate(2, depth: 2)) == 2)
    }

    @Test("takes nobody who is not fed, nor a loop that counts up")
    func unfed() {
        #expect(choose(candidate(1, depth: 255)) == nil)
        #expect(choose(candidate(1, depth: 25, current: true)) == nil)
        #expect(choose(candidate(1, depth: 24)) == 1)
    }
}

@Suite("The tune-in point")
struct TuneInTests {
    /// Holders of the key frames, oldest first, as digits.
    private func choose(_ picture: String, needed: Int) -> UInt32? {
        let holders = picture.compactMap(\.wholeNumberValue)
        let points = holders.indices.reversed().map {
            RandomAccessPoint(piece: PieceIndex(UInt32($0)), offset: 0)
        }
        return TuneIn.choose(points: points, needed: needed) { holders[Int($0.value)] }?.piece
            .value
    }

    @Test("is the newest that enough neighbours hold")
    func pictures() {
        #expect(choose("5321", needed: 1) == 3)
        #expect(choose("5321", needed: 2) == 2)
        #expect(choose("5321", needed: 3) == 1)
        #expect(choose("5020", needed: 3) == 0)
        #expect(choose("1111", needed: 2) == nil)
        #expect(choose("", needed: 1) == nil)
    }

    @Test("needs half of the neighbours, three at most")
    func needed() {
        #expect(
            (0...8).map { TuneIn.holdersNeeded(neighbours: $0) } == [1, 1, 1, 2, 2, 3, 3, 3, 3])
    }
}

@Suite("Patience")
struct PatienceTests {
    @Test("is short while pieces come at once, and has a floor")
    func short() {
        var patience = Patience()
        for _ in 0..<200 { patience.learn(.milliseconds(10)) }
        #expect(patience.limit == .milliseconds(250))
    }

    @Test("grows with what is usual, and has a ceiling")
    func long() {
        var patience = Patience()
        for _ in 0..<200 { patience.learn(.milliseconds(500)) }
        #expect((.milliseconds(500)...Interval.milliseconds(600)).contains(patience.limit))
        for _ in 0..<200 { patience.learn(.seconds(60)) }
        #expect(patience.limit <= .milliseconds(2500))
        patience.learn(.seconds(-5))
        #expect(patience.limit > .zero)
    }
}

@Suite("The table of pieces")
struct PieceTableTests {
    private func table(_ base: UInt32) -> PieceTable {
        PieceTable(base: PieceIndex(base), capacity: 64)
    }

    @Test("forgets what slides out and keeps the rest")
    func slides() {
        var table = table(100)
        table[PieceIndex(100)].blocksSent = 1
        table[PieceIndex(110)].blocksSent = 2
        table.slide(to: PieceIndex(105))
        #expect(!table.contains(PieceIndex(104)))
        #expect(table[PieceIndex(110)].blocksSent == 2)
        // The slot of 100 is that of 164 now, and empty.
        #expect(table[PieceIndex(164)].blocksSent == 0)
        table.slide(to: PieceIndex(50))
        #expect(table.base == PieceIndex(105))
        table.checkInvariants()
    }

    @Test("slides any distance, and begins anew anywhere")
    func far() {
        var table = table(0)
        table[PieceIndex(3)].blocksSent = 1
        table.slide(to: PieceIndex(4_000_000_000))
        #expect(table.contains(PieceIndex(4_000_000_063)))
        table.reset(to: PieceIndex(7))
        #expect(table[PieceIndex(7)].blocksSent == 0)
        table.slide(to: PieceIndex(.max - 10))
        #expect(table.limit == PieceIndex(.max))
        table.checkInvariants()
    }
}
