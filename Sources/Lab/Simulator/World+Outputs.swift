// What an engine says is carried out, as the driver does it, and the player's schedule is run.

import Metainfo
import Pieces
import Playout
import Primitives
import Swarm
import Wire

extension World {
    mutating func carryOut(_ output: SwarmOutput, _ node: Int) {
        switch output {
        case .send(let peer, let message): write(.message(message), from: node, to: peer)
        case .sendLive(let peer, let message): write(.live(message), from: node, to: peer)
        case .sendExchange(let peer, let message):
            write(.exchange(message), from: node, to: peer)
        case .sendHolepunch(let peer, let message):
            write(.holepunch(message), from: node, to: peer)
        case .greet(let peer, let offer):
            write(.greeting(greeting(offer, node)), from: node, to: peer)
        case .sendBlock(let peer, let block): send(block, from: node, to: peer)
        case .close(let peer, _): close(node, peer.slot)
        case .dial(let endpoint), .dialBack(let endpoint): dial(endpoint, from: node)
        case .verifyRecord(let peer, let record):
            verify(record, from: peer, node)
        case .accept(let block):
            if blockIsPoisoned { nodes[node].tainted.insert(block.piece) }
        case .verifyPiece(let piece, _):
            let isTainted = nodes[node].tainted.contains(piece)
            if isTainted { nodes[node].refused = piece }
            feed(node, isTainted ? .pieceRefused(piece) : .pieceVerified(piece))
        case .discard(let piece): nodes[node].tainted.remove(piece)
        case .forget: break
        case .deliver(let piece, let wall): play(node, .pieceArrived(piece, wall: wall))
        case .timeKnown(let piece, let wall): play(node, .timeKnown(piece, wall))
        case .tuneIn(let piece, _): play(node, .tunedIn(piece))
        case .ended(let piece): play(node, .ended(piece))
        case .contradiction: break
        case .wantPeers:
            announce(node)
            takeHint(node)
        }
    }

    /// Every node keeps the same bytes of a record: copies of their own would be a third of the
    /// memory of a big swarm.
    private mutating func verify(_ record: LiveRecord, from peer: PeerHandle?, _ node: Int) {
        let first = record.pieces.lowerBound
        guard records.indices.contains(Int(first.value)) else { return }
        feed(node, .recordVerified(peer, records[Int(first.value)], digest(of: first)))
    }

    func greeting(_ offer: LiveOffer, _ node: Int) -> ExtensionHandshake {
        var handshake = ExtensionHandshake()
        handshake.ids = [.live: 3]
        if nodes[node].plan.swarm.exchangesPeers { handshake.ids[.peerExchange] = 2 }
        if nodes[node].engine.punchesHoles { handshake.ids[.holepunch] = 4 }
        handshake.listenPort = 6881
        handshake.client = "p2ptv 0.1"
        handshake.requestQueue = 500
        handshake.live = offer
        return handshake
    }

    private mutating func send(_ block: Block, from node: Int, to peer: PeerHandle) {
        switch nodes[node].conduct {
        case .honest: write(.block(block, isPoisoned: false), from: node, to: peer)
        case .polluter: write(.block(block, isPoisoned: true), from: node, to: peer)
        case .freeRider: break
        }
    }

    // MARK: The player

    /// Tells a viewer's schedule what happened and carries out what it says.
    mutating func play(_ node: Int, _ input: PlayoutSchedule.Input) {
        guard nodes[node].isViewer else { return }
        playouts.removeAll(keepingCapacity: true)
        nodes[node].schedule.handle(input, at: now, into: &playouts)
        nodes[node].lookAtPlayer()
        for output in playouts {
            switch output {
            case .emit(let piece): emit(piece, node)
            case .skip(let range): skip(range, node)
            case .stalled(let piece):
                let cause = cause(of: piece, at: node)
                nodes[node].log.stalls.append(Stall(piece: piece, at: now, cause: cause))
            case .resumed(let length):
                let last = nodes[node].log.stalls.count - 1
                if last >= 0 { nodes[node].log.stalls[last].length = length }
            case .finished: break
            case .fellBehind: feed(node, .fellBehind)
            }
        }
        guard let point = nodes[node].schedule.playPoint, point != nodes[node].toldPlayPoint,
            let due = nodes[node].schedule.deadline(of: point)
        else { return }
        nodes[node].toldPlayPoint = point
        feed(node, .playPointMoved(point, due: due))
    }

    private mutating func emit(_ piece: PieceIndex, _ node: Int) {
        guard publishedAt.indices.contains(Int(piece.value)) else { return }
        let lag = now - publishedAt[Int(piece.value)]
        if nodes[node].log.startedAt == nil { nodes[node].log.startedAt = now }
        nodes[node].log.deliveries.append(Delivery(piece: piece, lag: lag))
        if nodes[node].tainted.contains(piece) { nodes[node].log.garbage += 1 }
        mix(Int(piece.value) &* 131 &+ Int(lag.nanoseconds))
    }

    private mutating func skip(_ range: Range<PieceIndex>, _ node: Int) {
        for piece in range {
            let cause = cause(of: piece, at: node)
            nodes[node].log.skips.append(Skip(piece: piece, at: now, cause: cause))
        }
        mix(Int(range.lowerBound.value) &* 7)
        feed(node, .skipped(range))
    }
}
