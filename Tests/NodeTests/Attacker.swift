// A peer that the test plays: it speaks the wire with the project's own codec and says whatever
// the test wants it to say. Keeps no state of a swarm.

import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Wire

/// A scripted peer.
@Loop
final class Attacker {
    /// What it does with a message that it gets.
    typealias Script = @Loop (Attacker, Message) -> Void

    private(set) var connection: TCPConnection?
    private(set) var isConnected = false
    private(set) var isClosed = false
    /// The other end's handshake.
    private(set) var greeting: Handshake?
    /// The number of its live messages.
    private(set) var liveID: UInt8?
    /// What else the other end said of itself.
    private(set) var theirs: ExtensionHandshake?
    /// What it was asked for.
    private(set) var requests: [Block] = []
    private(set) var records: [[UInt8]] = []
    private(set) var refusals = 0
    private(set) var blocks = 0
    /// Bytes that came, and who is told of them as they come.
    private(set) var received = 0
    var counter: @Loop (Int) -> Void = { _ in }
    var script: Script
    var isReading = true
    private var decoder: FrameDecoder
    private var pending: [UInt8] = []
    private var timer: LoopTimer?
    private let id: PeerID
    /// What it says behind its handshake.
    private let opening: [Message]

    /// What a channel or a torrent is called on the wire.
    struct Target {
        var endpoint: Endpoint
        var infoHash: InfoHash
    }

    private static var count: UInt8 = 0

    /// A name that nobody else has.
    static func name() -> PeerID {
        count &+= 1
        return PeerID(Bytes20(Array("-XX0000-attacker".utf8) + [0, 0, 0, count]) ?? Bytes20())
    }

    /// Connects to `target` from 127.0.0.`source`; with `hello` it then greets like a peer.
    init(
        _ target: Target, from source: UInt8 = 66, id: PeerID? = nil, hello: Bool = true,
        saying opening: [Message] = Attacker.opening, limits: WireLimits = .live,
        script: @escaping Script = { _, _ in }
    ) {
        self.script = script
        self.id = id ?? Self.name()
        self.opening = opening
        decoder = FrameDecoder(limits: limits, features: [.fast, .extensionProtocol])
        let local = Endpoint(address: host(source), port: 0)
        connection = TCPConnection.connect(
            to: target.endpoint, from: local, timeout: .seconds(5)
        ) { [weak self] connection, event in
            guard let self else { return }
            if case .connected = event {
                isConnected = true
                if hello { greet(target.infoHash) }
            }
            heard(connection, event)
        }
    }

    /// Takes a connection that a listener of the test has accepted.
    init(
        accepted connection: TCPConnection, infoHash: InfoHash,
        saying opening: [Message] = Attacker.opening, limits: WireLimits = .live,
        script: @escaping Script
    ) {
        self.script = script
        id = Self.name()
        self.opening = opening
        decoder = FrameDecoder(limits: limits, features: [.fast, .extensionProtocol])
        self.connection = connection
        isConnected = true
        connection.start { [weak self] connection, event in self?.heard(connection, event) }
        greet(infoHash)
    }

    private func greet(_ infoHash: InfoHash) {
        send(
            raw: Handshake(
                reserved: [.fast, .extensionProtocol], infoHash: infoHash, peerID: id
            ).encoded)
        for message in opening { send(message) }
    }

    /// What a peer of a channel says first.
    static var opening: [Message] { [.haveNone, hello(), .unchoke, .interested] }

    /// The extension handshake of a peer that holds `window`.
    static func hello(window: PieceMap? = nil, isSource: Bool = false) -> Message {
        var handshake = ExtensionHandshake()
        handshake.ids = [.live: 3]
        handshake.client = "attacker"
        handshake.live = LiveOffer(window: window, keep: 900, ahead: 16, isSource: isSource)
        return .extended(id: 0, payload: handshake.encoded)
    }

    // MARK: Saying

    func send(raw bytes: some Sequence<UInt8>) { connection?.send(Array(bytes)) }

    func send(_ message: Message) {
        var bytes: [UInt8] = []
        message.encode(into: &bytes)
        send(raw: bytes)
    }

    func send(_ message: LiveMessage) { send(message.message(id: liveID ?? 3)) }

    /// Sends a block with these bytes.
    func send(_ block: Block, _ bytes: [UInt8]) {
        var header: [UInt8] = []
        Message.encodePieceHeader(block, into: &header)
        send(raw: header + bytes)
    }

    /// Says that it holds what there is around `piece`, and that it is next to the source.
    func boast(_ piece: PieceIndex, depth: UInt8 = 0) {
        let first = piece.advanced(by: -64)
        if let map = PieceMap(first: first, bitmap: Array(repeating: 0xff, count: 64)) {
            send(.have(map))
        }
        send(
            .status(
                LiveStatus(
                    flags: .takesStandingRequests, depths: Array(repeating: depth, count: 8),
                    newest: piece.advanced(by: 2), inner: 0)))
    }

    /// Does `work` now and then every `interval`, as long as it is connected.
    func every(_ interval: Interval, _ work: @escaping @Loop (Attacker) -> Void) {
        let timer = LoopTimer { [weak self] in
            guard let self, !isClosed else { return }
            if isConnected { work(self) }
            self.timer?.schedule(at: Loop.now + interval)
        }
        self.timer = timer
        timer.schedule(at: Loop.now)
    }

    /// Sends `bytes` over and over, as fast as they are taken, `times` times at most.
    func flood(_ bytes: [UInt8], times: Int) {
        var left = times
        every(.milliseconds(2)) { attacker in
            guard left > 0, (attacker.connection?.queuedBytes ?? 0) < 262_144 else { return }
            let now = min(left, 2000)
            left -= now
            var many: [UInt8] = []
            for _ in 0..<now { many += bytes }
            attacker.send(raw: many)
        }
    }

    func close() {
        timer?.cancel()
        connection?.close()
        connection = nil
        isClosed = true
    }

    // MARK: Hearing

    private func heard(_ connection: TCPConnection, _ event: TCPEvent) {
        switch event {
        case .received:
            guard isReading else { return connection.pauseReading() }
            connection.consumeInput { span in
                for index in span.indices { pending.append(span[index]) }
                received += span.count
                counter(span.count)
                return span.count
            }
            read()
        case .closed:
            isClosed = true
            timer?.cancel()
            self.connection = nil
        case .connected, .writable: break
        }
    }

    private func read() {
        if greeting == nil {
            let head = Array(pending.prefix(Handshake.length))
            let span = head.span
            guard let handshake = try? Handshake.decode(span) else { return }
            greeting = handshake
            pending.removeFirst(Handshake.length)
        }
        let bytes = pending
        let span = bytes.span
        var offset = 0
        while let frame = try? decoder.next(in: span, from: &offset) { took(frame.message) }
        pending.removeFirst(min(offset, pending.count))
    }

    private func took(_ message: Message) {
        switch message {
        case .request(let block): requests.append(block)
        case .reject: refusals += 1
        case .piece: blocks += 1
        case .extended(let id, let payload):
            let span = payload.span
            if id == 0, let handshake = try? ExtensionHandshake.decode(span) {
                liveID = handshake.ids[.live]
                theirs = handshake
            } else if case .records(let new)? = try? LiveMessage.decode(span) {
                records += new
            }
        default: break
        }
        script(self, message)
    }
}
