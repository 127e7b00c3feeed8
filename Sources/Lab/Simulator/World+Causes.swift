// Finds out why a piece is not there when a player needs it.

import Pieces
import Primitives
import Swarm

extension World {
    /// An outage that ended so long ago still shows: the longest that a hole is waited for.
    private var aftermath: Interval { .seconds(8) }

    /// Why `piece` is not at `node` now.
    func cause(of piece: PieceIndex, at node: Int) -> Cause {
        if let cause = outage(at: node, of: piece) { return cause }
        var node = node
        // Upwards from one who waits to whom it has asked; trees are less deep than this.
        for _ in 0..<16 {
            switch obstacle(to: piece, at: node) {
            case .here(let cause): return cause
            case .upstream(let uploader): node = uploader
            }
        }
        return .upstream
    }

    private enum Obstacle {
        case here(Cause)
        case upstream(Int)
    }

    /// What everybody knows who looks from above.
    private func outage(at node: Int, of piece: PieceIndex) -> Cause? {
        if isRecent(nodes[node].cutUntil) { return .lineCut }
        if isRecent(partedUntil) { return .partition }
        guard let source = nodes.first else { return .sourceGone }
        if !source.isAlive, piece >= nextPiece { return .sourceGone }
        return isRecent(source.cutUntil) ? .sourceCut : nil
    }

    private func isRecent(_ end: Instant) -> Bool { end > .zero && now < end + aftermath }

    private func obstacle(to piece: PieceIndex, at node: Int) -> Obstacle {
        if nodes[node].refused == piece { return .here(.poisoned) }
        guard nodes[node].engine.neighbourCount > 0 else { return .here(.alone) }
        guard let status = nodes[node].engine.status(of: piece) else { return .here(.notAsked) }
        if status.isWhole { return .here(.recordMissing) }
        let asked = status.asked.compactMap { flow(from: node, to: $0) }
        if let fault = asked.lazy.compactMap({ fault(of: $0) }).first { return .here(fault) }
        guard let request = asked.first else { return .here(unasked(status, node)) }
        return delay(of: piece, over: request)
    }

    /// What is wrong with whom `request` leads to.
    private func fault(of request: FlowID) -> Cause? {
        let uploader = nodes[flows[request.slot].to]
        if !uploader.isAlive { return uploader.saidGoodbye ? .left : .leftSilently }
        if isRecent(uploader.cutUntil) { return .uploaderCut }
        return uploader.conduct == .freeRider ? .freeRider : nil
    }

    private func unasked(_ status: PieceStatus, _ node: Int) -> Cause {
        if let left = nodes[node].lostNeighbourAt, now - left < .seconds(2) { return .left }
        return status.holders == 0 ? .nobody : .notAsked
    }

    /// Where the piece is that was asked for over `request`.
    private func delay(of piece: PieceIndex, over request: FlowID) -> Obstacle {
        let (uploader, answer) = (flows[request.slot].to, flows[request.slot ^ 1])
        guard nodes[uploader].engine.status(of: piece)?.isHeld ?? false else {
            return .upstream(uploader)
        }
        let isSent = (0..<stream.geometry.blocksPerPiece).allSatisfy {
            answer.carries(stream.geometry.block($0, of: piece))
        }
        guard isSent, answer.waiting == 0 else { return .here(.queue) }
        return .here(answer.recoversUntil > now - .seconds(1) ? .loss : .underWay)
    }

    private func flow(from node: Int, to peer: PeerHandle) -> FlowID? {
        guard nodes[node].flows.indices.contains(peer.slot), let id = nodes[node].flows[peer.slot]
        else { return nil }
        return isOpen(id) ? id : nil
    }
}
