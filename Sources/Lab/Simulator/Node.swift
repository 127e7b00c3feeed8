// One simulated node: its engine, its player's schedule, its line, and what is measured of it.

package import Pieces
package import Primitives
import Playout
import Swarm

/// How a node behaves.
package enum Conduct: Hashable, Sendable {
    /// As it should.
    case honest
    /// Every block that it sends is garbage.
    case polluter
    /// It takes and never gives.
    case freeRider
}

/// The lag of one delivered piece.
package struct Delivery: Hashable, Sendable {
    /// The piece.
    package var piece: PieceIndex
    /// When the player could read it.
    package var at: Instant
    /// Since it was published.
    package var lag: Interval
}

/// A piece that a player did without.
package struct Skip: Hashable, Sendable {
    /// The piece.
    package var piece: PieceIndex
    /// When it was given up.
    package var at: Instant
}

/// What is measured of a node.
package struct NodeLog: Hashable, Sendable {
    /// When it joined.
    package var joinedAt = Instant.zero
    /// When it went, if it did.
    package var leftAt: Instant?
    /// The pieces that came, as they came.
    package var arrivals: [Delivery] = []
    /// The pieces that its player got, in order.
    package var deliveries: [Delivery] = []
    /// The pieces that its player did without.
    package var skips: [Skip] = []
    /// When its player ran dry.
    package var stalls: [Instant] = []
    /// Bytes on its line, with headers.
    package var sent = 0
    package var received = 0
    /// The longest that its modem's queue has been.
    package var worstQueue = Interval.zero
    /// Pieces with garbage in them that its player got.
    package var garbage = 0
}

/// One node.
struct Node: Sendable {
    var engine: SwarmEngine
    var schedule: PlayoutSchedule?
    var link: AccessLink
    let conduct: Conduct
    let id: PeerID
    var isAlive = false
    /// It has left with its connections closed.
    var saidGoodbye = false
    var log = NodeLog()

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
    var wakeAt = Instant.never
    var isSampling = false
    var isDirty = false
    var announcedAt: Instant?
    var isAnnouncing = false
    /// Pieces with a garbage block in them.
    var tainted: Set<PieceIndex> = []
    var toldPlayPoint: PieceIndex?

    init(
        engine: SwarmEngine, schedule: PlayoutSchedule?, link: AccessLink, conduct: Conduct,
        id: PeerID
    ) {
        self.engine = engine
        self.schedule = schedule
        self.link = link
        self.conduct = conduct
        self.id = id
    }

    /// A free handle, the lowest as the driver has it.
    mutating func newHandle(for flow: FlowID) -> Int {
        if let free = flows.firstIndex(where: { $0 == nil }) {
            flows[free] = flow
            return free
        }
        flows.append(flow)
        return flows.count - 1
    }

    /// When the engine or the player wants to be called.
    var deadline: Instant {
        min(engine.nextDeadline.at, schedule?.nextDeadline.at ?? .never)
    }
}
