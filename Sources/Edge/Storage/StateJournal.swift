// When the state must be written: decides, and touches no file. The rule is that no record goes
// out for a piece whose number a restart could use again, whenever the process is killed.
//
// A state on disk with number N says: no record for a piece >= N has been published. So N is
// reserved ahead of the numbering, by `step` pieces, and written again when half of that is used:
//
//     published ─────────────────┐        ┌ on disk
//     ───────────────────────────┼────────┼──────▶ piece numbers
//                               end   reserved <= end + step
//
// A disk then has half a step (0.7 s at 12 pieces a second) for a write before the broadcast
// waits for it, and a restart after a SIGKILL skips a step at most, and one (ChannelState.first).
// With a step of 0 every record waits for a write of its own. A write took
// 0.4 to 6 ms on a solid-state disk, idle and busy; it takes tens of milliseconds on a turning
// disk or a memory card, hence the step.

package import Pieces
package import Primitives

/// How far ahead numbers are reserved.
package struct StateJournalSettings: Hashable, Sendable {
    /// Pieces between the numbering and the reservation.
    ///
    /// About 1.3 s of a stream: viewers wait that long for pieces that never come after a
    /// SIGKILL; a smaller step is more writes, and less time for each.
    package var step = 16

    /// The defaults.
    package init() {}
}

/// The reservation of piece numbers.
///
/// Before a record is published, `permits` must say yes to the end of its pieces. Whenever the
/// numbering moves on, and when a write is done, call `due`; what it answers is written by
/// a worker (`BroadcastFolder.write`), whose success or failure is told by `written` or `failed`.
/// At the end wait for the write under way, then write `final`.
package struct StateJournal: Sendable {
    private var state: ChannelState
    private let step: Int
    private var reserved: PieceIndex
    private var pending: PieceIndex?

    /// A journal that goes on from `state`, as it was read from the disk or first made.
    ///
    /// A state that is not on disk yet permits nothing either: its number is the first to be used.
    package init(_ state: ChannelState, settings: StateJournalSettings = StateJournalSettings()) {
        self.state = state
        step = max(0, settings.step)
        reserved = state.first
    }

    /// Whether a record may go out whose last piece is the one before `end`.
    package func permits(_ end: PieceIndex) -> Bool { end <= reserved }

    /// The state to write now so that the pieces before `end` and some more may be published.
    ///
    /// Nil where enough is reserved or a write is under way. `last` is the digest of the last
    /// record that is known.
    package mutating func due(_ end: PieceIndex, last: SHA256Digest) -> ChannelState? {
        guard pending == nil, end.distance(to: reserved) < (step + 1) / 2 || !permits(end)
        else { return nil }
        state.next = max(reserved, end.advanced(by: step))
        state.last = last
        state.isClean = false
        pending = state.next
        return state
    }

    /// The write that `due` asked for is durable.
    package mutating func written() {
        reserved = max(reserved, pending ?? reserved)
        pending = nil
    }

    /// The write that `due` asked for did not succeed; `due` asks for it again.
    package mutating func failed() { pending = nil }

    /// The state to write when the broadcast ends in order: exact, so that nothing is skipped.
    ///
    /// `next` is the number after the last published piece, `last` the last record's digest.
    package func final(next: PieceIndex, last: SHA256Digest) -> ChannelState {
        var state = state
        state.next = next
        state.last = last
        state.isClean = true
        return state
    }
}
