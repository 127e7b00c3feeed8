// What becomes of a piece: taken into its attempt, and the attempt judged when it is whole.

import Primitives

extension MetadataExchange {
    /// Takes the request of `peer` for `piece` off the list; answers its attempt, or nil where there
    /// was no such request.
    ///
    /// An answer that comes late goes to the attempt that has a use for it now, if one has: 0 is none.
    mutating func take(_ piece: Int, of peer: Peer) -> Int? {
        guard let state = peers[peer] else { return nil }
        if let place = state.requests.firstIndex(where: { $0.piece == piece }) {
            return peers[peer]?.requests.remove(at: place).attempt
        }
        guard state.owed > 0 else { return nil }
        peers[peer]?.owed -= 1
        let attempt = attempts.first {
            $0.size == state.size && ($0.only == nil || $0.only == peer)
        }
        return attempt?.id ?? 0
    }

    /// A peer was asked in vain: it rests for a while.
    mutating func rest(_ peer: Peer, at now: Instant) {
        guard let failures = peers[peer]?.failures else { return }
        let rest = settings.rest * Double(1 << min(failures, 10))
        peers[peer]?.failures = failures + 1
        peers[peer]?.restsUntil = now + min(rest, settings.longestRest)
    }

    mutating func receive(
        _ bytes: [UInt8], _ totalSize: Int, _ piece: Int, _ id: Int, from peer: Peer,
        at now: Instant
    ) {
        guard let place = attempts.firstIndex(where: { $0.id == id }) else { return }
        let size = attempts[place].size
        // A peer that contradicts itself is of no use, whatever else it may be.
        guard totalSize == size, bytes.count == Self.range(of: piece, size: size)?.count else {
            peers[peer]?.size = nil
            peers[peer]?.giveUp { _ in true }
            return
        }
        guard attempts[place].pieces[piece] == nil else { return }
        attempts[place].pieces[piece] = bytes
        attempts[place].senders[piece] = peer
        attempts[place].progressAt = now
    }

    /// Holds an attempt that is whole against the name of the torrent.
    mutating func judge<Hash: HashFunctions>(
        _ id: Int, using hash: Hash.Type, into outputs: inout [Output]
    ) {
        guard let place = attempts.firstIndex(where: { $0.id == id }),
            attempts[place].pieces.allSatisfy({ $0 != nil })
        else { return }
        let attempt = attempts.remove(at: place)
        let bytes = attempt.pieces.flatMap { $0 ?? [] }
        for peer in order { peers[peer]?.giveUp { $0.attempt == id } }
        if isNamed(bytes, using: hash) {
            complete(bytes, attempt, using: hash, into: &outputs)
        } else {
            refuse(attempt, using: hash, into: &outputs)
        }
    }

    private func isNamed<Hash: HashFunctions>(_ bytes: [UInt8], using hash: Hash.Type) -> Bool {
        if let v1 = name.v1, hash.sha1(bytes.span).value != v1.value { return false }
        if let v2 = name.v2, hash.sha256(bytes.span) != v2 { return false }
        return name.v1 != nil || name.v2 != nil
    }

    private mutating func complete<Hash: HashFunctions>(
        _ bytes: [UInt8], _ attempt: Attempt, using hash: Hash.Type,
        into outputs: inout [Output]
    ) {
        metadata = bytes
        outputs.append(.completed(bytes))
        // What other attempts hold by now is tested too.
        for other in attempts { keep(other, using: hash) }
        var liars: Set<Peer> = []
        for sample in samples where !isTrue(sample, bytes, using: hash) {
            if peers[sample.peer]?.isLiar == false { liars.insert(sample.peer) }
        }
        outputs += order.filter { liars.contains($0) }.map { .blame($0) }
        (attempts, samples, mixedSizes) = ([], [], [])
        (triedSizes, triedPeers) = ([:], [:])
        for peer in order { peers[peer]?.giveUp { _ in true } }
    }

    private func isTrue<Hash: HashFunctions>(
        _ sample: Sample, _ bytes: [UInt8], using hash: Hash.Type
    ) -> Bool {
        guard sample.size == bytes.count,
            let range = Self.range(of: sample.piece, size: bytes.count)
        else { return false }
        return hash.sha1(bytes.span.extracting(range)) == sample.digest
    }

    /// Blames whoever sent all of it; of several each is asked alone, as any of them may be honest.
    private mutating func refuse<Hash: HashFunctions>(
        _ attempt: Attempt, using hash: Hash.Type, into outputs: inout [Output]
    ) {
        let senders = Set(attempt.senders)
        if senders.count == 1, let sender = senders.first, let liar = sender {
            peers[liar]?.isLiar = true
            peers[liar]?.giveUp { _ in true }
            samples.removeAll { $0.peer == liar }
            outputs.append(.blame(liar))
        } else {
            mixedSizes.insert(attempt.size)
            keep(attempt, using: hash)
        }
    }

    /// Remembers who sent what, by its digest.
    private mutating func keep<Hash: HashFunctions>(_ attempt: Attempt, using hash: Hash.Type) {
        for (piece, sender) in attempt.senders.enumerated() {
            guard let sender, let bytes = attempt.pieces[piece] else { continue }
            let digest = hash.sha1(bytes.span)
            samples.append(
                Sample(peer: sender, size: attempt.size, piece: piece, digest: digest))
        }
    }
}
