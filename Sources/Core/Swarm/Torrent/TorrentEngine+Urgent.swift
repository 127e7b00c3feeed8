// What readers need, and who brings it first. A block that is due soon goes to the peer with the
// earliest time of arrival; whoever would be late with it works further ahead, while somebody
// quicker, though busy, gets to it. Copies are bounded: they must promise to gain time.

import Pieces
import Primitives
import Wire

extension TorrentEngine {
    /// When a peer would bring one block more.
    struct Rival {
        let peer: PeerHandle
        let eta: Interval
        /// The time that a block takes it.
        let each: Interval
    }

    /// Wishes that are looked at for one block.
    private static let looks = 64
    /// Pieces that are due about as soon, of which the rarest is taken.
    private static let equals = 8
    /// The part of the patience that is left for what a reader stands before.
    private static let hurry = 0.75
    /// Copies made at a time.
    private static let copies = 16
    /// Requests before one that a peer can be believed to take back: it may be sending one block
    /// and have another ready.
    private static let untouched = 2

    /// All peers that deliver, the quickest first.
    func rivals(_ now: Instant) -> [Rival] {
        var out: [Rival] = []
        out.reserveCapacity(peers.count)
        for peer in peers.handles
        where !peers[peer].isChoking && !peers[peer].isSnubbed && !peers[peer].isWeb
            && !peers[peer].isLate(patience(peer), at: now)
        {
            out.append(rival(peer))
        }
        out.sort { $0.eta < $1.eta }
        return out
    }

    /// When a peer would bring one block more, and how long it takes for each.
    func rival(_ peer: PeerHandle) -> Rival {
        let rate = peers[peer].throughput.rate ?? typicalRate
        return Rival(
            peer: peer, eta: peers[peer].eta(settings, otherwise: typicalRate),
            each: rate.duration(of: PieceGeometry.blockLength))
    }

    /// How long a peer may be silent before it counts as standing still: four blocks' time, half a
    /// second at least, and three round trips.
    ///
    /// A lost packet is a silence of two round trips and what stands in queues; then all comes at once
    /// that was sent meanwhile.
    func patience(_ peer: PeerHandle) -> Interval {
        let each = (peers[peer].throughput.rate ?? typicalRate).duration(
            of: PieceGeometry.blockLength)
        return max(.milliseconds(500), each * 4) + peers[peer].roundTrip * 3
    }

    /// The block that a peer should bring of what readers want.
    mutating func pickWish(
        _ peer: PeerHandle, _ rivals: inout [Rival]?, _ now: Instant
    ) -> Pick? {
        let mine = peers[peer].eta(settings, otherwise: typicalRate)
        let isLate = peers[peer].isLate(patience(peer), at: now)
        var looks = Self.looks
        var later: [Candidate] = []
        var quicker: Quicker?
        var at = wishHead
        while at < wishes.count, looks > 0 {
            let wish = wishes[at]
            at += 1
            guard isOpen(wish.piece) else {
                if at == wishHead + 1 { wishHead = at }
                continue
            }
            looks -= 1
            guard mayAsk(peer, wish.piece) else { continue }
            if isLate, wish.due < now + settings.urgent { continue }
            if now + mine > wish.due {
                var others = quicker ?? self.quicker(than: mine, peer, &rivals, now)
                let isTheirs = others.bring(freeBlocks(of: wish.piece)) { mayAsk($0, wish.piece) }
                quicker = others
                if isTheirs { continue }
            }
            // Wishes are in the order of their deadlines: what is due soon is first, and so it is
            // where everybody has everything and rarity says nothing.
            guard wish.due >= now + settings.urgent, seeds < swarmCount else {
                return free(in: later.first?.piece ?? wish.piece)
            }
            later.append(
                Candidate(
                    piece: wish.piece, due: wish.due, holders: rarity.availability(wish.piece)))
            if later.count == Self.equals { break }
        }
        let found = later.min {
            PickOrder.precedes($0, $1, limit: now + settings.urgent, ties: .firstDue)
        }
        return found.flatMap { free(in: $0.piece) }
    }

    /// Whether a piece has a block that nobody was asked for.
    private func isOpen(_ piece: PieceIndex) -> Bool {
        guard !have.contains(piece), checking[piece] == nil else { return false }
        guard let at = open.place(of: piece) else { return true }
        return (open[at]?.free ?? 0) > 0
    }

    /// The blocks of a piece that nobody was asked for.
    private func freeBlocks(of piece: PieceIndex) -> Int {
        if let at = open.place(of: piece) { return open[at]?.free ?? 0 }
        let unit = PieceGeometry.blockLength
        return max(1, ((layout.length(ofPiece: piece) ?? 0) + unit - 1) / unit)
    }

    /// What others bring before a peer could bring one block more.
    private mutating func quicker(
        than mine: Interval, _ peer: PeerHandle, _ rivals: inout [Rival]?, _ now: Instant
    ) -> Quicker {
        let all = rivals ?? self.rivals(now)
        rivals = all
        return Quicker(all.filter { $0.peer != peer }, than: mine)
    }

    /// Asks for the first block of what a reader stands before, though everybody has as much to do
    /// as is good: a reader that waits always has a request under way.
    mutating func askBlocking(_ now: Instant, _ outputs: inout [TorrentOutput]) {
        for wish in openWishes(Self.looks) where wish.isBlocking && isOpen(wish.piece) {
            let isAsked = open.place(of: wish.piece).map { at in
                open[at]?.blocks.contains { $0.asked.count > 0 } ?? false
            }
            guard isAsked != true,
                let best = rivals(now).first(where: { mayAsk($0.peer, wish.piece) })?.peer
                    ?? peers.handles.first(where: {
                        !peers[$0].isChoking && mayAsk($0, wish.piece)
                    }), let pick = free(in: wish.piece)
            else { continue }
            _ = ask(best, pick, now, &outputs)
        }
    }

    /// The first wishes whose pieces are still missing.
    func openWishes(_ count: Int) -> [Wish] {
        Array(wishes.lazy.filter { !have.contains($0.piece) }.prefix(count))
    }

    /// Asks others for what those who were asked will not bring in time.
    ///
    /// Not beyond a piece with blocks that nobody was asked for: these were left to the quicker
    /// peers, who would be given what is due later before them.
    mutating func rescue(_ now: Instant, _ outputs: inout [TorrentOutput]) {
        guard hasRoom else { return }
        let late = openWishes(Self.equals).filter { $0.due < now + settings.urgent }
        guard !late.isEmpty else { return }
        var left = Self.copies
        var spare = spareCopies(late)
        for wish in late {
            guard let at = open.place(of: wish.piece), let it = open[at], it.only == nil
            else { continue }
            for number in it.blocks.indices where left > 0 {
                let asked = it.blocks[number].asked
                guard asked.count > 0,
                    asked.count < Hedging.mostAsked(isBlocking: wish.isBlocking)
                else { continue }
                let costsNothing = asked.all.allSatisfy { isFree($0, wish.piece, number, now) }
                guard spare > 0 || costsNothing else { continue }
                guard copy(Pick(at: at, block: number), asked, wish, now, &outputs)
                else { continue }
                left -= 1
                if !costsNothing { spare -= 1 }
            }
            if isOpen(wish.piece) { return }
        }
    }

    /// Whether a copy of what was asked of a peer costs nothing: it takes the request back, or it
    /// has been silent for so long that it is not believed to send at all.
    private func isFree(
        _ peer: PeerHandle, _ piece: PieceIndex, _ block: Int, _ now: Instant
    ) -> Bool {
        peers[peer].isSnubbed || peers[peer].isLate(patience(peer) * 2, at: now)
            || isUntouched(peer, piece, block)
    }

    /// Whether a peer has other things to send before a block, and has shown that it takes back what
    /// it has not come to: libtorrent sends half a second of its rate, and what the socket holds,
    /// whatever is cancelled.
    private func isUntouched(_ peer: PeerHandle, _ piece: PieceIndex, _ block: Int) -> Bool {
        peers[peer].heed > 0
            && (peers[peer].requests.ahead(of: piece, UInt32(block)) ?? 0) >= Self.untouched
    }

    /// How many copies may be made now: what came twice, and what is asked of two, is kept to a
    /// small part of all.
    private func spareCopies(_ late: [Wish]) -> Int {
        let allowed = Int(Double(counters.usefulBytes) * settings.copied) + settings.firstCopied
        let twice = late.reduce(0) { sum, wish in
            guard let at = open.place(of: wish.piece), let it = open[at] else { return sum }
            return sum + it.blocks.count { $0.asked.count > 1 }
        }
        return (allowed - counters.wastedBytes) / PieceGeometry.blockLength - twice
    }

    /// Asks a second peer for a block where it would come a good deal earlier.
    private mutating func copy(
        _ pick: Pick, _ asked: Requesters, _ wish: Wish, _ now: Instant,
        _ outputs: inout [TorrentOutput]
    ) -> Bool {
        let piece = wish.piece
        let eta =
            asked.all.map { expected($0, piece, pick.block, wish.isBlocking, now) }.min()
            ?? .forever
        guard now + eta > wish.due else { return false }
        let better = (rivals(now) + webRivals(now)).sorted { $0.eta < $1.eta }.first {
            !asked.contains($0.peer) && mayAsk($0.peer, piece)
                && peers[$0.peer].requests.count
                    < depth($0.peer, now) * (wish.isBlocking ? 2 : 1) + 2
        }
        guard let better, better.eta < eta * (1 - settings.duplicateGain) else { return false }
        // Who has not come to this one leaves it to the other: no copy.
        let untouched = asked.all.filter { isUntouched($0, piece, pick.block) }
        for peer in untouched { withdraw(peer, piece, pick.block, &outputs) }
        if untouched.count < asked.count { counters.duplicates += 1 }
        return ask(better.peer, pick, now, &outputs)
    }

    /// When a block that was asked of a peer will be here.
    ///
    /// Where a reader stands before it, a shorter silence counts as standing still.
    func expected(
        _ peer: PeerHandle, _ piece: PieceIndex, _ block: Int, _ isBlocking: Bool, _ now: Instant
    ) -> Interval {
        guard peers.contains(peer), !peers[peer].isSnubbed,
            let ahead = peers[peer].requests.ahead(of: piece, UInt32(block))
        else { return .forever }
        let rate = peers[peer].throughput.rate ?? typicalRate
        let each = rate.duration(of: PieceGeometry.blockLength)
        let quiet = now - peers[peer].blockAt
        guard quiet < patience(peer) * (isBlocking ? Self.hurry : 1) else { return .forever }
        return max(each, each * Double(ahead + 1 + peers[peer].withdrawn.count) - quiet)
            + peers[peer].roundTrip
    }

    /// At the very end, a peer that has nothing to do is asked for what another is late with.
    mutating func pickCopy(_ peer: PeerHandle, _ now: Instant) -> Pick? {
        guard peers[peer].requests.count == 0, !peers[peer].isSnubbed,
            rarity.count == 0 || !wishes.isEmpty
        else { return nil }
        let mine = peers[peer].eta(settings, otherwise: typicalRate)
        var looks = Self.looks
        for at in open.places.indices {
            guard looks > 0 else { return nil }
            guard let it = open[at], it.only == nil, mayAsk(peer, it.piece) else { continue }
            for number in it.blocks.indices where (1...2).contains(it.blocks[number].asked.count) {
                looks -= 1
                guard looks > 0, !it.blocks[number].asked.contains(peer) else { continue }
                // Who stands still is not counted: else two of them could keep a block for good.
                let others = it.blocks[number].asked.all.filter { !peers[$0].isSnubbed }
                guard others.count < 2 else { continue }
                if let other = others.first {
                    let eta = expected(other, it.piece, number, false, now)
                    guard mine < eta * (1 - settings.duplicateGain) else { continue }
                }
                counters.duplicates += 1
                return Pick(at: at, block: number)
            }
        }
        return nil
    }
}
