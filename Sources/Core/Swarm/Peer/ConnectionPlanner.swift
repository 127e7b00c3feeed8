// Which addresses to connect to, and when. Keeps what became of each attempt; opens nothing.
// What neighbours tell of is in ConnectionPlanner+Hearsay, what one host is spared in +Hosts.

import Primitives

/// The addresses of possible neighbours.
struct ConnectionPlanner: Sendable {
    enum Phase: Hashable {
        /// Not connected; may be tried from a moment on.
        case idle
        /// An attempt is under way.
        case dialing
        /// A neighbour.
        case connected
    }

    struct Known {
        var phase = Phase.idle
        var failures = 0
        var nextTry = Instant.zero
        var failedAt = Instant.zero
        var dialledAt = Instant.zero
        /// Who told of it, where only a neighbour did and it was never connected to.
        var teller: Household?
        /// Nobody had told of it when we were first introduced to it.
        var isByIntroduction = false
        /// Somebody has answered there: it is not soon forgotten for what came to nothing since.
        var hasAnswered = false

        /// Whether it is not being tried, and known from `teller` alone.
        func isIdle(toldBy teller: Household) -> Bool { phase == .idle && self.teller == teller }
    }

    /// Addresses remembered: what a tracker gives ten times over.
    private let limit = 1000
    var known: [Endpoint: Known] = [:]
    var order: [Endpoint] = []
    /// Who told of addresses, in the order in which theirs are tried next.
    var turns: [Household] = []
    /// Where introductions came to nothing that nobody else knew, and when.
    private var vain: [Endpoint: Instant] = [:]
    private var banned: Set<IPAddress> = []
    /// How many addresses of each household are banned.
    private var bannedOf: [Household: Int] = [:]
    /// How many ports of an address were refused where it has others.
    private var sparedOf: [IPAddress: Int] = [:]
    /// Addresses that no bound on hosts holds up, and no ban of others: the source's.
    private let trusted: Set<Endpoint>
    private var refused: Set<Endpoint> = []
    /// What may be tried of hosts where attempts came to nothing.
    private var paces: [Household: HostPace] = [:]
    /// Addresses that were forgotten as nobody answered, and when that was.
    private var spent: [Endpoint: Instant] = [:]
    /// The time until one that is named again has one try more.
    private static let spentPause = Interval.seconds(60)
    /// How long they are remembered where there is no room for more.
    private static let spentMemory = Interval.seconds(600)
    /// Addresses that are told nothing before they have answered our handshake.
    private var plain: Set<Endpoint> = []

    /// A planner that knows no addresses; those of the source are `trusted`.
    init(trusting trusted: [Endpoint] = []) { self.trusted = Set(trusted) }

    /// Attempts under way.
    var dialing: Int { known.values.count { $0.phase == .dialing } }

    /// Attempts under way that began after a moment.
    func dialing(since moment: Instant) -> Int {
        known.values.count { $0.phase == .dialing && $0.dialledAt > moment }
    }

    /// Whether an attempt at an address is under way.
    func isDialing(_ endpoint: Endpoint) -> Bool { known[endpoint]?.phase == .dialing }

    /// Takes new addresses in; those where no peer can live are dropped, and those of a host or a
    /// network of which many are known already.
    ///
    /// Where there is no room, those make it that were tried in vain, most often first: a list of
    /// wrong addresses keeps the right ones out for as long as it takes to try them once.
    mutating func add(_ endpoints: [Endpoint]) {
        var room = limit - (order.count - heard)
        var hosts = KnownHosts(known)
        var vain: [Endpoint]?
        for endpoint in endpoints {
            guard endpoint.canBePeer, !refused.contains(endpoint) else { continue }
            if let entry = known[endpoint], entry.teller == nil { continue }
            guard
                hosts.hasRoom(for: endpoint) || trusted.contains(endpoint)
                    || makeRoom(for: endpoint, &hosts)
            else { continue }
            // Below nothing where hearsay has turned out to be true.
            if room <= 0 {
                vain = vain ?? triedInVain()
                guard let gone = vain?.popLast() else { return }
                remove(gone)
                room += 1
            }
            hosts.count(endpoint)
            room -= 1
            take(endpoint)
        }
    }

    /// Failures in a row after which an address leaves its place to another of its host: half a minute
    /// of tries.
    private static let manyFailures = 6

    /// Takes an address out that was tried in vain and is of the same host as `endpoint`.
    private mutating func makeRoom(for endpoint: Endpoint, _ hosts: inout KnownHosts) -> Bool {
        let host = Household(endpoint.address)
        let gone = order.first {
            guard let entry = known[$0], Household($0.address) == host else { return false }
            return entry.phase == .idle && entry.failures >= Self.manyFailures
                && entry.teller == nil && !trusted.contains($0)
        }
        guard let gone else { return false }
        hosts.forget(gone)
        remove(gone)
        return hosts.hasRoom(for: endpoint)
    }

    /// Those that have failed and are not being tried, the most often last.
    private func triedInVain() -> [Endpoint] {
        let failed = order.compactMap { endpoint -> (endpoint: Endpoint, failures: Int)? in
            guard let entry = known[endpoint], entry.teller == nil, entry.phase == .idle,
                entry.failures > 0
            else { return nil }
            return (endpoint, entry.failures)
        }
        return failed.sorted { $0.failures < $1.failures }.map(\.endpoint)
    }

    /// An address is known, and not by hearsay only.
    private mutating func take(_ endpoint: Endpoint) {
        if known[endpoint] == nil {
            order.append(endpoint)
            known[endpoint] = Known()
            if let end = spent[endpoint] {
                known[endpoint]?.failures = Self.mostFailures
                known[endpoint]?.failedAt = end
                known[endpoint]?.nextTry = end + Self.spentPause
            }
        }
        known[endpoint]?.teller = nil
    }

    /// How many addresses are known.
    var count: Int { known.count }

    /// Addresses to dial now, at most `room`, and none of those to avoid.
    ///
    /// A node that is `alone` tries every address again after five seconds at the latest: whoever
    /// watches is to be back within ten when the source is.
    mutating func next(
        room: Int, alone: Bool = false, avoiding near: Set<Endpoint> = [], at now: Instant
    ) -> [Endpoint] {
        var chosen: [Endpoint] = []
        for endpoint in order where chosen.count < room && known[endpoint]?.teller == nil {
            guard !near.contains(endpoint), isReady(endpoint, alone: alone, at: now)
            else { continue }
            begin(endpoint, at: now)
            chosen.append(endpoint)
        }
        while chosen.count < room, let endpoint = nextHeard(alone, near, now) {
            begin(endpoint, at: now)
            chosen.append(endpoint)
        }
        return chosen
    }

    private mutating func begin(_ endpoint: Endpoint, at now: Instant) {
        known[endpoint]?.phase = .dialing
        known[endpoint]?.dialledAt = now
        guard !endpoint.address.isLoopback, !trusted.contains(endpoint) else { return }
        if paces.count >= limit { paces = paces.filter { !$0.value.isFull(at: now) } }
        paces[Household(endpoint.address), default: HostPace()].spend(at: now)
    }

    /// Whether an address is to be dialled at once because a neighbour at `teller` introduces us,
    /// which it then counts as.
    ///
    /// One that is known from nobody else has a single try. One that failed lately is not tried again
    /// so soon, unless this node `isAsked`: it has asked for the introduction.
    mutating func meet(
        _ endpoint: Endpoint, by teller: IPAddress, isAsked: Bool, at now: Instant
    ) -> Bool {
        if known[endpoint] == nil {
            guard isAsked || !wasVain(endpoint, at: now) else { return false }
            hear([endpoint], from: teller)
            known[endpoint]?.isByIntroduction = true
            known[endpoint]?.failures = 1
        } else if let entry = known[endpoint], entry.failures > 0, !isAsked {
            guard entry.failedAt + Self.introductionPause <= now else { return false }
        }
        guard known[endpoint]?.phase == .idle, !isKeptOut(endpoint) else { return false }
        begin(endpoint, at: now)
        return true
    }

    /// For how long one that is known from introductions alone is not dialled again by another.
    private static let vainMemory = Interval.seconds(60)

    /// The least time between a failure and another try by a neighbour's word.
    private static let introductionPause = Interval.seconds(5)

    /// Whether an address may be tried now.
    func isReady(_ endpoint: Endpoint, alone: Bool, at now: Instant) -> Bool {
        guard let entry = known[endpoint], entry.phase == .idle,
            trusted.contains(endpoint)
                || paces[Household(endpoint.address)]?.allows(at: now) ?? true
        else { return false }
        let patience = alone ? Interval.seconds(5) : .forever
        return min(entry.nextTry, entry.failedAt + patience) <= now && !isKeptOut(endpoint)
    }

    /// Whether an address is refused or banned.
    func isKeptOut(_ endpoint: Endpoint) -> Bool {
        refused.contains(endpoint)
            || isBanned(endpoint.address) && !trusted.contains(endpoint)
    }

    /// An attempt came to nothing, or a connection ended: try again after a while.
    ///
    /// One second doubled with each time until it has `proved` itself, at most half a minute; after
    /// nine times the address is forgotten, after two if it is known by hearsay only, and after 41
    /// if somebody has answered there. It comes after all others, so that none is always passed over
    /// where a host may not be tried often.
    mutating func failed(_ endpoint: Endpoint, at now: Instant) {
        guard var entry = known[endpoint] else { return }
        entry.phase = .idle
        entry.failures += 1
        entry.failedAt = now
        entry.nextTry = now + .seconds(min(60, Double(1 << min(entry.failures, 6))) / 2)
        known[endpoint] = entry
        order.removeAll { $0 == endpoint }
        order.append(endpoint)
        let most =
            entry.hasAnswered
            ? Self.mostOfAnswered : entry.teller == nil ? Self.mostFailures : 1
        guard entry.failures > most else { return }
        remove(endpoint)
        noteSpent(endpoint, at: now)
        guard entry.isByIntroduction, vain.count < limit || makeRoomInVain(at: now) else { return }
        vain[endpoint] = now
    }

    /// Failures in a row after which one more is the last.
    private static let mostFailures = 8
    /// The same where somebody has answered.
    ///
    /// Three minutes of a node that is alone, which tries every five seconds, or twenty of another:
    /// the other end may hold a dead connection for two.
    private static let mostOfAnswered = 40

    private mutating func noteSpent(_ endpoint: Endpoint, at now: Instant) {
        if spent.count >= limit { spent = spent.filter { now - $0.value < Self.spentMemory } }
        if spent.count < limit { spent[endpoint] = now }
    }

    /// Whether an address that is known from introductions alone was lately tried in vain, or as many
    /// ports of its host as may be tried.
    private mutating func wasVain(_ endpoint: Endpoint, at now: Instant) -> Bool {
        forgetVain(at: now)
        let host = Household(endpoint.address)
        let ports = vain.keys.count { Household($0.address) == host }
        return vain[endpoint] != nil || ports >= Self.mostPorts
    }

    /// Of those that were tried in vain there are few: a minute's introductions.
    private mutating func makeRoomInVain(at now: Instant) -> Bool {
        forgetVain(at: now)
        return vain.count < limit
    }

    private mutating func forgetVain(at now: Instant) {
        vain = vain.filter { now - $0.value < Self.vainMemory }
    }

    /// An address is a neighbour now; what came to nothing before counts until it has proved itself.
    ///
    /// Where addresses are scarce it is worth remembering for long.
    mutating func connected(_ endpoint: Endpoint, isScarce: Bool = false) {
        if !refused.contains(endpoint) { take(endpoint) }
        known[endpoint]?.phase = .connected
        if isScarce { known[endpoint]?.hasAnswered = true }
    }

    /// Addresses where somebody has answered may be tried at once: there is need of them again.
    mutating func hurry(at now: Instant) {
        for (endpoint, entry) in known
        where entry.hasAnswered && entry.phase == .idle && entry.nextTry > now {
            known[endpoint]?.nextTry = now
        }
    }

    /// A neighbour's address is a good one: what came to nothing before is forgotten.
    mutating func proved(_ endpoint: Endpoint) {
        paces[Household(endpoint.address)] = nil
        spent[endpoint] = nil
        known[endpoint]?.failures = 0
    }

    /// A neighbour was closed that nothing is wanted of now: that wears its address out for the next
    /// half minute, but no further.
    mutating func letGo(_ endpoint: Endpoint) {
        guard let failures = known[endpoint]?.failures else { return }
        known[endpoint]?.failures = min(failures, Self.manyFailures)
    }

    /// A neighbour's connection ended.
    mutating func disconnected(_ endpoint: Endpoint, at now: Instant) {
        failed(endpoint, at: now)
    }

    /// A neighbour has gone quiet: dial it anew beside the old connection, at `now`.
    mutating func redial(_ endpoint: Endpoint, at now: Instant) {
        guard let entry = known[endpoint], entry.phase == .connected else { return }
        known[endpoint]?.phase = .idle
        known[endpoint]?.nextTry = now
    }

    /// An address did not like what was said before it had answered: it is dialled again at once, and
    /// told nothing more than our handshake.
    mutating func retryPlainly(_ endpoint: Endpoint, at now: Instant) {
        guard plain.count < limit, plain.insert(endpoint).inserted else { return }
        known[endpoint]?.phase = .idle
        known[endpoint]?.nextTry = now
    }

    /// Whether an address is told nothing more than our handshake before it has answered.
    func isPlain(_ endpoint: Endpoint) -> Bool {
        plain.count >= limit || plain.contains(endpoint)
    }

    /// Never again, whoever names it: a poisoner, or this node itself.
    mutating func refuse(_ endpoint: Endpoint) {
        remove(endpoint)
        if refused.count < limit { refused.insert(endpoint) }
    }

    /// Forgets an address; it may be named again.
    mutating func remove(_ endpoint: Endpoint) {
        known[endpoint] = nil
        order.removeAll { $0 == endpoint }
    }

    /// Addresses of one household that are banned before all of it is: a /64 of IPv6 may be one
    /// poisoner's, who has as many addresses as he likes, or a house full of honest viewers.
    private static let mostBanned = 3

    /// Whether an address is not to be banned for one of its ports, as others are known there.
    ///
    /// It may be a household, or a machine with several nodes. As with the addresses of a household
    /// the third port is one too many.
    mutating func spares(_ address: IPAddress) -> Bool {
        let isShared = order.contains { $0.address == address && known[$0]?.teller == nil }
        guard isShared, sparedOf.count < limit || sparedOf[address] != nil else { return false }
        sparedOf[address, default: 0] += 1
        return sparedOf[address, default: 0] < Self.mostBanned
    }

    /// Keeps an address out for good, and with the third one all of its household.
    mutating func ban(_ address: IPAddress) {
        if banned.count < limit, banned.insert(address).inserted {
            bannedOf[Household(address), default: 0] += 1
        }
        disbelieve(address)
    }

    /// Whether an address is kept out.
    func isBanned(_ address: IPAddress) -> Bool {
        banned.contains(address) || bannedOf[Household(address)] ?? 0 >= Self.mostBanned
    }
}
