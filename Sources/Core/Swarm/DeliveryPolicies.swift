// Which of the policies that deliver pieces are at work. All are, but in an experiment that asks
// what one of them is worth (docs/DELIVERY.md). Decides nothing: each is looked up where it acts.

/// The policies that can be left out, one by one.
package struct DeliveryPolicies: OptionSet, Hashable, Sendable {
    /// A bit for each.
    package let rawValue: UInt32

    /// The policies whose bits are set.
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    // MARK: The trees

    /// Pieces are asked for before they exist, of a parent in each stripe (Coolstreaming+, Li et
    /// al., INFOCOM 2008).
    ///
    /// Without it every piece is pulled from those who show that they hold it.
    package static let standingRequests = DeliveryPolicies(rawValue: 1 << 0)
    /// A node passes on a few stripes only (Castro et al., SplitStream, SOSP 2003).
    ///
    /// Without it all of them.
    package static let innerStripes = DeliveryPolicies(rawValue: 1 << 1)
    /// A node rather passes on what few of its neighbours do: this project's own.
    package static let evenStripes = DeliveryPolicies(rawValue: 1 << 30)
    /// A leaf gives its place to one that passes on, at nodes and at the source (SplitStream's
    /// eviction).
    package static let leavesMakeWay = DeliveryPolicies(rawValue: 1 << 2)
    /// A child of the source that holds two stripes more than the asker gives one up: this
    /// project's own.
    package static let rootsRotate = DeliveryPolicies(rawValue: 1 << 3)
    /// Nobody gets more than an equal share of the source's places while others may still ask:
    /// this project's own.
    package static let fairRoots = DeliveryPolicies(rawValue: 1 << 20)
    /// A parent keeps its place unless another is nearer by two hops.
    package static let loyalty = DeliveryPolicies(rawValue: 1 << 4)
    /// A parent that feeds is not left within two seconds, and one move follows another after
    /// half a second (the cool-down of Coolstreaming+).
    package static let tenure = DeliveryPolicies(rawValue: 1 << 5)
    /// An orphan does not tell for a second that it is one, so that those below stay.
    package static let orphanGrace = DeliveryPolicies(rawValue: 1 << 6)

    /// A child that has gone without a word loses its places at once: this project's own.
    ///
    /// Without it four to six seconds after it last asked.
    package static let vacancies = DeliveryPolicies(rawValue: 1 << 29)
    /// A neighbour that neither acknowledges nor says anything is gone after two round trips and
    /// 0.3 s, where others are heard: this project's own.
    ///
    /// Without it after a second.
    package static let earlyAlarm = DeliveryPolicies(rawValue: 1 << 26)

    // MARK: The order of sending

    /// Where nothing is acknowledged for two round trips and 0.2 s, others are sent to meanwhile:
    /// this project's own.
    ///
    /// Without it after a second.
    package static let hesitation = DeliveryPolicies(rawValue: 1 << 27)

    /// A block is handed to a connection only while its congestion window is open: this project's
    /// own.
    ///
    /// Without it until half of what the line may have under way is under way to one neighbour.
    package static let openWindows = DeliveryPolicies(rawValue: 1 << 31)

    /// The piece goes first of which the fewest copies have gone (Pianese et al., PULSE,
    /// INFOCOM 2006).
    package static let copyOrder = DeliveryPolicies(rawValue: 1 << 7)
    /// A leaf waits for those who pass on.
    package static let leafWaits = DeliveryPolicies(rawValue: 1 << 8)
    /// A newcomer's backlog and a share of what is late go by when a player needs them, and the
    /// stream halfway so (earliest deadline first, Liu and Layland, 1973).
    ///
    /// Without it by how long it has waited.
    package static let deadlineOrder = DeliveryPolicies(rawValue: 1 << 9)
    /// What goes to a newcomer goes by the deadlines of its own player: this project's own.
    ///
    /// Without it by those of a player that is as far behind as all.
    package static let ownDeadlines = DeliveryPolicies(rawValue: 1 << 21)
    /// A newcomer's first key frame goes before all else.
    package static let opening = DeliveryPolicies(rawValue: 1 << 11)

    // MARK: What is late, and the backlog

    /// What is late is asked for elsewhere.
    package static let rescue = DeliveryPolicies(rawValue: 1 << 13)
    /// What a parent that has gone owed is asked of the next one first, whether it holds it or
    /// not: this project's own.
    ///
    /// Without it of those who hold it.
    package static let orphansByTree = DeliveryPolicies(rawValue: 1 << 28)
    /// What is late is asked of those first who say that they have little to send: this project's
    /// own.
    ///
    /// Without it of all alike.
    package static let idleHolders = DeliveryPolicies(rawValue: 1 << 22)
    /// How late is too late is learnt for each stripe (as RFC 6298 learns a timeout).
    ///
    /// Without it for all stripes together.
    package static let patienceByStripe = DeliveryPolicies(rawValue: 1 << 14)
    /// A newcomer asks several neighbours for what its player waits for (Dean and Barroso, The
    /// Tail at Scale, 2013).
    package static let hedging = DeliveryPolicies(rawValue: 1 << 15)
    /// A newcomer asks for what its player begins with along with its handshakes: this project's
    /// own.
    ///
    /// Without it when it has heard what the others hold.
    package static let earlyTalk = DeliveryPolicies(rawValue: 1 << 25)
    /// A neighbour that is fed a round further is asked though it has not shown the piece.
    package static let presumption = DeliveryPolicies(rawValue: 1 << 16)
    /// A neighbour that gives nothing of what it is asked for is no parent for a while (as
    /// BitTorrent's anti-snubbing, Cohen, 2003).
    package static let probation = DeliveryPolicies(rawValue: 1 << 19)
    /// The source takes places from those who keep for themselves what they get: this project's
    /// own (Give-to-Get, Mol et al., MMCN 2008, has it from grandchildren's reports).
    package static let rootAudit = DeliveryPolicies(rawValue: 1 << 12)
    /// Nobody uses up what the source gives beyond the trees: this project's own.
    package static let fairExtra = DeliveryPolicies(rawValue: 1 << 23)
    /// To and from newcomers availability is told more often.
    package static let promptHaves = DeliveryPolicies(rawValue: 1 << 17)
    /// A viewer begins at a key frame that several neighbours hold.
    ///
    /// Without it at the newest that one holds.
    package static let tuneIn = DeliveryPolicies(rawValue: 1 << 18)

    /// The backlog is asked of the parents first, along the trees: this project's own.
    package static let backlogByTree = DeliveryPolicies(rawValue: 1 << 10)

    /// Nodes behind NATs are introduced to each other (BEP 55).
    package static let holePunching = DeliveryPolicies(rawValue: 1 << 24)

    /// All of them, as the project delivers.
    package static let all = DeliveryPolicies(named.map(\.policy))

    /// Their names in the command line and in docs/DELIVERY.md.
    package static let named: [(name: String, policy: DeliveryPolicies)] = [
        ("standing-requests", .standingRequests), ("inner-stripes", .innerStripes),
        ("even-stripes", .evenStripes),
        ("leaves-make-way", .leavesMakeWay), ("roots-rotate", .rootsRotate),
        ("fair-roots", .fairRoots),
        ("loyalty", .loyalty), ("tenure", .tenure), ("orphan-grace", .orphanGrace),
        ("copy-order", .copyOrder), ("leaf-waits", .leafWaits),
        ("deadline-order", .deadlineOrder), ("own-deadlines", .ownDeadlines),
        ("opening", .opening), ("rescue", .rescue), ("idle-holders", .idleHolders),
        ("patience-by-stripe", .patienceByStripe), ("hedging", .hedging),
        ("presumption", .presumption), ("prompt-haves", .promptHaves), ("tune-in", .tuneIn),
        ("backlog-by-tree", .backlogByTree), ("probation", .probation),
        ("root-audit", .rootAudit), ("fair-extra", .fairExtra),
        ("hole-punching", .holePunching), ("early-talk", .earlyTalk),
        ("vacancies", .vacancies), ("early-alarm", .earlyAlarm), ("hesitation", .hesitation),
        ("orphans-by-tree", .orphansByTree), ("open-windows", .openWindows),
    ]
}
