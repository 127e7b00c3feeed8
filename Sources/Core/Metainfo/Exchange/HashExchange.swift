// The piece layers of a torrent of version 2, fetched from peers (BEP 52): what a magnet link does
// not bring, and a torrent file may lack. Each answer proves itself to be under the root of its file,
// so nothing is believed, and whoever sends what is wrong is known at once.
//
//     a file of many pieces ─▶ stretches of up to 512 hashes ─▶ asked ── right ─▶ kept
//                                          ▲                      │ wrong: the peer is blamed
//                                          └──────────────────────┘ refused, silent: it rests
//
// Knows neither connections nor the bytes of messages (see Wire.HashRequest).

import Pieces
package import Primitives

/// How many of a torrent's hashes have come.
package struct HashProgress: Hashable, Sendable {
    /// Those that have come; each was proved.
    package var have: Int
    /// All of them.
    package var count: Int
}

/// The fetching of a torrent's piece layers.
///
/// Say `joined` for each peer that was greeted by the torrent's hash of version 2, hand in what it
/// sends, say `left` when it goes, and `timePassed` when `nextDeadline` is reached. `completed`
/// comes once. `Peer` names a connection; it may name another one after `left`.
package struct HashExchange<Peer: Hashable & Sendable>: Sendable {
    /// What has happened.
    package enum Input: Hashable, Sendable {
        /// A peer may be asked.
        case joined(Peer)
        /// A peer sent hashes.
        case delivered(Peer, HashSpan, [SHA256Digest])
        /// A peer does not send hashes.
        case rejected(Peer, HashSpan)
        /// A peer is gone.
        case left(Peer)
        /// The deadline was reached.
        case timePassed
    }

    /// What is to be done.
    package enum Output: Hashable, Sendable {
        /// Ask a peer for hashes.
        case request(Peer, HashSpan)
        /// All layers are there, by the root of their file; each was proved.
        case completed([SHA256Digest: [SHA256Digest]])
        /// Count it against a peer that it sent what nobody asked for.
        case noteUseless(Peer)
        /// A peer has sent hashes that are not of the torrent: do not believe it any more.
        case blame(Peer)
    }

    /// A stretch of hashes that is to come.
    struct Stretch: Sendable {
        let span: HashSpan
        /// The height of the file's tree.
        let height: Int
        /// Pieces of the file that it covers; what is beyond is padding.
        let count: Int
        var hashes: [SHA256Digest]?
    }

    struct Request: Sendable {
        let stretch: Int
        let deadline: Instant
    }

    /// What is known of a peer.
    struct PeerState: Sendable {
        var requests: [Request] = []
        /// Requests in vain in a row.
        var failures = 0
        var restsUntil: Instant?
        /// Requests that were given up; their answers may still come.
        var owed: Set<Int> = []
        var isLiar = false
    }

    let settings: MetadataSettings
    private(set) var stretches: [Stretch] = []
    var peers: [Peer: PeerState] = [:]
    /// The peers in the order in which they came, so that a run repeats.
    var order: [Peer] = []
    private var numbers: [HashSpan: Int] = [:]
    private var missing: Int
    /// No stretch before this one is missing.
    private var head = 0

    /// An exchange for what `torrent` lacks.
    package init(of torrent: TorrentFile, settings: MetadataSettings = MetadataSettings()) {
        self.settings = settings
        var seen: Set<SHA256Digest> = []
        for file in torrent.files where file.length > torrent.layout.pieceLength {
            guard let root = file.root, torrent.layers[root] == nil, seen.insert(root).inserted
            else { continue }
            stretches += Self.stretches(
                root, length: file.length, pieceLength: torrent.layout.pieceLength,
                layer: torrent.pieceHeight)
        }
        for (number, stretch) in stretches.enumerated() { numbers[stretch.span] = number }
        missing = stretches.count
    }

    /// Stretches of as many hashes as may be asked for, each to be proved up to the root.
    private static func stretches(
        _ root: SHA256Digest, length: Int64, pieceLength: Int, layer: Int
    ) -> [Stretch] {
        let height = MerkleTree.height(leafCount: MerkleTree.leafCount(length))
        let unit = Int64(pieceLength)
        let pieces = Int(length / unit + (length % unit == 0 ? 0 : 1))
        let count = min(MerkleRange.maximumCount, 1 << (height - layer))
        return stride(from: 0, to: pieces, by: count).compactMap { index in
            MerkleRange(layer: layer, index: index, count: count, proofLayers: height - layer - 1)
                .map {
                    Stretch(
                        span: HashSpan(root: root, range: $0), height: height,
                        count: min(count, pieces - index))
                }
        }
    }

    /// How many hashes have come.
    package var progress: HashProgress {
        stretches.reduce(into: HashProgress(have: 0, count: 0)) { sum, stretch in
            sum.have += stretch.hashes == nil ? 0 : stretch.count
            sum.count += stretch.count
        }
    }

    /// When `timePassed` must be said next.
    package var nextDeadline: Deadline {
        guard missing > 0 else { return .never }
        var at = Instant.never
        for peer in peers.values where !peer.isLiar {
            for request in peer.requests { at = min(at, request.deadline) }
            if let end = peer.restsUntil { at = min(at, end) }
        }
        return Deadline(at: at, reason: "hashes")
    }

    /// Takes what has happened and appends what is to be done.
    package mutating func handle<Hash: HashFunctions>(
        _ input: Input, at now: Instant, using hash: Hash.Type, into outputs: inout [Output]
    ) {
        switch input {
        case .joined(let peer):
            guard peers[peer] == nil else { return }
            peers[peer] = PeerState()
            order.append(peer)
        case .delivered(let peer, let span, let hashes):
            guard let number = take(span, of: peer) else {
                return outputs.append(.noteUseless(peer))
            }
            receive(hashes, number, from: peer, using: hash, into: &outputs)
        case .rejected(let peer, let span):
            guard take(span, of: peer) != nil else { return outputs.append(.noteUseless(peer)) }
            rest(peer, at: now)
        case .left(let peer):
            peers[peer] = nil
            order.removeAll { $0 == peer }
        case .timePassed: passTime(at: now)
        }
        plan(at: now, into: &outputs)
    }

    // MARK: Answers

    /// Takes the request of `peer` for `span` off the list; nil where there was none.
    private mutating func take(_ span: HashSpan, of peer: Peer) -> Int? {
        guard let number = numbers[span], let state = peers[peer], !state.isLiar else { return nil }
        if let place = state.requests.firstIndex(where: { $0.stretch == number }) {
            peers[peer]?.requests.remove(at: place)
            return number
        }
        return peers[peer]?.owed.remove(number)
    }

    private mutating func receive<Hash: HashFunctions>(
        _ hashes: [SHA256Digest], _ number: Int, from peer: Peer, using hash: Hash.Type,
        into outputs: inout [Output]
    ) {
        let stretch = stretches[number]
        guard
            MerkleTree.proves(
                hashes, stretch.span.range, height: stretch.height, root: stretch.span.root,
                using: hash)
        else {
            peers[peer]?.isLiar = true
            peers[peer]?.requests = []
            return outputs.append(.blame(peer))
        }
        peers[peer]?.failures = 0
        guard stretch.hashes == nil else { return }
        stretches[number].hashes = Array(hashes.prefix(stretch.count))
        missing -= 1
        for other in order { giveUp(other) { $0.stretch == number } }
        if missing == 0 { outputs.append(.completed(layers)) }
    }

    private var layers: [SHA256Digest: [SHA256Digest]] {
        stretches.reduce(into: [:]) { layers, stretch in
            layers[stretch.span.root, default: []] += stretch.hashes ?? []
        }
    }

    // MARK: Time

    private mutating func passTime(at now: Instant) {
        for peer in order {
            if let end = peers[peer]?.restsUntil, end <= now { peers[peer]?.restsUntil = nil }
            guard let requests = peers[peer]?.requests,
                requests.contains(where: { $0.deadline <= now })
            else { continue }
            // Whoever owes one answer for so long will not hurry with the others.
            giveUp(peer) { _ in true }
            rest(peer, at: now)
        }
    }

    private mutating func giveUp(_ peer: Peer, where isOver: (Request) -> Bool) {
        for request in peers[peer]?.requests ?? [] where isOver(request) {
            peers[peer]?.owed.insert(request.stretch)
        }
        peers[peer]?.requests.removeAll(where: isOver)
    }

    private mutating func rest(_ peer: Peer, at now: Instant) {
        guard let failures = peers[peer]?.failures else { return }
        let rest = settings.rest * Double(1 << min(failures, 10))
        peers[peer]?.failures = failures + 1
        peers[peer]?.restsUntil = now + min(rest, settings.longestRest)
    }

    // MARK: Requests

    private mutating func plan(at now: Instant, into outputs: inout [Output]) {
        var hasAsked = missing > 0
        while hasAsked {
            hasAsked = false
            for peer in order where ask(peer, at: now, into: &outputs) { hasAsked = true }
        }
    }

    /// Asks `peer` for one stretch more; false where there is nothing to ask it for.
    private mutating func ask(
        _ peer: Peer, at now: Instant, into outputs: inout [Output]
    ) -> Bool {
        guard let state = peers[peer], !state.isLiar, state.restsUntil == nil,
            state.requests.count < settings.requests, let number = stretch(for: peer)
        else { return false }
        peers[peer]?.requests.append(
            Request(stretch: number, deadline: now + settings.answerTime))
        outputs.append(.request(peer, stretches[number].span))
        return true
    }

    /// The missing stretch that the fewest are asked for, and not too many, nor this peer.
    private mutating func stretch(for peer: Peer) -> Int? {
        while head < stretches.count, stretches[head].hashes != nil { head += 1 }
        var asked: [Int: Int] = [:]
        for (other, state) in peers {
            for request in state.requests {
                let count = asked[request.stretch] ?? 0
                asked[request.stretch] = other == peer ? .max : count == .max ? .max : count + 1
            }
        }
        var best: (number: Int, count: Int)?
        for number in head..<stretches.count where stretches[number].hashes == nil {
            let count = asked[number] ?? 0
            if count == 0 { return number }
            if count < best?.count ?? settings.copies { best = (number, count) }
        }
        return best?.number
    }
}
