// One simulated node: its engine, its player's schedule, its line, and what is measured of it.

package import Pieces
import Playout
package import Primitives
import Swarm

/// How a node behaves.
package enum Conduct: String, CaseIterable, Hashable, Sendable {
    /// As it should.
    case honest
    /// Every block that it sends is garbage.
    case polluter
    /// It takes and never gives.
    case freeRider = "free-rider"
}

/// The lag of one delivered piece: eight bytes, since a big swarm has millions of them.
package struct Delivery: Hashable, Sendable {
    /// The piece.
    package let piece: PieceIndex
    private let tenths: UInt32

    /// A piece that reached the player `lag` after it was published.
    init(piece: PieceIndex, lag: Interval) {
        self.piece = piece
        tenths = UInt32(clamping: lag.nanoseconds / 100_000)
    }

    /// Since it was published, to a tenth of a millisecond.
    package var lag: Interval { .microseconds(Int64(tenths) * 100) }
}

/// What is measured of a node.
package struct NodeLog: Hashable, Sendable {
    /// When it joined.
    package var joinedAt = Instant.zero
    /// When it went, if it did.
    package var leftAt: Instant?
    /// When its player got its first piece.
    package var startedAt: Instant?
    /// The pieces that its player got, in order.
    package var deliveries: [Delivery] = []
    /// The pieces that its player did without.
    package var skips: [Skip] = []
    /// When its player ran dry.
    package var stalls: [Stall] = []
    /// Bytes on its line, with headers.
    package var sent = 0
    package var received = 0
    /// What it had received when measuring began.
    var receivedBefore = 0
    /// The longest that its modem's queue has been.
    package var worstQueue = Interval.zero
    /// Pieces with garbage in them that its player got.
    package var garbage = 0
    /// The engine's own numbers when it went.
    var counters: SwarmCounters?
}

/// What a node is made of before it joins.
struct NodePlan: Sendable {
    var swarm: SwarmSettings
    var playout: PlayoutSettings?
    var link: AccessLink
    var conduct: Conduct
    /// Whom it knows without the tracker.
    var hint: NodeID?
}

/// One node.
struct Node: Sendable {
    let plan: NodePlan
    let id: PeerID
    let seed: UInt64
    /// Whether it has or had a player.
    let isViewer: Bool
    let conduct: Conduct
    private let geometry: PieceGeometry
    /// Those of a husk before the node joins and after it has left.
    ///
    /// Not optional: to look through an optional at a part of a value copies all of it.
    var engine: SwarmEngine
    var schedule = PlayoutSchedule(settings: Self.noPlayout)
    var link: AccessLink
    var isAlive = false
    /// It has left with its connections closed.
    var saidGoodbye = false
    var log = NodeLog()

    /// Attempts to connect that are under way, and when its NAT was last sent through to whom.
    var dials: [Int: Dial] = [:]
    var holes: [Int: Instant] = [:]
    /// The outgoing flow to each neighbour by its handle; nil where the handle is free.
    var flows: [FlowID?] = []
    /// Flows with bytes for the modem, in turn.
    var ring: [FlowID] = []
    var ringHead = 0
    /// When the modem's queue will be empty, and the downlink.
    var upFree = Instant.zero
    var downFree = Instant.zero
    var pumpAt = Instant.never
    var cutUntil = Instant.zero
    /// Which side of a partition it is on; sides with different numbers do not reach each other.
    var side = 0
    /// When a neighbour last closed the connection.
    var lostNeighbourAt: Instant?
    var wakeAt = Instant.never
    var isSampling = false
    var needsSample = false
    var isDirty = false
    var announcedAt: Instant?
    var isAnnouncing = false
    /// Pieces with a garbage block in them, and those that were refused for it lately.
    var tainted: Set<PieceIndex> = []
    var refused: PieceIndex?
    var toldPlayPoint: PieceIndex?
    /// When engine and player want to be called, as of the last look.
    private(set) var engineDue = Instant.never
    private(set) var playerDue = Instant.never

    init(_ plan: NodePlan, id: PeerID, seed: UInt64, geometry: PieceGeometry) {
        self.plan = plan
        isViewer = plan.playout != nil
        conduct = plan.conduct
        self.geometry = geometry
        engine = Self.husk(geometry)
        self.id = id
        self.seed = seed
        link = plan.link
    }

    private static func husk(_ geometry: PieceGeometry) -> SwarmEngine {
        var settings = SwarmSettings(role: .relay)
        settings.window = 1
        return SwarmEngine(
            settings: settings, geometry: geometry, ourID: PeerID(Bytes20()),
            firstPiece: PieceIndex(0), seed: 0)
    }

    private static let noPlayout: PlayoutSettings = {
        var settings = PlayoutSettings()
        settings.horizon = 1
        return settings
    }()

    /// The machines of a node that is there begin.
    ///
    /// The channel file says where the source is.
    mutating func begin(firstPiece: PieceIndex, source: Endpoint, at now: Instant) {
        var settings = plan.swarm
        if settings.role != .source { settings.sourceEndpoints = [source] }
        engine = SwarmEngine(
            settings: settings, geometry: geometry, ourID: id, firstPiece: firstPiece,
            seed: seed)
        if let settings = plan.playout {
            schedule = PlayoutSchedule(settings: settings, startedAt: now)
        }
        isAlive = true
    }

    /// What nobody looks at any more gives its memory back.
    mutating func end() {
        isAlive = false
        log.counters = engine.counters
        engine = Self.husk(geometry)
        schedule = PlayoutSchedule(settings: Self.noPlayout)
    }

    /// What the engine has counted.
    var counters: SwarmCounters { log.counters ?? engine.counters }

    /// Looks when the engine wants to be called.
    mutating func lookAtEngine() { engineDue = engine.nextDeadline.at }

    /// Looks when the player wants to be called, which changes only when it is told something.
    mutating func lookAtPlayer() { playerDue = schedule.nextDeadline.at }

    /// A free handle, the lowest as the driver has it.
    mutating func newHandle(for flow: FlowID) -> Int {
        if let free = flows.firstIndex(where: { $0 == nil }) {
            flows[free] = flow
            return free
        }
        flows.append(flow)
        return flows.count - 1
    }
}
