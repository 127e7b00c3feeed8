// How a relayed channel is doing, by what happens in its swarm: which news is news. Knows no clock
// and reports nothing.

import Pieces

/// The state of a relayed channel.
struct RelayFlow: Equatable {
    private(set) var state = RelayState.connecting
    /// The first piece that a broadcast which is over does not have.
    private var end: PieceIndex?

    /// A piece came; answers whether the channel goes on by that.
    ///
    /// What was still missing when the end was known is no next broadcast.
    mutating func came(_ piece: PieceIndex) -> Bool {
        guard state != .carrying else { return false }
        if state == .ended, let end, piece < end { return false }
        state = .carrying
        return true
    }

    /// The broadcast is over before `piece`; answers whether that is new.
    mutating func ended(before piece: PieceIndex) -> Bool {
        end = piece
        guard state != .ended else { return false }
        state = .ended
        return true
    }

    /// Nothing has come for long; answers whether that is new.
    mutating func paused() -> Bool {
        guard state == .carrying else { return false }
        state = .silent
        return true
    }
}
