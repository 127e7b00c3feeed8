// Which versions of the metadata are tried, and who is asked for which piece next.

import Primitives

extension MetadataExchange {
    /// Gives up requests that were not answered.
    mutating func passTime(at now: Instant) {
        for peer in order {
            guard let requests = peers[peer]?.requests,
                requests.contains(where: { $0.deadline <= now })
            else { continue }
            // Whoever owes one piece for so long will not hurry with the others.
            peers[peer]?.giveUp { _ in true }
            rest(peer, at: now)
        }
        for peer in order {
            if let end = peers[peer]?.restsUntil, end <= now { peers[peer]?.restsUntil = nil }
        }
    }

    /// Begins attempts while there is room, and asks whoever has room for requests.
    mutating func plan(at now: Instant, into outputs: inout [Output]) {
        while let attempt = nextAttempt() {
            if attempts.count >= settings.attempts {
                guard dropStalled(at: now) else { break }
            }
            begin(attempt, at: now)
        }
        var hasAsked = true
        while hasAsked {
            hasAsked = false
            for peer in order where ask(peer, at: now, into: &outputs) { hasAsked = true }
        }
    }

    // MARK: Attempts

    /// What could be tried.
    struct Candidate: Sendable {
        let size: Int
        let only: Peer?
        let triedAt: Instant
        let claims: Int
    }

    /// What is to be tried next: what was not tried for longest, and then what most peers claim.
    func nextAttempt() -> Candidate? {
        var claims: [Int: Int] = [:]
        for peer in order where isUsable(peer) {
            if let size = peers[peer]?.size { claims[size, default: 0] += 1 }
        }
        let never = Instant(nanoseconds: .min)
        var best: Candidate?
        for peer in order where isUsable(peer) {
            guard let size = peers[peer]?.size else { continue }
            let isMixed = mixedSizes.contains(size)
            let only = isMixed ? peer : nil
            guard !attempts.contains(where: { $0.size == size && $0.only == only }) else {
                continue
            }
            let triedAt = isMixed ? triedPeers[peer] : triedSizes[size]
            let candidate = Candidate(
                size: size, only: only, triedAt: triedAt ?? never,
                claims: isMixed ? 0 : claims[size] ?? 0)
            guard let other = best else {
                best = candidate
                continue
            }
            let isOlder = candidate.triedAt < other.triedAt
            let isEqual = candidate.triedAt == other.triedAt
            if isOlder || (isEqual && candidate.claims > other.claims) { best = candidate }
        }
        return best
    }

    private func isUsable(_ peer: Peer) -> Bool {
        peers[peer].map { !$0.isLiar && $0.size != nil } ?? false
    }

    /// Ends the attempt that has brought nothing for longest, if that is too long.
    private mutating func dropStalled(at now: Instant) -> Bool {
        guard
            let place = attempts.indices.min(by: {
                attempts[$0].progressAt < attempts[$1].progressAt
            }), attempts[place].progressAt + settings.stall <= now
        else { return false }
        let id = attempts.remove(at: place).id
        for peer in order { peers[peer]?.giveUp { $0.attempt == id } }
        return true
    }

    private mutating func begin(_ candidate: Candidate, at now: Instant) {
        lastAttempt += 1
        if let only = candidate.only {
            triedPeers[only] = now
        } else {
            triedSizes[candidate.size] = now
        }
        let count = Self.pieceCount(candidate.size)
        attempts.append(
            Attempt(
                id: lastAttempt, size: candidate.size, only: candidate.only,
                pieces: Array(repeating: nil, count: count),
                senders: Array(repeating: nil, count: count), progressAt: now))
    }

    // MARK: Requests

    /// Asks `peer` for one more piece; false where there is nothing to ask it for.
    private mutating func ask(
        _ peer: Peer, at now: Instant, into outputs: inout [Output]
    ) -> Bool {
        guard let state = peers[peer], isUsable(peer), state.restsUntil.map({ $0 <= now }) ?? true,
            state.requests.count < settings.requests
        else { return false }
        for attempt in attempts where attempt.size == state.size {
            guard attempt.only == nil || attempt.only == peer,
                let piece = piece(for: peer, in: attempt)
            else { continue }
            let deadline = now + settings.answerTime
            peers[peer]?.requests.append(
                Request(attempt: attempt.id, piece: piece, deadline: deadline))
            outputs.append(.request(peer, piece: piece))
            return true
        }
        return false
    }

    /// The missing piece that the fewest are asked for, and not too many, nor this peer.
    private func piece(for peer: Peer, in attempt: Attempt) -> Int? {
        var counts = attempt.pieces.map { $0 == nil ? 0 : Int.max }
        for (other, state) in peers {
            for request in state.requests
            where request.attempt == attempt.id && counts[request.piece] != .max {
                // A peer answers by the number of the piece alone.
                counts[request.piece] = other == peer ? .max : counts[request.piece] + 1
            }
        }
        let least = counts.indices.min { counts[$0] < counts[$1] }
        return least.flatMap { counts[$0] < settings.copies ? $0 : nil }
    }
}
