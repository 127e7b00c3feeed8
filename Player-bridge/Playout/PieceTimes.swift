// Which pieces are there and when the source made them, over the horizon that begins at the
// play point. Two rings of a fixed size; no deadlines, no policy.

import Pieces
import Primitives

/// A piece and the source's clock at its first byte.
struct PieceMoment: Equatable, Sendable {
    var piece: PieceIndex
    var wall: WallTime
}

/// The presence and the times of the pieces in `first..<first + horizon`.
///
/// The last number of the 32-bit numbering is never taken: what follows it could not be named.
struct PieceTimes: Sendable {
    /// Where the horizon begins.
    private(set) var first = PieceIndex(0)
    /// The number of pieces that are there.
    private(set) var presentCount = 0
    /// The piece with the highest number whose time is known.
    private(set) var newest: PieceMoment?
    /// The average duration of a piece.
    private(set) var duration: Interval

    private var present: [Bool]
    private var walls: [UInt64]
    /// The last known time below `first`, from which unknown ones are extrapolated.
    private var passed: PieceMoment?
    private let horizon: Int

    /// No time is known: no source lives in the year 586,524.
    private static let unknown = UInt64.max
    /// Null packets fill a piece up after 250 ms; twice that bounds what one gap of the source
    /// does to the average.
    private static let durations = Interval.milliseconds(1)...Interval.milliseconds(500)

    init(settings: PlayoutSettings) {
        horizon = max(settings.horizon, 1)
        duration = settings.pieceDuration
        present = Array(repeating: false, count: horizon)
        walls = Array(repeating: Self.unknown, count: horizon)
    }

    /// The first piece beyond the horizon.
    var end: PieceIndex { first.advanced(by: horizon) }

    func contains(_ piece: PieceIndex) -> Bool { piece >= first && piece < end }

    func isPresent(_ piece: PieceIndex) -> Bool { contains(piece) && present[slot(piece)] }

    /// The first piece that is there.
    var firstPresent: PieceIndex? {
        guard presentCount > 0 else { return nil }
        return (0..<horizon).lazy.map { first.advanced(by: $0) }.first { isPresent($0) }
    }

    /// Notes when a piece was made; the first word counts.
    mutating func learn(_ piece: PieceIndex, _ wall: WallTime) {
        guard wall.microseconds != Self.unknown else { return }
        updateNewest(PieceMoment(piece: piece, wall: wall))
        guard contains(piece), walls[slot(piece)] == Self.unknown else { return }
        walls[slot(piece)] = wall.microseconds
    }

    /// Notes that a piece is there, and says whether that is news within the horizon.
    mutating func insert(_ piece: PieceIndex) -> Bool {
        guard contains(piece), !present[slot(piece)] else { return false }
        present[slot(piece)] = true
        presentCount += 1
        return true
    }

    /// Lets the horizon begin at `piece`, which must not lie before it begins now.
    mutating func advance(to piece: PieceIndex) {
        let steps = min(first.distance(to: piece), horizon)
        guard steps > 0 else { return }
        for step in 0..<steps { forget(first.advanced(by: step)) }
        first = piece
    }

    /// Forgets presence and times, and lets the horizon begin at `piece`.
    mutating func restart(at piece: PieceIndex) {
        advance(to: first.advanced(by: horizon))
        (first, passed) = (piece, nil)
    }

    private mutating func forget(_ piece: PieceIndex) {
        let slot = slot(piece)
        if walls[slot] != Self.unknown {
            passed = PieceMoment(piece: piece, wall: WallTime(microseconds: walls[slot]))
        }
        if present[slot] { presentCount -= 1 }
        (present[slot], walls[slot]) = (false, Self.unknown)
    }

    private mutating func updateNewest(_ moment: PieceMoment) {
        guard let last = newest else {
            newest = moment
            return
        }
        let count = last.piece.distance(to: moment.piece)
        guard count > 0 else { return }
        newest = moment
        let each = Interval(nanoseconds: (moment.wall - last.wall).nanoseconds / Int64(count))
        let bounded = min(max(each, Self.durations.lowerBound), Self.durations.upperBound)
        duration = duration + (bounded - duration) * 0.125
    }

    private func slot(_ piece: PieceIndex) -> Int { Int(piece.value) % horizon }
}

extension PieceTimes {
    /// When the source made `piece`, as far as it is known.
    func wall(of piece: PieceIndex) -> WallTime? {
        guard contains(piece), walls[slot(piece)] != Self.unknown else { return nil }
        return WallTime(microseconds: walls[slot(piece)])
    }

    /// When the source made `piece`, from the nearest known time before it, else after it.
    func estimatedWall(of piece: PieceIndex) -> WallTime? {
        if let wall = wall(of: piece) { return wall }
        if let newest, newest.piece <= piece { return extrapolate(from: newest, to: piece) }
        let known = knownBefore(piece) ?? passed ?? knownAfter(piece) ?? newest
        return known.map { extrapolate(from: $0, to: piece) }
    }

    private func knownBefore(_ piece: PieceIndex) -> PieceMoment? {
        moment(in: (0..<max(0, first.distance(to: min(piece, end)))).reversed())
    }

    private func knownAfter(_ piece: PieceIndex) -> PieceMoment? {
        moment(in: max(0, first.distance(to: min(piece, end)))..<horizon)
    }

    private func moment(in steps: some Sequence<Int>) -> PieceMoment? {
        for step in steps {
            let piece = first.advanced(by: step)
            if let wall = wall(of: piece) { return PieceMoment(piece: piece, wall: wall) }
        }
        return nil
    }

    private func extrapolate(from known: PieceMoment, to piece: PieceIndex) -> WallTime {
        known.wall + duration * Double(known.piece.distance(to: piece))
    }

    /// Whether the counts and the rings agree; for tests and the simulator.
    func checkInvariants() -> Bool {
        present.count == horizon && walls.count == horizon
            && presentCount == present.lazy.filter(\.self).count
            && passed.map { $0.piece < first } ?? true
    }
}
