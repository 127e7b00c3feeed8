// Nodes come and go, and their lines fail, at planned moments.

package import Playout
package import Primitives
package import Swarm

/// Something that a scenario has planned.
enum Action: Hashable, Sendable {
    case join(Int)
    /// With its connections closed, or without a word.
    case leave(Int, isSilent: Bool)
    /// Its line carries nothing for a while.
    case cut(Int, Interval)
}

extension World {
    /// Adds the source, which must come first, and lets it begin at once.
    @discardableResult
    package mutating func addSource(
        _ link: AccessLink, settings: SwarmSettings = SwarmSettings(role: .source)
    ) -> NodeID {
        precondition(nodes.isEmpty && settings.role == .source, "The source is node 0")
        let source = add(link, settings, nil, .honest)
        plan(.join(0), at: .zero)
        queue.plan(.publish, at: .zero + stream.pieceTime)
        return source
    }

    /// Adds a viewer that joins at `moment`.
    @discardableResult
    package mutating func addViewer(
        _ link: AccessLink, at moment: Instant = .zero, conduct: Conduct = .honest,
        settings: SwarmSettings = SwarmSettings(role: .viewer),
        playout: PlayoutSettings = PlayoutSettings()
    ) -> NodeID {
        let viewer = add(link, settings, PlayoutSchedule(settings: playout), conduct)
        plan(.join(viewer.number), at: moment)
        return viewer
    }

    /// A node goes at `moment`: with a word, or silently as a laptop does that is shut.
    package mutating func leave(_ node: NodeID, at moment: Instant, isSilent: Bool = false) {
        plan(.leave(node.number, isSilent: isSilent), at: moment)
    }

    /// A node's line carries nothing for `span` from `moment` on.
    package mutating func cut(_ node: NodeID, at moment: Instant, for span: Interval) {
        plan(.cut(node.number, span), at: moment)
    }

    private mutating func plan(_ action: Action, at moment: Instant) {
        actions.append(action)
        queue.plan(.act(actions.count - 1), at: moment)
    }

    private mutating func add(
        _ link: AccessLink, _ settings: SwarmSettings, _ schedule: PlayoutSchedule?,
        _ conduct: Conduct
    ) -> NodeID {
        let number = nodes.count
        var name: [UInt8] = Array("-PT0001-".utf8)
        let salt = random.next()
        name += (0..<8).map { UInt8(truncatingIfNeeded: salt >> (UInt64($0) * 8)) }
        name += (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        let id = PeerID(Bytes20(name) ?? Bytes20())
        let engine = SwarmEngine(
            settings: settings, geometry: stream.geometry, ourID: id, firstPiece: nextPiece,
            seed: random.next())
        nodes.append(
            Node(engine: engine, schedule: schedule, link: link, conduct: conduct, id: id))
        return NodeID(number: number)
    }

    mutating func act(_ action: Action) {
        switch action {
        case .join(let node):
            nodes[node].isAlive = true
            nodes[node].log.joinedAt = now
            announce(node)
        case .leave(let node, let isSilent): depart(node, isSilent)
        case .cut(let node, let span): interrupt(node, span)
        }
    }

    private mutating func depart(_ node: Int, _ isSilent: Bool) {
        nodes[node].log.leftAt = now
        nodes[node].saidGoodbye = !isSilent
        if !isSilent { for handle in nodes[node].flows.indices { close(node, handle) } }
        nodes[node].isAlive = false
    }

    /// TCP repeats after 0.2 s, 0.6 s, 1.4 s and so on: it wakes with the first try that comes
    /// after the outage (RFC 6298).
    private mutating func interrupt(_ node: Int, _ span: Interval) {
        let end = now + span
        nodes[node].cutUntil = max(nodes[node].cutUntil, end)
        nodes[node].upFree = max(nodes[node].upFree, end)
        for id in nodes[node].flows.compactMap({ $0 }) where isOpen(id) {
            for flow in [id, id.reverse] {
                var pause = 0.2 + Double(random.next() % 50) / 1000
                var wake = now + .seconds(pause)
                while wake < end {
                    pause *= 2
                    wake = wake + .seconds(pause)
                }
                flows[flow.slot].asleepUntil = wake
                queue.plan(.awake(flow: flow), at: wake)
            }
        }
    }
}
