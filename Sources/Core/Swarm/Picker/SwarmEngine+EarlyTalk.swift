// What goes out along with our handshake, before a peer has answered: what a newcomer offers, and
// requests for what its player begins with. It saves a round trip of the start. Whatever is old
// enough most have; who has it not refuses at once.

import Metainfo
package import Pieces
package import Primitives
package import Wire

extension SwarmEngine {
    /// A connection that this node opened to `endpoint` is there: what it says along with the
    /// handshake, an offer and requests; nil if it says nothing.
    ///
    /// Only a node that holds nothing yet does: it need not hear the other's offer first.
    package mutating func greeting(
        to endpoint: Endpoint, at now: Instant
    ) -> (offer: LiveOffer, requests: [Block])? {
        guard let offer = opening else { return nil }
        let pieces = earlyPieces(now)
        early.note(pieces, of: endpoint, at: now)
        return (offer, pieces.flatMap { blocks(of: $0) })
    }

    private func blocks(of piece: PieceIndex) -> [Block] {
        (0..<geometry.blocksPerPiece).map { geometry.block($0, of: piece) }
    }

    /// What the next one to be greeted is asked for: of the backlog what is old enough, and was
    /// asked of nobody but the source.
    private func earlyPieces(_ now: Instant) -> [PieceIndex] {
        guard settings.policies.contains(.earlyTalk), let wantFrom, let edge,
            let newest = metainfo.newest.flatMap({ metainfo.wallTime(of: $0) })
        else { return [] }
        let first = max(wantFrom, table.base)
        guard first <= edge else { return [] }
        let wanted = table.pieces(.missing, in: first...edge).filter { piece in
            guard !early.hold(piece, at: now), isUnasked(piece),
                let wall = metainfo.wallTime(of: piece)
            else { return false }
            return newest - wall >= settings.earlyAge
        }
        return EarlyAsks.share(of: wanted, among: planner.dialing, most: settings.earlyPieces)
    }

    /// Whether nobody but the source was asked for a piece: it serves its trees first, and what is
    /// old last of all.
    func isUnasked(_ piece: PieceIndex) -> Bool {
        table[piece].asks.allSatisfy { peers.look($0.peer, \.isSource) ?? false }
    }

    /// A peer has answered: what it was asked for along with our handshake counts from now on.
    mutating func redeemEarly(
        _ peer: PeerHandle, at endpoint: Endpoint, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        for piece in early.take(endpoint) where table.contains(piece) {
            let requests = blocks(of: piece)
            let mask = requests.indices.reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
            let ask = Ask(peer: peer, blocks: mask, at: now, kind: .catchUp)
            peers.update(peer) {
                $0.outstanding += requests.count * PieceGeometry.blockLength
            }
            if table.state(of: piece) == .missing, isUnasked(piece) {
                table[piece].asks.append(ask)
            } else {
                withdraw(ask, piece, &outputs)
            }
        }
    }
}
