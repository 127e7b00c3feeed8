// The numbers of the engine of an ordinary torrent, each with its unit and its reason.

package import Primitives

/// How a torrent is downloaded and seeded.
package struct TorrentSettings: Hashable, Sendable {
    /// Peers that are looked for.
    package var targetPeers = 60
    /// Peers at most: what comes by itself finds a place beyond those that were looked for.
    package var maxPeers = 120
    /// Peers from one address, or one /64 of IPv6: one household, or a whole swarm on a test
    /// machine's loopback.
    package var maxPeersPerAddress = 8
    /// How long a peer that came by itself keeps its place without giving or taking anything.
    ///
    /// Four turns of the slot by lot; ten times as long if it gave or took before. Then it does not
    /// count as one of those that are looked for, and others may have the place.
    package var trialTime = Interval.seconds(120)
    /// Connection attempts under way (half-open connections).
    package var dialling = 30
    /// Connection attempts in a second, and as many at once: refused ones end at once, and a list of
    /// wrong addresses is to be no flood.
    package var diallingRate = 30.0
    /// Whether peers tell each other of peers (BEP 11; not in private torrents, BEP 27).
    package var exchangesPeers = true

    /// Requests with which a peer begins, before its rate is known.
    package var firstRequests = 8
    /// The same while a reader waits, and one more for each 50 ms of round trip.
    ///
    /// So the first blocks come from all peers at once, and a first peer is not given what a
    /// second one would bring at the same time. A connection that begins takes three round trips
    /// to send five blocks: fewer requests would hold it up.
    package var firstUrgentRequests = 4
    /// Requests to one peer at most: what Transmission takes.
    package var mostRequests = 500
    /// The same to a peer that is so near and fast that all of those are on their way at once: 160
    /// blocks, 2.5 MiB, stay in a processor's caches until they are read and checked.
    package var nearRequests = 160
    /// How much of a peer's rate is asked of it ahead, beyond the round trip.
    package var bulkQueue = Interval.seconds(3)
    /// The same while somebody reads, besides the peer's own pauses between blocks.
    ///
    /// What is needed now waits behind what was asked before, and a piece is whole only when the
    /// longest of these queues has come. A Transmission seed serves once in half a second.
    package var urgentQueue = Interval.milliseconds(200)
    /// That and the pauses together, at most.
    package var longestUrgentQueue = Interval.seconds(1)

    /// What peers give together, over what a reader takes, below which none may run dry.
    package var scarce = 1.5

    /// Blocks due within this are given to whoever brings them first.
    package var urgent = Interval.seconds(3)
    /// Blocks due within this come before all others.
    package var window = Interval.seconds(30)
    /// What a reader takes a second where nobody knows: 8 Mbit/s.
    package var assumedBitrate = ByteRate(bytesPerSecond: 1_000_000)
    /// What a peer gives where nobody knows: a slow line.
    package var assumedRate = ByteRate(bytesPerSecond: 100_000)
    /// A copy of a request must promise to come this much earlier.
    package var duplicateGain = 0.2
    /// The part of what comes that may come twice for such copies, and so many bytes before it.
    ///
    /// Peers that have been silent for long are not counted in: their blocks mostly never come.
    package var copied = 0.02
    package var firstCopied = 32_768

    /// Requests that wait here for one peer; told to it as `reqq`.
    package var mostQueuedRequests = 500
    /// The same for a peer that can be told neither `reqq` nor REJECT (BEP 6): what is dropped it
    /// waits for in vain.
    ///
    /// rtorrent asks for a fifth of its rate in KB/s, as many blocks as that: 2,400 at 100 Mbit/s,
    /// these at 2.6 Gbit/s. 0.8 MB for each of the peers that have a slot.
    package var mostQueuedWithoutReject = 65_536
    /// The longest block that is sent, in bytes: what old clients ask for.
    package var longestBlock: UInt32 = 131_072
    /// Bytes of blocks handed to one connection that its socket has not taken, at most.
    package var sendWindow = 524_288
    /// Peers that are given blocks at the same time, one of them by lot.
    package var uploadSlots = 12
    /// Pieces that a choked peer may ask for (BEP 6).
    package var allowedFast = 5
    /// Uploads at most, or nil.
    package var upLimit: ByteRate?
    /// Blocks that come at most, or nil.
    package var downLimit: ByteRate?

    /// What a swarm must give for web seeds to leave to it what nobody needs soon.
    package var swarmSuffices = ByteRate(bytesPerSecond: 65_536)
    /// How long a web seed rests that failed; twice as long with each failure in a row.
    package var webSeedRest = Interval.seconds(5)
    /// Failures in a row after which a web seed is given up: with such rests, five minutes.
    package var webSeedFailures = 6

    /// Whether pieces are trees of blocks, whose leaves peers have (BEP 52).
    package var hasLeaves = false
    /// Requests for the leaves of pieces at one peer at a time: each costs it the reading of a piece.
    package var leafRequests = 4
    /// How long an answer to such a request may take: a disk that wakes up, and a far away peer.
    package var leafPatience = Interval.seconds(3)
    /// The same where a reader stands before a piece that is kept for its leaves.
    package var leafHurry = Interval.seconds(1)
    /// Peers that are asked for the leaves of one piece, one after another, before it comes anew whole.
    package var leafTries = 3
    /// Pieces whose leaves are asked for at a time, besides those that were wrong: each costs a look
    /// at all peers.
    package var leafQuestions = 64
    /// Requests in a row that a peer does not answer with leaves before it is asked no more.
    package var leafRefusals = 8
    /// Pieces that were wrong and are kept until their leaves are there, in bytes, and one at least.
    package var disputed = 16_777_216

    /// Memory for pieces that are not whole, in bytes: twenty of a MiB each, which is as many blocks
    /// as keep three peers busy at 500 requests.
    package var openPieces = 20_971_520

    /// The defaults.
    package init() {}
}
