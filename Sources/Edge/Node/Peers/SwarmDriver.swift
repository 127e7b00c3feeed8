// One swarm on real sockets: feeds the engine what happens and carries out what it says.
// Keeps the links, the bytes of pieces and the timers; decides nothing.

import Crypto
import Metainfo
import Pieces
import Primitives
import Reactor
import Storage
import Swarm
import Wire

/// What a swarm tells the node that it is part of.
enum SwarmEvent {
    /// Play from here.
    case tunedIn(PieceIndex, offset: Int)
    /// A piece is verified; `content(of:)` has its bytes.
    case piece(PieceIndex, WallTime)
    /// A piece's time is known.
    case timeKnown(PieceIndex, WallTime)
    /// The broadcast ends before this piece.
    case ended(PieceIndex)
    /// The key is misused: two records for one piece.
    case contradiction(PieceIndex)
    /// The tracker should be asked for peers.
    case wantPeers
}

/// The driver of one swarm.
@Loop
final class SwarmDriver: LinkOwner {
    typealias Handler = @Loop (SwarmEvent) -> Void

    let infoHash: InfoHash
    let ourID: PeerID
    private(set) var engine: SwarmEngine
    var store: PieceStore
    var links: [PeerLink?] = []
    var dialing: [ObjectIdentifier: PeerLink] = [:]
    var slots: [ObjectIdentifier: PeerHandle] = [:]
    /// The payload of the block that the engine is being told of.
    var payload: Payload?
    let key: VerifyingKey
    let listenPort: UInt16
    let handler: Handler
    /// Totals over all links, payload only.
    private(set) var downloaded = 0

    private var inputs: [SwarmInput] = []
    private var isBusy = false
    private var timer: LoopTimer?
    private var sampler: LoopTimer?
    /// How often the kernel's queues are looked at while something is under way.
    private let sampleInterval = Interval.milliseconds(15)

    /// A driver of the swarm of `channel`.
    init(
        channel: ParsedChannelFile, settings: SwarmSettings, firstPiece: PieceIndex,
        ourID: PeerID, listenPort: UInt16, seed: UInt64, handler: @escaping Handler
    ) {
        infoHash = InfoHash(Digests.sha1(channel.infoBytes).value)
        self.ourID = ourID
        self.listenPort = listenPort
        self.handler = handler
        key = VerifyingKey(channel.file.publicKey)
        engine = SwarmEngine(
            settings: settings, geometry: channel.file.geometry, ourID: ourID,
            firstPiece: firstPiece, seed: seed)
        var memory = PieceStoreSettings()
        memory.pieces = settings.window * 2
        memory.bytes = .max
        store = PieceStore(geometry: channel.file.geometry, first: firstPiece, settings: memory)
        timer = LoopTimer { [weak self] in self?.feed(.woken) }
        sampler = LoopTimer { [weak self] in self?.sample() }
    }

    /// Gives the engine an input and carries out what follows, in order.
    func feed(_ input: SwarmInput) {
        inputs.append(input)
        guard !isBusy else { return }
        isBusy = true
        var outputs: [SwarmOutput] = []
        var next = 0
        while next < inputs.count {
            outputs.removeAll(keepingCapacity: true)
            engine.handle(inputs[next], at: Loop.now, into: &outputs)
            next += 1
            for output in outputs { carryOut(output) }
            if next == inputs.count { countOthers() }
        }
        inputs.removeAll(keepingCapacity: true)
        isBusy = false
        arm()
    }

    /// Tells an engine that keeps to a limit of what went out besides blocks.
    ///
    /// What goes to a neighbour within a turn shares packets.
    private func countOthers() {
        guard engine.hasLimit else { return }
        var total = 0
        for link in links {
            guard let link, link.otherBytes > 0 else { continue }
            total += SwarmEngine.onLine(link.otherBytes)
            link.otherBytes = 0
        }
        if total > 0 { inputs.append(.otherSent(total)) }
    }

    /// What the engine says along with the handshake to whom we have connected.
    func greeting(to endpoint: Endpoint) -> (offer: LiveOffer, requests: [Block])? {
        engine.greeting(to: endpoint, at: Loop.now)
    }

    /// Whether the engine is still to be told this.
    func isPending(_ input: SwarmInput) -> Bool { inputs.contains(input) }

    private func arm() {
        let deadline = engine.nextDeadline
        if deadline.at < .never { timer?.schedule(at: deadline.at) } else { timer?.cancel() }
        guard let sampler, !sampler.isScheduled,
            links.contains(where: { $0?.hasUnobserved ?? false })
        else { return }
        sampler.schedule(at: Loop.now + sampleInterval)
    }

    /// Looks at the kernel's queues of the links that have something under way.
    private func sample() {
        for (slot, link) in links.enumerated() {
            guard let link, link.hasUnobserved, let (kernel, queued) = link.status else { continue }
            let underWay = kernel.unacknowledged + queued
            link.hasUnobserved = underWay > 0
            feed(
                .uplinkObserved(
                    PeerHandle(slot),
                    UplinkSample(
                        unacknowledged: underWay,
                        unsent: kernel.unsentInKernel + kernel.lost + queued,
                        held: kernel.held, window: kernel.window, roundTrip: kernel.smoothedRTT,
                        leastRoundTrip: kernel.minimumRTT ?? kernel.smoothedRTT)))
        }
        arm()
    }

    /// Says good-bye to all.
    func close() {
        timer?.cancel()
        sampler?.cancel()
        for link in links { link?.close() }
        for link in dialing.values { link.close() }
        links = []
        dialing = [:]
    }
}
