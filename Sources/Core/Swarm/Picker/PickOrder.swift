// In which order missing pieces are asked for, of a live stream and of a torrent that somebody
// reads. Pure functions; whom to ask is the business of Arrival and HolderPolicy.

import Pieces
import Primitives

/// A piece that is missing and not asked for.
struct Candidate: Hashable, Sendable {
    var piece: PieceIndex
    /// When the player needs it; `never` where there is no player.
    var due: Instant
    /// How many neighbours hold it.
    var holders: Int
}

/// Which of two pieces comes first that are not due soon, and that as many hold.
enum PickTie: Hashable, Sendable {
    /// The newest: of a live stream, which nobody has yet (field notes: rarest-plus-newest is what
    /// spreads).
    case newest
    /// The one that is due first: of a file, which is there as a whole.
    case firstDue
}

/// The order of picking.
package enum PickOrder: Hashable, Sendable {
    /// First what is due soon, earliest deadline first; then the rest, rarest first with ties to
    /// the newest.
    case deadline
    /// As the stream goes.
    case sequential
    /// The rarest first, ties by lot (BitTorrent's order: Legout et al., IMC 2006).
    case rarestFirst
    /// Each time with probability `soon` the rarest of what is due soon, else the rarest of the
    /// rest (Vlavianos, Iliofotou and Faloutsos, BiToS, Global Internet 2006).
    case biToS(soon: Double)

    /// Their names in the command line and in docs/DELIVERY.md; BiToS with its authors' 0.8.
    package static let named: [(name: String, order: PickOrder)] = [
        ("deadline", .deadline), ("sequential", .sequential), ("rarest-first", .rarestFirst),
        ("bitos", .biToS(soon: 0.8)),
    ]

    /// `candidates` in this order; what is due within `urgent` of now is due soon.
    ///
    /// Lots are drawn from `random` by rarest first and BiToS only.
    func sorted(
        _ candidates: [Candidate], now: Instant, urgent: Interval, random: inout SeededRandom
    ) -> [Candidate] {
        let limit = now + urgent
        switch self {
        case .deadline: return Self.byDeadline(candidates, limit)
        case .sequential: return candidates.sorted { $0.piece < $1.piece }
        case .rarestFirst: return Self.rarest(candidates, &random)
        case .biToS(let soon):
            let near = Self.rarest(candidates.filter { $0.due <= limit }, &random)
            let far = Self.rarest(candidates.filter { $0.due > limit }, &random)
            return Self.mixed(near[...], far[...], soon, &random)
        }
    }

    /// Takes from the front of `near` with probability `soon`, else from that of `far`.
    private static func mixed(
        _ near: ArraySlice<Candidate>, _ far: ArraySlice<Candidate>, _ soon: Double,
        _ random: inout SeededRandom
    ) -> [Candidate] {
        var (near, far) = (near, far)
        var order: [Candidate] = []
        while let first = near.first, let other = far.first {
            let isNear = Double(random.next() >> 11) / Double(1 << 53) < soon
            order.append(isNear ? first : other)
            if isNear { near.removeFirst() } else { far.removeFirst() }
        }
        return order + near + far
    }

    private static func rarest(
        _ candidates: [Candidate], _ random: inout SeededRandom
    ) -> [Candidate] {
        let lots = candidates.map { (candidate: $0, lot: random.next()) }
        return lots.sorted {
            ($0.candidate.holders, $0.lot) < ($1.candidate.holders, $1.lot)
        }.map(\.candidate)
    }

    private static func byDeadline(_ candidates: [Candidate], _ limit: Instant) -> [Candidate] {
        candidates.sorted { precedes($0, $1, limit: limit, ties: .newest) }
    }

    /// Whether `a` is asked for before `b`, where what is due until `limit` is due soon.
    static func precedes(
        _ a: Candidate, _ b: Candidate, limit: Instant, ties: PickTie
    ) -> Bool {
        switch (a.due <= limit, b.due <= limit) {
        case (true, true): return (a.due, a.piece) < (b.due, b.piece)
        case (true, false): return true
        case (false, true): return false
        case (false, false):
            guard a.holders == b.holders else { return a.holders < b.holders }
            return ties == .newest ? a.piece > b.piece : (a.due, a.piece) < (b.due, b.piece)
        }
    }
}
