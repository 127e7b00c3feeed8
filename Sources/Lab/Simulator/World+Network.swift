// Bytes on lines: connections take turns before the modem, the modem's queue drains at the
// line's rate, the network delays, the receiver's downlink takes its time.

import Pieces
import Primitives
import Swarm
import Wire

extension World {
    /// One way between two nodes.
    func delay(_ a: Int, _ b: Int) -> Interval { nodes[a].link.delay + nodes[b].link.delay }

    /// The flow, if it is still the same connection.
    func isOpen(_ id: FlowID) -> Bool {
        flows[id.slot].generation == id.generation && flows[id.slot].isOpen
    }

    /// Writes `cargo` to a neighbour.
    mutating func write(_ cargo: Cargo, from node: Int, to peer: PeerHandle) {
        guard nodes[node].flows.indices.contains(peer.slot),
            let id = nodes[node].flows[peer.slot], isOpen(id)
        else { return }
        let size = WireSize.bytes(of: cargo)
        flows[id.slot].write(cargo, size, at: now)
        traffic[cargo.kind.rawValue].count += 1
        traffic[cargo.kind.rawValue].bytes += size
        enqueue(id)
    }

    mutating func awake(_ id: FlowID) {
        guard isOpen(id), flows[id.slot].waiting > 0 else { return }
        enqueue(id)
    }

    private mutating func enqueue(_ id: FlowID) {
        let node = flows[id.slot].from
        mark(node)
        guard !flows[id.slot].isQueued else { return }
        flows[id.slot].isQueued = true
        nodes[node].ring.append(id)
    }

    /// Lets connections fill the modem's queue in turn.
    mutating func pump(_ node: Int) {
        let rate = nodes[node].link.up
        let room = rate.duration(of: nodes[node].link.queue)
        while nodes[node].ringHead < nodes[node].ring.count {
            let free = nodes[node].upFree
            if free - now >= room {
                planPump(node, at: max(free - room, now) + .microseconds(1))
                break
            }
            let id = nodes[node].ring[nodes[node].ringHead]
            nodes[node].ringHead += 1
            guard isOpen(id) else { continue }
            if flows[id.slot].asleepUntil > now {
                flows[id.slot].isQueued = false
                continue
            }
            let count = min(quantum, flows[id.slot].waiting)
            guard flows[id.slot].take(count, at: now) else {
                flows[id.slot].isQueued = false
                flows[id.slot].isBlocked = true
                continue
            }
            send(id, count, rate)
        }
        if nodes[node].ringHead > 64 || nodes[node].ringHead == nodes[node].ring.count {
            nodes[node].ring.removeFirst(nodes[node].ringHead)
            nodes[node].ringHead = 0
        }
    }

    private mutating func planPump(_ node: Int, at moment: Instant) {
        guard moment < nodes[node].pumpAt else { return }
        nodes[node].pumpAt = moment
        queue.plan(.pump(node: node), at: moment)
    }

    /// Puts a flow's next packet into the modem.
    private mutating func send(_ id: FlowID, _ count: Int, _ rate: ByteRate) {
        let (node, to) = (flows[id.slot].from, flows[id.slot].to)
        let size = WireSize.onLine(count)
        nodes[node].log.sent += size
        let start = max(nodes[node].upFree, now)
        nodes[node].upFree = start + rate.duration(of: size)
        nodes[node].log.worstQueue = max(nodes[node].log.worstQueue, nodes[node].upFree - now)
        var arrival = nodes[node].upFree + delay(node, to)
        arrival = arrival + jitter(nodes[node].link.jitter) + jitter(nodes[to].link.jitter)
        arrival = max(arrival, flows[id.slot].lastArrival)
        flows[id.slot].lastArrival = arrival
        queue.plan(.arrived(flow: id, bytes: count), at: arrival)
        if flows[id.slot].waiting > 0 {
            nodes[node].ring.append(id)
        } else {
            flows[id.slot].isQueued = false
        }
    }

    private mutating func jitter(_ span: Interval) -> Interval {
        guard span > .zero else { return .zero }
        return Interval(nanoseconds: Int64(random.next() % UInt64(span.nanoseconds)))
    }

    mutating func arrive(_ id: FlowID, _ bytes: Int) {
        guard isOpen(id) else { return }
        let node = flows[id.slot].to
        let size = WireSize.onLine(bytes)
        let start = max(nodes[node].downFree, now, flows[id.slot].asleepUntil)
        let end = start + nodes[node].link.down.duration(of: size)
        if flows[id.slot].asleepUntil <= now { nodes[node].downFree = end }
        queue.plan(.delivered(flow: id, bytes: bytes), at: end)
    }

    mutating func deliver(_ id: FlowID, _ bytes: Int) {
        guard isOpen(id) else { return }
        let (from, node) = (flows[id.slot].from, flows[id.slot].to)
        guard nodes[node].isAlive else { return }
        nodes[node].log.received += WireSize.onLine(bytes)
        flows[id.slot].deliver(bytes, at: now, delay: delay(from, node))
        if flows[id.slot].isBlocked {
            flows[id.slot].isBlocked = false
            queue.plan(.awake(flow: id), at: now + delay(from, node))
        }
        receive(id, node)
    }

    /// Gives the engine what is whole.
    mutating func receive(_ id: FlowID, _ node: Int) {
        while isOpen(id), let peer = flows[id.slot].peer, let cargo = flows[id.slot].take() {
            let handle = PeerHandle(peer)
            mix(node &* 64 &+ peer &+ Int(now.nanoseconds))
            switch cargo {
            case .message(let message): feed(node, .messageReceived(handle, message))
            case .live(let message): feed(node, .liveReceived(handle, message))
            case .greeting(let handshake): feed(node, .extensionsReceived(handle, handshake))
            case .block(let block, let isPoisoned):
                feed(node, .blockReceived(handle, block), isPoisoned: isPoisoned)
            }
        }
    }

    // MARK: Sampling

    /// How often a driver looks at the kernel's queues.
    private var sampleInterval: Interval { .milliseconds(15) }

    mutating func startSampling(_ node: Int) {
        guard !nodes[node].isSampling,
            nodes[node].flows.contains(where: { $0.map { flows[$0.slot].needsSample } ?? false })
        else { return }
        nodes[node].isSampling = true
        queue.plan(.sample(node: node), at: now + sampleInterval)
    }

    mutating func sample(_ node: Int) {
        nodes[node].isSampling = false
        guard nodes[node].isAlive else { return }
        for (peer, id) in nodes[node].flows.enumerated() {
            guard let id, isOpen(id), flows[id.slot].needsSample else { continue }
            let reading = reading(of: id)
            flows[id.slot].needsSample = reading.unacknowledged > 0
            feed(node, .uplinkObserved(PeerHandle(peer), reading))
        }
        mark(node)
    }

    private mutating func reading(of id: FlowID) -> UplinkSample {
        UplinkSample(
            unacknowledged: flows[id.slot].unacknowledged(at: now),
            unsent: flows[id.slot].waiting, roundTrip: flows[id.slot].roundTrip,
            leastRoundTrip: flows[id.slot].leastRoundTrip)
    }

    /// What an engine is told of a connection is read when it is told, as a driver does: what it
    /// was told of another one a moment before may have made it send.
    mutating func upToDate(_ input: SwarmInput, of node: Int) -> SwarmInput {
        guard case .uplinkObserved(let peer, _) = input, let id = nodes[node].flows[peer.slot],
            isOpen(id)
        else { return input }
        return .uplinkObserved(peer, reading(of: id))
    }
}
