// Lines and connections. A node's access line has a rate each way, a delay and a modem's queue; a
// connection is two flows, each a FIFO of bytes as TCP is, with a window that opens from ten
// packets on, shrinks when a packet is lost, and closes again when the flow was idle.

package import Primitives
import Pieces
import Wire

/// A node's access line.
package struct AccessLink: Hashable, Sendable {
    /// Upload and download.
    package var up: ByteRate
    package var down: ByteRate
    /// From this node to the middle of the network, one way.
    package var delay: Interval
    /// Each packet takes up to so much longer.
    package var jitter = Interval.zero
    /// The part of the packets, either way, that is lost.
    package var loss = 0.0
    /// Nobody can dial it.
    package var isBehindNAT = false
    /// Of a NAT: it keeps ports, and lets in whom the node itself has dialled within two minutes.
    ///
    /// Others have a port of their own for each that is dialled, which nobody else knows.
    package var isPunchable = false
    /// Bytes that the modem queues; connections take turns in front of it.
    package var queue = 16_384

    /// A line of these rates, with `delay` one way to the middle of the network.
    package init(up: ByteRate, down: ByteRate, delay: Interval) {
        self.up = up
        self.down = down
        self.delay = delay
    }
}

/// One direction of a connection: a place in the world's table and how often it was reused.
///
/// The other direction is the neighbour in the table.
struct FlowID: Hashable, Sendable {
    private let place: UInt32
    let generation: UInt32

    init(slot: Int, generation: UInt32) {
        place = UInt32(slot)
        self.generation = generation
    }

    /// The place.
    var slot: Int { Int(place) }

    /// The other direction.
    var reverse: FlowID { FlowID(slot: slot ^ 1, generation: generation) }
}

/// A kind of message, in the table of traffic.
package enum TrafficKind: Int, CaseIterable, Sendable {
    case block
    case records
    case have
    case status
    case request
    case cancel
    case reject
    case greeting
    case other
}

/// What travels in a flow.
enum Cargo: Sendable {
    case message(Message)
    case live(LiveMessage)
    indirect case greeting(ExtensionHandshake)
    indirect case exchange(PeerExchangeMessage)
    indirect case holepunch(HolepunchMessage)
    case block(Block, isPoisoned: Bool)
}

extension Cargo {
    /// What it is, for the table of traffic.
    var kind: TrafficKind {
        switch self {
        case .block: .block
        case .greeting: .greeting
        case .message(.request): .request
        case .message(.cancel): .cancel
        case .message(.reject): .reject
        case .message: .other
        case .live(.records): .records
        case .live(.have): .have
        case .live(.status): .status
        case .live, .exchange, .holepunch: .other
        }
    }
}

/// One direction of a connection.
struct Flow: Sendable {
    private struct Parcel {
        var cargo: Cargo
        /// The flow's position after its last byte.
        var end: Int
        var at: Instant
    }

    var generation: UInt32 = 0
    var isOpen = false
    var from = 0
    var to = 0
    /// What the receiver calls the sender; nil before it knows it and after it has closed.
    var peer: Int?
    /// Positions in the byte stream: written, taken by the modem, delivered, acknowledged.
    private(set) var written = 0
    private(set) var taken = 0
    private(set) var delivered = 0
    private(set) var acknowledged = 0
    /// The dialler's offer came along with its handshake.
    var hasOpened = false
    /// Waits in its node's ring for the uplink.
    var isQueued = false
    var lastArrival = Instant.zero
    /// The congestion window in bytes, when it was last used, and whether bytes wait for it.
    private(set) var window = Flow.initialWindow
    /// Below it the window doubles each round trip, above it grows by a packet.
    private var threshold = Int.max
    private var usedAt = Instant.zero
    private var mostUnderWay = 0
    var isBlocked = false
    /// Until when what was lost is being sent again.
    private(set) var recoversUntil = Instant.zero
    /// TCP sleeps after an outage until its next retransmission.
    var asleepUntil = Instant.zero
    var needsSample = false
    /// Bytes that came behind a lost packet: from when to when they are selectively acknowledged.
    private var early: [(from: Instant, until: Instant, bytes: Int)] = []
    private(set) var roundTrip = Interval.zero
    var leastRoundTrip = Interval.zero

    /// Packets that have not been acknowledged since the last one for two.
    private var unanswered = 0
    private var parcels: [Parcel] = []
    private var head = 0
    private var acks: [(at: Instant, position: Int)] = []
    private var ackHead = 0
    /// When the next acknowledgement comes.
    private var ackAt = Instant.never

    /// Bytes that wait for the modem.
    var waiting: Int { written - taken }

    /// Opens the flow anew.
    mutating func open(from: Int, to: Int, roundTrip: Interval) {
        self = Flow(generation: generation &+ 1)
        isOpen = true
        (self.from, self.to) = (from, to)
        (self.roundTrip, leastRoundTrip) = (roundTrip, roundTrip)
    }

    /// Ten packets (RFC 6928), to which Linux returns in halves, one for each timeout's worth of
    /// silence (RFC 2861).
    private static let initialWindow = 10 * WireSize.payload

    /// Takes what waits, at most `limit` bytes, as far as the window lets it go; 0 where it is
    /// shut.
    mutating func take(upTo limit: Int, at now: Instant) -> Int {
        let underWay = unacknowledged(at: now) - waiting - held(at: now)
        if acknowledged == taken { rest(until: now) }
        let room = underWay == 0 ? max(window, WireSize.payload) : window - underWay
        let count = min(limit, waiting, room)
        // Part of a packet goes only where it is all that there is.
        guard count > 0, count == waiting || count >= WireSize.payload else { return 0 }
        usedAt = now
        taken += count
        mostUnderWay = max(mostUnderWay, underWay + count)
        return count
    }

    /// Nothing was under way until `now`.
    private mutating func rest(until now: Instant) {
        let timeout = Interval.milliseconds(200) + roundTrip
        var idle = now - usedAt - timeout
        while idle > .zero, window > Self.initialWindow {
            window = max(window / 2, Self.initialWindow)
            idle = idle - timeout
        }
        mostUnderWay = 0
    }

    /// Writes `cargo` into the flow.
    mutating func write(_ cargo: Cargo, _ size: Int, at now: Instant) {
        written += size
        parcels.append(Parcel(cargo: cargo, end: written, at: now))
        needsSample = true
    }

    /// Bytes are with the receiver; `now` is when, and `delay` what the acknowledgement takes.
    mutating func deliver(_ count: Int, at now: Instant, delay: Interval) {
        delivered += count
        // The window grows to twice what was used; four megabytes are what buffers allow.
        if window < mostUnderWay * 2 {
            let step = window < threshold ? count : max(1, WireSize.payload * count / window)
            window = min(window + step, 4 << 20)
        }
        guard head < parcels.count else { return }
        let sample = now + delay - parcels[head].at
        roundTrip = roundTrip + (sample - roundTrip) * 0.125
        if let last = acks.last, ackHead < acks.count, last.at == now + delay {
            acks[acks.count - 1].position = delivered
        } else {
            if ackHead == acks.count { ackAt = now + delay }
            acks.append((now + delay, delivered))
        }
    }

    /// A packet is lost and comes again `delay` after it should have.
    ///
    /// One reduction a round trip, as for one loss event (RFC 6582), to seven tenths (RFC 9438,
    /// section 4.6); after a timeout the window begins anew (RFC 5681, section 3.1).
    mutating func lose(at now: Instant, arrival: Instant, isTimeout: Bool) {
        if now >= recoversUntil || isTimeout {
            threshold = max(window * 7 / 10, 2 * WireSize.payload)
            window = isTimeout ? WireSize.payload : threshold
        }
        recoversUntil = max(recoversUntil, arrival)
    }

    /// `count` bytes come late because a packet before them was lost: the sender knows
    /// from `from` until `until` that they have left the network (RFC 2018).
    mutating func hold(_ count: Int, from: Instant, until: Instant) {
        early.append((from, until, count))
    }

    /// Bytes that are known to have left the network and are not acknowledged.
    mutating func held(at now: Instant) -> Int {
        guard !early.isEmpty else { return 0 }
        early.removeAll { $0.until <= now }
        return early.reduce(0) { $0 + ($1.from <= now ? $1.bytes : 0) }
    }

    /// Whether a block has been written and is not wholly delivered.
    func carries(_ block: Block) -> Bool {
        parcels[head...].contains { parcel in
            if case .block(let other, _) = parcel.cargo { return other == block }
            return false
        }
    }

    /// The acknowledgements that `bytes` more bring: one for two packets (RFC 1122).
    mutating func acknowledgements(for bytes: Int) -> Int {
        unanswered += WireSize.packets(bytes)
        defer { unanswered %= 2 }
        return unanswered / 2
    }

    /// Takes the next cargo that is wholly delivered.
    mutating func take() -> Cargo? {
        guard head < parcels.count, parcels[head].end <= delivered else { return nil }
        let cargo = parcels[head].cargo
        head += 1
        if head == parcels.count || head >= 256 {
            parcels.removeFirst(head)
            head = 0
        }
        return cargo
    }

    /// When the next acknowledgement comes of what has been delivered; never where none is under way.
    var nextAcknowledgement: Instant { ackAt }

    /// Bytes written and not acknowledged at `now`.
    mutating func unacknowledged(at now: Instant) -> Int {
        if ackAt <= now { takeAcknowledgements(at: now) }
        return written - acknowledged
    }

    private mutating func takeAcknowledgements(at now: Instant) {
        while ackHead < acks.count, acks[ackHead].at <= now {
            acknowledged = acks[ackHead].position
            ackHead += 1
        }
        if ackHead == acks.count || ackHead >= 256 {
            acks.removeFirst(ackHead)
            ackHead = 0
        }
        ackAt = ackHead < acks.count ? acks[ackHead].at : .never
    }
}
