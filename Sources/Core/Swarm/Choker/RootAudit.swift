// Whether those whom the source feeds pass on what they get. The source hears of no pieces, but in
// a stripe whose children keep everything for themselves, all others turn to it for each piece.
// Keeps who has lately complained of which stripe in this way. Feeds nobody and hears no words:
// what counts is what somebody had to ask for.

import Primitives

/// The complaints about each stripe.
struct RootAudit: Sendable {
    /// A complaint counts for so long: that many pieces of a stripe should have come meanwhile.
    static let memory = Interval.seconds(4)
    /// After a child has been dismissed, others have so long to show that they do better.
    static let patience = Interval.seconds(8)
    /// A stripe is found dead if it has one in so many of all voices, and so many at least.
    ///
    /// Where lines are full, everybody lacks something of every stripe, and each of eight has an
    /// eighth of the voices at most.
    static let share = 3
    static let fewest = 2
    /// Whoever is dismissed is not taken again in that stripe for so long.
    static let banishment = Interval.seconds(60)

    /// The ages of pieces that count: trees need a moment to carry them to everybody, and what is
    /// older may be somebody's backlog.
    private static let ages = 1.5...6.0

    private var complaints: [[IPAddress: Instant]]
    private var reviewedAt: [Instant?]
    private var dismissed: [[IPAddress: Instant]]

    /// Whether asking for a piece that was published so long ago is a complaint.
    static func counts(age: Interval) -> Bool { ages.contains(age.seconds) }

    /// Nobody has complained of any of `stripes`.
    init(stripes: Int) {
        complaints = Array(repeating: [:], count: stripes)
        dismissed = complaints
        reviewedAt = Array(repeating: nil, count: stripes)
    }

    /// Somebody at `address`, one of so many `viewers` who are here, had to ask for a piece of
    /// `stripe`; answers whether its children are to be looked at.
    ///
    /// Each address has one voice, which is divided among all the stripes that it complains of:
    /// whoever gets nothing from anybody, a liar perhaps that is shunned by all, says nothing
    /// about any stripe.
    mutating func complain(
        from address: IPAddress, of stripe: Int, viewers: Int, at now: Instant
    ) -> Bool {
        complaints[stripe][address] = now
        if let last = reviewedAt[stripe], now - last < Self.patience { return false }
        let needed = max(Self.fewest, viewers / Self.share)
        guard complaints[stripe].count >= needed else { return false }
        for s in complaints.indices {
            complaints[s] = complaints[s].filter { now - $0.value < Self.memory }
        }
        // In thousandths: whole numbers have the same sum in any order.
        let voices = complaints[stripe].keys.reduce(0) { sum, address in
            sum + 1000 / complaints.count { $0[address] != nil }
        }
        guard voices >= needed * 1000 else { return false }
        reviewedAt[stripe] = now
        complaints[stripe] = [:]
        return true
    }
    /// Whoever is at `address` has lost its place in a stripe.
    mutating func dismiss(_ address: IPAddress, from stripe: Int, at now: Instant) {
        dismissed[stripe] = dismissed[stripe].filter { $0.value > now }
        dismissed[stripe][address] = now + Self.banishment
    }

    /// Whether somebody at `address` may have a place in a stripe.
    func admits(_ address: IPAddress, to stripe: Int, at now: Instant) -> Bool {
        dismissed[stripe][address].map { $0 <= now } ?? true
    }
}
