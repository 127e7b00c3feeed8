// What the engine says is carried out: messages, dials, blocks kept and blocks read; and what the
// store reports goes back to it.

import Metainfo
import Pieces
import Primitives
import Reactor
import Storage
import Swarm
import Wire

extension TorrentDriver {
    func carryOut(_ output: TorrentOutput) {
        switch output {
        case .send(let peer, let message):
            if let seed = webSeed(peer) {
                say(message, to: seed)
            } else {
                link(peer)?.send(message)
            }
        case .sendBlock(let peer, let block): send(block, to: peer)
        case .accept(let block): keep(block)
        case .greet(let peer): link(peer)?.send(greeting)
        case .sendExchange(let peer, let message): link(peer)?.send(message)
        case .close(let peer, _) where webSeed(peer) != nil: dropWebSeed(peer)
        case .close(let peer, _):
            let link = link(peer)
            release(peer)
            link?.close()
        case .askLeaves(let peer, let piece): askLeaves(peer, piece)
        case .sift(let piece): sift(piece)
        case .drop(let piece): drop(piece)
        case .dial(let endpoint): dial(endpoint)
        case .wantPeers: handler(.wantPeers)
        case .completed: handler(.completed)
        }
    }

    private func link(_ peer: PeerHandle) -> PeerLink? {
        links.indices.contains(peer.slot) ? links[peer.slot] : nil
    }

    private func keep(_ block: Block) {
        if let at = placed.firstIndex(of: block) {
            // They are kept in the order in which they came.
            placed = placed[(at + 1)...]
            guard store.placed(block, { isRight($0, block) }) != false else { return }
            _ = store.settle(block, at: Loop.now)
            return lotTimer.schedule(at: store.lotDeadline ?? .never)
        }
        guard let payload, payload.range.count == Int(block.length) else { return }
        let span = payload.bytes.span.extracting(payload.range)
        guard isRight(span, block) else { return }
        _ = store.assemble(block.piece, offset: Int(block.offset), span, at: Loop.now)
        lotTimer.schedule(at: store.lotDeadline ?? .never)
    }

    private func send(_ block: Block, to peer: PeerHandle) {
        guard let link = link(peer) else { return }
        lastTicket += 1
        let zeros = zeros(in: block)
        let read = store.read(
            block.piece, offset: Int(block.offset), length: Int(block.length) - zeros,
            ticket: lastTicket)
        switch read {
        case .bytes(let bytes):
            link.send(block, payload: bytes)
            link.send(zeros: zeros)
        case .lent(let bytes):
            link.send(block, payload: ForeignBytes(bytes.bytes, owner: bytes.owner))
            link.send(zeros: zeros)
        case .inFile(let part):
            let bytes = FileBytes(
                descriptor: part.descriptor, offset: part.offset, count: part.count,
                owner: part.owner)
            link.send(block, payload: bytes)
            link.send(zeros: zeros)
        case .later:
            readings[lastTicket] = Reading(link: link, block: block)
            readingBytes[peer.slot] += Int(block.length)
        case .refused: refuse(block, link, peer)
        }
    }

    /// How many bytes of a block lie behind the end of its file.
    private func zeros(in block: Block) -> Int {
        let whole = store.files.layout.length(ofPiece: block.piece) ?? 0
        return max(0, Int(block.offset) + Int(block.length) - whole)
    }

    private func refuse(_ block: Block, _ link: PeerLink, _ peer: PeerHandle) {
        feed(.drained(peer, queued: waiting(peer)))
        guard link.handshake?.reserved.contains(.fast) == true else { return }
        link.send(.reject(block))
    }

    // MARK: The store

    /// Takes what the store's threads have done.
    func takeEvents() {
        guard !isClosed else { return }
        let events = store.take()
        for event in events {
            switch event {
            case .verified(let piece):
                leaves[piece] = nil
                feed(.pieceVerified(piece, blocks: checker.take(piece)))
                handler(.verified(piece))
            case .mismatched(let piece):
                feed(.pieceRefused(piece, blocks: checker.take(piece)))
                handler(.refused(piece))
            case .sifted(let piece, let wrong): feed(.blocksJudged(piece, wrong: wrong))
            case .derived(let ticket, let digests): derived(ticket, digests)
            case .written(let piece): handler(.written(piece))
            case .paused(let fault):
                retryLater()
                handler(.paused(fault))
            case .read(let ticket, let bytes):
                finished(ticket) { $0.send($1, payload: bytes) }
            case .lent(let ticket, let bytes):
                let foreign = ForeignBytes(bytes.bytes, owner: bytes.owner)
                finished(ticket) { $0.send($1, payload: foreign) }
            case .unreadable(let ticket, _): finished(ticket, nil)
            case .saved: handler(.saved(nil))
            case .notSaved(let fault): handler(.saved(fault))
            }
        }
        tellRoom()
        if events.contains(where: \.isProgress) { hold.moved(store.isBehind) }
    }

    private func finished(_ ticket: ReadTicket, _ send: ((PeerLink, Block) -> Void)?) {
        guard let reading = readings.removeValue(forKey: ticket),
            let peer = slots[ObjectIdentifier(reading.link)]
        else { return }
        readingBytes[peer.slot] -= Int(reading.block.length)
        if let send {
            send(reading.link, reading.block)
            reading.link.send(zeros: zeros(in: reading.block))
        } else {
            refuse(reading.block, reading.link, peer)
        }
    }
}

extension TorrentDriver: Landing {
    func holds() -> Bool { store.isBehind && hold.begin() }

    func expected(on link: PeerLink, besides begun: Block?, most: Int) -> [Block] {
        guard let peer = slots[ObjectIdentifier(link)] else { return [] }
        return engine.expected(of: peer, besides: begun, most: most)
    }

    func withPlaces(_ blocks: [Block], _ body: ([UnsafeMutableRawBufferPointer]) -> Void) {
        store.withPlaces(blocks, body)
    }
}
