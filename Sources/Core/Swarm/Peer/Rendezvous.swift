// Who is asked to introduce this node to whom, where an address does not answer because it lies
// behind a NAT (BEP 55), and how much of that neighbours may ask of us. Dials and sends nothing.
//
//     dialled ──no answer, or refused──▶ asking ──error, silence──▶ asking another
//        │                                 └──connect──▶ introduced
//        └──connected, given up──▶ gone ◀──────────────────┘

import Primitives

/// So many a minute, all of them at once if need be.
struct MinuteQuota: Sendable {
    private var used = 0.0
    private var at = Instant.zero

    /// Takes one of `most` a minute and answers whether it was there.
    mutating func take(of most: Int, at now: Instant) -> Bool {
        used = max(0, used - (now - at).seconds * Double(most) / 60)
        at = now
        guard used + 1 <= Double(most) else { return false }
        used += 1
        return true
    }
}

/// The introductions of one node.
struct Rendezvous: Sendable {
    /// An address that is being dialled.
    private struct Attempt: Sendable {
        let endpoint: Endpoint
        let begunAt: Instant
        /// When to ask the next neighbour; `.never` once that is of no use.
        var askAt: Instant
        var asked: [PeerHandle] = []
        /// Which of those have introduced us.
        var heeded: [PeerHandle] = []
        var isIntroduced = false
        /// We dial it because it dials us.
        var isBack = false
    }

    /// What has passed between us and one neighbour.
    private struct Dealings: Sendable {
        /// What we asked of it, it of us, and what it told us to do.
        var asks = MinuteQuota()
        var served = MinuteQuota()
        var obeyed = MinuteQuota()
    }

    private let settings: RendezvousSettings
    /// In the order in which they began.
    private var attempts: [Attempt] = []
    /// Which neighbours say that they are connected to an address.
    private var tellers: [Endpoint: [PeerHandle]] = [:]
    private var dealings: [PeerHandle: Dealings] = [:]
    private var obeyed = MinuteQuota()
    /// Where this node has met itself.
    private var own: Set<Endpoint> = []

    /// Addresses whose tellers are remembered, and of these from one teller: two messages, of each
    /// of forty neighbours.
    private static let mostTold = 4000
    private static let mostPerTeller = 100
    /// Tellers of one address that are remembered: one is asked, the others if it has gone.
    private static let mostTellers = 3
    /// A host has few addresses.
    private static let mostOwn = 16

    init(_ settings: RendezvousSettings) { self.settings = settings }

    // MARK: Whom to ask

    /// When an address is to be looked at again.
    var nextAt: Instant { attempts.map(\.askAt).min() ?? .never }

    /// An address is being dialled.
    mutating func dialled(_ endpoint: Endpoint, at now: Instant) {
        let first = now - settings.attemptTime
        attempts.removeAll { $0.endpoint == endpoint || $0.begunAt <= first }
        attempts.append(
            Attempt(endpoint: endpoint, begunAt: now, askAt: now + settings.askAfter))
    }

    /// An address is refused to us, or does not answer at all.
    ///
    /// Some NATs refuse what they do not know: that is a reason to ask at once.
    mutating func failed(_ endpoint: Endpoint, at now: Instant) {
        guard let place = attempts.firstIndex(where: { $0.endpoint == endpoint }) else { return }
        let isEarly = now - attempts[place].begunAt < settings.askAfter
        // Where an introduction is what was refused, or all have been asked, nobody else will help.
        if isEarly, attempts[place].askAt < .never {
            attempts[place].askAt = min(attempts[place].askAt, now)
        } else if attempts[place].asked.isEmpty
            || now - attempts[place].begunAt >= settings.attemptTime
        {
            attempts.remove(at: place)
        }
    }

    /// An address is a neighbour now; answers whether somebody introduced us.
    @discardableResult
    mutating func met(_ endpoint: Endpoint) -> Bool {
        guard let place = attempts.firstIndex(where: { $0.endpoint == endpoint }) else {
            return false
        }
        return attempts.remove(at: place).isIntroduced
    }

    /// Whether an address is dialled only because it dials us, by another's word.
    func isBack(_ endpoint: Endpoint) -> Bool {
        attempts.contains { $0.endpoint == endpoint && $0.isBack }
    }

    /// Whether an introduction to an address was asked for lately.
    func wants(_ endpoint: Endpoint) -> Bool {
        attempts.contains { $0.endpoint == endpoint && !$0.asked.isEmpty }
    }

    /// The addresses for which a neighbour should be asked now.
    mutating func due(at now: Instant) -> [Endpoint] {
        let first = now - settings.attemptTime
        attempts.removeAll { $0.begunAt <= first }
        return attempts.filter { $0.askAt <= now }.map(\.endpoint)
    }

    /// Whom to ask for an introduction to an address, if anybody.
    ///
    /// Of `relays`, the neighbours that introduce, the likeliest first, those who said themselves
    /// that they are connected to it go before the others.
    mutating func ask(
        for endpoint: Endpoint, among relays: [PeerHandle], at now: Instant
    ) -> PeerHandle? {
        guard let place = attempts.firstIndex(where: { $0.endpoint == endpoint }) else {
            return nil
        }
        let asked = attempts[place].asked
        let sure = (tellers[endpoint] ?? []).filter { relays.contains($0) }
        let guesses = asked.count < settings.guesses ? relays : []
        let chosen = (sure + guesses).first { relay in
            !asked.contains(relay)
                && dealings[relay, default: Dealings()].asks.take(of: settings.perPeer, at: now)
        }
        guard let chosen else {
            // Somebody else may come, or tell of it.
            attempts[place].askAt = now + settings.attemptTime
            return nil
        }
        attempts[place].asked.append(chosen)
        let isLast = attempts[place].asked.count >= settings.asks
        attempts[place].askAt = isLast ? .never : now + settings.answerTime
        return chosen
    }

    /// A neighbour cannot introduce us: the next one is asked at once, or nobody.
    mutating func refused(
        _ endpoint: Endpoint, by peer: PeerHandle, forGood: Bool, at now: Instant
    ) {
        tellers[endpoint]?.removeAll { $0 == peer }
        guard let place = attempts.firstIndex(where: { $0.endpoint == endpoint }),
            attempts[place].asked.last == peer, attempts[place].askAt < .never
        else { return }
        attempts[place].askAt = forGood ? .never : now
    }

    /// There is a neighbour more to be asked: for what nobody could be asked so far.
    mutating func gained(at now: Instant) {
        for place in attempts.indices where attempts[place].asked.isEmpty {
            let soonest = max(now, attempts[place].begunAt + settings.askAfter)
            if attempts[place].askAt < .never { attempts[place].askAt = soonest }
        }
    }

    /// A neighbour says that it is connected to these.
    mutating func told(of endpoints: [Endpoint], by peer: PeerHandle, at now: Instant) {
        var room = Self.mostPerTeller - tellers.values.count { $0.contains(peer) }
        for endpoint in endpoints where tellers[endpoint] != nil || tellers.count < Self.mostTold {
            guard room > 0 else { return }
            var known = tellers[endpoint] ?? []
            guard known.count < Self.mostTellers, !known.contains(peer) else { continue }
            known.append(peer)
            tellers[endpoint] = known
            room -= 1
            guard let place = attempts.firstIndex(where: { $0.endpoint == endpoint }),
                !attempts[place].isIntroduced, attempts[place].asked.count < settings.asks
            else { continue }
            let soonest = max(now, attempts[place].begunAt + settings.askAfter)
            attempts[place].askAt = min(attempts[place].askAt, soonest)
        }
    }

    /// A neighbour is no longer connected to these.
    mutating func withdrawn(_ endpoints: [Endpoint], by peer: PeerHandle) {
        for endpoint in endpoints {
            tellers[endpoint]?.removeAll { $0 == peer }
            if tellers[endpoint]?.isEmpty ?? false { tellers[endpoint] = nil }
        }
    }

    /// A neighbour is gone, and what it told with it.
    mutating func forget(_ peer: PeerHandle) {
        dealings[peer] = nil
        tellers = tellers.compactMapValues { all in
            let rest = all.filter { $0 != peer }
            return rest.isEmpty ? nil : rest
        }
        // Its number may soon be another's.
        for place in attempts.indices {
            attempts[place].asked.removeAll { $0 == peer }
            attempts[place].heeded.removeAll { $0 == peer }
        }
    }

    // MARK: What is asked of us

    /// Whether a neighbour may be introduced to one more.
    mutating func serves(_ peer: PeerHandle, at now: Instant) -> Bool {
        dealings[peer, default: Dealings()].served.take(of: settings.perPeer, at: now)
    }

    /// Whether `peer` was asked for an introduction to an address, and this is the first that it gives.
    ///
    /// What was asked for is bounded by what is asked: those who tell us of what we did not ask for
    /// are not to use it up.
    mutating func isAnswer(_ endpoint: Endpoint, by peer: PeerHandle) -> Bool {
        guard let place = attempts.firstIndex(where: { $0.endpoint == endpoint }),
            attempts[place].asked.contains(peer), !attempts[place].heeded.contains(peer)
        else { return false }
        attempts[place].heeded.append(peer)
        return true
    }

    /// Whether a neighbour that was not asked may make us dial one more.
    mutating func obeys(_ peer: PeerHandle, at now: Instant) -> Bool {
        dealings[peer, default: Dealings()].obeyed.take(of: settings.perPeer, at: now)
            && obeyed.take(of: settings.inAll, at: now)
    }

    /// We are dialling an address to which a neighbour introduced us.
    ///
    /// If we did not ask it, its word keeps us from asking nobody. Where we dial only because of it,
    /// the dial `isBack`.
    mutating func introduced(
        _ endpoint: Endpoint, by peer: PeerHandle, isBack: Bool = false, at now: Instant
    ) {
        let place = attempts.firstIndex { $0.endpoint == endpoint } ?? attempts.count
        if place == attempts.count {
            attempts.append(Attempt(endpoint: endpoint, begunAt: now, askAt: .never))
        }
        attempts[place].isIntroduced = true
        if isBack { attempts[place].isBack = true }
        if attempts[place].asked.contains(peer) { attempts[place].askAt = .never }
    }

    /// This node has met itself at an address.
    mutating func isOurs(_ endpoint: Endpoint) {
        if own.count < Self.mostOwn { own.insert(endpoint) }
    }

    /// Whether an address is known to be this node's own.
    func knowsAsOurs(_ endpoint: Endpoint) -> Bool { own.contains(endpoint) }
}
