// The neighbours by their handles, a column for each kind of what is known of them: a search
// through all of them, of which there are several for each block, touches only what it looks at.

import Pieces
import Primitives

/// The neighbours by their handles.
struct PeerTable: Sendable {
    /// By the numbers of the handles; the last is always nil and stands for all beyond.
    private var states: [PeerState?] = [nil]
    private var isHere: [Bool] = [false]
    /// What each holds, and what it was told of our neighbours; those of a husk where it is gone.
    private var pieces: [PeerPieces] = [Self.husk]
    private var exchanges: [PeerExchange] = [PeerExchange()]
    /// How each stands in each stripe, one neighbour after the other.
    private var standing: [PeerStripe]
    private let stripes: Int
    /// The handles of all neighbours, in order.
    private(set) var handles: [PeerHandle] = []

    /// A table without neighbours in a swarm of so many stripes.
    init(stripes: Int) {
        self.stripes = stripes
        standing = Array(repeating: PeerStripe(), count: stripes)
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
        @inline(__always) _read { yield states[min(handle.slot, states.count - 1)] }
        @inline(__always) _modify { yield &states[min(handle.slot, states.count - 1)] }
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

    /// What a neighbour has been told of our neighbours; to be read of those who are here.
    subscript(exchange handle: PeerHandle) -> PeerExchange {
        _read { yield exchanges[min(handle.slot, exchanges.count - 1)] }
        _modify { yield &exchanges[min(handle.slot, exchanges.count - 1)] }
    }

    /// Takes a neighbour in, with windows of `window` pieces.
    mutating func insert(_ handle: PeerHandle, _ state: PeerState, window: Int) {
        while states.count <= handle.slot + 1 { grow() }
        states[handle.slot] = state
        isHere[handle.slot] = true
        pieces[handle.slot] = PeerPieces(window: window)
        exchanges[handle.slot] = PeerExchange()
        for s in 0..<stripes { standing[handle.slot * stripes + s] = PeerStripe() }
        guard !handles.contains(handle) else { return }
        handles.append(handle)
        handles.sort()
    }

    private mutating func grow() {
        states.append(nil)
        isHere.append(false)
        pieces.append(Self.husk)
        exchanges.append(PeerExchange())
        standing += Array(repeating: PeerStripe(), count: stripes)
    }

    /// Takes a neighbour out.
    mutating func remove(_ handle: PeerHandle) {
        guard contains(handle) else { return }
        states[handle.slot] = nil
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
