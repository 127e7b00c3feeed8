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
        nodes[node].needsSample = true
        traffic[cargo.kind.rawValue].count += 1
        traffic[cargo.kind.rawValue].bytes += size
        if cargo.kind != .block, nodes[node].plan.swarm.upLimit != nil {
            feed(node, .otherSent(WireSize.onLine(size)))
        }
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
            let count = flows[id.slot].take(upTo: quantum, at: now)
            guard count > 0 else {
                flows[id.slot].isQueued = false
                flows[id.slot].isBlocked = true
                // Where all has come, no delivery wakes it: its acknowledgement does.
                let moment = flows[id.slot].nextAcknowledgement
                if moment < .never { queue.plan(.awake(flow: id), at: moment) }
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
        queue.plan(.pump(node: Int32(node)), at: moment)
    }

    /// Puts a flow's next packets into the modem.
    private mutating func send(_ id: FlowID, _ count: Int, _ rate: ByteRate) {
        let (node, to) = (flows[id.slot].from, flows[id.slot].to)
        let size = WireSize.onLine(count)
        nodes[node].log.sent += size
        let start = max(nodes[node].upFree, now)
        nodes[node].upFree = start + rate.duration(of: size)
        nodes[node].log.worstQueue = max(nodes[node].log.worstQueue, nodes[node].upFree - now)
        var arrival = nodes[node].upFree + delay(node, to)
        arrival = arrival + jitter(nodes[node].link.jitter) + jitter(nodes[to].link.jitter)
        // The last packet passes the downlink when it is there, those before it have by then.
        arrival = arrival + nodes[to].link.down.duration(of: min(size, Self.packet))
        let natural = arrival
        arrival = arrival + lost(id, count, until: arrival)
        let isLost = arrival > natural
        arrival = max(arrival, flows[id.slot].lastArrival)
        // Of what is lost itself nothing counts as come: some of it may have.
        if !isLost, arrival - natural > Self.reordering {
            let back = delay(node, to)
            flows[id.slot].hold(count, from: natural + back, until: arrival + back)
            queue.plan(.awake(flow: id), at: natural + back)
        }
        flows[id.slot].lastArrival = arrival
        queue.plan(.arrived(flow: id, bytes: Int32(count)), at: arrival)
        if flows[id.slot].waiting > 0 {
            nodes[node].ring.append(id)
        } else {
            flows[id.slot].isQueued = false
        }
    }

    /// What comes later than this waits for a lost packet, and not for one that jitter held up.
    private static let reordering = Interval.milliseconds(20)

    /// A full packet on a line.
    private static let packet = WireSize.payload + WireSize.headers

    private mutating func jitter(_ span: Interval) -> Interval {
        guard span > .zero else { return .zero }
        return Interval(nanoseconds: Int64(random.next() % UInt64(span.nanoseconds)))
    }

    /// How much later the packets of `count` bytes come because some of them are lost.
    ///
    /// What three packets follow is sent again after a round trip; the end of a burst after a
    /// timeout of a round trip and 200 ms (RFC 6298 as Linux has it), which doubles. The first
    /// timeout is a probe (RFC 8985): it shrinks the window as any loss does; only when that is
    /// lost too does the window begin anew.
    private mutating func lost(_ id: FlowID, _ count: Int, until arrival: Instant) -> Interval {
        let (node, to) = (flows[id.slot].from, flows[id.slot].to)
        let loss = 1 - (1 - nodes[node].link.loss) * (1 - nodes[to].link.loss)
        guard loss > 0 else { return .zero }
        let packets = WireSize.packets(count)
        let behind = packets + WireSize.packets(flows[id.slot].waiting)
        let roundTrip = max(flows[id.slot].roundTrip, delay(node, to) * 2)
        var late = Interval.zero
        for number in 0..<packets where chance(loss) {
            var timeout = roundTrip + .milliseconds(200)
            var wait = behind - number <= 3 ? timeout : roundTrip
            var isTimeout = false
            resend(node)
            while chance(loss), timeout < .seconds(10) {
                resend(node)
                isTimeout = true
                wait = wait + timeout
                timeout = timeout * 2
            }
            late = max(late, wait)
            flows[id.slot].lose(at: now, arrival: arrival + wait, isTimeout: isTimeout)
        }
        return late
    }

    private mutating func resend(_ node: Int) {
        nodes[node].log.sent += Self.packet
        nodes[node].upFree = nodes[node].upFree + nodes[node].link.up.duration(of: Self.packet)
    }

    private mutating func chance(_ part: Double) -> Bool {
        Double(random.next() >> 11) / Double(1 << 53) < part
    }

    /// Packets stand before the receiver's downlink: mostly it is free, and they are through.
    mutating func arrive(_ id: FlowID, _ bytes: Int) {
        guard isOpen(id) else { return }
        let (from, node) = (flows[id.slot].from, flows[id.slot].to)
        let size = WireSize.onLine(bytes)
        let time = nodes[node].link.down.duration(of: size)
        guard flows[id.slot].asleepUntil <= now else {
            let end = flows[id.slot].asleepUntil + time
            queue.plan(.delivered(flow: id, bytes: Int32(bytes)), at: end)
            return
        }
        let first = now - nodes[from].link.up.duration(of: size)
        let end = max(now, max(nodes[node].downFree, first) + time)
        nodes[node].downFree = end
        if end == now {
            deliver(id, bytes)
        } else {
            queue.plan(.delivered(flow: id, bytes: Int32(bytes)), at: end)
        }
    }

    mutating func deliver(_ id: FlowID, _ bytes: Int) {
        guard isOpen(id) else { return }
        let (from, node) = (flows[id.slot].from, flows[id.slot].to)
        guard nodes[node].isAlive else { return }
        nodes[node].log.received += WireSize.onLine(bytes)
        flows[id.slot].deliver(bytes, at: now, delay: delay(from, node))
        acknowledge(flows[id.slot].acknowledgements(for: bytes), from: node, to: from)
        if flows[id.slot].isBlocked {
            flows[id.slot].isBlocked = false
            queue.plan(.awake(flow: id), at: now + delay(from, node))
        }
        receive(id, node)
    }

    /// The acknowledgements take their part of the receiver's uplink.
    private mutating func acknowledge(_ count: Int, from node: Int, to: Int) {
        guard count > 0 else { return }
        let size = count * WireSize.headers
        nodes[node].log.sent += size
        nodes[to].log.received += size
        nodes[node].upFree = max(nodes[node].upFree, now) + nodes[node].link.up.duration(of: size)
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
            case .exchange(let message): feed(node, .exchangeReceived(handle, message))
            case .holepunch(let message): feed(node, .holepunchReceived(handle, message))
            case .block(let block, let isPoisoned):
                feed(node, .blockReceived(handle, block), isPoisoned: isPoisoned)
            }
        }
    }

    // MARK: Sampling

    /// How often a driver looks at the kernel's queues.
    private var sampleInterval: Interval { .milliseconds(15) }

    mutating func startSampling(_ node: Int) {
        guard !nodes[node].isSampling, nodes[node].needsSample else { return }
        nodes[node].isSampling = true
        queue.plan(.sample(node: Int32(node)), at: now + sampleInterval)
    }

    mutating func sample(_ node: Int) {
        nodes[node].isSampling = false
        nodes[node].needsSample = false
        guard nodes[node].isAlive else { return }
        for peer in nodes[node].flows.indices {
            guard let id = nodes[node].flows[peer], isOpen(id), flows[id.slot].needsSample
            else { continue }
            let reading = reading(of: id)
            flows[id.slot].needsSample = reading.unacknowledged > 0
            if reading.unacknowledged > 0 { nodes[node].needsSample = true }
            feed(node, .uplinkObserved(PeerHandle(peer), reading))
        }
        mark(node)
    }

    /// What a driver reads of a connection in the kernel.
    mutating func reading(of id: FlowID) -> UplinkSample {
        UplinkSample(
            unacknowledged: flows[id.slot].unacknowledged(at: now),
            unsent: flows[id.slot].waiting, held: flows[id.slot].held(at: now),
            window: flows[id.slot].window,
            roundTrip: flows[id.slot].roundTrip,
            leastRoundTrip: flows[id.slot].leastRoundTrip)
    }
}
