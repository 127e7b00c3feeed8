// Pieces that are whole and wait for a thread to check them. Two that come shortly after each other
// are checked together, which costs less; who is alone waits for company for a moment, if others
// came as quickly. Knows no disk.

import Glibc
import Pieces
import Synchronization

/// Pieces to check; may be used from any thread.
final class UncheckedPieces: Sendable {
    /// A piece and what became of it.
    struct Checked {
        let piece: PieceIndex
        let bytes: [UInt8]
        let isRight: Bool
    }

    private struct State {
        var waiting: [(piece: PieceIndex, bytes: [UInt8])] = []
        /// When the last one came, and what lies between two on the average, in nanoseconds.
        var lastAt: UInt64 = 0
        var gap = 2 * patience
    }

    private let state = Mutex(State())
    private let check: TorrentStore.Check
    private let checkBoth: TorrentStore.CheckBoth?

    /// The longest wait for company, in nanoseconds: peers hear of a piece later by so much.
    private static let patience: UInt64 = 8_000_000

    init(_ check: @escaping TorrentStore.Check, _ checkBoth: TorrentStore.CheckBoth?) {
        (self.check, self.checkBoth) = (check, checkBoth)
    }

    /// Adds a piece; `check` is to be called for each, on some thread.
    func append(_ piece: PieceIndex, _ bytes: [UInt8]) {
        let now = monotonicNanoseconds()
        state.withLock { state in
            state.waiting.append((piece, bytes))
            state.gap = (state.gap * 3 + min(now - state.lastAt, 2 * Self.patience)) / 4
            state.lastAt = now
        }
    }

    /// Checks `piece`, and another that waits; none where others have taken it along.
    func check(_ piece: PieceIndex) -> [Checked] {
        if let wait = company(for: piece) { usleep(UInt32(wait / 1000)) }
        let some = take(piece)
        guard let first = some.first else { return [] }
        guard some.count == 2, let second = some.last, let checkBoth else {
            let isRight = check(first.piece, first.bytes)
            return [Checked(piece: first.piece, bytes: first.bytes, isRight: isRight)]
        }
        let isRight = checkBoth(first.piece, first.bytes, second.piece, second.bytes)
        return [
            Checked(piece: first.piece, bytes: first.bytes, isRight: isRight.0),
            Checked(piece: second.piece, bytes: second.bytes, isRight: isRight.1),
        ]
    }

    /// How long to wait for a second piece, in nanoseconds; nil where one is there, or where none
    /// is likely to come soon.
    private func company(for piece: PieceIndex) -> UInt64? {
        state.withLock { state in
            let wait = state.gap * 2
            let isAlone = state.waiting.count == 1 && state.waiting[0].piece == piece
            return isAlone && checkBoth != nil && wait < Self.patience ? wait : nil
        }
    }

    /// Takes a piece, and another with it; none where it is gone.
    ///
    /// Each is taken for its own at the latest, so none is left behind.
    private func take(_ piece: PieceIndex) -> [(piece: PieceIndex, bytes: [UInt8])] {
        state.withLock { state in
            guard let at = state.waiting.firstIndex(where: { $0.piece == piece }) else { return [] }
            let own = state.waiting.remove(at: at)
            guard checkBoth != nil, !state.waiting.isEmpty else { return [own] }
            return [own, state.waiting.removeFirst()]
        }
    }

    private func monotonicNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
