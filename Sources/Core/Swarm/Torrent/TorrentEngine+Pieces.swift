// A piece is whole and right, or whole and wrong: who is to blame then.
//
// One sender of all blocks is to blame at once. Of several, each block's digest is kept; when the
// piece has come right, those whose block was another are (smart banning by block). Meanwhile the
// piece is asked whole of one peer at a time, so that the blame is clear. Where blocks have hashes of
// their own (BEP 52), those are asked for first, and only what is wrong comes anew: see
// TorrentEngine+Leaves.

import Pieces
import Primitives
import Wire

/// A piece that was wrong: who sent which block, and what it was.
struct FailedPiece: Sendable {
    /// A block that somebody sent.
    struct Sample: Sendable {
        let block: Int
        let sender: UInt32
        let digest: UInt64
    }
    var samples: [Sample] = []
    var times = 0

    /// Samples that are kept: a few rounds of a large piece.
    private static let most = 4096

    mutating func add(_ piece: OpenPiece, _ digests: [UInt64]) {
        times += 1
        for (number, digest) in digests.enumerated()
        where number < piece.blocks.count && samples.count < Self.most {
            samples.append(
                Sample(block: number, sender: piece.blocks[number].sender, digest: digest))
        }
    }

    /// Who sent a block that is not as it should be.
    func liars(_ right: [UInt64]) -> Set<UInt32> {
        Set(
            samples.filter { right.indices.contains($0.block) && right[$0.block] != $0.digest }
                .map(\.sender))
    }
}

extension TorrentEngine {
    /// Pieces whose failures are remembered.
    private static let rememberedFailures = 64

    mutating func verified(
        _ piece: PieceIndex, _ blocks: [UInt64], _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        checking[piece] = nil
        if open.place(of: piece) != nil { abandon(piece, &outputs) }
        guard have.insert(piece) else { return }
        claimed.insert(piece)
        haveCount += 1
        let isChosen = settled.insert(piece)
        if isChosen { leftCount -= 1 }
        rarity.remove(piece)
        leaves.forget(piece)
        for peer in peers.handles where !peers[peer].hasPiece(piece) {
            outputs.append(.send(peer, .have(piece)))
            peers[peer].toldAt = now
        }
        if let record = failed.removeValue(forKey: piece) {
            for liar in record.liars(blocks) { ban(liar, now, &outputs) }
        }
        guard isFinished else { return }
        if isChosen || isComplete { outputs.append(.completed) }
        reviewInterest(now, &outputs)
    }

    /// A piece came by another way: nothing more of it is asked for.
    private mutating func abandon(_ piece: PieceIndex, _ outputs: inout [TorrentOutput]) {
        guard let it = open.close(piece) else { return }
        for (number, block) in it.blocks.enumerated() {
            for peer in block.asked.all where peers.contains(peer) {
                withdraw(peer, piece, number, &outputs)
            }
        }
    }

    mutating func refused(
        _ piece: PieceIndex, _ blocks: [UInt64], _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        counters.poisoned += 1
        guard let was = checking[piece] else { return }
        let senders = Set(was.blocks.map(\.sender))
        if senders.count == 1, let only = senders.first { ban(only, now, &outputs) }
        if settings.hasLeaves, dispute(piece, blocks, now, &outputs) { return }
        giveBack(piece, blocks, now, &outputs)
    }

    /// All blocks of a piece that was wrong are to come anew.
    mutating func giveBack(
        _ piece: PieceIndex, _ blocks: [UInt64], _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        if settings.hasLeaves { outputs.append(.drop(piece)) }
        leaves.forget(piece)
        guard let was = checking.removeValue(forKey: piece) else { return }
        counters.lose(layout.length(ofPiece: piece) ?? 0)
        claimed.remove(piece)
        rarity.insert(piece)
        let isShared = Set(was.blocks.map(\.sender)).count > 1
        if isShared, failed.count < Self.rememberedFailures || failed[piece] != nil {
            failed[piece, default: FailedPiece()].add(was, blocks)
        }
        wishHead = 0
        if let again = free(in: piece), let one = soleSource(of: piece) {
            open.reserve(again.at, for: one)
        }
        fillAll(now, &outputs)
    }

    /// The quickest peer that can send a whole piece, best one that had no part in it.
    private func soleSource(of piece: PieceIndex) -> PeerHandle? {
        let suspects = Set((failed[piece]?.samples ?? []).map(\.sender))
        let able = peers.handles.filter {
            !peers[$0].isChoking && !peers[$0].isSnubbed && peers[$0].hasPiece(piece)
        }
        let clean = able.filter { !suspects.contains(peers[$0].serial) }
        return (clean.isEmpty ? able : clean).min {
            peers[$0].eta(settings, otherwise: typicalRate)
                < peers[$1].eta(settings, otherwise: typicalRate)
        }
    }

    /// Closes a peer that sent what is wrong, and keeps its address out.
    ///
    /// Where others are connected from the same address, only its own port is: behind it may be a
    /// household, or a proxy. So it is, a few times, where others are known to be there.
    mutating func ban(
        _ serial: UInt32, _ now: Instant, _ outputs: inout [TorrentOutput]
    ) {
        if let web = peers.handles.first(where: {
            peers[$0].serial == serial && peers[$0].isWeb
        }) {
            return close(web, .poisoned, now, &outputs)
        }
        let here = peers.handles.first { peers[$0].serial == serial }
        guard let endpoint = here.map({ peers[$0].introduction.endpoint }) ?? addresses[serial]
        else { return }
        let host = Household(endpoint.address)
        let same = peers.handles.filter { !peers[$0].isWeb && peers[$0].household == host }
        let others = same.filter { peers[$0].serial != serial }
        planner.refuse(endpoint)
        // Where it takes connections by its own word, unless that is somebody else's port.
        if let port = here.flatMap({ peers[$0].listenPort }) {
            let contact = Endpoint(address: endpoint.address, port: port)
            let isElse = others.contains {
                peers[$0].introduction.endpoint == contact || peers[$0].listenPort == port
            }
            if !isElse { planner.refuse(contact) }
        }
        if others.isEmpty, !planner.spares(endpoint.address) { planner.ban(endpoint.address) }
        for peer in same where peers[peer].serial == serial {
            close(peer, .poisoned, now, &outputs)
        }
    }
}
