// The hashes of pieces and of their blocks, on the wire (BEP 52): those that peers ask of us are read
// and made by the store's threads, those that we ask for are held against what is known. Whom to
// ask, and what follows, is the engine's business.

import Crypto
import Metainfo
import Pieces
import Primitives
import Storage
import Swarm
import Wire

/// Leaves that are being made for a peer.
struct LeafRead {
    let link: PeerLink
    let request: HashRequest
    let piece: PieceIndex
}

extension TorrentDriver {
    /// Pieces that are read for their leaves at a time, for all peers and for each.
    private static let mostReads = 16
    private static let mostReadsEach = 4

    // MARK: Asked of us

    /// Answers whoever asks for hashes, unless it has asked too often and is gone.
    func answer(_ request: HashRequest, of peer: PeerHandle) {
        guard let link = links[peer.slot] else { return }
        let span = request.range.map { HashSpan(root: request.root, range: $0) }
        if let span, let found = hashes.answer(span, to: peer, using: Digests.self) {
            return link.send(.hashes(request, found))
        }
        guard let span, reads(for: link) < Self.mostReadsEach, leafReads.count < Self.mostReads,
            let piece = hashes.pieceToRead(span, for: peer), read(piece)
        else { return link.send(.hashReject(request)) }
        leafReads[lastTicket] = LeafRead(link: link, request: request, piece: piece)
    }

    private func reads(for link: PeerLink) -> Int {
        leafReads.values.count { $0.link === link }
    }

    private func read(_ piece: PieceIndex) -> Bool {
        lastTicket += 1
        return store.derive(piece, ticket: lastTicket) { [checker] in checker.leaves(of: $0) }
    }

    /// The leaves of a piece have been made for a peer.
    func derived(_ ticket: ReadTicket, _ digests: [SHA256Digest]) {
        guard let it = leafReads.removeValue(forKey: ticket),
            slots[ObjectIdentifier(it.link)] != nil
        else { return }
        let span = it.request.range.map { HashSpan(root: it.request.root, range: $0) }
        let found = span.flatMap {
            hashes.answer($0, leaves: digests, of: it.piece, using: Digests.self)
        }
        it.link.send(found.map { .hashes(it.request, $0) } ?? .hashReject(it.request))
    }

    // MARK: Asked by us

    /// Asks a peer for the leaves of a piece.
    func askLeaves(_ peer: PeerHandle, _ piece: PieceIndex) {
        guard let link = links[peer.slot], let fetch = PieceLeaves(piece, of: torrent)
        else { return feed(.leavesAnswered(peer, piece, .refused)) }
        leaves[piece] = fetch
        for span in fetch.spans {
            link.send(.hashRequest(HashRequest(root: span.root, span.range)))
        }
    }

    /// A peer sent hashes.
    func took(_ request: HashRequest, _ hashes: [SHA256Digest], of peer: PeerHandle) {
        guard let range = request.range else { return }
        let span = HashSpan(root: request.root, range: range)
        guard let piece = leaves.first(where: { $0.value.spans.contains(span) })?.key else {
            return
        }
        switch leaves[piece]?.take(span, hashes, using: Digests.self) {
        case .complete: feed(.leavesAnswered(peer, piece, .right))
        case .wrong: feed(.leavesAnswered(peer, piece, .wrong))
        case .part, .unasked, nil: break
        }
    }

    /// A peer does not send hashes.
    func rejected(_ request: HashRequest, by peer: PeerHandle) {
        let piece = leaves.first { _, fetch in
            fetch.spans.contains { HashRequest(root: $0.root, $0.range) == request }
        }
        if let piece = piece?.key { feed(.leavesAnswered(peer, piece, .refused)) }
    }

    // MARK: Blocks

    /// Whether a block may be kept: it is as its leaf says, as far as that is known.
    func isRight(_ bytes: Span<UInt8>, _ block: Block) -> Bool {
        guard !leaves.isEmpty, let known = leaves[block.piece]?.leaves else { return true }
        let number = Int(block.offset) / PieceGeometry.blockLength
        if checker.isRight(bytes, number, of: block.piece, known) { return true }
        feed(.blocksJudged(block.piece, wrong: [number]))
        return false
    }

    /// Finds out which blocks of a piece are wrong.
    func sift(_ piece: PieceIndex) {
        let known = leaves[piece]?.leaves ?? []
        let isKept = store.sift(piece) { [checker] in checker.wrongBlocks(of: $0, leaves: known) }
        if !isKept { feed(.blocksJudged(piece, wrong: [])) }
    }

    /// Forgets a wrong piece.
    func drop(_ piece: PieceIndex) {
        leaves[piece] = nil
        store.forget(piece)
    }
}
