// The virtual world: nodes, lines and time. It does what the drivers do on real sockets: carries
// bytes, answers verifications, wakes engines. A run follows wholly from its seed.

import Metainfo
package import Pieces
import Playout
package import Primitives
import Swarm

/// The stream that the source publishes.
package struct StreamShape: Hashable, Sendable {
    /// How it is cut.
    package var geometry: PieceGeometry
    /// Its rate.
    package var rate: ByteRate
    /// A random access point every so many pieces.
    package var keyEvery = 22

    /// A stream of `rate` in pieces of `geometry`.
    package init(geometry: PieceGeometry, rate: ByteRate) {
        self.geometry = geometry
        self.rate = rate
    }

    /// A stream of `kilobits` a second with a key frame every two seconds, cut as a broadcast
    /// does it.
    package static func usual(kilobits: Double) -> StreamShape? {
        let length = PieceGeometry.pieceLength(forBitsPerSecond: kilobits * 1000)
        guard let geometry = PieceGeometry(pieceLength: length) else { return nil }
        var shape = StreamShape(geometry: geometry, rate: ByteRate(bitsPerSecond: kilobits * 1000))
        shape.keyEvery = shape.pieces(in: .seconds(2))
        return shape
    }

    /// The pieces of so long, one at least.
    package func pieces(in span: Interval) -> Int {
        max(1, Int(span.seconds / max(pieceTime.seconds, 1e-6)))
    }

    /// The pieces that a node keeps, as in Node: a minute at 16 a second, 48 MiB at most.
    package var window: Int { max(64, min(960, (48 << 20) / geometry.pieceLength)) }

    /// How long a piece takes to fill.
    package var pieceTime: Interval { rate.duration(of: geometry.pieceLength) }
}

/// A node of a world.
package struct NodeID: Hashable, Sendable {
    /// Its number; the source is 0.
    package let number: Int
}

/// What an engine is to be told.
struct PendingInput: Sendable {
    var node: Int
    var input: SwarmInput
    /// It is a block, and garbage.
    var isPoisoned: Bool
}

/// A swarm in virtual time.
package struct World: Sendable {
    let stream: StreamShape
    /// The least unit in which connections share a line; bigger is coarser and quicker.
    let quantum: Int
    var random: SeededRandom
    var nodes: [Node] = []
    var flows: [Flow] = []
    var freeFlows: [Int] = []
    var queue = EventQueue()
    var actions: [(action: Action, at: Instant)] = []
    /// The time.
    package internal(set) var now = Instant.zero
    /// The first piece that is not published yet, and when each one was.
    package internal(set) var nextPiece = PieceIndex(0)
    var publishedAt: [Instant] = []
    /// A fingerprint of all that has happened.
    package internal(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    /// Messages of each kind, and their bytes without headers, in the order of the kinds.
    package internal(set) var traffic = Array(
        repeating: (count: 0, bytes: 0), count: TrafficKind.allCases.count)
    /// Events handled.
    package internal(set) var eventCount = 0
    /// The records that were published, one a piece, so that nodes share them.
    var records: [LiveRecord] = []
    /// From when on is measured, and what the source had sent by then.
    package internal(set) var measuredFrom = Instant.zero
    var sourceSentBefore = 0
    /// What the report is to tell the recovery from.
    var blows: [Blow] = []
    /// Until when a partition lasts.
    var partedUntil = Instant.zero
    /// From then on the tracker answers nobody.
    package var trackerEnds = Instant.never

    var outputs: [SwarmOutput] = []
    var inputs: [PendingInput] = []
    var playouts: [PlayoutSchedule.Output] = []
    var dirty: [Int] = []
    /// Whether the block that an engine is being told of is garbage.
    var blockIsPoisoned = false
    /// In debug builds each engine's invariants are checked once in so many events.
    var checkEvery = 61

    /// A world with nobody in it.
    package init(stream: StreamShape, seed: UInt64, quantum: Int = 5792) {
        self.stream = stream
        self.quantum = max(quantum, WireSize.payload)
        random = SeededRandom(seed: seed)
    }

    /// Lets time pass until `end`.
    package mutating func run(until end: Instant) {
        while let next = queue.next, next <= end, let (at, event) = queue.take() {
            now = at
            eventCount += 1
            happen(event)
            drain()
        }
        now = max(now, end)
    }

    private mutating func happen(_ event: Event) {
        switch event {
        case .wake(let node): wake(Int(node))
        case .sample(let node): sample(Int(node))
        case .pump(let node): pumpAgain(Int(node))
        case .arrived(let flow, let bytes): arrive(flow, Int(bytes))
        case .delivered(let flow, let bytes): deliver(flow, Int(bytes))
        case .knocked(let node, let dialler): knock(Int(node), by: Int(dialler))
        case .greeted(let node, let dialler): greet(Int(node), by: Int(dialler))
        case .connected(let node, let target): connect(Int(node), to: Int(target))
        case .answered(let flow): answer(flow)
        case .dialFailed(let node, let target): giveUp(Int(node), on: Int(target))
        case .hungUp(let flow): hangUp(flow)
        case .discovered(let node): discover(Int(node))
        case .awake(let flow): awake(flow)
        case .publish: publish()
        case .act(let number): act(actions[Int(number)].action)
        }
    }

    private mutating func pumpAgain(_ node: Int) {
        if nodes[node].pumpAt == now { nodes[node].pumpAt = .never }
        pump(node)
    }

    /// Gives engines what waits for them until nothing does, then arms timers and lines.
    private mutating func drain() {
        var next = 0
        while next < inputs.count {
            let node = inputs[next].node
            blockIsPoisoned = inputs[next].isPoisoned
            defer { next += 1 }
            guard nodes[node].isAlive else { continue }
            // Read when it is told, as a driver does: what the engine was told of another
            // connection a moment before may have made it send.
            if case .uplinkObserved(let peer, _) = inputs[next].input,
                let id = nodes[node].flows[peer.slot], isOpen(id)
            {
                inputs[next].input = .uplinkObserved(peer, reading(of: id))
            }
            outputs.removeAll(keepingCapacity: true)
            nodes[node].engine.handle(inputs[next].input, at: now, into: &outputs)
            mark(node)
            for i in outputs.indices { carryOut(outputs[i], node) }
        }
        inputs.removeAll(keepingCapacity: true)
        for node in dirty { rest(node) }
        dirty.removeAll(keepingCapacity: true)
    }

    /// What a driver does when it has nothing more to do: flush, set timers.
    private mutating func rest(_ node: Int) {
        nodes[node].isDirty = false
        guard nodes[node].isAlive else { return }
        pump(node)
        startSampling(node)
        nodes[node].lookAtEngine()
        let deadline = max(min(nodes[node].engineDue, nodes[node].playerDue), now)
        if deadline < nodes[node].wakeAt {
            nodes[node].wakeAt = deadline
            queue.plan(.wake(node: Int32(node)), at: deadline)
        }
        assert(checked(node))
    }

    private func checked(_ node: Int) -> Bool {
        guard eventCount % checkEvery == 0 else { return true }
        nodes[node].engine.checkInvariants()
        return nodes[node].schedule.checkInvariants()
    }

    mutating func mark(_ node: Int) {
        guard !nodes[node].isDirty else { return }
        nodes[node].isDirty = true
        dirty.append(node)
    }

    private mutating func wake(_ node: Int) {
        guard nodes[node].isAlive, nodes[node].wakeAt == now else { return }
        nodes[node].wakeAt = .never
        mark(node)
        if nodes[node].engineDue <= now { feed(node, .woken) }
        if nodes[node].playerDue <= now { play(node, .woken) }
    }

    /// Queues an input for a node's engine.
    mutating func feed(_ node: Int, _ input: SwarmInput, isPoisoned: Bool = false) {
        inputs.append(PendingInput(node: node, input: input, isPoisoned: isPoisoned))
    }

    /// Mixes a number into the fingerprint of the run (FNV-1a).
    mutating func mix(_ number: Int) {
        digest = (digest ^ UInt64(truncatingIfNeeded: number)) &* 0x100_0000_01b3
    }
}
