// The neighbours by their handles, a column for each kind of what is known of them: a search
// through all of them, of which there are several for each block, touches only what it looks at.

import Pieces
import Primitives

/// The neighbours by their handles.
struct PeerTable: Sendable {
    /// By the numbers of the handles; where a neighbour is gone, what was known of it.
    private var states: [PeerState] = []
    private var isHere: [Bool] = []
    /// What is under way to each; nothing where it is gone.
    private var flights: [PeerFlight] = []
    /// The sum of it.
    private var allInFlight = 0
    /// What each holds, and what it was told of our neighbours; those of a husk where it is gone.
    private var pieces: [PeerPieces] = []
    private var exchanges: [PeerExchange] = []
    /// How each stands in each stripe, one neighbour after the other.
    private var standing: [PeerStripe] = []
    private let stripes: Int
    private let policies: DeliveryPolicies
    /// The handles of all neighbours, in order.
    private(set) var handles: [PeerHandle] = []

    /// A table without neighbours in a swarm of so many stripes.
    init(stripes: Int, policies: DeliveryPolicies = .all) {
        self.stripes = stripes
        self.policies = policies
    }

    private static let husk = PeerPieces(window: 1)

    /// How many there are.
    var count: Int { handles.count }

    /// Whether a neighbour is here.
    func contains(_ handle: PeerHandle) -> Bool {
        handle.slot < isHere.count && isHere[handle.slot]
    }

    /// The neighbour, or nil where it is gone.
    subscript(_ handle: PeerHandle) -> PeerState? {
        // Not a getter, and with a single yield: else all of a state is copied to read a field.
        @inline(__always) _read { yield contains(handle) ? states[handle.slot] : nil }
        _modify {
            var state = self[handle]
            yield &state
            if let state, contains(handle) { states[handle.slot] = state }
        }
    }

    /// A field of a neighbour where it stands, if it is here: what is asked often is asked so.
    @inline(__always)
    func look<T>(_ handle: PeerHandle, _ field: (PeerState) -> T) -> T? {
        contains(handle) ? field(states[handle.slot]) : nil
    }

    /// As above, where the field may be nil itself.
    @inline(__always)
    func look<T>(_ handle: PeerHandle, _ field: (PeerState) -> T?) -> T? {
        contains(handle) ? field(states[handle.slot]) : nil
    }

    /// Whether a neighbour would feed others in a stripe.
    func passesOn(_ handle: PeerHandle, _ stripe: Int) -> Bool {
        look(handle, { $0.passesOn(stripe) }) ?? false
    }

    /// Changes a neighbour where it stands, if it is here: what happens often is done so.
    @inline(__always)
    mutating func update(_ handle: PeerHandle, _ change: (inout PeerState) -> Void) {
        guard contains(handle) else { return }
        change(&states[handle.slot])
    }

    /// How a neighbour stands in a stripe, or nil where it is gone.
    subscript(_ handle: PeerHandle, _ stripe: Int) -> PeerStripe? {
        @inline(__always) get {
            contains(handle) ? standing[handle.slot * stripes + stripe] : nil
        }
        @inline(__always) set {
            guard contains(handle), let newValue else { return }
            standing[handle.slot * stripes + stripe] = newValue
        }
    }

    /// What a neighbour that is here holds.
    subscript(pieces handle: PeerHandle) -> PeerPieces {
        @inline(__always) _read { yield pieces[handle.slot] }
        @inline(__always) _modify { yield &pieces[handle.slot] }
    }

    /// What a neighbour that is here has been told of our neighbours.
    subscript(exchange handle: PeerHandle) -> PeerExchange {
        _read { yield exchanges[handle.slot] }
        _modify { yield &exchanges[handle.slot] }
    }

    /// Takes a neighbour in, with windows of `window` pieces.
    mutating func insert(_ handle: PeerHandle, _ state: PeerState, window: Int) {
        while states.count <= handle.slot { grow(with: state) }
        states[handle.slot] = state
        isHere[handle.slot] = true
        allInFlight -= flights[handle.slot].inFlight
        flights[handle.slot] = PeerFlight(progressAt: state.joinedAt)
        pieces[handle.slot] = PeerPieces(window: window)
        exchanges[handle.slot] = PeerExchange()
        for s in 0..<stripes { standing[handle.slot * stripes + s] = PeerStripe() }
        guard !handles.contains(handle) else { return }
        handles.append(handle)
        handles.sort()
    }

    private mutating func grow(with state: PeerState) {
        states.append(state)
        isHere.append(false)
        flights.append(PeerFlight(progressAt: .zero))
        pieces.append(Self.husk)
        exchanges.append(PeerExchange())
        standing += Array(repeating: PeerStripe(), count: stripes)
    }

    /// Takes a neighbour out.
    mutating func remove(_ handle: PeerHandle) {
        guard contains(handle) else { return }
        isHere[handle.slot] = false
        allInFlight -= flights[handle.slot].inFlight
        flights[handle.slot].inFlight = 0
        pieces[handle.slot] = Self.husk
        exchanges[handle.slot] = PeerExchange()
        handles.removeAll { $0 == handle }
    }

    /// The neighbours that satisfy `wanted`.
    func filter(_ wanted: (PeerState) -> Bool) -> [PeerHandle] {
        handles.filter { self[$0].map(wanted) ?? false }
    }
}

extension PeerTable {
    /// Whether `limit` bytes or fewer are under way to all neighbours together, without those that
    /// stand still.
    func areUnderWay(atMost limit: Int, at now: Instant) -> Bool {
        if allInFlight <= limit { return true }
        var total = 0
        for handle in handles where !hesitates(handle, at: now) {
            total += flights[handle.slot].onLine
        }
        return total <= limit
    }

    /// What must always hold; for tests.
    func checkInvariants() {
        precondition(
            flights.reduce(0) { $0 + $1.inFlight } == allInFlight, "a sum of bytes under way")
    }

    /// `count` bytes more are sent to a neighbour.
    mutating func launch(_ count: Int, to handle: PeerHandle, at now: Instant) {
        guard contains(handle) else { return }
        let roundTrip = states[handle.slot].roundTrip
        flights[handle.slot].launch(count, roundTrip: roundTrip, at: now)
        allInFlight += count
    }

    /// The kernel tells what is still under way to a neighbour; answers how many bytes have
    /// landed, or nil where it is gone.
    mutating func land(
        _ handle: PeerHandle, _ sample: UplinkSample, at now: Instant
    ) -> Int? {
        guard contains(handle) else { return nil }
        let left = sample.unacknowledged
        let (before, onLine) = (flights[handle.slot].inFlight, flights[handle.slot].onLine)
        flights[handle.slot].unsent = sample.unsent
        flights[handle.slot].held = policies.contains(.openWindows) ? sample.held : 0
        flights[handle.slot].window = sample.window
        if left < before || left == 0 || before == 0 { flights[handle.slot].progressAt = now }
        flights[handle.slot].inFlight = left
        allInFlight += left - before
        return max(0, onLine - flights[handle.slot].onLine)
    }

    /// Whether a neighbour can be sent a block: it moves, and its window is open.
    ///
    /// What TCP does not let out yet would wait in the kernel, where it cannot be re-ordered any
    /// more, and hold a part of the budget that others could use: a new connection over a long way
    /// lets out a block a round trip, one that loses packets less. The window of a near one moves
    /// faster than it is looked at, so there `share` bounds what is under way; so it does without
    /// `openWindows`.
    func takes(_ handle: PeerHandle, below share: Int, at now: Instant) -> Bool {
        guard contains(handle) else { return false }
        let flight = flights[handle.slot]
        let goesByWindow =
            policies.contains(.openWindows) && states[handle.slot].roundTrip > Self.nearby
        let isOpen = goesByWindow ? flight.isOpen : flight.inFlight < share
        return isOpen && flight.inFlight < max(share, Self.mostToOne)
            && !hesitates(handle, at: now)
    }

    /// The round trip within which drivers look at a connection once: a window can have doubled.
    private static let nearby = Interval.milliseconds(15)
    /// Where half of what may be under way is less than this in bytes, one neighbour may have more
    /// of it; where it is more, nobody can hold more than half by acknowledging nothing.
    private static let mostToOne = 131_072

    /// Whether others are served before a neighbour that is here.
    private func hesitates(_ handle: PeerHandle, at now: Instant) -> Bool {
        let flight = flights[handle.slot]
        // Asked of all for each block that is sent: mostly without a look at anything else.
        guard flight.unacknowledged(at: now) > Standstill.timeout else { return false }
        guard policies.contains(.hesitation) else { return flight.isStuck(at: now) }
        return Standstill.hesitates(
            unacknowledged: flight.unacknowledged(at: now),
            roundTrip: states[handle.slot].roundTrip)
    }

    /// Whether a neighbour's acknowledgements stand still.
    func isStuck(_ handle: PeerHandle, at now: Instant) -> Bool {
        contains(handle) && flights[handle.slot].isStuck(at: now)
    }

    /// Whether a neighbour has left without a word, as far as one can tell.
    func isGone(_ handle: PeerHandle, at now: Instant) -> Bool {
        guard contains(handle), !isStuck(handle, at: now) else { return true }
        let state = states[handle.slot]
        let span = flights[handle.slot].unacknowledged(at: now)
        guard policies.contains(.earlyAlarm),
            Standstill.isGone(
                unacknowledged: span, silence: now - state.heardAt, roundTrip: state.roundTrip)
        else { return false }
        return handles.contains { now - states[$0.slot].heardAt < Standstill.usualPause }
    }

    /// Whether a neighbour can be asked for single pieces: it serves us, is there and moves, and is
    /// relied on, where that is asked for.
    func isReady(
        _ handle: PeerHandle, at now: Instant, quietAfter: Interval, isRelied: Bool = true
    ) -> Bool {
        guard !isGone(handle, at: now) else { return false }
        let isReady = look(handle) {
            $0.isLive && !$0.isChoking && $0.backOff <= now && now - $0.heardAt < quietAfter
                && (!isRelied || $0.unreliedUntil <= now || $0.isTrustedSource)
        }
        return isReady ?? false
    }
}
