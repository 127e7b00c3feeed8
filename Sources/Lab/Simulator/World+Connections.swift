// Connections begin and end, as TCP and the handshakes of BEP 3 have it: a dial costs two round
// trips (World+Dialling), a close reaches the other end after one delay, silence never does.

import Pieces
import Primitives
import Swarm
import Wire

extension World {
    /// The address of a node: its number in 10/8.
    func endpoint(of node: Int) -> Endpoint {
        Endpoint(address: .v4(10 << 24 | UInt32(node + 1)), port: 6881)
    }

    /// Those with whom a node has a connection.
    package func neighbours(of node: NodeID) -> [NodeID] {
        nodes[node.number].flows.compactMap { $0 }.filter { isOpen($0) }
            .map { NodeID(number: flows[$0.slot].to) }
    }

    func node(at endpoint: Endpoint) -> Int? {
        guard case .v4(let word) = endpoint.address, word >> 24 == 10, endpoint.port == 6881
        else { return nil }
        let number = Int(word & 0xff_ffff) - 1
        return nodes.indices.contains(number) ? number : nil
    }

    /// Whether a partition lies between two nodes.
    func areApart(_ a: Int, _ b: Int) -> Bool {
        now < partedUntil && nodes[a].side != nodes[b].side
    }

    /// A handshake comes in: the connection exists for this end.
    mutating func greet(_ node: Int, by dialler: Int) {
        guard nodes[dialler].dials[node]?.greetsAt == now else { return }
        let said = nodes[dialler].dials[node]?.opening
        nodes[dialler].dials[node] = nil
        guard nodes[dialler].isAlive else { return }
        guard nodes[node].isAlive else {
            feed(dialler, .dialFailed(endpoint(of: node)))
            return
        }
        let roundTrip = delay(node, dialler) * 2
        let slot = freeFlows.popLast() ?? flows.count
        if slot == flows.count { flows += [Flow(), Flow()] }
        flows[slot].open(from: dialler, to: node, roundTrip: roundTrip)
        flows[slot + 1].open(from: node, to: dialler, roundTrip: roundTrip)
        flows[slot + 1].generation = flows[slot].generation
        let id = FlowID(slot: slot, generation: flows[slot].generation)
        flows[slot].peer = nodes[node].newHandle(for: id.reverse)
        queue.plan(.answered(flow: id), at: now + roundTrip * 0.5)
        let opening = said.map { greeting($0.offer, dialler) }
        flows[slot].hasOpened = opening != nil
        join(node, id, isCrossed: crosses(node, dialler))
        if let opening, let peer = flows[slot].peer {
            feed(node, .extensionsReceived(PeerHandle(peer), opening))
            for block in said?.requests ?? [] {
                feed(node, .messageReceived(PeerHandle(peer), .request(block)))
            }
        }
    }

    /// The end that was dialled; where the dials have crossed, it has dialled as well.
    private mutating func join(_ node: Int, _ id: FlowID, isCrossed: Bool) {
        let dialler = flows[id.slot].from
        guard isCrossed, let peer = flows[id.slot].peer else {
            var from = endpoint(of: dialler)
            if isSymmetric(dialler) { from.port = UInt16(40_000 + id.slot % 20_000) }
            return join(node, flows[id.slot].peer, from, dialler, outgoing: false)
        }
        nodes[node].dials[dialler] = nil
        let said = nodes[node].engine.greeting(to: endpoint(of: dialler), at: now)
        let opening = said.map { greeting($0.offer, node) }
        if let opening { write(.greeting(opening), from: node, to: PeerHandle(peer)) }
        join(
            node, peer, endpoint(of: dialler), dialler, outgoing: true, isGreeted: opening != nil)
        for block in said?.requests ?? [] {
            write(.message(.request(block)), from: node, to: PeerHandle(peer))
        }
    }

    /// The answer to a handshake comes back: the connection exists for the dialler too.
    mutating func answer(_ id: FlowID) {
        let node = flows[id.slot].from
        guard isOpen(id), nodes[node].isAlive else { return }
        let other = flows[id.slot].to
        flows[id.slot ^ 1].peer = nodes[node].newHandle(for: id)
        join(
            node, flows[id.slot ^ 1].peer, endpoint(of: other), other, outgoing: true,
            isGreeted: flows[id.slot].hasOpened)
        receive(id.reverse, node)
    }

    private mutating func join(
        _ node: Int, _ handle: Int?, _ endpoint: Endpoint, _ other: Int, outgoing: Bool,
        isGreeted: Bool = false
    ) {
        guard let handle else { return }
        mix(node &* 31 &+ other)
        let introduction = Introduction(
            endpoint: endpoint, id: nodes[other].id, outgoing: outgoing, isGreeted: isGreeted)
        feed(node, .peerJoined(PeerHandle(handle), introduction))
    }

    /// A node closes a connection: at once for itself, a delay later for the other end.
    mutating func close(_ node: Int, _ handle: Int) {
        guard nodes[node].flows.indices.contains(handle), let id = nodes[node].flows[handle]
        else { return }
        nodes[node].flows[handle] = nil
        leaveHoles(id)
        guard isOpen(id) else { return }
        flows[id.slot ^ 1].peer = nil
        let arrival = max(now + delay(node, flows[id.slot].to), flows[id.slot].lastArrival)
        queue.plan(.hungUp(flow: id), at: arrival)
    }

    /// The end of a connection reaches the other side.
    mutating func hangUp(_ id: FlowID) {
        guard isOpen(id) else { return }
        let (node, peer, dialler) = (flows[id.slot].to, flows[id.slot].peer, flows[id.slot].from)
        release(id)
        guard nodes[node].isAlive else { return }
        if let peer {
            if nodes[node].flows[peer] == id.reverse { nodes[node].flows[peer] = nil }
            nodes[node].lostNeighbourAt = now
            feed(node, .peerLeft(PeerHandle(peer)))
        } else if id.slot & 1 == 1 {
            feed(node, .dialFailed(endpoint(of: dialler)))
        }
    }

    private mutating func release(_ id: FlowID) {
        let even = id.slot & ~1
        flows[even].isOpen = false
        flows[even + 1].isOpen = false
        freeFlows.append(even)
    }
}
