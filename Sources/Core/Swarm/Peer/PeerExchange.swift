// What one neighbour has been told of the others (BEP 11), and how much it may tell. Chooses no
// contacts and sends nothing; whom to believe is for ConnectionPlanner.
//
//     mute ──speaks ut_pex──▶ due ──told──▶ resting
//                              ▲──── 60 s ────┘

import Primitives
import Wire

/// The exchange of contacts with one neighbour.
struct PeerExchange: Sendable {
    /// The least time between two messages to a neighbour (BEP 11).
    static let pause = Interval.seconds(60)
    /// Messages that a neighbour may send at once, and how soon it may send one more: BEP 11 with
    /// room for clocks that differ and for one that has been held up.
    private static let burst = 3.0
    private static let patience = Interval.seconds(45)

    /// It has said that it wants to be told.
    var isWanted = false
    /// When it may next be told: the first time at once.
    private(set) var nextAt = Instant.zero
    private var told: [Endpoint] = []
    private var allowed = Self.burst
    private var heardAt: Instant?

    /// What to tell of the `contacts` that there are now; nil where that is nothing new.
    ///
    /// At most 50 contacts and 50 departures a message, and nothing before `nextAt`. Who comes and
    /// goes between two messages is not spoken of.
    mutating func next(_ contacts: [Contact], at now: Instant) -> PeerExchangeMessage? {
        guard isWanted, now >= nextAt else { return nil }
        let most = PeerExchangeMessage.most
        let added = contacts.filter { !told.contains($0.endpoint) }.prefix(most)
        let gone = told.filter { old in !contacts.contains { $0.endpoint == old } }.prefix(most)
        guard !added.isEmpty || !gone.isEmpty else { return nil }
        told.removeAll { gone.contains($0) }
        told += added.map(\.endpoint)
        nextAt = now + Self.pause
        return PeerExchangeMessage(added: Array(added), dropped: Array(gone))
    }

    /// Whether a message that has come is one of those that the neighbour may send.
    mutating func admits(at now: Instant) -> Bool {
        let rest = heardAt.map { (now - $0).seconds / Self.patience.seconds } ?? 0
        allowed = min(Self.burst, allowed + rest)
        heardAt = now
        guard allowed >= 1 else { return false }
        allowed -= 1
        return true
    }
}
