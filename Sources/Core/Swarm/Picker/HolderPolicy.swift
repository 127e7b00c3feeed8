// Whom to ask for a piece that several neighbours hold: the one with the shortest expected
// delivery time. A pure function of plain values.

import Primitives

/// What is known of a neighbour that holds the piece.
struct Holder: Hashable, Sendable {
    var peer: PeerHandle
    /// Bytes asked of it and not yet come.
    var outstanding: Int
    /// What it has lately sent.
    var rate: ByteRate
    /// Times in a row that it was late.
    var lateness: Int
    /// The source is asked last: everybody can ask it, and it cannot serve everybody.
    var isSource: Bool
    /// It has not said that it holds the piece, but it is fed where the piece travels.
    var isPresumed: Bool
    /// For how long what waits at it would keep its line busy, in seconds, by its own word.
    var wait = 0.0
    /// For how long nothing has come from it.
    var silence = Interval.zero
}

/// The choice among holders.
enum HolderPolicy {
    /// A rate to assume of a neighbour that has sent nothing yet, in pieces a second: half of a
    /// stream, of which there are 8 to 16.
    static let unknownRate = 5.0

    /// In a live swarm something comes from each neighbour about this often, in seconds; whoever
    /// is silent for longer may have left without a word.
    static let usualSilence = 0.5

    /// The holder that is expected to deliver `length` more bytes first, or nil.
    ///
    /// To the time of arrival comes what makes it doubtful. What a neighbour
    /// says of its own queue counts a little only: it is a quarter of a second old, and many hear
    /// it at once. Equal times are told apart by `salt`, so that neighbours are used evenly.
    static func best(_ holders: [Holder], length: Int, salt: UInt64) -> PeerHandle? {
        var best: (PeerHandle, Double)?
        for holder in holders {
            let cost = cost(of: holder, length: length, salt: salt)
            if best.map({ cost < $0.1 }) ?? true { best = (holder.peer, cost) }
        }
        return best?.0
    }

    private static func cost(of holder: Holder, length: Int, salt: UInt64) -> Double {
        let rate = max(holder.rate.bytesPerSecond, unknownRate * Double(length))
        var cost = Arrival.time(
            of: length, behind: holder.outstanding, rate: ByteRate(bytesPerSecond: rate)
        ).seconds
        cost += 0.2 * Double(min(holder.lateness, 20))
        cost += 0.5 * min(holder.wait, 0.2)
        cost += 0.3 * max(0, holder.silence.seconds - usualSilence)
        if holder.isSource { cost += 0.6 }
        if holder.isPresumed { cost += 0.2 }
        let mixed = (salt ^ UInt64(holder.peer.slot)) &* 0x9e37_79b9_7f4a_7c15
        return cost + Double(mixed >> 40) / Double(1 << 24) * 0.02
    }
}
