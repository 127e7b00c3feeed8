// One connection to a peer: the handshakes of BEP 3 and BEP 10, frames in, messages out.
// Keeps what the other end calls its extensions. Decides nothing about pieces or peers.

import Pieces
import Primitives
import Reactor
import Wire

/// What a link tells its owner.
enum LinkEvent {
    /// The other end's handshake has come.
    case greeted(Handshake)
    /// A message; a `piece` comes with its payload.
    case message(Message, payload: Payload?)
    /// Blocks that came one after another and lie in their places; only of links that are `tuned`.
    case landed([Block])
    /// The connection has taken all that was queued; only of links that are `tuned`.
    case drained
    /// The connection is over; nothing follows.
    case closed
}

/// Bytes of a block as they lie in a receive buffer.
struct Payload {
    let bytes: [UInt8]
    let range: Range<Int>
}

/// One connection to a peer.
///
/// An outgoing link says its handshake as soon as it is connected, an incoming one when the
/// owner calls `answer`, which it does once it knows the swarm by the other's info-hash.
@Loop
final class PeerLink {
    typealias Handler = @Loop (PeerLink, LinkEvent) -> Void

    let endpoint: Endpoint
    let isOutgoing: Bool
    /// What the other end calls its extensions.
    var theirIDs = ExtensionIDs()
    /// The other end's handshake.
    private(set) var handshake: Handshake?
    /// Whether a block was sent since the kernel's queue was last looked at.
    var hasUnobserved = false
    /// What the other end may send; the owner sets it as it hears of the handshake.
    var limits = WireLimits.live
    /// Bytes sent besides blocks; the owner takes them away when it has counted them.
    var otherBytes = 0

    /// Who knows where blocks belong, on links that are `tuned`.
    private(set) weak var landing: (any Landing)?
    /// How much is read at a time, where it is.
    var window = LandingWindow()

    let handler: Handler
    private(set) var connection: TCPConnection?
    /// The port of its end here; nil once it is over.
    var localPort: UInt16? { connection.map(\.local.port) }
    private(set) var decoder: FrameDecoder?
    private var deadline: LoopTimer?
    private var offered: Handshake?
    /// What goes out along with our handshake on an outgoing link, asked when it is connected.
    private var opening: (@Loop (PeerLink) -> [Message])?
    /// Whether anything did.
    private(set) var hasOpened = false
    private var isTuned = false
    /// Where messages are put together: few bytes are copied into the queue.
    private var scratch: [UInt8] = []
    /// What may wait for a peer that does not read: the blocks that the uplink's budget lets go
    /// to one peer (2 MiB), and as much again.
    private static let mostQueued = 4 << 20
    private static let features: ReservedBits = [.fast, .extensionProtocol]

    /// The socket tunables of a peer connection.
    ///
    /// What the kernel holds unsent cannot be re-ordered: one block of it keeps the line busy.
    /// After a cut a connection must not sleep for a minute: one second is the kernel's least.
    static var tcp: TCPSettings {
        var settings = TCPSettings()
        settings.inputLimit = 262_144
        settings.notSentLowWater = 16_384
        settings.longestRetransmission = .seconds(1)
        settings.userTimeout = .seconds(40)
        return settings
    }

    /// Connects to `endpoint` and offers `handshake`, with the messages of `opening` behind it;
    /// the whole greeting may take `patience`.
    ///
    /// It begins at the `port` that this program listens on
    /// where one is named and that can be: the other end may dial us at the same moment, and then
    /// both have dialled (RFC 9293, section 3.5).
    init(
        dialing endpoint: Endpoint, from port: UInt16? = nil, offering handshake: Handshake,
        patience: Interval,
        opening: @escaping @Loop (PeerLink) -> [Message], handler: @escaping Handler
    ) {
        self.endpoint = endpoint
        self.handler = handler
        isOutgoing = true
        offered = handshake
        self.opening = opening
        connection = TCPConnection.connect(
            to: endpoint, sharing: port, timeout: patience, settings: Self.tcp
        ) { [weak self] _, event in self?.happened(event) }
        limit(to: patience)
    }

    /// Takes an accepted connection over.
    init(
        accepted connection: TCPConnection, from endpoint: Endpoint, patience: Interval,
        handler: @escaping Handler
    ) {
        self.endpoint = endpoint
        self.handler = handler
        self.connection = connection
        isOutgoing = false
        limit(to: patience)
    }

    /// Begins to read an accepted connection.
    func start() { connection?.start { [weak self] _, event in self?.happened(event) } }

    /// The time for the whole greeting: a peer that drips bytes does not hold a place for long.
    private func limit(to patience: Interval) {
        let timer = LoopTimer { [weak self] in self?.fail() }
        timer.schedule(at: Loop.now + patience)
        deadline = timer
    }

    // MARK: Sending

    /// Says our handshake on an incoming link.
    func answer(_ handshake: Handshake) {
        offered = handshake
        connection?.send(handshake.encoded)
        otherBytes += Handshake.length
    }

    /// Sends a message without payload.
    func send(_ message: Message) {
        scratch.removeAll(keepingCapacity: true)
        message.encode(into: &scratch)
        guard let connection, connection.queuedBytes < Self.mostQueued else { return fail() }
        connection.send(scratch)
        otherBytes += scratch.count
    }

    /// Sends a live message, if the other end has named the extension.
    func send(_ message: LiveMessage) {
        guard let id = theirIDs[.live] else { return }
        send(message.message(id: id))
    }

    /// Sends a message of the peer exchange, if the other end has named the extension.
    func send(_ message: PeerExchangeMessage) {
        guard let id = theirIDs[.peerExchange] else { return }
        send(message.message(id: id))
    }

    /// Sends a message about introductions, if the other end has named the extension.
    func send(_ message: HolepunchMessage) {
        guard let id = theirIDs[.holepunch] else { return }
        send(message.message(id: id))
    }

    /// Sends a block.
    func send(_ block: Block, payload: ArraySlice<UInt8>) {
        scratch.removeAll(keepingCapacity: true)
        Message.encodePieceHeader(block, into: &scratch)
        connection?.sendSlices(header: scratch, payload: payload)
        hasUnobserved = true
    }

    /// Sends a block that lies in memory of somebody else's.
    func send(_ block: Block, payload: ForeignBytes) {
        scratch.removeAll(keepingCapacity: true)
        Message.encodePieceHeader(block, into: &scratch)
        connection?.sendSlices(header: scratch, payload: payload)
        hasUnobserved = true
    }

    /// Sends a block that lies in a file.
    func send(_ block: Block, payload: FileBytes) {
        scratch.removeAll(keepingCapacity: true)
        Message.encodePieceHeader(block, into: &scratch)
        connection?.sendSlices(header: scratch, payload: payload)
        hasUnobserved = true
    }

    /// Sends what a block has behind the end of its file.
    func send(zeros count: Int) {
        guard count > 0 else { return }
        connection?.send([UInt8](repeating: 0, count: count))
    }

    /// Ends the connection; the owner hears nothing more.
    func close() {
        deadline?.cancel()
        deadline = nil
        connection?.close()
        connection = nil
    }

    /// Makes the connection fit for files: the kernel holds eight blocks unsent, so that a fast
    /// line is never idle, and the owner hears when it has taken all.
    func tune(_ landing: any Landing) {
        isTuned = true
        self.landing = landing
        connection?.reader = { [weak self] in self?.land(from: $0) ?? false }
        connection?.settings.lowWater = 0
        connection?.settings.inputLimit = 524_288
        connection?.setNotSentLowWater(131_072)
    }

    /// Reads on, where `landing` held what was to come.
    func resumeReading() { connection?.resumeReading() }

    /// Bytes that the kernel has not taken.
    var queuedBytes: Int { connection?.queuedBytes ?? 0 }

    /// The upload as the kernel sees it, and what waits above it.
    var status: (kernel: TCPStatus, queued: Int)? {
        guard let connection, let kernel = connection.kernelStatus() else { return nil }
        return (kernel, connection.queuedBytes)
    }

    // MARK: Receiving

    private func happened(_ event: TCPEvent) {
        switch event {
        case .connected: greet()
        case .received: read()
        case .writable: if isTuned { handler(self, .drained) }
        case .closed: fail()
        }
    }

    /// The handshake and what follows it, in one packet.
    private func greet() {
        guard let offered else { return }
        connection?.send(offered.encoded)
        otherBytes += Handshake.length
        let messages = opening?(self) ?? []
        opening = nil
        hasOpened = !messages.isEmpty
        for message in messages { send(message) }
    }

    private func fail() {
        guard connection != nil else { return }
        close()
        handler(self, .closed)
    }

    private func read() {
        guard let connection else { return }
        if handshake == nil, !readHandshake(connection) { return }
        readFrames(connection)
    }

    /// Whether the handshake is complete.
    private func readHandshake(_ connection: TCPConnection) -> Bool {
        let input = connection.input
        do {
            let bytes = Array(input.bytes[input.readable].prefix(Handshake.length))
            let span = bytes.span
            _ = try Handshake.infoHash(in: span)
            guard let greeting = try Handshake.decode(span) else { return false }
            handshake = greeting
            connection.consume(Handshake.length)
            deadline?.cancel()
            deadline = nil
            handler(self, .greeted(greeting))
            // What the owner does not insist on may be missing: neither is taken then.
            decoder = FrameDecoder(
                limits: limits, features: greeting.reserved.intersection(Self.features))
            return self.connection != nil
        } catch {
            fail()
            return false
        }
    }

    func readFrames(_ connection: TCPConnection) {
        var bytes = connection.input.bytes
        let start = connection.input.offset
        var offset = start
        do {
            while self.connection != nil {
                let span = bytes.span
                guard let frame = try decoder?.next(in: span, from: &offset) else { break }
                let payload = frame.payload.map { Payload(bytes: bytes, range: $0) }
                handler(self, .message(frame.message, payload: payload))
            }
        } catch {
            bytes = []
            return fail()
        }
        bytes = []
        guard self.connection != nil, offset > start else { return }
        connection.consume(offset - start)
    }
}
