// What the engine says is carried out: messages, dials, hashes, signatures, bytes kept.

import Crypto
import Metainfo
import Pieces
import Primitives
import Reactor
import Storage
import Swarm
import Wire

extension SwarmDriver {
    func carryOut(_ output: SwarmOutput) {
        switch output {
        case .send(let peer, let message): link(peer)?.send(message)
        case .sendLive(let peer, let message): link(peer)?.send(message)
        case .sendExchange(let peer, let message): link(peer)?.send(message)
        case .sendHolepunch(let peer, let message): link(peer)?.send(named(message))
        case .greet(let peer, let offer): link(peer)?.send(greeting(offer))
        case .sendBlock(let peer, let block): send(block, to: peer)
        case .close(let peer, _):
            let link = link(peer)
            release(peer)
            link?.close()
        case .dial(let endpoint): dial(endpoint, from: nil)
        case .dialBack(let endpoint): dial(endpoint, from: listenPort)
        case .verifyRecord(let peer, let record): verify(record, from: peer)
        case .accept(let block): keep(block)
        case .verifyPiece(let piece, let entry): verify(piece, entry)
        case .discard(let piece): store.reset(piece)
        case .forget(let piece): store.drop(before: piece)
        case .deliver(let piece, let wall): handler(.piece(piece, wall))
        case .timeKnown(let piece, let wall): handler(.timeKnown(piece, wall))
        case .tuneIn(let piece, let offset):
            if !store.window.contains(piece) { store.drop(before: piece) }
            handler(.tunedIn(piece, offset: offset))
        case .ended(let piece): handler(.ended(piece))
        case .contradiction(let piece): handler(.contradiction(piece))
        case .wantPeers: handler(.wantPeers)
        }
    }

    private func link(_ peer: PeerHandle) -> PeerLink? {
        links.indices.contains(peer.slot) ? links[peer.slot] : nil
    }

    private func send(_ block: Block, to peer: PeerHandle) {
        guard let link = link(peer) else { return }
        guard let bytes = store.bytes(of: block) else {
            // The engine counts it as under way until it is told what is.
            link.hasUnobserved = true
            return link.send(.reject(block))
        }
        link.send(block, payload: bytes)
    }

    private func keep(_ block: Block) {
        guard let payload, payload.range.count == Int(block.length) else { return }
        let bytes = payload.bytes
        let span = bytes.span.extracting(payload.range)
        _ = store.assemble(piece: block.piece, offset: block.offset, bytes: span)
    }

    /// A record of 150 bytes costs a tenth of a millisecond to verify: cheaper than a hop to
    /// another thread and back is not, but a dozen a second are nothing.
    private func verify(_ record: LiveRecord, from peer: PeerHandle) {
        // A forger's other records need no look: it is about to be closed.
        guard !isPending(.recordRefused(peer)) else { return }
        let message = record.signedMessage(infoHash: infoHash)
        guard key.verify(record.signature, of: message) else {
            return feed(.recordRefused(peer))
        }
        feed(.recordVerified(peer, record, Digests.sha256(record.bytes)))
    }

    /// Integrity rests on SHA-256: the Merkle root over the piece's blocks (BEP 52).
    private func verify(_ piece: PieceIndex, _ entry: PieceEntry) {
        guard let bytes = store.complete(piece),
            Digests.merkleRoot(of: bytes) == entry.merkleRoot, store.accept(piece)
        else { return feed(.pieceRefused(piece)) }
        feed(.pieceVerified(piece))
    }

    /// The source's own pieces: their bytes are here before their record is.
    func publish(
        _ record: LiveRecord, digest: SHA256Digest, pieces: Range<PieceIndex>,
        bytes: [PieceIndex: [UInt8]]
    ) {
        for piece in pieces {
            guard let content = bytes[piece] else { continue }
            _ = store.insert(piece, content)
        }
        feed(.published(record, digest, pieces))
    }

    /// A verified piece's bytes and the offsets at which a player may begin.
    func content(of piece: PieceIndex) -> (bytes: [UInt8], randomAccess: [Int])? {
        guard let bytes = store.bytes(of: piece) else { return nil }
        let offsets = engine.metainfo.entry(of: piece)?.randomAccessOffsets ?? []
        return (bytes, offsets.map { Int($0) })
    }
}
