// Whom the source feeds. It shows each new piece to a few viewers only, and spreads the stripes
// over as many as there are, so that its upload does not grow with the audience.
// Keeps who holds which stripe, and the budget of copies. Sends nothing itself.

import Primitives

/// The source's children in each stripe, and what else it may send.
struct SourcePolicy: Sendable {
    /// What becomes of a viewer that asks for a stripe.
    enum Verdict: Hashable {
        /// It is fed.
        case feed
        /// It is fed in the place of another.
        case replace(PeerHandle)
        /// All places are taken.
        case refuse
    }

    private struct Child: Sendable {
        var peer: PeerHandle
        var askedAt: Instant
    }

    /// A viewer that has not asked for so long, five times over, has gone: nobody says so.
    static let patience = Interval.seconds(4)

    /// A place that is free for so long is given to whoever asks, however many that one has.
    static let vacancy = Interval.milliseconds(400)

    private var children: [[Child]]
    /// Since when a stripe has had a place that somebody who has enough asked for.
    private var vacantSince: [Instant?]
    private let roots: Int
    private let policies: DeliveryPolicies
    private var extra = Allotment()

    /// A policy of `roots` children in each of `stripes`.
    init(stripes: Int, roots: Int, policies: DeliveryPolicies = .all) {
        self.policies = policies
        children = Array(repeating: [], count: stripes)
        vacantSince = Array(repeating: nil, count: stripes)
        self.roots = roots
    }

    /// How many stripes a viewer is fed in.
    func share(of peer: PeerHandle) -> Int {
        children.count { $0.contains { $0.peer == peer } }
    }

    /// Whether a viewer is fed in a stripe.
    func feeds(_ peer: PeerHandle, in stripe: Int) -> Bool {
        children[stripe].contains { $0.peer == peer }
    }

    /// Decides on a viewer that asks for `stripe`; `passing` are those who would pass it on, of
    /// `viewers` who are there.
    ///
    /// Nobody gets more than an equal share of the places while others may still ask: in a crowd
    /// the first two would hold them all, and everybody else would wait for two lines. Where no
    /// place is left, whoever would not pass the stripe on makes room for one that would, and a
    /// viewer that holds two stripes more than the asker gives one up.
    mutating func ask(
        _ peer: PeerHandle, for stripe: Int, passing: Set<PeerHandle>, viewers: Int,
        at now: Instant
    ) -> Verdict {
        if stay(peer, in: stripe, at: now) { return .feed }
        children[stripe].removeAll { now - $0.askedAt > Self.patience }
        let child = Child(peer: peer, askedAt: now)
        if children[stripe].count < roots {
            guard mayTake(peer, in: stripe, viewers: viewers, at: now) else { return .refuse }
            children[stripe].append(child)
            vacantSince[stripe] = nil
            return .feed
        }
        guard let old = victim(of: peer, in: stripe, passing: passing) else { return .refuse }
        children[stripe].removeAll { $0.peer == old }
        children[stripe].append(child)
        return .replace(old)
    }

    /// Those who are fed in a stripe, who has been for longest first.
    func children(in stripe: Int) -> [PeerHandle] { children[stripe].map(\.peer) }

    /// A viewer that is fed in a stripe has asked again; answers whether it is.
    @discardableResult
    mutating func stay(_ peer: PeerHandle, in stripe: Int, at now: Instant) -> Bool {
        guard let place = children[stripe].firstIndex(where: { $0.peer == peer })
        else { return false }
        children[stripe][place].askedAt = now
        return true
    }

    private mutating func mayTake(
        _ peer: PeerHandle, in stripe: Int, viewers: Int, at now: Instant
    ) -> Bool {
        guard policies.contains(.fairRoots) else { return true }
        let places = children.count * roots
        let fair = (places + max(viewers, 1) - 1) / max(viewers, 1)
        if share(of: peer) < fair { return true }
        let since = vacantSince[stripe] ?? now
        vacantSince[stripe] = since
        return now - since > Self.vacancy
    }

    private func victim(
        of peer: PeerHandle, in stripe: Int, passing: Set<PeerHandle>
    ) -> PeerHandle? {
        let byShare = children[stripe].map(\.peer).sorted { share(of: $0) > share(of: $1) }
        guard passing.contains(peer) else { return nil }
        if policies.contains(.leavesMakeWay),
            let leaf = byShare.first(where: { !passing.contains($0) })
        {
            return leaf
        }
        guard policies.contains(.rootsRotate) else { return nil }
        return byShare.first { share(of: $0) >= share(of: peer) + 2 }
    }

    /// A viewer is gone or gives a stripe up (all of them where `stripe` is nil).
    mutating func release(_ peer: PeerHandle, stripe: Int? = nil) {
        for s in children.indices where stripe.map({ $0 == s }) ?? true {
            children[s].removeAll { $0.peer == peer }
        }
    }

    /// Whether `count` bytes beyond the standing copies may be sent now; takes them if so.
    ///
    /// The budget fills at `rate` and holds three seconds of it, for the start of a swarm; so much of
    /// it is left as `reserve` says.
    mutating func spend(
        _ count: Int, rate: ByteRate, leaving reserve: Interval = .zero, at now: Instant
    ) -> Bool {
        extra.take(
            count, rate: rate, depth: Int(rate.bytesPerSecond * 3),
            leaving: Int(rate.bytesPerSecond * reserve.seconds), at: now)
    }
}
