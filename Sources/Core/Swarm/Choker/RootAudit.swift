// Whether those whom the source feeds pass on what they get. The source hears of no pieces, but in
// a stripe whose children keep everything for themselves, all others turn to it for each piece.
// Keeps who has lately complained of which stripe in this way. Feeds nobody and hears no words:
// what counts is what somebody had to ask for.

import Primitives

/// The complaints about each stripe.
struct RootAudit: Sendable {
    private let settings: TrustSettings
    private var complaints: [[IPAddress: Instant]]
    private var reviewedAt: [Instant?]
    private var dismissed: [[IPAddress: Instant]]

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
        if let last = reviewedAt[stripe], now - last < settings.auditPause { return false }
        let needed = max(settings.auditVoices, viewers / settings.auditShare)
        guard complaints[stripe].count >= needed else { return false }
        for s in complaints.indices {
            complaints[s] = complaints[s].filter { now - $0.value < settings.complaintMemory }
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
        dismissed[stripe][address] = now + settings.banishment
    }

    /// Whether somebody at `address` may have a place in a stripe.
    func admits(_ address: IPAddress, to stripe: Int, at now: Instant) -> Bool {
        dismissed[stripe][address].map { $0 <= now } ?? true
    }
}
