// Blocks come, pieces become whole, are verified and passed to the player, or are refused and
// their senders judged.

import Metainfo
import Pieces
import Primitives
import Wire

extension SwarmEngine {
    private var allBlocks: UInt64 {
        geometry.blocksPerPiece >= 64 ? .max : (1 << UInt64(geometry.blocksPerPiece)) - 1
    }

    mutating func received(
        _ peer: PeerHandle, _ block: Block, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        guard peers.contains(peer) else { return }
        heard(peer, now)
        guard let number = try? geometry.number(of: block) else {
            close(peer, .misbehaved("a block that does not exist"), now, &outputs)
            return
        }
        let bit: UInt64 = 1 << UInt64(number)
        guard table.contains(block.piece), table.state(of: block.piece) == .missing,
            table[block.piece].received & bit == 0, wasAsked(peer, block, bit, &outputs)
        else {
            wasted(peer, block, now, &outputs)
            return
        }
        peers.update(peer) {
            $0.gives.add(Int(block.length), at: now)
            $0.received += Int(block.length)
            $0.vain = 0
        }
        counters.usefulBytes += Int(block.length)
        keep(block, bit, peer, now, &outputs)
    }

    /// Whether a block was asked of `peer`, now or until a moment ago; notes that it has come.
    private mutating func wasAsked(
        _ peer: PeerHandle, _ block: Block, _ bit: UInt64, _ outputs: inout [SwarmOutput]
    ) -> Bool {
        let asks = table[block.piece].asks
        guard
            asks.contains(where: { $0.peer == peer && $0.blocks & bit != 0 })
                || table[block.piece].crossed.contains(peer)
        else { return false }
        for (index, ask) in asks.enumerated() where ask.blocks & bit != 0 {
            table[block.piece].asks[index].blocks &= ~bit
            if ask.kind != .standing { settle(ask.peer, Int(block.length)) }
            if ask.peer == peer { table[block.piece].cameStanding = ask.kind == .standing }
            if ask.peer != peer { outputs.append(.send(ask.peer, .cancel(block))) }
        }
        table[block.piece].asks.removeAll { $0.blocks == 0 }
        return true
    }

    /// What comes later than this was kept back.
    private static let longestWay = Interval.seconds(5)

    /// A piece comes a second time: so long it takes on the way that was not waited for.
    ///
    /// Learnt only from what comes before it ends, patience would stay too short for ever (RFC
    /// 3522 finds timeouts that were for nothing in the same way). Nobody can lengthen it who was
    /// not asked, or twice for one piece.
    private mutating func learnDelay(
        of piece: PieceIndex, from peer: PeerHandle, _ now: Instant
    ) {
        // While other blocks of it are missing, who was asked before is still listened to.
        guard table.contains(piece), table.state(of: piece) != .missing,
            let asked = table[piece].crossed.firstIndex(of: peer)
        else { return }
        table[piece].crossed.remove(at: asked)
        peers.update(peer) { $0.vain = 0 }
        guard !isBacklog(piece, now), let seen = table[piece].seenAt,
            now - seen < Self.longestWay
        else { return }
        stripes[patienceStripe(of: piece)].patience.learn(now - seen)
    }

    /// A block that nobody waits for: twice because a rescue crossed it, or never asked for.
    private mutating func wasted(
        _ peer: PeerHandle, _ block: Block, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        counters.wastedBytes += Int(block.length)
        learnDelay(of: block.piece, from: peer, now)
        if table.contains(block.piece), table.state(of: block.piece) == .held {
            peers.note(peer, holds: block.piece)
        }
        glitch(peer, "blocks that were not asked for", now, &outputs)
    }

    private mutating func keep(
        _ block: Block, _ bit: UInt64, _ peer: PeerHandle, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        let piece = block.piece
        table[piece].received |= bit
        if !table[piece].senders.contains(peer) { table[piece].senders.append(peer) }
        let stripe = stripe(of: piece)
        if stripes[stripe].parent == peer { stripes[stripe].isProven = true }
        peers[peer, stripe]?.refusals = 0
        noteHolder(peer, piece, now)
        outputs.append(.accept(block))
        guard table[piece].received == allBlocks else { return }
        for ask in table[piece].asks { withdraw(ask, piece, &outputs) }
        table[piece].asks = []
        table.set(piece, .unproven)
        table[piece].wholeAt = now
        guard metainfo.entry(of: piece) == nil else { return prove(piece, &outputs) }
        outputs.append(.sendLive(peer, .wantRecords(from: piece, count: 1)))
    }

    /// Hands a whole piece to the driver to be hashed.
    mutating func prove(_ piece: PieceIndex, _ outputs: inout [SwarmOutput]) {
        guard let entry = metainfo.entry(of: piece) else { return }
        table.set(piece, .verifying)
        outputs.append(.verifyPiece(piece, entry))
    }

    mutating func verified(
        _ piece: PieceIndex, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        guard table.contains(piece), table.state(of: piece) == .verifying else { return }
        table.set(piece, .held)
        counters.pieces += 1
        deliveredAny = true
        if table[piece].cameStanding || isPulling {
            stripes[patienceStripe(of: piece)].patience.learn(now - (table[piece].seenAt ?? now))
        }
        absolve(table[piece].senders)
        for sender in table[piece].senders {
            peers.update(sender) { $0.lateness = max(0, $0.lateness - 1) }
        }
        table[piece].senders = []
        if let wall = metainfo.wallTime(of: piece) { outputs.append(.deliver(piece, wall)) }
        peers.leaveUnsaid(piece)
        uploads.arrived(piece, published: published(piece, now), at: now)
        timers.wake(.have, by: now + settings.haveInterval)
        timers.wake(.plan, by: now + .milliseconds(5))
        serve(now, &outputs)
    }

    /// The hash is wrong.
    ///
    /// A single sender is the liar; among several it is found by asking one
    /// peer at a time for the whole piece.
    mutating func refused(
        _ piece: PieceIndex, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        guard table.contains(piece), table.state(of: piece) == .verifying else { return }
        counters.poisoned += 1
        let senders = table[piece].senders
        restart(piece, &outputs)
        table[piece].aloneOnly = senders.count > 1
        table[piece].failures += 1
        if senders.count == 1 {
            close(senders[0], .poisoned, now, &outputs)
        } else {
            suspect(together: senders, now, &outputs)
        }
        timers.wake(.plan, by: now)
    }

    /// Bytes that were asked of a peer are no longer awaited.
    mutating func settle(_ peer: PeerHandle, _ bytes: Int) {
        peers.update(peer) { $0.outstanding = max(0, $0.outstanding - bytes) }
    }

    /// Takes back what is left of an ask.
    mutating func withdraw(_ ask: Ask, _ piece: PieceIndex, _ outputs: inout [SwarmOutput]) {
        for number in 0..<geometry.blocksPerPiece where ask.blocks & (1 << UInt64(number)) != 0 {
            outputs.append(.send(ask.peer, .cancel(geometry.block(number, of: piece))))
            if ask.kind != .standing { settle(ask.peer, PieceGeometry.blockLength) }
        }
        if !table[piece].crossed.contains(ask.peer), table[piece].crossed.count < 8 {
            table[piece].crossed.append(ask.peer)
        }
    }

    /// The player has given pieces up: they are not wanted any more.
    mutating func abandon(
        _ range: Range<PieceIndex>, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        // A jump may leave out more numbers than anybody can count through.
        let known = range.clamped(to: table.base..<table.limit)
        for piece in known where table.state(of: piece) == .missing {
            for ask in table[piece].asks { withdraw(ask, piece, &outputs) }
            table[piece].asks = []
            table[piece].received = 0
            table[piece].senders = []
            table.set(piece, .abandoned)
            outputs.append(.discard(piece))
        }
    }
}
