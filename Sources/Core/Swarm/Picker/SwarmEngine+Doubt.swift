// What is not believed: whole pieces that no record vouches for, peers that took part in pieces
// whose hash was wrong, and records that nobody brings. Each is turned from within a moment, so
// that a liar who is quick does not keep the truth out.

import Metainfo
import Pieces
import Primitives
import Wire

extension SwarmEngine {
    /// How long a whole piece may wait for its record: whoever is honest sends the record first.
    private static let recordPatience = Interval.milliseconds(400)
    /// How long without a record before more neighbours are asked: two to six pieces.
    private static let recordHunger = Interval.milliseconds(500)
    /// Neighbours asked for records at once: one of four tells the truth.
    private static let recordAsks = 4
    /// Shares in wrong pieces from which on a peer is taken for the liar: an honest one is
    /// absolved by every piece that it sends alone.
    private static let mostSuspicion = 5

    /// Gives pieces in `range` back that came without a record which never followed.
    mutating func doubt(
        _ range: ClosedRange<PieceIndex>, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        for piece in table.pieces(.unproven, in: range) {
            guard let since = table[piece].wholeAt, now - since > Self.recordPatience
            else { continue }
            let senders = table[piece].senders
            table[piece].failures += 1
            restart(piece, &outputs)
            let stripe = stripe(of: piece)
            for sender in senders {
                peers[sender]?.lateness += 1
                refusedFeed(sender, in: stripe, now)
                suspect(sender, now, &outputs)
            }
        }
    }

    /// Throws away what has come of a piece.
    mutating func restart(_ piece: PieceIndex, _ outputs: inout [SwarmOutput]) {
        table.set(piece, .missing)
        table[piece].received = 0
        table[piece].senders = []
        table[piece].crossed = []
        table[piece].wholeAt = nil
        outputs.append(.discard(piece))
    }

    /// A peer had a share in what turned out wrong.
    mutating func suspect(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        peers[peer]?.suspicion += 1
        guard let suspicion = peers.look(peer, \.suspicion), suspicion >= Self.mostSuspicion
        else { return }
        close(peer, .poisoned, now, &outputs)
    }

    /// A neighbour was asked for a piece in vain: after some it is no parent and no holder for a
    /// while.
    ///
    /// Not while this node is new: in a crowd everybody is late then. Nor for a piece that no record
    /// proves to exist, nor twice at one moment: one word of the edge, or one hiccup, makes many
    /// pieces late at once. Nor while nobody at all is heard: then the own line is cut. The source
    /// owes nobody the pieces that are asked of it in need, if it is the one that the channel file
    /// names: to say so is easy.
    mutating func waitedInVain(for ask: Ask, of piece: PieceIndex, _ now: Instant) {
        guard settings.policies.contains(.probation), var state = peers[ask.peer],
            let newest = metainfo.newest, piece <= newest, state.vainAt < now,
            ask.kind == .standing || !state.isTrustedSource,
            tunedAt.map({ now - $0 > settings.newcomer }) ?? false, hearsAnybody(now)
        else { return }
        state.vainAt = now
        state.vain += 1
        let isOver = Probation.isOver(
            vain: state.vain, hasGiven: state.received > 0, silence: now - state.heardAt,
            settings.trust)
        if isOver {
            let forgotten = settings.trust.probationForgotten
            if now - state.unreliedUntil > forgotten { state.failings = 0 }
            state.failings = min(state.failings + 1, 8)
            state.vain = 0
            state.unreliedUntil = now + Probation.pause(state.failings, settings.trust)
        }
        peers[ask.peer] = state
    }

    /// Whether anything has come from anybody within a second.
    private func hearsAnybody(_ now: Instant) -> Bool {
        peers.handles.contains { peers.look($0) { now - $0.heardAt < .seconds(1) } ?? false }
    }

    /// Several had a share in a piece that turned out wrong.
    ///
    /// Whoever has had a share in more of them than any other goes, and the others are believed
    /// again. Where two are equal nobody goes: such a piece is asked whole of one at a time, and
    /// that tells them apart.
    mutating func suspect(
        together senders: [PeerHandle], _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        for sender in senders {
            peers[sender]?.lateness += 3
            peers[sender]?.suspicion += 1
        }
        let shares = senders.map { (peer: $0, count: peers.look($0, \.suspicion) ?? 0) }
            .sorted { $0.count > $1.count }
        guard shares.count > 1, shares[0].count >= Self.mostSuspicion,
            shares[1].count < shares[0].count
        else { return }
        for share in shares.dropFirst() { peers[share.peer]?.suspicion = 0 }
        close(shares[0].peer, .poisoned, now, &outputs)
    }

    /// A piece was right: whoever sent all of it is believed a little more.
    mutating func absolve(_ senders: [PeerHandle]) {
        guard senders.count == 1, let suspicion = peers.look(senders[0], \.suspicion) else {
            return
        }
        peers[senders[0]]?.suspicion = max(0, suspicion - 1)
    }

    /// Asks for records when none have come for a while and somebody speaks of newer pieces.
    ///
    /// Records travel with blocks, so whoever feeds a node could starve it of them.
    mutating func askForRecords(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        guard now - recordAt > Self.recordHunger, now - recordsAskedAt > Self.recordHunger
        else { return }
        // Whoever came before the first record has none, and is asked for nothing either.
        let newest = metainfo.newest
        let ahead = peers.filter { peer in
            guard peer.isLive, let told = peer.newest else { return false }
            return newest.map { told > $0 } ?? true
        }
        guard !ahead.isEmpty else { return }
        recordsAskedAt = now
        let start = Int(random.next() % UInt64(ahead.count))
        let rotated = ahead[start...] + ahead[..<start]
        let asked = rotated.filter { peers[$0]?.isSource ?? false } + rotated
        for peer in Set(asked.prefix(Self.recordAsks)).sorted() {
            outputs.append(.sendLive(peer, .wantRecords(from: newest?.advanced(by: 1), count: 64)))
        }
    }

    /// The channel's key has signed two truths: told of once for each piece.
    mutating func contradicted(
        _ piece: PieceIndex, by peer: PeerHandle?, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        if let peer { glitch(peer, "records that contradict others", now, &outputs) }
        guard !contradictions.contains(piece) else { return }
        contradictions = contradictions.suffix(63) + [piece]
        outputs.append(.contradiction(piece))
    }
}

/// Messages without use of one peer: a count that fades, since hours of watching make some.
struct Glitches: Sendable {
    private var count = 0.0
    private var at = Instant.zero

    /// How many are forgiven in a second.
    private static let forgiven = 2.0

    /// Counts one more and answers how many there are.
    mutating func add(at now: Instant) -> Double {
        count = max(0, count - (now - at).seconds * Self.forgiven) + 1
        at = now
        return count
    }
}
