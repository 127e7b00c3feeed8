// The pieces that nobody has begun, sorted by how many peers have them: always in order, at a cost
// of a few swaps a change. Knows neither peers nor files.
//
//     order    [ 7 2 │ 0 9 4 │ 1 3 │ … ]      position[9] = 3
//     have it    0       1      2             ends = [2, 5, 7, …]

import Pieces

/// Pieces in the order of their availability.
struct RarityOrder: Sendable {
    private var counts: [UInt16]
    private var order: [UInt32] = []
    /// Where each piece is in `order`; -1 where it is not.
    private var position: [Int32]
    /// Where the pieces that so many have come to an end.
    private var ends: [Int] = [0]

    /// No piece of `pieceCount` in the order, and nobody who has any.
    init(pieceCount: Int) {
        counts = Array(repeating: 0, count: pieceCount)
        position = Array(repeating: -1, count: pieceCount)
    }

    /// How many pieces are in the order.
    var count: Int { order.count }

    /// How many of the peers that were counted have `piece`.
    func availability(_ piece: PieceIndex) -> Int { Int(counts[Int(piece.value)]) }

    /// Puts a piece in its place.
    mutating func insert(_ piece: PieceIndex) {
        let number = Int(piece.value)
        guard position[number] < 0 else { return }
        let have = Int(counts[number])
        grow(to: have)
        order.append(piece.value)
        position[number] = Int32(order.count - 1)
        var bucket = ends.count - 1
        ends[bucket] += 1
        while bucket > have {
            swap(Int(position[number]), ends[bucket - 1])
            ends[bucket - 1] += 1
            bucket -= 1
        }
    }

    /// Takes a piece out.
    mutating func remove(_ piece: PieceIndex) {
        let number = Int(piece.value)
        guard position[number] >= 0 else { return }
        for bucket in Int(counts[number])..<ends.count {
            swap(Int(position[number]), ends[bucket] - 1)
            ends[bucket] -= 1
        }
        order.removeLast()
        position[number] = -1
    }

    /// One more has `piece`.
    mutating func rise(_ piece: PieceIndex) {
        let number = Int(piece.value)
        let have = Int(counts[number])
        guard have < Int(UInt16.max) else { return }
        counts[number] += 1
        guard position[number] >= 0 else { return }
        grow(to: have + 1)
        swap(Int(position[number]), ends[have] - 1)
        ends[have] -= 1
    }

    /// One fewer has `piece`.
    mutating func fall(_ piece: PieceIndex) {
        let number = Int(piece.value)
        let have = Int(counts[number])
        guard have > 0 else { return }
        counts[number] -= 1
        guard position[number] >= 0 else { return }
        swap(Int(position[number]), ends[have - 1])
        ends[have - 1] += 1
    }

    /// The first piece in the order that `isWanted`, of at most `looks`, begun where more than
    /// `least` have them.
    func first(least: Int, looks: Int, where isWanted: (PieceIndex) -> Bool) -> PieceIndex? {
        let start = least > 0 ? (least <= ends.count ? ends[least - 1] : order.count) : 0
        for place in start..<min(order.count, start + looks) {
            let piece = PieceIndex(order[place])
            if isWanted(piece) { return piece }
        }
        return nil
    }

    private mutating func grow(to bucket: Int) {
        while ends.count <= bucket { ends.append(order.count) }
    }

    private mutating func swap(_ a: Int, _ b: Int) {
        guard a != b else { return }
        order.swapAt(a, b)
        position[Int(order[a])] = Int32(a)
        position[Int(order[b])] = Int32(b)
    }

    /// What must always hold; for tests.
    func checkInvariants() {
        precondition(ends.last == order.count, "the last bucket ends where the order ends")
        for (place, piece) in order.enumerated() {
            precondition(Int(position[Int(piece)]) == place, "a piece is where it says")
            let have = Int(counts[Int(piece)])
            let start = have > 0 ? ends[have - 1] : 0
            precondition((start..<ends[have]).contains(place), "a piece is among its equals")
        }
    }
}
