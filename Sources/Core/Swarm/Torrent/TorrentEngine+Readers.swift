// Readers come, move and go. A jump is answered within the same turn: what is asked for outside
// all windows is taken back, and what the reader needs is asked for.

import Pieces
import Primitives
import Wire

extension TorrentEngine {
    /// What readers wish, as of now.
    mutating func wish(_ now: Instant) {
        guard !readers.isEmpty, !isComplete else {
            wishes = []
            wishHead = 0
            return
        }
        let have = have
        wishes = readers.wishes(
            within: settings.window, pieceLength: layout.pieceLength,
            missing: { Int($0.value) < have.pieceCount && !have.contains($0) }, at: now)
        wishHead = 0
        wishedAt = now
    }

    mutating func opened(
        _ id: ReaderID, _ range: TorrentRange, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        readers.open(id, range, assumed: settings.assumedBitrate, at: now)
        cursor = PieceIndex(UInt32(clamping: range.lowerBound / Int64(layout.pieceLength)))
        aim(now, &outputs)
    }

    mutating func closed(_ id: ReaderID, _ now: Instant, _ outputs: inout [TorrentOutput]) {
        noteLack(now)
        readers.close(id)
        wish(now)
        fillAll(now, &outputs)
    }

    mutating func moved(
        _ id: ReaderID, _ position: Int64, _ isWaiting: Bool, _ now: Instant,
        _ outputs: inout [TorrentOutput]
    ) {
        let wasWaiting = readers.isAnyWaiting
        readers.move(id, to: position, isWaiting: isWaiting, at: now)
        guard isWaiting, !isComplete else { return }
        let piece = PieceIndex(UInt32(clamping: position / Int64(layout.pieceLength)))
        if isKnown(piece, now) {
            askBlocking(now, &outputs)
        } else {
            wish(now)
            reviewInterest(now, &outputs)
            fillAll(now, &outputs)
        }
        if !wasWaiting { rescue(now, &outputs) }
    }

    /// Whether the wishes are of late and have the piece that a reader now stands before; it is
    /// marked then.
    ///
    /// Making them anew for every piece that is passed on would cost more than the pieces do.
    private mutating func isKnown(_ piece: PieceIndex, _ now: Instant) -> Bool {
        guard now - wishedAt < .milliseconds(100) else { return false }
        let end = min(wishes.count, wishHead + Self.near)
        guard wishHead < end,
            let at = wishes[wishHead..<end].firstIndex(where: { $0.piece == piece })
        else { return false }
        wishes[at].isBlocking = true
        return true
    }

    /// Wishes that are looked through for the piece that a reader stands before.
    private static let near = 64

    mutating func prefetch(
        _ wanted: [Prefetch], _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        readers.fetch(wanted, at: now)
        aim(now, &outputs)
    }

    /// Turns everybody to what readers need now.
    private mutating func aim(_ now: Instant, _ outputs: inout [TorrentOutput]) {
        timers.wake(.review, by: now + .milliseconds(100))
        guard !isComplete else { return }
        wish(now)
        noteLack(now)
        reviewInterest(now, &outputs)
        // Those that had nothing for us any more may have been let go.
        if isFinished {
            planner.hurry(at: now)
            timers.wake(.connect, by: now)
        }
        takeBack(now, &outputs)
        fillAll(now, &outputs)
    }

    /// Takes back what nobody needs within a few seconds, where somebody needs something now that
    /// is not there: queues that are deep, as they are while nobody is in need, would stand before
    /// it.
    private mutating func takeBack(_ now: Instant, _ outputs: inout [TorrentOutput]) {
        guard let first = wishes.first, !isUnderWay(first.piece) else { return }
        let soon = wishes.prefix { $0.due < now + settings.urgent }
        let wanted = Set(soon.map(\.piece))
        for peer in peers.handles {
            for asked in peers[peer].requests.all where !wanted.contains(asked.piece) {
                withdraw(peer, asked.piece, Int(asked.block), &outputs)
            }
        }
    }

    /// Whether all of a piece has come or is asked for.
    private func isUnderWay(_ piece: PieceIndex) -> Bool {
        if checking[piece] != nil { return true }
        return open.place(of: piece).map { open[$0]?.free == 0 } ?? false
    }

    /// Why a reader waits, for people; nil where nobody does.
    package var cause: WaitingCause? {
        guard readers.isAnyWaiting, let wish = openWishes(1).first else { return nil }
        if !hasRoom { return .disk }
        if checking[wish.piece] != nil { return .checking }
        if peers.count == 0 { return .noPeers }
        let holders = peers.handles.filter { peers[$0].hasPiece(wish.piece) }
        if holders.isEmpty { return .nobodyHasIt }
        let choking = holders.count { peers[$0].isChoking }
        if choking == holders.count { return .choked(choking) }
        return .underWay
    }

    /// Whether what a reader waits for is asked of somebody, or else why not; for tests.
    package var isAskedFor: Bool {
        guard let wish = openWishes(1).first, wish.isBlocking else { return true }
        if checking[wish.piece] != nil { return true }
        guard let at = open.place(of: wish.piece), let it = open[at] else { return false }
        return it.blocks.contains { $0.asked.count > 0 }
    }
}

/// Why a reader waits.
package enum WaitingCause: Hashable, Sendable {
    /// There is no peer.
    case noPeers
    /// No peer has the piece.
    case nobodyHasIt
    /// All peers that have it choke us; so many.
    case choked(Int)
    /// It is being checked.
    case checking
    /// The disk takes nothing more.
    case disk
    /// It is asked for and has not come.
    case underWay
}
