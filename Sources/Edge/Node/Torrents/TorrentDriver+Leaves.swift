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

/// A request for leaves, which must be made.
struct LeafRead {
    let link: PeerLink
    let request: HashRequest
    let piece: PieceIndex
    /// The number under which the piece is being read; nil while it is not its turn.
    var ticket: ReadTicket?
}

/// Leaves that a peer is asked for.
struct LeafFetch {
    let peer: PeerHandle
    var leaves: PieceLeaves
}

extension TorrentDriver {
    /// Pieces that are read for their leaves at a time: half of the store's threads are left to what
    /// we load ourselves.
    private static let mostReads = 2
    /// Requests that wait for that, of all peers and of each: four pieces of two stretches.
    private static let mostWaiting = 64
    private static let mostWaitingEach = 8

    // MARK: Asked of us

    /// Answers whoever asks for hashes, unless it has asked too often and is gone.
    func answer(_ request: HashRequest, of peer: PeerHandle) {
        guard let link = links[peer.slot] else { return }
        let span = request.range.map { HashSpan(root: request.root, range: $0) }
        if let span, let found = hashes.answer(span, to: peer, using: Digests.self) {
            return link.send(.hashes(request, found))
        }
        guard let span, leafReads.count < Self.mostWaiting,
            leafReads.count(where: { $0.link === link }) < Self.mostWaitingEach,
            let piece = hashes.pieceToRead(span, for: peer), store.has(piece)
        else { return link.send(.hashReject(request)) }
        let ticket = leafReads.first { $0.piece == piece }?.ticket
        leafReads.append(LeafRead(link: link, request: request, piece: piece, ticket: ticket))
        readLeaves()
    }

    /// Has the next pieces read whose leaves are asked for.
    private func readLeaves() {
        while let next = leafReads.first(where: { $0.ticket == nil })?.piece,
            Set(leafReads.compactMap(\.ticket)).count < Self.mostReads
        {
            lastTicket += 1
            let isRead = store.derive(next, ticket: lastTicket) { [checker] in
                checker.leaves(of: $0)
            }
            for at in leafReads.indices where leafReads[at].piece == next {
                leafReads[at].ticket = lastTicket
            }
            if !isRead { tell(lastTicket, []) }
        }
    }

    /// The leaves of a piece have been made.
    func derived(_ ticket: ReadTicket, _ digests: [SHA256Digest]) {
        tell(ticket, digests)
        readLeaves()
    }

    /// Tells all who asked for what was read as `ticket`.
    private func tell(_ ticket: ReadTicket, _ digests: [SHA256Digest]) {
        let asked = leafReads.filter { $0.ticket == ticket }
        leafReads.removeAll { $0.ticket == ticket }
        for it in asked where slots[ObjectIdentifier(it.link)] != nil {
            let span = it.request.range.map { HashSpan(root: it.request.root, range: $0) }
            let found = span.flatMap {
                hashes.answer($0, leaves: digests, of: it.piece, using: Digests.self)
            }
            it.link.send(found.map { .hashes(it.request, $0) } ?? .hashReject(it.request))
        }
    }

    // MARK: Asked by us

    /// Asks a peer for the leaves of a piece.
    func askLeaves(_ peer: PeerHandle, _ piece: PieceIndex) {
        guard let link = links[peer.slot], let fetch = PieceLeaves(piece, of: torrent)
        else { return feed(.leavesAnswered(peer, piece, .none)) }
        leaves[piece] = LeafFetch(peer: peer, leaves: fetch)
        for span in fetch.spans {
            link.send(.hashRequest(HashRequest(root: span.root, span.range)))
        }
    }

    /// The pieces for which a peer is asked for just these hashes: files of one content have the same.
    private func asked(_ request: HashRequest, of peer: PeerHandle) -> [PieceIndex] {
        guard links[peer.slot] != nil else { return [] }
        return leaves.filter { _, it in
            it.peer == peer && !it.leaves.isComplete
                && it.leaves.spans.contains { HashRequest(root: $0.root, $0.range) == request }
        }.keys.sorted()
    }

    /// A peer sent hashes.
    func took(_ request: HashRequest, _ hashes: [SHA256Digest], of peer: PeerHandle) {
        guard let range = request.range else { return }
        let span = HashSpan(root: request.root, range: range)
        for piece in asked(request, of: peer) {
            switch leaves[piece]?.leaves.take(span, hashes, using: Digests.self) {
            case .complete: feed(.leavesAnswered(peer, piece, .right))
            case .wrong: return feed(.leavesAnswered(peer, piece, .wrong))
            case .part, .unasked, nil: break
            }
        }
    }

    /// A peer does not send hashes.
    func rejected(_ request: HashRequest, by peer: PeerHandle) {
        for piece in asked(request, of: peer) { feed(.leavesAnswered(peer, piece, .refused)) }
    }

    // MARK: Blocks

    /// Whether a block may be kept: it is as its leaf says, as far as that is known.
    func isRight(_ bytes: Span<UInt8>, _ block: Block) -> Bool {
        guard !leaves.isEmpty, let known = leaves[block.piece]?.leaves, known.isComplete
        else { return true }
        let number = Int(block.offset) / PieceGeometry.blockLength
        if checker.isRight(bytes, number, of: block.piece, known.leaf(number)) { return true }
        feed(.blocksJudged(block.piece, wrong: [number]))
        return false
    }

    /// Finds out which blocks of a piece are wrong.
    func sift(_ piece: PieceIndex) {
        let isKept = leaves[piece]?.leaves.leaves.map { known in
            store.sift(piece) { [checker] in checker.wrongBlocks(of: $0, leaves: known) }
        }
        if isKept != true { feed(.blocksJudged(piece, wrong: [])) }
    }

    /// Forgets a wrong piece.
    func drop(_ piece: PieceIndex) {
        leaves[piece] = nil
        store.forget(piece)
    }
}
