// Neighbours come and go: greeting, limits, duplicates, closing, dialling.

import Metainfo
import Pieces
import Primitives
import Wire

extension SwarmEngine {
    mutating func joined(
        _ peer: PeerHandle, _ introduction: Introduction, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        if introduction.id == ourID {
            if introduction.outgoing {
                planner.refuse(introduction.endpoint)
                rendezvous.isOurs(introduction.endpoint)
            }
            outputs.append(.close(peer, .ourselves))
            return
        }
        let isBack = introduction.outgoing && rendezvous.isBack(introduction.endpoint)
        guard admits(introduction, isBack, now, &outputs) else {
            if introduction.outgoing { planner.failed(introduction.endpoint, at: now) }
            outputs.append(.close(peer, .full))
            return
        }
        if introduction.outgoing {
            planner.connected(introduction.endpoint)
            planner.proved(introduction.endpoint)
        }
        var state = PeerState(introduction, at: now)
        // The source dials nobody.
        state.isNamed =
            introduction.outgoing && settings.sourceEndpoints.contains(introduction.endpoint)
        state.isBack = isBack
        state.isIntroduced = introduction.outgoing && rendezvous.met(introduction.endpoint)
        if let past = returners.take(state.household, at: now) {
            state.resume(past, settings, at: now)
        }
        peers.insert(peer, state, window: settings.window * 2)
        if introduction.isGreeted {
            // What has come since then was in no offer.
            for piece in offer.window?.pieces ?? [] { peers.leaveUnsaid(piece, to: peer) }
            redeemEarly(peer, at: introduction.endpoint, now, &outputs)
        } else {
            outputs.append(.send(peer, .haveNone))
            outputs.append(.greet(peer, offer))
        }
        outputs.append(.send(peer, .unchoke))
        peers[peer]?.amChoking = false
        if settings.role != .source { outputs.append(.send(peer, .interested)) }
        timers.wake(.choke, by: now + settings.chokeInterval)
        timers.wake(.status, by: now + settings.statusInterval)
        timers.wake(.have, by: now + settings.haveInterval)
        timers.wake(.plan, by: now + settings.planInterval)
        timers.wake(.connect, by: now + .milliseconds(500))
    }

    /// Makes room for a newcomer, or says that there is none.
    private mutating func admits(
        _ newcomer: Introduction, _ isBack: Bool, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) -> Bool {
        guard !planner.isBanned(newcomer.endpoint.address) else { return false }
        // Names are no secret: from elsewhere anybody could take a neighbour's place by its name.
        let same = peers.filter {
            $0.introduction.id == newcomer.id
                && $0.introduction.endpoint.address == newcomer.endpoint.address
        }
        for old in same {
            guard let state = peers[old], supersedes(newcomer, isBack, state, now)
            else { return false }
            close(old, .duplicate, now, &outputs)
        }
        let host = Household(newcomer.endpoint.address)
        let here = peers.filter { $0.household == host }
        return here.count < settings.maxPeersPerAddress && makeRoom(now, &outputs)
    }

    /// Of two connections between the same nodes both ends keep the one that the node with the
    /// smaller name opened, unless the older one has fallen silent.
    ///
    /// A call back is the other's: it meets the other's dial, and there it is an own one.
    private func supersedes(
        _ new: Introduction, _ isBack: Bool, _ old: PeerState, _ now: Instant
    ) -> Bool {
        if now - old.heardAt > .seconds(3) { return true }
        let isOurs = new.outgoing && !isBack
        guard isOurs != old.isOurs else { return false }
        let oursIsSmaller = ourID.value.bytes.lexicographicallyPrecedes(new.id.value.bytes)
        return isOurs == oursIsSmaller
    }

    mutating func left(_ peer: PeerHandle, _ now: Instant, _ outputs: inout [SwarmOutput]) {
        guard let state = peers[peer] else { return }
        if state.introduction.outgoing {
            planner.disconnected(state.introduction.endpoint, at: now)
        }
        forget(peer, now)
        timers.wake(.plan, by: now)
        timers.wake(.connect, by: now + .milliseconds(100))
        serve(now, &outputs)
    }

    /// Takes a neighbour out of everything.
    private mutating func forget(_ peer: PeerHandle, _ now: Instant) {
        timers.wake(.exchange, by: now + .seconds(1))
        rendezvous.forget(peer)
        remember(peer, now)
        peers.remove(peer)
        uploads.drop(peer)
        sourcePolicy.release(peer)
        orphan(of: peer, now)
        // Its number is somebody else's soon.
        table.forget(crossed: peer)
        guard let wantFrom, let edge else { return }
        let last = min(edge.advanced(by: ahead * 2), table.limit)
        let first = max(wantFrom, table.base)
        guard first < last else { return }
        for piece in first..<last { table[piece].asks.removeAll { $0.peer == peer } }
    }

    /// Keeps what is to be known of a neighbour that goes, should it come again.
    ///
    /// All nodes of one machine have the same loopback address, and are as many as its owner likes.
    private mutating func remember(_ peer: PeerHandle, _ now: Instant) {
        guard let state = peers[peer], !state.introduction.endpoint.address.isLoopback
        else { return }
        let unsent = uploads.ready.filter { $0.peer == peer }
        returners.note(state.past(unsent: unsent), of: state.household, at: now)
    }

    mutating func close(
        _ peer: PeerHandle, _ reason: CloseReason, _ now: Instant,
        _ outputs: inout [SwarmOutput]
    ) {
        guard let state = peers[peer] else { return }
        let endpoint = state.introduction.endpoint
        switch reason {
        case .poisoned, .forged, .misbehaved:
            counters.dropped += 1
            if case .forged = reason { counters.forged += 1 }
            planner.refuse(endpoint)
            if !endpoint.address.isLoopback { planner.ban(endpoint.address) }
        case .notLive, .ourselves:
            planner.refuse(endpoint)
        case .silent, .full, .duplicate, .abrupt:
            if state.introduction.outgoing { planner.disconnected(endpoint, at: now) }
        }
        forget(peer, now)
        outputs.append(.close(peer, reason))
        timers.wake(.plan, by: now)
        timers.wake(.connect, by: now + .milliseconds(100))
    }

    /// A message without use: a few happen to everybody, hundreds within minutes do not.
    mutating func glitch(
        _ peer: PeerHandle, _ what: String, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        guard var state = peers.look(peer, \.glitches) else { return }
        let count = state.add(at: now)
        peers[peer]?.glitches = state
        guard count > 300 else { return }
        close(peer, .misbehaved(what), now, &outputs)
    }

    mutating func connect(_ now: Instant, _ outputs: inout [SwarmOutput]) {
        timers.wake(.connect, by: now + .milliseconds(500))
        for peer in peers.handles {
            expectGreeting(peer, now, &outputs)
            probe(peer, now, &outputs)
        }
        let hopeful = planner.dialing(since: now - settings.dialHope)
        let wanted = settings.targetPeers - peers.count - hopeful
        let room = min(
            wanted, settings.maxDialing - hopeful, settings.maxHalfOpen - planner.dialing)
        guard settings.role != .source, room > 0 else { return }
        // Who dialled us is here already, whoever else names it.
        let near = peers.handles.compactMap { handle in
            peers[handle].flatMap { $0.introduction.outgoing ? nil : $0.contact?.endpoint }
        }
        let chosen = planner.next(
            room: room, alone: peers.count == 0, avoiding: Set(near), at: now)
        outputs += chosen.map { .dial($0) }
        expect(chosen, now)
    }

    /// Dials a quiet neighbour anew (after a cut its TCP may sleep for many seconds), and closes
    /// one that is silent.
    private mutating func probe(
        _ peer: PeerHandle, _ now: Instant, _ outputs: inout [SwarmOutput]
    ) {
        guard let state = peers[peer] else { return }
        let silence = now - state.heardAt
        if silence > settings.silentAfter {
            close(peer, .silent, now, &outputs)
        } else if silence > settings.quietAfter, state.introduction.outgoing {
            planner.redial(state.introduction.endpoint, at: now)
        }
    }
}
