import Pieces
import Primitives
import Wire

@testable import Swarm

/// Several engines of one torrent in virtual time.
///
/// Messages take a delay, blocks also their turn on the sender's line. Peers can poison, take
/// requests and send nothing, send nothing for the greater part of each second, have what they
/// send arrive in lumps, or lose a packet every two seconds, for which what follows waits.
struct TorrentWorld {
    /// What a node does with what it is asked for.
    enum Manner { case honest, poisoning, stalling, pausing, lumping, losing }

    struct Node {
        var engine: TorrentEngine
        var manner: Manner
        /// Bytes a second that it sends, and when its line is free again.
        var line: Double
        var freeAt = Instant.zero
        /// The blocks of each piece that it has kept, and whether each is wrong.
        var kept: [PieceIndex: [Int: Bool]] = [:]
        /// The pieces whose leaves it knows.
        var leaves: Set<PieceIndex> = []
        var links: [Int: Int] = [:]
        var queued: [Int: Int] = [:]
        /// Whom it closed for what they sent.
        var poisoners: [Int] = []
    }

    enum Event {
        case input(Int, TorrentInput)
        /// A block of a node's neighbour, and whether it is wrong.
        case block(Int, PeerHandle, Block, isWrong: Bool)
        case sent(Int, PeerHandle, Int)
        /// What a node's neighbour answers that was asked for leaves.
        case leaves(Int, PeerHandle, PieceIndex, LeafAnswer)
    }

    let layout: FileLayout
    let delay: Interval
    /// Whether blocks have hashes of their own, which all but poisoners send.
    let hasLeaves: Bool
    var nodes: [Node] = []
    var now = Instant.zero + .seconds(1000)
    private var agenda: [(at: Instant, order: Int, event: Event)] = []
    private var order = 0
    /// The block that a node is being told of, wrong or not.
    private var isWrong = false

    init(pieces: Int, blocks: Int, delay: Interval, hasLeaves: Bool = false) {
        self.hasLeaves = hasLeaves
        layout = TorrentRig.layout(pieces: pieces, blocks: blocks)
        self.delay = delay
    }

    /// Adds a node; a seed unless it is empty.
    @discardableResult
    mutating func add(
        _ manner: Manner = .honest, line: Double, isEmpty: Bool = false
    ) -> Int {
        let number = nodes.count
        let have =
            isEmpty
            ? Bitfield(pieceCount: layout.pieceCount) : .full(pieceCount: layout.pieceCount)
        var settings = TorrentSettings()
        settings.hasLeaves = hasLeaves
        let engine = TorrentEngine(
            settings: settings, layout: layout, ourID: Rig.id(UInt8(number + 1)),
            have: have, seed: UInt64(number) + 5)
        nodes.append(Node(engine: engine, manner: manner, line: line))
        return number
    }

    /// Connects two nodes.
    mutating func connect(_ a: Int, _ b: Int) {
        nodes[a].links[b] = b
        nodes[b].links[a] = a
        for (one, other) in [(a, b), (b, a)] {
            let endpoint = Endpoint(address: .v4(0x0a00_0001 + UInt32(other)), port: 6881)
            tell(
                one,
                .peerJoined(
                    PeerHandle(other),
                    TorrentIntroduction(
                        endpoint: endpoint, id: Rig.id(UInt8(other + 1)), outgoing: one == a,
                        features: hasLeaves
                            ? [.fast, .extensionProtocol, .v2] : [.fast, .extensionProtocol])))
            tell(one, .delayObserved(PeerHandle(other), delay * 2))
        }
    }

    /// Tells a node something and carries out what it says.
    mutating func tell(_ node: Int, _ input: TorrentInput) {
        var outputs: [TorrentOutput] = []
        nodes[node].engine.handle(input, at: now, into: &outputs)
        for output in outputs { carryOut(output, of: node) }
    }

    private mutating func carryOut(_ output: TorrentOutput, of node: Int) {
        switch output {
        case .send(let peer, let message):
            guard nodes[node].links[peer.slot] != nil else { return }
            plan(delay, .input(peer.slot, .messageReceived(PeerHandle(node), message)))
        case .sendBlock(let peer, let block): send(block, from: node, to: peer)
        case .accept(let block): keep(block, at: node)
        case .close(let peer, let reason):
            if reason == .poisoned { nodes[node].poisoners.append(peer.slot) }
            nodes[node].links[peer.slot] = nil
            nodes[peer.slot].links[node] = nil
            plan(delay, .input(peer.slot, .peerLeft(PeerHandle(node))))
        case .askLeaves(let peer, let piece):
            let isSent = nodes[peer.slot].manner != .poisoning
            plan(delay * 2, .leaves(node, peer, piece, isSent ? .right : .refused))
        case .sift(let piece):
            let blocks = nodes[node].kept[piece] ?? [:]
            let wrong = blocks.filter(\.value).keys.sorted()
            for number in wrong { nodes[node].kept[piece]?[number] = nil }
            plan(.milliseconds(1), .input(node, .blocksJudged(piece, wrong: wrong)))
        case .drop(let piece):
            nodes[node].leaves.remove(piece)
            nodes[node].kept[piece] = nil
        case .greet, .sendExchange, .dial, .wantPeers, .completed: break
        }
    }

    private mutating func send(_ block: Block, from node: Int, to peer: PeerHandle) {
        guard nodes[node].manner != .stalling else { return }
        var start = max(now, nodes[node].freeAt)
        if nodes[node].manner == .pausing {
            let part = (start - .zero).seconds.truncatingRemainder(dividingBy: 1)
            start = start + .seconds(max(0, 0.7 - part))
        }
        let end = start + .seconds(Double(block.length) / nodes[node].line)
        nodes[node].freeAt = end
        nodes[node].queued[peer.slot, default: 0] += Int(block.length)
        plan(end - now, .sent(node, peer, Int(block.length)))
        var arrival = end
        if nodes[node].manner == .lumping {
            arrival = .zero + .seconds(((end - .zero).seconds / 0.25).rounded(.up) * 0.25)
        }
        if nodes[node].manner == .losing {
            let part = ((end - .zero).seconds + Double(node) * 0.5)
                .truncatingRemainder(dividingBy: 2)
            arrival = end + .seconds(max(0, 0.45 - part))
        }
        plan(
            arrival - now + delay,
            .block(
                peer.slot, PeerHandle(node), block, isWrong: nodes[node].manner == .poisoning))
    }

    /// A block is kept; a whole piece is checked a millisecond later.
    private mutating func keep(_ block: Block, at node: Int) {
        let number = Int(block.offset) / PieceGeometry.blockLength
        if isWrong, nodes[node].leaves.contains(block.piece) {
            return plan(.zero, .input(node, .blocksJudged(block.piece, wrong: [number])))
        }
        nodes[node].kept[block.piece, default: [:]][number] = isWrong
        let count = ((layout.length(ofPiece: block.piece) ?? 0) + 16_383) / 16_384
        guard let kept = nodes[node].kept[block.piece], kept.count == count else { return }
        if !hasLeaves || !kept.values.contains(true) { nodes[node].kept[block.piece] = nil }
        let digests = (0..<count).map { UInt64($0) + (kept[$0] == true ? 1_000_000 : 0) }
        let input: TorrentInput =
            kept.values.contains(true)
            ? .pieceRefused(block.piece, blocks: digests)
            : .pieceVerified(block.piece, blocks: digests)
        plan(.milliseconds(1), .input(node, input))
    }

    private mutating func plan(_ after: Interval, _ event: Event) {
        order += 1
        agenda.append((now + after, order, event))
    }

    /// Runs for `span`, and calls `look` after every step.
    mutating func run(_ span: Interval, _ look: (inout TorrentWorld) -> Void = { _ in }) {
        let end = now + span
        while let next = nextMoment(), next <= end {
            now = max(now, next)
            step()
            look(&self)
        }
        now = end
    }

    private func nextMoment() -> Instant? {
        let wakes = nodes.map { $0.engine.nextDeadline.at }
        return (agenda.map(\.at) + wakes).min()
    }

    private mutating func step() {
        for node in nodes.indices where nodes[node].engine.nextDeadline.at <= now {
            tell(node, .woken)
        }
        let due = agenda.filter { $0.at <= now }.sorted { ($0.at, $0.order) < ($1.at, $1.order) }
        agenda.removeAll { $0.at <= now }
        for (_, _, event) in due { carryOut(event) }
    }

    private mutating func carryOut(_ event: Event) {
        switch event {
        case .input(let node, let input): tell(node, input)
        case .block(let node, let peer, let block, let isWrong):
            guard nodes[node].links[peer.slot] != nil else { return }
            self.isWrong = isWrong
            tell(node, .blockReceived(peer, block))
        case .leaves(let node, let peer, let piece, let answer):
            guard nodes[node].links[peer.slot] != nil else { return }
            if answer == .right { nodes[node].leaves.insert(piece) }
            tell(node, .leavesAnswered(peer, piece, answer))
        case .sent(let node, let peer, let count):
            nodes[node].queued[peer.slot, default: 0] -= count
            tell(node, .drained(peer, queued: nodes[node].queued[peer.slot] ?? 0))
        }
    }
}

/// A player in the world: it takes what is there in order, and counts how long it waits.
struct WorldPlayer {
    let node: Int
    let id: ReaderID
    var position: Int64
    var waitingSince: Instant?
    var longestWait = Interval.zero
    var firstAt: Instant?

    init(_ world: inout TorrentWorld, at node: Int, _ id: UInt64, from position: Int64) {
        (self.node, self.id, self.position) = (node, ReaderID(id), position)
        let end = world.layout.totalLength
        world.tell(node, .readerOpened(self.id, position..<end))
        look(&world)
    }

    /// Takes what is there.
    mutating func look(_ world: inout TorrentWorld) {
        let unit = Int64(world.layout.pieceLength)
        let have = world.nodes[node].engine.have
        let start = position
        while position < world.layout.totalLength,
            have.contains(PieceIndex(UInt32(position / unit)))
        {
            position = min(world.layout.totalLength, (position / unit + 1) * unit)
        }
        let isWaiting = position < world.layout.totalLength
        if position > start {
            firstAt = firstAt ?? world.now
            if let since = waitingSince { longestWait = max(longestWait, world.now - since) }
            waitingSince = nil
        }
        guard position > start || waitingSince == nil, isWaiting || position > start
        else { return }
        if isWaiting { waitingSince = world.now }
        world.tell(node, .readerMoved(id, to: position, isWaiting: isWaiting))
    }
}
