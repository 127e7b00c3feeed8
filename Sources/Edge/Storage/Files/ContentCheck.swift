// Checking what is on disk against the hashes, with all processors. Reads, and asks a function
// whether a piece is right; changes nothing.

import Glibc
package import Pieces
import Synchronization

/// How a check stands.
package struct CheckProgress: Hashable, Sendable {
    /// The pieces that have been looked at.
    package let done: Int
    /// The pieces to look at.
    package let total: Int
}

/// What a check has found.
package struct CheckResult: Equatable, Sendable {
    /// The pieces that are whole and right, of those that were to be looked at.
    package let right: Bitfield
    /// What kept pieces from being read, other than that they are not there, if anything did.
    package let fault: StorageError?
    /// Whether it was cancelled before all pieces had been looked at.
    package let isPartial: Bool
}

/// A check that is under way.
package final class ContentCheck: Sendable {
    /// How much memory the pieces that are being looked at may take: a thread has a lot at a time.
    package static let memory = 268_435_456

    private struct State {
        var next = 0
        var done = 0
        var right: Bitfield
        var fault: StorageError?
        var running: Int
    }

    private let files: TorrentFiles
    private let pieces: [PieceIndex]
    private let check: TorrentStore.Check
    private let progress: @Sendable (CheckProgress) -> Void
    private let finished: @Sendable (CheckResult) -> Void
    /// How many bytes of pieces a thread has to be checked together: what is read leaves its
    /// processor's cache anyway, and a program for television is to be small.
    private static let lotBytes = 8_388_608

    private let lot: Int
    private let state: Mutex<State>
    private let isCancelled = Atomic(false)

    /// Begins to look at `pieces` of `files`.
    ///
    /// - Parameters:
    ///   - files: where the pieces are.
    ///   - pieces: the pieces to look at.
    ///   - threads: how many threads; all processors, or one fewer where pieces are large.
    ///   - lot: how many pieces to check at once, where `lotBytes` and the number of pieces allow
    ///     half of that at least; else one.
    ///   - check: whether the bytes of a piece are right; called on these threads.
    ///   - progress: called on these threads, at most a hundred times.
    ///   - finished: called once, on one of these threads, as the last.
    package init(
        _ files: TorrentFiles, pieces: Bitfield, threads: Int = processorCount(), lot: Int = 1,
        check: @escaping TorrentStore.Check,
        progress: @escaping @Sendable (CheckProgress) -> Void,
        finished: @escaping @Sendable (CheckResult) -> Void
    ) {
        (self.files, self.check) = (files, check)
        (self.progress, self.finished) = (progress, finished)
        self.pieces = pieces.indices
        let most = max(1, Self.memory / files.layout.pieceLength)
        let count = max(1, min(threads, most, self.pieces.count))
        let each = (self.pieces.count + count - 1) / count
        let room = min(lot, most / count, Self.lotBytes / files.layout.pieceLength, each)
        self.lot = room * 2 >= lot ? max(1, room) : 1
        state = Mutex(
            State(right: Bitfield(pieceCount: files.layout.pieceCount), running: count))
        for _ in 0..<count where !startThread({ self.work() }) { end() }
    }

    /// Ends the check after the pieces that are being looked at.
    package func cancel() { isCancelled.store(true, ordering: .relaxed) }

    private func work() {
        while let pieces = next() {
            var whole: [WholePiece] = []
            for piece in pieces {
                do throws(StorageError) {
                    let length = files.layout.length(ofPiece: piece) ?? 0
                    let bytes = try files.read(piece, offset: 0, length: length)
                    whole.append(WholePiece(piece: piece, bytes: bytes))
                } catch {
                    // What is not there is missing, which is no fault.
                    if case .tooShort = error { note(piece) } else { note(piece, fault: error) }
                }
            }
            for (it, isRight) in zip(whole, check(whole)) { note(it.piece, isRight: isRight) }
        }
        end()
    }

    private func next() -> ArraySlice<PieceIndex>? {
        guard !isCancelled.load(ordering: .relaxed) else { return nil }
        return state.withLock { state in
            guard state.next < pieces.count else { return nil }
            let first = state.next
            state.next = min(first + lot, pieces.count)
            return pieces[first..<state.next]
        }
    }

    private func note(_ piece: PieceIndex, isRight: Bool = false, fault: StorageError? = nil) {
        let done = state.withLock { state in
            state.done += 1
            if isRight { state.right.insert(piece) }
            if state.fault == nil { state.fault = fault }
            return state.done
        }
        let step = (pieces.count + 99) / 100
        if done % step == 0 { progress(CheckProgress(done: done, total: pieces.count)) }
    }

    private func end() {
        let result: CheckResult? = state.withLock { state in
            state.running -= 1
            guard state.running == 0 else { return nil }
            return CheckResult(
                right: state.right, fault: state.fault,
                isPartial: state.done < pieces.count)
        }
        if let result { finished(result) }
    }
}
