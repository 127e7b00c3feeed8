// Whether those whom the source feeds pass on what they get. The source hears of no pieces, but in
// a stripe whose children keep everything for themselves, all others turn to it for each piece.
// Keeps who has lately complained of which stripe in this way. Feeds nobody and hears no words:
// what counts is what somebody had to ask for. Everybody is known by household.

import Primitives

/// The complaints about each stripe.
struct RootAudit: Sendable {
    private let settings: TrustSettings
    private var complaints: [[Household: Instant]]
    private var reviewedAt: [Instant?]
    private var dismissed: [[Household: Instant]]

    /// Whether asking for a piece that was published so long ago is a complaint.
    static func counts(age: Interval, _ settings: TrustSettings = TrustSettings()) -> Bool {
        settings.complaintAges.contains(age.seconds)
    }

    /// Nobody has complained of any of `stripes`.
    init(stripes: Int, _ settings: TrustSettings = TrustSettings()) {
        self.settings = settings
        complaints = Array(repeating: [:], count: stripes)
        dismissed = complaints
        reviewedAt = Array(repeating: nil, count: stripes)
    }

    /// Somebody of a `household`, one of so many `viewers` who are here, had to ask for a piece of
    /// `stripe`; answers whether its children are to be looked at.
    ///
    /// Each household has one voice, which is divided among all the stripes that it complains of:
    /// whoever gets nothing from anybody, a liar perhaps that is shunned by all, says nothing
    /// about any stripe.
    mutating func complain(
        from household: Household, of stripe: Int, viewers: Int, at now: Instant
    ) -> Bool {
        hear(household, of: stripe, at: now)
        if let last = reviewedAt[stripe], now - last < settings.auditPause { return false }
        let needed = max(settings.auditVoices, viewers / settings.auditShare)
        guard complaints[stripe].count >= needed else { return false }
        for s in complaints.indices { forget(s, at: now) }
        // In thousandths: whole numbers have the same sum in any order.
        let voices = complaints[stripe].keys.reduce(0) { sum, household in
            sum + 1000 / complaints.count { $0[household] != nil }
        }
        guard voices >= needed * 1000 else { return false }
        reviewedAt[stripe] = now
        complaints[stripe] = [:]
        return true
    }

    /// Notes a complaint where there is room for it: of those that still count there are as many
    /// as neighbours, unless somebody comes under one address after another.
    private mutating func hear(_ household: Household, of stripe: Int, at now: Instant) {
        if complaints[stripe].count >= settings.mostComplaints { forget(stripe, at: now) }
        let isKnown = complaints[stripe][household] != nil
        guard isKnown || complaints[stripe].count < settings.mostComplaints else { return }
        complaints[stripe][household] = now
    }

    /// Forgets what is too old to count.
    private mutating func forget(_ stripe: Int, at now: Instant) {
        complaints[stripe] = complaints[stripe].filter {
            now - $0.value < settings.complaintMemory
        }
    }

    /// How many complaints of a stripe are remembered.
    func remembered(of stripe: Int) -> Int { complaints[stripe].count }

    /// Whoever is of a `household` has lost its place in a stripe.
    mutating func dismiss(_ household: Household, from stripe: Int, at now: Instant) {
        dismissed[stripe] = dismissed[stripe].filter { $0.value > now }
        dismissed[stripe][household] = now + settings.banishment
    }

    /// Whether somebody of a `household` may have a place in a stripe.
    func admits(_ household: Household, to stripe: Int, at now: Instant) -> Bool {
        dismissed[stripe][household].map { $0 <= now } ?? true
    }
}
