// Blocks that have hashes of their own, the leaves of a piece's tree (BEP 52). A piece that was wrong
// is kept until a peer has sent its leaves: then it is known who sent what is wrong, and only that
// comes anew. From the first wrong piece on, leaves are asked for along with the blocks, and a wrong
// block is known as soon as it is here.
//
//     whole ─ wrong ─▶ disputed ─ leaves came ─▶ sifted ─▶ wrong blocks come anew, senders are banned
//                          └───── nobody has them ─▶ all blocks come anew

import Pieces
import Primitives

extension TorrentEngine {
    /// Keeps a piece that was wrong until its leaves tell what of it is; false where nobody can be
    /// asked for them, or too much is kept already.
    mutating func dispute(
        _ piece: PieceIndex, _ blocks: [UInt64], _ now: Instant, _ outputs: inout [TorrentOutput]
    ) -> Bool {
        let held = leaves.disputed.count * layout.pieceLength
        guard blockCount(of: piece) > 1, leaves.disputed[piece] == nil,
            held == 0 || held + layout.pieceLength <= settings.disputed
        else { return false }
        leaves.dispute(piece, blocks)
        for case let it? in open.places { wantLeaves(it.piece) }
        guard !leaves.known.contains(piece) else {
            outputs.append(.sift(piece))
            return true
        }
        // Along with the blocks they may have been asked for already.
        if leaves.questions[piece]?.peer != nil || askLeaves(piece, now, &outputs) { return true }
        _ = leaves.settle(piece)
        return false
    }

    /// A piece is begun: its leaves are to come along with it, where there is reason to be wary.
    mutating func wantLeaves(_ piece: PieceIndex) {
        guard blockCount(of: piece) > 1 else { return }
        leaves.begin(piece, most: settings.leafQuestions)
    }

    /// Asks somebody for the leaves of a piece, or sees that this must wait as all are busy; false
    /// where nobody is left, or as many as should be have been asked.
    private mutating func askLeaves(
        _ piece: PieceIndex, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) -> Bool {
        guard let question = leaves.questions[piece],
            question.tried.count < settings.leafTries
        else { return false }
        let able = peers.handles.filter {
            peers[$0].isV2 && peers[$0].hasPiece(piece)
                && !question.tried.contains(peers[$0].serial)
                && peers[$0].keptLeaves < settings.leafRefusals
        }
        guard !able.isEmpty else { return false }
        // Whoever sent nothing of it has nothing to hide.
        let suspects = Set((checking[piece]?.blocks ?? []).map(\.sender))
        let clean = able.filter { !suspects.contains(peers[$0].serial) }
        let best = (clean.isEmpty ? able : clean)
            .filter { leaves.load(of: $0) < settings.leafRequests }
            .min { peers[$0].roundTrip < peers[$1].roundTrip }
        guard let best else { return true }
        leaves.ask(
            piece, best, serial: peers[best].serial,
            until: now + leafPatience(piece) + peers[best].roundTrip)
        outputs.append(.askLeaves(best, piece))
        return true
    }

    private func leafPatience(_ piece: PieceIndex) -> Interval {
        let isAwaited = checking[piece] != nil && wishes.contains { $0.piece == piece }
        return isAwaited ? settings.leafHurry : settings.leafPatience
    }

    /// A peer answered that was asked for leaves.
    mutating func leavesAnswered(
        _ peer: PeerHandle, _ piece: PieceIndex, _ answer: LeafAnswer, _ now: Instant,
        _ outputs: inout [TorrentOutput]
    ) {
        guard peers.contains(peer), leaves.questions[piece]?.peer == peer else { return }
        switch answer {
        case .right:
            peers[peer].keptLeaves = 0
            leaves.learned(piece)
            if leaves.disputed[piece] != nil { outputs.append(.sift(piece)) }
        case .wrong:
            // Closes it, and so asks somebody else.
            ban(peers[peer].serial, now, &outputs)
        case .refused:
            peers[peer].keptLeaves += 1
            askAnother(piece, now, &outputs)
        case .none: doWithout(piece, now, &outputs)
        }
    }

    /// A peer is gone: others may have the leaves that it was asked for.
    mutating func askLeavesElsewhere(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        for piece in leaves.asked(of: peer) { askAnother(piece, now, &outputs) }
    }

    private mutating func askAnother(
        _ piece: PieceIndex, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        leaves.release(piece)
        if !askLeaves(piece, now, &outputs) { doWithout(piece, now, &outputs) }
    }

    /// Without its leaves a piece is known to be right or wrong when it is whole.
    private mutating func doWithout(
        _ piece: PieceIndex, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        leaves.giveUp(piece)
        guard let blocks = leaves.settle(piece) else { return }
        giveBack(piece, blocks, now, &outputs)
    }

    /// Questions that are thought of at a time.
    private static let turn = 8

    /// Asks for the leaves of what has been begun.
    mutating func askNewLeaves(_ now: Instant, _ outputs: inout [TorrentOutput]) {
        for piece in leaves.nextUnasked(Self.turn) { askAnother(piece, now, &outputs) }
    }

    /// Asks for leaves, and others than those who do not answer.
    mutating func reviewLeaves(_ now: Instant, _ outputs: inout [TorrentOutput]) {
        for piece in leaves.overdue(at: now) {
            if let late = leaves.questions[piece]?.peer, peers.contains(late) {
                peers[late].keptLeaves += 1
            }
            askAnother(piece, now, &outputs)
        }
        askNewLeaves(now, &outputs)
    }

    private mutating func lose(_ blocks: [Int], of piece: PieceIndex) {
        counters.lose(blocks.reduce(0) { $0 + Int(block($1, of: piece).length) })
    }

    /// It is known which blocks of a piece are wrong: they come anew, and not from whom they came.
    mutating func judged(
        _ piece: PieceIndex, _ wrong: [Int], _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        var liars: Set<UInt32> = []
        if let whole = checking[piece] {
            let blocks = leaves.settle(piece) ?? []
            let wrong = wrong.filter { whole.blocks.indices.contains($0) }
            // In a torrent of both versions each block may be right, and the whole not.
            guard !wrong.isEmpty else { return giveBack(piece, blocks, now, &outputs) }
            checking[piece] = nil
            liars = Set(wrong.map { whole.blocks[$0].sender })
            open.reopen(whole, without: wrong)
            lose(wrong, of: piece)
        } else if let at = open.place(of: piece) {
            let lost = wrong.filter { number in
                guard let sender = open.lose(at, number) else { return false }
                liars.insert(sender)
                return true
            }
            lose(lost, of: piece)
        }
        wishHead = 0
        for liar in liars.sorted() { ban(liar, now, &outputs) }
        fillAll(now, &outputs)
    }
}
