// Whole pieces that are checked together: several side by side cost little more than one. They wait
// for each other where they come so quickly that the lot is full soon. Checks nothing.

package import Pieces
import Primitives

/// A piece that is whole.
package struct WholePiece: Sendable {
    /// The piece.
    package let piece: PieceIndex
    /// All of its bytes.
    package let bytes: [UInt8]

    /// The piece `piece` of these bytes.
    package init(piece: PieceIndex, bytes: [UInt8]) { (self.piece, self.bytes) = (piece, bytes) }
}

/// Pieces that wait for others before they are checked.
struct PieceLot {
    typealias Member = (piece: PieceIndex, memory: PieceMemory)

    /// Pieces in a whole lot; one where none waits.
    let size: Int
    private let patience: Interval
    private var members: [Member] = []
    /// When the latest pieces became whole, of a lot at most.
    private var latest: [Instant] = []
    /// Whether pieces come so quickly that lots are full soon.
    private var isQuick = false
    /// When the pieces that wait should be checked at the latest; nil while none waits.
    private(set) var deadline: Instant?

    init(_ settings: TorrentStoreSettings, pieceLength: Int) {
        let most = min(settings.lotPieces, settings.lotBytes / pieceLength)
        // Half a lot of pieces is the least that pays.
        size = most * 2 >= settings.lotPieces ? max(1, most) : 1
        patience = settings.lotPatience
    }

    /// The pieces that may wait besides: a lot that is checked and one that fills.
    var held: Int { isQuick ? 2 * size : 0 }

    /// Takes a piece; whether all are to be checked now, as the lot is full, or would not be soon.
    mutating func add(_ piece: PieceIndex, _ memory: PieceMemory, at now: Instant?) -> Bool {
        members.append((piece, memory))
        guard size > 1, let now else { return true }
        if latest.count == size { latest.removeFirst() }
        latest.append(now)
        isQuick = latest.count == size && now <= latest[0] + patience
        guard isQuick, members.count < size else { return true }
        if deadline == nil { deadline = now + patience }
        return false
    }

    /// All that wait, which are none then.
    mutating func take() -> [Member] {
        deadline = nil
        defer { members = [] }
        return members
    }
}
