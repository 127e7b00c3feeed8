// Every tunable of the swarm, with its unit and its reason. Nothing here changes while it runs.

package import Primitives

/// What a node is for in its swarm.
package enum Role: Hashable, Sendable {
    /// Publishes the stream and wants nothing from others.
    case source
    /// Feeds a player.
    case viewer
    /// Only passes on.
    case relay
}

/// The tunables of one swarm; bytes and blocks are those of pieces of one block, and grow with the
/// pieces of a stream (`fit`).
package struct SwarmSettings: Sendable {
    /// What this node is for.
    package var role: Role
    /// The policies that are at work; less than all in experiments only.
    package var policies = DeliveryPolicies.all
    /// In which order what exists already is asked for.
    package var pickOrder = PickOrder.deadline
    /// Stripes: piece `i` travels in stripe `i mod stripes`, each with a tree of its own, so that
    /// every node passes on in a few of them.
    ///
    /// Eight make a tree of sixteen roots at two copies.
    package var stripes = 8
    /// Copies of each piece that a source sends of its own accord.
    ///
    /// Two keep a swarm alive when
    /// one receiver fails; more only cost the source.
    package var rootsPerStripe = 2
    /// The most that a source sends, in copies of its stream: standing requests and rescue.
    package var copiesBudget = 2.9
    /// How far beyond the live edge requests stand, in stripes' rounds: two rounds are one and a
    /// half seconds at 11 pieces a second, enough to refill them twice a round trip.
    package var roundsAhead = 2
    /// Pieces kept and offered behind the live edge.
    package var window = 720
    /// Pieces behind the live edge that a relay still asks for: what is ten seconds old is of
    /// little use to others, and costs those who send it to the relay.
    package var relayReach = 120
    /// Neighbours wanted: beyond 15 to 20 nothing is gained (Tewari and Kleinrock).
    package var targetPeers = 14
    /// Neighbours accepted.
    package var maxPeers = 40
    /// Connections from one address: several viewers behind one NAT, but no flood.
    package var maxPeersPerAddress = 8
    /// Connection attempts that may still come to something soon.
    package var maxDialing = 12
    /// An attempt without an answer for this long holds up no other: it may be behind a NAT, and
    /// whoever can be dialled mostly has answered by then.
    package var dialHope = Interval.seconds(1)
    /// Connection attempts under way in all, those without hope among them: three times the above
    /// within the ten seconds that an attempt takes.
    package var maxHalfOpen = 36
    /// Introductions between nodes that cannot call each other (BEP 55).
    package var rendezvous = RendezvousSettings()
    /// Where the source is by the channel file, whose signature is checked: who is reached there and
    /// says that it is the source is believed.
    package var sourceEndpoints: [Endpoint] = []
    /// Whom to rely on, and how much of what is given one neighbour may take.
    package var trust = TrustSettings()
    /// Whether neighbours tell each other of their neighbours (BEP 11); not where the trackers
    /// alone may say who takes part (BEP 27).
    package var exchangesPeers = true
    /// Children in one stripe: more wait longer for their copy than a further hop takes.
    package var fanOut = 4
    /// Stripe feeds that a node begins with: one copy of the stream.
    ///
    /// It adapts.
    package var initialSlots = 8
    /// Neighbours unchoked at once.
    package var unchoked = 24
    /// How often plans are made between arrivals.
    package var planInterval = Interval.milliseconds(100)
    /// How often availability is told: alone in a packet a HAVE costs as much as a record.
    package var haveInterval = Interval.milliseconds(800)
    /// The same to and from newcomers: what one of them has got of the backlog the next one wants.
    package var newcomerHaveInterval = Interval.milliseconds(200)
    /// How often the depths are told when nothing changes; also the sign of life.
    package var statusInterval = Interval.seconds(2)
    /// The least time between two status messages to one peer.
    package var statusFloor = Interval.milliseconds(250)
    /// Re-choke interval: newcomers cannot wait the ten seconds of BEP 3.
    package var chokeInterval = Interval.milliseconds(2500)
    /// A neighbour that says nothing for this long is no parent any more.
    package var quietAfter = Interval.seconds(5)
    /// A neighbour that says nothing for this long is closed.
    package var silentAfter = Interval.seconds(30)
    /// A viewer that has not got its first piece by then tunes in anew.
    package var tuneInPatience = Interval.seconds(4)
    /// How long a viewer gathers neighbours before it tunes in at what a single one holds.
    package var gatherTime = Interval.milliseconds(250)
    /// Blocks outside the first spreading that wait here before more are refused: a key frame
    /// for four newcomers.
    ///
    /// What waits here can be sent in the best order; what is refused comes
    /// back a round trip later.
    package var catchUpQueue = 20
    /// Pieces that are asked of the source at once beyond the live edge: it sends each of them to
    /// somebody before it sends one twice, and can only where it may choose.
    package var sourcePipeline = 8
    /// How long catching up waits here for upload to spare before it is refused.
    package var catchUpPatience = Interval.milliseconds(2000)
    /// For how long a neighbour is a newcomer.
    package var newcomer = Interval.seconds(6)
    /// What goes by its deadline of what fell out of the trees, as a share of the stream's rate,
    /// and how many bytes of it at once.
    package var rescueShare = 0.05
    package var rescueBurst = 65_536
    /// The pieces of a newcomer's first key frame: 32 to 48 KiB at the rates of home lines.
    package var openingPieces = 3
    /// Copies of these that the source sends ahead of others: who has them passes them on.
    package var openingCopies = 4
    /// A newcomer's player that waits for one piece this long has it asked of a second neighbour.
    package var hedgeAfter = Interval.milliseconds(800)
    /// What is asked for along with a handshake is at least so old: most of those who will answer
    /// have it then.
    package var earlyAge = Interval.seconds(1)
    /// For how long such a piece is kept for who has not answered: two round trips on a home line,
    /// and what waits in its modem's queue.
    package var earlyPatience = Interval.milliseconds(300)
    /// The pieces that one peer is asked for in this way: more would come one after another while
    /// others have nothing to do.
    package var earlyPieces = 4
    /// The part of the play window in which the earliest deadline goes first.
    package var urgentSpan = Interval.milliseconds(1500)
    /// Requests that a peer may have waiting here (libtorrent takes 2,000).
    package var maxQueuedRequests = 500
    /// Bytes under way to all peers together, at the start; it adapts.
    ///
    /// The product of a home uplink's rate and delay.
    package var initialInFlight = 98_304
    /// Bytes that may be under way at least: four blocks keep a slow line busy.
    package var leastInFlight = 65_536
    /// Queueing delay on the own line that is allowed: it must not run dry between two looks.
    ///
    /// More only lets each hop take longer: with 100 ms the lag of 40
    /// viewers is half as long again.
    package var queueTarget = Interval.milliseconds(60)
    /// The rate that uploads keep to, or nil.
    package var upLimit: ByteRate?

    /// The defaults of a node of `role`.
    package init(role: Role) {
        self.role = role
        if role == .relay { becomeRelay() }
    }
}
