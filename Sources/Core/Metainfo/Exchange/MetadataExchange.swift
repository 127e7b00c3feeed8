// The metadata of a torrent, fetched from peers and served to them (BEP 9). Nothing that peers say
// is believed before the info-hash of the whole proves it: neither how long it is nor a piece of it.
//
//     peers that claim a size ─▶ an attempt for that size, all of them asked ── right ─▶ completed
//                                               │ wrong, and it came from several
//                                               ▼
//                                an attempt with each of them alone ── wrong ─▶ that peer lied
//
// Where peers claim several sizes, up to three attempts run beside each other. When the metadata is
// known, what was sent in vain is held against it, and exactly the liars are blamed. Knows neither
// connections nor the bytes of messages (see Wire.MetadataMessage).

package import Primitives

/// The exchange of one torrent's metadata with its peers.
///
/// Say `offered` for each peer whose extension handshake has `ut_metadata`, hand in what it sends,
/// say `left` when it goes, and `timePassed` when `nextDeadline` is reached. `completed` comes once.
/// `Peer` names a connection; it may name another one after `left`.
package struct MetadataExchange<Peer: Hashable & Sendable>: Sendable {
    /// What has happened.
    package enum Input: Hashable, Sendable {
        /// A peer speaks the extension; `size` is the `metadata_size` that it claims, if any. Say it
        /// again where a later handshake says something else.
        case offered(Peer, size: Int?)
        /// A peer wants a piece.
        case requested(Peer, piece: Int)
        /// A peer sent a piece.
        case delivered(Peer, piece: Int, totalSize: Int, bytes: [UInt8])
        /// A peer does not send a piece.
        case rejected(Peer, piece: Int)
        /// A peer is gone.
        case left(Peer)
        /// The deadline was reached.
        case timePassed
    }

    /// What is to be done.
    package enum Output: Hashable, Sendable {
        /// Ask a peer for a piece.
        case request(Peer, piece: Int)
        /// Send a peer the piece that it asked for.
        case send(Peer, piece: Int, totalSize: Int, bytes: [UInt8])
        /// Refuse a peer a piece.
        case reject(Peer, piece: Int)
        /// The metadata is known: the bytes of `info`, which have the info-hash.
        case completed([UInt8])
        /// Count it against a peer that it sent what nobody asked for, or more requests than it needs.
        case noteUseless(Peer)
        /// A peer has sent what is not of the torrent: do not believe it any more.
        case blame(Peer)
    }

    /// What is known of a peer.
    struct PeerState: Sendable {
        /// How many bytes it says that there are; nil where it has none, or is not believed.
        var size: Int?
        var requests: [Request] = []
        /// Requests without a piece in a row.
        var failures = 0
        var restsUntil: Instant?
        /// Requests that were given up; their answers may still come.
        var owed = 0
        /// Whether it has lied about what it has.
        var isLiar = false
        /// Pieces that it was sent.
        var served = 0

        /// Waits no longer for the answers to certain requests; they may still come.
        mutating func giveUp(where isOver: (Request) -> Bool) {
            let before = requests.count
            requests.removeAll(where: isOver)
            owed += before - requests.count
        }
    }

    struct Request: Sendable {
        let attempt: Int
        let piece: Int
        let deadline: Instant
    }

    /// A version of the metadata that is being put together.
    struct Attempt: Sendable {
        let id: Int
        let size: Int
        /// The one peer that it comes from, or nil for all that claim the size.
        let only: Peer?
        var pieces: [[UInt8]?]
        /// Who sent each piece; nil also where the sender has left.
        var senders: [Peer?]
        var progressAt: Instant
    }

    /// A piece that was sent in vain.
    struct Sample: Sendable {
        let peer: Peer
        let size: Int
        let piece: Int
        let digest: SHA1Digest
    }

    let settings: MetadataSettings
    let name: InfoHashes
    var peers: [Peer: PeerState] = [:]
    /// The peers in the order in which they came, so that a run repeats.
    var order: [Peer] = []
    var attempts: [Attempt] = []
    var lastAttempt = 0
    /// Sizes of which what came from several peers was wrong.
    var mixedSizes: Set<Int> = []
    /// When an attempt for a size, or with a peer alone, was begun last.
    var triedSizes: [Int: Instant] = [:]
    var triedPeers: [Peer: Instant] = [:]
    var samples: [Sample] = []
    /// The bytes of `info`, once they are known; their info-hash is right.
    package internal(set) var metadata: [UInt8]?

    /// An exchange for the torrent of this name.
    ///
    /// - Parameters:
    ///   - name: the info-hashes, of which each that is there must hold.
    ///   - metadata: the bytes of `info` where they are known already; they are believed.
    ///   - settings: the limits.
    package init(
        of name: InfoHashes, metadata: [UInt8]? = nil,
        settings: MetadataSettings = MetadataSettings()
    ) {
        self.name = name
        self.metadata = metadata
        self.settings = settings
    }

    /// The `metadata_size` of our extension handshake; nil while nothing is known.
    package var size: Int? { metadata?.count }

    /// When `timePassed` must be said next.
    package var nextDeadline: Deadline {
        guard metadata == nil else { return .never }
        var at = Instant.never
        for peer in peers.values where !peer.isLiar && peer.size != nil {
            for request in peer.requests { at = min(at, request.deadline) }
            if let end = peer.restsUntil { at = min(at, end) }
        }
        if attempts.count >= settings.attempts, nextAttempt() != nil {
            for attempt in attempts { at = min(at, attempt.progressAt + settings.stall) }
        }
        return Deadline(at: at, reason: "metadata")
    }

    /// Takes what has happened and appends what is to be done.
    package mutating func handle<Hash: HashFunctions>(
        _ input: Input, at now: Instant, using hash: Hash.Type, into outputs: inout [Output]
    ) {
        switch input {
        case .offered(let peer, let size): offer(peer, size)
        case .requested(let peer, let piece):
            return serve(peer, piece, into: &outputs)
        case .delivered(let peer, let piece, let totalSize, let bytes):
            guard let attempt = take(piece, of: peer) else {
                return outputs.append(.noteUseless(peer))
            }
            peers[peer]?.failures = 0
            receive(bytes, totalSize, piece, attempt, from: peer, at: now)
            judge(attempt, using: hash, into: &outputs)
        case .rejected(let peer, let piece):
            guard take(piece, of: peer) != nil else {
                return outputs.append(.noteUseless(peer))
            }
            rest(peer, at: now)
        case .left(let peer): leave(peer)
        case .timePassed: passTime(at: now)
        }
        guard metadata == nil else { return }
        plan(at: now, into: &outputs)
    }

    private mutating func offer(_ peer: Peer, _ size: Int?) {
        if peers[peer] == nil { order.append(peer) }
        let believable = size.flatMap { (1...settings.bytes).contains($0) ? $0 : nil }
        var state = peers[peer] ?? PeerState()
        // Whoever changes its mind is asked in the attempt for the new size from now on.
        let old = state.size
        if old != believable { state.giveUp { _ in true } }
        state.size = believable
        peers[peer] = state
        attempts.removeAll { $0.only == peer && $0.size != believable }
        if let old { forgetUnclaimed(old) }
    }

    private mutating func leave(_ peer: Peer) {
        let size = peers.removeValue(forKey: peer)?.size
        triedPeers[peer] = nil
        order.removeAll { $0 == peer }
        samples.removeAll { $0.peer == peer }
        attempts.removeAll { $0.only == peer }
        for place in attempts.indices {
            for piece in attempts[place].senders.indices
            where attempts[place].senders[piece] == peer { attempts[place].senders[piece] = nil }
        }
        if let size { forgetUnclaimed(size) }
    }

    /// Forgets what came of a size that nobody claims any more.
    private mutating func forgetUnclaimed(_ size: Int) {
        guard !peers.values.contains(where: { $0.size == size }) else { return }
        mixedSizes.remove(size)
        triedSizes[size] = nil
    }

    // MARK: Serving

    private mutating func serve(_ peer: Peer, _ piece: Int, into outputs: inout [Output]) {
        if peers[peer] == nil { offer(peer, nil) }
        let served = peers[peer]?.served ?? 0
        guard let metadata, let range = Self.range(of: piece, size: metadata.count),
            served < settings.servings * Self.pieceCount(metadata.count)
        else {
            // Nobody who is served as BEP 9 has it asks twice for what it was refused.
            if metadata != nil { outputs.append(.noteUseless(peer)) }
            return outputs.append(.reject(peer, piece: piece))
        }
        peers[peer]?.served += 1
        outputs.append(
            .send(
                peer, piece: piece, totalSize: metadata.count, bytes: Array(metadata[range])))
    }

    // MARK: Pieces

    /// How many pieces `size` bytes are cut into.
    static func pieceCount(_ size: Int) -> Int { (size + pieceLength - 1) / pieceLength }

    /// Where `piece` lies in `size` bytes, or nil where there is no such piece.
    static func range(of piece: Int, size: Int) -> Range<Int>? {
        guard piece >= 0, piece < pieceCount(size) else { return nil }
        return piece * pieceLength..<min(size, (piece + 1) * pieceLength)
    }

    /// The bytes of all pieces but the last (BEP 9).
    static var pieceLength: Int { 16_384 }
}
