// The neighbours by their handles, a column for each kind of what is known of them: a search
// through all of them, of which there are several for each block, touches only what it looks at.

import Pieces
import Primitives

/// The neighbours by their handles.
struct PeerTable: Sendable {
    /// By the numbers of the handles; where a neighbour is gone, what was known of it.
    private var states: [PeerState] = []
    private var isHere: [Bool] = []
    /// What each holds, and what it was told of our neighbours; those of a husk where it is gone.
    private var pieces: [PeerPieces] = []
    private var exchanges: [PeerExchange] = []
    /// How each stands in each stripe, one neighbour after the other.
    private var standing: [PeerStripe] = []
    private let stripes: Int
    /// The handles of all neighbours, in order.
    private(set) var handles: [PeerHandle] = []

    /// A table without neighbours in a swarm of so many stripes.
    init(stripes: Int) { self.stripes = stripes }

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
        pieces.append(Self.husk)
        exchanges.append(PeerExchange())
        standing += Array(repeating: PeerStripe(), count: stripes)
    }

    /// Takes a neighbour out.
    mutating func remove(_ handle: PeerHandle) {
        guard contains(handle) else { return }
        isHere[handle.slot] = false
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
    /// Bytes under way to all neighbours together, without those that stand still.
    func underWay(at now: Instant) -> Int {
        var total = 0
        for handle in handles {
            guard let inFlight = self[handle]?.inFlight, inFlight > 0,
                let progressAt = self[handle]?.progressAt,
                now - progressAt <= PeerState.standstill
            else { continue }
            total += inFlight
        }
        return total
    }

    /// Whether a neighbour can be sent a block: it moves, and less than `share` is under way.
    func takes(_ handle: PeerHandle, below share: Int, at now: Instant) -> Bool {
        guard let inFlight = self[handle]?.inFlight else { return false }
        return inFlight < share && !isStuck(handle, at: now)
    }

    /// Whether a neighbour's acknowledgements stand still.
    func isStuck(_ handle: PeerHandle, at now: Instant) -> Bool {
        self[handle]?.isStuck(at: now) ?? false
    }

    /// Whether a neighbour can be asked for single pieces: it serves us, is there and moves.
    func isReady(_ handle: PeerHandle, at now: Instant, quietAfter: Interval) -> Bool {
        guard self[handle]?.isLive ?? false, !(self[handle]?.isChoking ?? true),
            let backOff = self[handle]?.backOff, backOff <= now,
            let heardAt = self[handle]?.heardAt, now - heardAt < quietAfter
        else { return false }
        return !isStuck(handle, at: now)
    }
}
