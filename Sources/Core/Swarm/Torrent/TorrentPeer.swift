// What is known of one peer of a torrent, and the table of all of them. Decides nothing.

import Pieces
import Primitives
import Wire

/// A request that is under way.
struct Asked: Hashable, Sendable {
    let piece: PieceIndex
    let block: UInt32
    let at: Instant
}

/// The requests under way to one peer, in the order in which they were made.
struct RequestQueue: Sendable {
    private var asked: [Asked] = []
    private var head = 0

    var count: Int { asked.count - head }
    var first: Asked? { head < asked.count ? asked[head] : nil }
    /// All of them in order.
    var all: ArraySlice<Asked> { asked[head...] }

    mutating func append(_ request: Asked) { asked.append(request) }

    /// Takes a request out; peers answer in order, so it is mostly the first.
    mutating func take(_ piece: PieceIndex, _ block: UInt32) -> Asked? {
        guard
            let at = asked[head...].firstIndex(where: { $0.block == block && $0.piece == piece })
        else { return nil }
        let found = asked[at]
        if at == head { head += 1 } else { asked.remove(at: at) }
        if head > 256, head * 2 > asked.count {
            asked.removeFirst(head)
            head = 0
        }
        return found
    }

    /// How many requests were made before this one and are still under way.
    func ahead(of piece: PieceIndex, _ block: UInt32) -> Int? {
        asked[head...].firstIndex { $0.block == block && $0.piece == piece }.map { $0 - head }
    }

    mutating func removeAll() {
        asked.removeAll(keepingCapacity: true)
        head = 0
    }
}

/// One peer.
struct TorrentPeer: Sendable {
    var introduction: TorrentIntroduction
    /// A number that no other connection has had.
    var serial: UInt32
    var joinedAt: Instant
    /// When it last said anything, and when it was last told anything.
    var heardAt: Instant
    var toldAt: Instant

    /// What it has, and how many pieces that are; a seed has all and needs no set.
    var has: Bitfield?
    var hasCount = 0
    var isSeed = false
    /// The four states of BEP 3: it chokes us, it wants of us; we choke it, we want of it.
    var isChoking = true
    var isInterested = false
    var isChoked = true
    var isInteresting = false
    /// Pieces that it gives although it chokes us, and that we give although we choke it (BEP 6).
    var fastFromIt: [PieceIndex] = []
    var fastToIt: [PieceIndex] = []

    /// Requests to it under way, and those taken back whose blocks may still come.
    var requests = RequestQueue()
    var withdrawn: [Asked] = []
    /// Whether it takes requests back (CANCEL): one less for each block that came all the same, one
    /// more for each that was rejected; none that are in doubt.
    var heed = 0
    var throughput = Throughput()
    var pipeline: Pipeline
    var roundTrip = Interval.zero
    /// How many requests it keeps (`reqq`).
    var takes = 250
    /// When it last sent a block that was asked for, and whether it stands still.
    var blockAt: Instant
    var isSnubbed = false
    /// Not asked before this moment: it has just rejected, or failed.
    var restsUntil = Instant.zero
    /// Whether it was told what we want before it had answered, and until when what it was asked
    /// for with that is not in doubt.
    var hasOpened = false
    var doubtUntil = Instant.never
    /// How often in a row it did not send leaves that it was asked for.
    var keptLeaves = 0
    /// How often in a row it failed, as a web seed.
    var failures = 0

    /// Its requests that wait, oldest first from `uploadHead` on.
    var uploads: [Block] = []
    var uploadHead = 0
    /// Bytes of blocks handed to its connection that the socket has not taken.
    var inFlight = 0
    /// How many those may be, and how fast the connection takes them.
    var sendWindow: Int
    var outflow = Throughput()
    /// When a block last came of it or went to it, or it came.
    var usedAt: Instant
    /// Bytes of blocks that came and went, in all and since the last look at the slots.
    var received = 0
    var sent = 0
    var receivedBefore = 0
    var sentBefore = 0
    /// What it gave and took a second when the slots were last dealt.
    var gives = ByteRate.zero
    var gets = ByteRate.zero
    var unchokedAt = Instant.zero

    /// Whether another connection to the same node was there when it came, and none was chosen yet.
    var isTwin = false
    /// Whether the planner was told that its address is a good one.
    var isProven = false
    var listenPort: UInt16?
    var exchange = PeerExchange()
    var allowance = Allowance()
    /// Blocks that nobody asked for, and other breaches that are forgiven a few times.
    var glitches = 0

    init(
        _ introduction: TorrentIntroduction, serial: UInt32, settings: TorrentSettings,
        at now: Instant
    ) {
        self.introduction = introduction
        self.serial = serial
        (joinedAt, heardAt, toldAt, blockAt) = (now, now, now, now)
        usedAt = now
        pipeline = Pipeline(first: settings.firstRequests)
        sendWindow = min(65_536, settings.sendWindow)
    }

    /// Whose it is, as far as its address tells.
    var household: Household { Household(introduction.endpoint.address) }
    /// Whether it is a web seed.
    var isWeb: Bool { introduction.isWebSeed }
    /// Whether both ends speak the Fast extension (BEP 6).
    var isFast: Bool { introduction.features.contains(.fast) }
    /// Whether both ends speak the extension protocol (BEP 10).
    var isExtended: Bool { introduction.features.contains(.extensionProtocol) }

    /// Whether it speaks version 2 on this connection (BEP 52), and so knows hash requests.
    var isV2: Bool { introduction.features.contains(.v2) }

    /// Whether it has `piece`.
    func hasPiece(_ piece: PieceIndex) -> Bool { isSeed || has?.contains(piece) ?? false }

    /// How many of its requests wait.
    var waiting: Int { uploads.count - uploadHead }

    /// Whether it owes blocks for longer than `patience`.
    func isLate(_ patience: Interval, at now: Instant) -> Bool {
        requests.count + withdrawn.count > 0 && now - blockAt > patience
    }

    /// The time until a block that it is asked for now is here.
    func eta(_ settings: TorrentSettings, otherwise: ByteRate) -> Interval {
        Arrival.time(
            of: PieceGeometry.blockLength,
            behind: (requests.count + withdrawn.count) * PieceGeometry.blockLength,
            rate: throughput.rate ?? otherwise, roundTrip: roundTrip)
    }
}

/// The peers by their handles.
struct TorrentPeers: Sendable {
    private var states: [TorrentPeer] = []
    private var isHere: [Bool] = []
    /// The handles of all peers, in the order in which they came.
    private(set) var handles: [PeerHandle] = []

    var count: Int { handles.count }

    /// Whether a peer is here.
    func contains(_ handle: PeerHandle) -> Bool {
        handle.slot < isHere.count && isHere[handle.slot]
    }

    /// A peer that is here; ask `contains` where it may be gone.
    subscript(handle: PeerHandle) -> TorrentPeer {
        _read { yield states[handle.slot] }
        _modify { yield &states[handle.slot] }
    }

    mutating func insert(_ handle: PeerHandle, _ state: TorrentPeer) {
        while states.count <= handle.slot {
            states.append(state)
            isHere.append(false)
        }
        states[handle.slot] = state
        isHere[handle.slot] = true
        handles.append(handle)
    }

    /// Takes a peer out, and what it held of memory.
    mutating func remove(_ handle: PeerHandle) {
        guard contains(handle) else { return }
        isHere[handle.slot] = false
        states[handle.slot].has = nil
        states[handle.slot].requests = RequestQueue()
        states[handle.slot].uploads = []
        handles.removeAll { $0 == handle }
    }
}
