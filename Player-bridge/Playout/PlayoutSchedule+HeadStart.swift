// How a player's stream begins: with a little in hand, if that comes soon. Whoever begins at a key
// frame that is just being made has nothing in hand at first, and while a swarm grows the next
// pieces come later than the first did.

import Pieces
import Primitives

extension PlayoutSchedule {
    /// The pieces that are looked through for what is in hand: 4 s at 16 a second.
    private static let mostCounted = 64

    /// The player's stream is to begin: not at once, unless that is what settings say.
    mutating func holdBack(from now: Instant) {
        guard settings.headStart > .zero else { return }
        let usual = startedAt.map { $0 + settings.headStartUntil } ?? now
        heldUntil = max(now + settings.headStartWait, usual)
    }

    /// Whether the first piece waits for more, or for its time.
    mutating func isHeldBack(at now: Instant) -> Bool {
        guard let heldUntil else { return false }
        if now >= heldUntil || end != nil || inHand >= settings.headStart { self.heldUntil = nil }
        return self.heldUntil != nil
    }

    /// What could go to the player without a break.
    private var inHand: Interval {
        let run = (0..<Self.mostCounted).prefix { pieces.isPresent(pieces.first.advanced(by: $0)) }
        return pieces.duration * Double(run.count)
    }
}
