// Nodes dial: SYNs, and the NATs before which they stand. In this model every node dials from the
// port that it listens on, so a NAT's hole is where others dial, and two dials that cross are one
// connection (RFC 9293, section 3.5). Real nodes do so only where they are introduced, and name the
// port of the other dial: the same holes, by one word more.

import Pieces
import Primitives
import Swarm
import Wire

/// An attempt to connect.
struct Dial: Sendable {
    let begunAt: Instant
    /// When the handshake is to arrive, once that is certain.
    var greetsAt = Instant.never
    /// When the driver's patience ends, or a refusal comes.
    var failsAt = Instant.never
    /// Until the next SYN.
    var pause = Interval.seconds(1)
    /// What goes along with the handshake.
    var opening: (offer: LiveOffer, requests: [Block])?
}

extension World {
    /// How long a driver waits for a connection.
    private static let dialPatience = Interval.seconds(10)
    /// How long a NAT keeps a hole open.
    private static let holeTime = Interval.seconds(120)

    mutating func dial(_ endpoint: Endpoint, from node: Int) {
        guard let target = self.node(at: endpoint) else { return }
        nodes[node].dials[target] = Dial(begunAt: now)
        nodes[node].holes[target] = now
        guard nodes[target].isAlive else {
            let isSilent = nodes[target].log.leftAt != nil && !nodes[target].saidGoodbye
            let wait = isSilent ? Self.dialPatience : delay(node, target) * 2
            return plan(failureOf: node, target, at: now + wait)
        }
        guard let start = firstSYN(node, target) else {
            return plan(failureOf: node, target, at: now + Self.dialPatience)
        }
        let roundTrip = delay(node, target) * 2
        if nodes[target].link.isBehindNAT {
            plan(failureOf: node, target, at: now + Self.dialPatience)
            let knock = Event.knocked(node: Int32(target), by: Int32(node))
            queue.plan(knock, at: start + roundTrip * 0.5)
        } else {
            // SYN, its answer, the handshake.
            plan(greetingOf: target, by: node, at: start + roundTrip * 1.5)
        }
    }

    /// When the first SYN goes that gets through to a node's line; SYNs are repeated after 1, 3, 7
    /// seconds.
    private func firstSYN(_ node: Int, _ target: Int) -> Instant? {
        var start = now
        var pause = 1.0
        let apart = areApart(node, target) ? partedUntil : .zero
        while start < max(nodes[node].cutUntil, nodes[target].cutUntil, apart) {
            start = start + .seconds(pause)
            pause *= 2
        }
        return start - now < Self.dialPatience ? start : nil
    }

    private mutating func plan(failureOf node: Int, _ target: Int, at moment: Instant) {
        nodes[node].dials[target]?.failsAt = moment
        queue.plan(.dialFailed(node: Int32(node), target: Int32(target)), at: moment)
    }

    private mutating func plan(greetingOf node: Int, by dialler: Int, at moment: Instant) {
        nodes[dialler].dials[node]?.greetsAt = moment
        nodes[dialler].dials[node]?.failsAt = .never
        let connected = max(now, moment - delay(node, dialler))
        queue.plan(.connected(node: Int32(dialler), to: Int32(node)), at: connected)
        queue.plan(.greeted(node: Int32(node), by: Int32(dialler)), at: moment)
    }

    /// The SYN of `node` is answered: its handshake goes out.
    mutating func connect(_ node: Int, to target: Int) {
        guard nodes[node].isAlive, nodes[node].dials[target] != nil else { return }
        let opening = nodes[node].engine.greeting(to: endpoint(of: target), at: now)
        nodes[node].dials[target]?.opening = opening
    }

    /// A SYN of `dialler` stands before the NAT of `node`: it passes, or another one comes.
    mutating func knock(_ node: Int, by dialler: Int) {
        guard let dial = nodes[dialler].dials[node], dial.greetsAt == .never,
            nodes[dialler].isAlive
        else { return }
        let roundTrip = delay(node, dialler) * 2
        nodes[dialler].holes[node] = now
        if isOpen(node, to: dialler) {
            plan(greetingOf: node, by: dialler, at: now + roundTrip)
        } else if now + dial.pause < dial.failsAt {
            nodes[dialler].dials[node]?.pause = dial.pause * 2
            let knock = Event.knocked(node: Int32(node), by: Int32(dialler))
            queue.plan(knock, at: now + dial.pause)
        }
    }

    /// Whether the NAT of `node` lets `dialler` in.
    private func isOpen(_ node: Int, to dialler: Int) -> Bool {
        guard nodes[node].link.isPunchable, !isSymmetric(dialler), nodes[node].isAlive,
            let hole = nodes[node].holes[dialler]
        else { return false }
        return now - hole <= Self.holeTime
    }

    /// Whether a node's NAT has a port of its own for each that is dialled.
    func isSymmetric(_ node: Int) -> Bool {
        nodes[node].link.isBehindNAT && !nodes[node].link.isPunchable
    }

    /// Whether a node had dialled `dialler` when its SYN came, and has no answer yet.
    func crosses(_ node: Int, _ dialler: Int) -> Bool {
        guard let dial = nodes[node].dials[dialler], !isSymmetric(node), !isSymmetric(dialler)
        else { return false }
        return dial.begunAt <= now - delay(node, dialler) * 2
    }

    /// A dial has come to nothing, if nothing else has come of it meanwhile.
    mutating func giveUp(_ node: Int, on target: Int) {
        guard nodes[node].dials[target]?.failsAt == now else { return }
        nodes[node].dials[target] = nil
        feed(node, .dialFailed(endpoint(of: target)))
    }

    /// A connection ends: the holes of both ends stay for a while.
    mutating func leaveHoles(_ id: FlowID) {
        let (a, b) = (flows[id.slot].from, flows[id.slot].to)
        nodes[a].holes[b] = now
        nodes[b].holes[a] = now
    }
}
