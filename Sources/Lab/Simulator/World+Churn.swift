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
    /// These cannot reach the others for a while.
    case part([Int], Interval)
    /// What comes from now on is measured.
    case measure
}

extension World {
    /// Adds the source, which must come first, and lets it begin at once.
    @discardableResult
    package mutating func addSource(
        _ link: AccessLink, settings: SwarmSettings = SwarmSettings(role: .source)
    ) -> NodeID {
        precondition(nodes.isEmpty && settings.role == .source, "The source is node 0")
        let source = add(
            NodePlan(swarm: settings, playout: nil, link: link, conduct: .honest))
        plan(.join(0), at: .zero)
        queue.plan(.publish, at: .zero + stream.pieceTime)
        return source
    }

    /// Adds a viewer that joins at `moment`; it may know a node without the tracker.
    @discardableResult
    package mutating func addViewer(
        _ link: AccessLink, at moment: Instant = .zero, conduct: Conduct = .honest,
        settings: SwarmSettings = SwarmSettings(role: .viewer),
        playout: PlayoutSettings = PlayoutSettings(), knowing hint: NodeID? = nil
    ) -> NodeID {
        let viewer = add(
            NodePlan(
                swarm: settings, playout: playout, link: link, conduct: conduct, hint: hint))
        plan(.join(viewer.number), at: moment)
        return viewer
    }

    /// Adds a relay, which passes on and has no player, that joins at `moment`.
    @discardableResult
    package mutating func addRelay(
        _ link: AccessLink, at moment: Instant = .zero,
        settings: SwarmSettings = SwarmSettings(role: .relay)
    ) -> NodeID {
        let relay = add(NodePlan(swarm: settings, playout: nil, link: link, conduct: .honest))
        plan(.join(relay.number), at: moment)
        return relay
    }

    /// A node goes at `moment`: with a word, or silently as a laptop does that is shut.
    package mutating func leave(_ node: NodeID, at moment: Instant, isSilent: Bool = false) {
        plan(.leave(node.number, isSilent: isSilent), at: moment)
    }

    /// A node's line carries nothing for `span` from `moment` on.
    package mutating func cut(_ node: NodeID, at moment: Instant, for span: Interval) {
        plan(.cut(node.number, span), at: moment)
    }

    /// Some nodes and the others cannot reach each other for `span` from `moment` on.
    package mutating func part(_ some: [NodeID], at moment: Instant, for span: Interval) {
        plan(.part(some.map(\.number), span), at: moment)
    }

    /// The report is about what comes after `moment`.
    package mutating func measure(from moment: Instant) { plan(.measure, at: moment) }

    /// When nodes are to join, and how long those stay who are to leave.
    package var planned: (joins: [Instant], stays: [Interval]) {
        var joins: [Int: Instant] = [:]
        var stays: [Interval] = []
        for (action, moment) in actions {
            switch action {
            case .join(let node): joins[node] = moment
            case .leave(let node, _): stays.append(moment - (joins[node] ?? .zero))
            case .cut, .part, .measure: break
            }
        }
        return (joins.values.sorted(), stays)
    }

    private mutating func plan(_ action: Action, at moment: Instant) {
        actions.append((action, moment))
        queue.plan(.act(Int32(actions.count - 1)), at: moment)
    }

    private mutating func add(_ plan: NodePlan) -> NodeID {
        let number = nodes.count
        var name: [UInt8] = Array("-PT0001-".utf8)
        let salt = random.next()
        name += (0..<8).map { UInt8(truncatingIfNeeded: salt >> (UInt64($0) * 8)) }
        name += (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        let id = PeerID(Bytes20(name) ?? Bytes20())
        nodes.append(
            Node(plan, id: id, seed: random.next(), geometry: stream.geometry))
        return NodeID(number: number)
    }

    private mutating func join(_ node: Int) {
        nodes[node].begin(firstPiece: nextPiece, source: endpoint(of: 0), at: now)
        nodes[node].log.joinedAt = now
        announce(node)
        takeHint(node)
    }

    mutating func act(_ action: Action) {
        switch action {
        case .join(let node): join(node)
        case .leave(let node, let isSilent): depart(node, isSilent)
        case .cut(let node, let span): interrupt(node, span)
        case .part(let some, let span): part(some, span)
        case .measure: beginMeasuring()
        }
    }

    /// A node turns to whom it knows.
    mutating func takeHint(_ node: Int) {
        guard let hint = nodes[node].plan.hint else { return }
        feed(node, .discovered([endpoint(of: hint.number)]))
    }

    private mutating func depart(_ node: Int, _ isSilent: Bool) {
        guard nodes[node].isAlive else { return }
        nodes[node].log.leftAt = now
        nodes[node].saidGoodbye = !isSilent
        if !isSilent { for handle in nodes[node].flows.indices { close(node, handle) } }
        nodes[node].end()
    }

    private mutating func interrupt(_ node: Int, _ span: Interval) {
        let end = now + span
        nodes[node].cutUntil = max(nodes[node].cutUntil, end)
        nodes[node].upFree = max(nodes[node].upFree, end)
        for id in nodes[node].flows.compactMap({ $0 }) where isOpen(id) {
            sleep(id, until: end)
            sleep(id.reverse, until: end)
        }
    }

    private mutating func part(_ some: [Int], _ span: Interval) {
        partedUntil = now + span
        for node in nodes.indices { nodes[node].side = 0 }
        for node in some { nodes[node].side = 1 }
        for node in some {
            for id in nodes[node].flows.compactMap({ $0 })
            where isOpen(id) && nodes[flows[id.slot].to].side == 0 {
                sleep(id, until: partedUntil)
                sleep(id.reverse, until: partedUntil)
            }
        }
    }

    /// TCP repeats after 0.2 s, 0.6 s, 1.4 s and so on: it wakes with the first try that comes
    /// after the outage (RFC 6298).
    private mutating func sleep(_ id: FlowID, until end: Instant) {
        var pause = 0.2 + Double(random.next() % 50) / 1000
        var wake = now + .seconds(pause)
        while wake < end {
            pause *= 2
            wake = wake + .seconds(pause)
        }
        flows[id.slot].asleepUntil = wake
        queue.plan(.awake(flow: id), at: wake)
    }
}
