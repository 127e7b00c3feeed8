// The order in which a torrent's trackers are asked (BEP 12), and how long each that failed is left
// alone. A round is one search for a tracker that answers: it asks each at most once.
// Sends nothing and knows no announce.

import Primitives

/// A tracker in the list of one announcer.
struct ListedTracker: Sendable {
    /// Its address.
    let url: TrackerURL
    /// How many times in a row it has failed.
    var failures = 0
    /// Not to be asked before this moment.
    var rested = Instant(nanoseconds: .min)
    /// Whether the round that is open has asked it.
    var isAsked = false
    /// Whether it has answered an announce, and so lists this node until told otherwise.
    var listsUs = false
    /// What it asked to be told at every further announce (BEP 3).
    var trackerID: [UInt8]?
    /// What it said last of the swarm.
    var counts: SwarmCounts?
}

/// Trackers in tiers, each tier in the order of preference.
struct TrackerTiers: Sendable {
    /// The trackers; a tracker's place here is its handle and never changes.
    private(set) var trackers: [ListedTracker] = []
    private var tiers: [[Int]] = []

    /// The tiers of `urls`, each shuffled (BEP 12), without repetitions and at most `limit` in all.
    init(_ urls: [[TrackerURL]], limit: Int, using random: inout SeededRandom) {
        var seen: Set<TrackerURL> = []
        for tier in urls {
            var places: [Int] = []
            for url in tier where trackers.count < limit && seen.insert(url).inserted {
                places.append(trackers.count)
                trackers.append(ListedTracker(url: url))
            }
            places.shuffle(using: &random)
            if !places.isEmpty { tiers.append(places) }
        }
    }

    /// Whether there is no tracker at all.
    var isEmpty: Bool { trackers.isEmpty }

    /// The handles of the trackers that list this node.
    var listingUs: [Int] { trackers.indices.filter { trackers[$0].listsUs } }

    /// The earliest moment at which a tracker may be asked; never where there is none.
    var earliest: Instant { trackers.map(\.rested).min() ?? .never }

    /// Opens a round: every tracker may be asked once, but for those that are being asked.
    mutating func openRound(asking: [Int]) {
        for place in trackers.indices { trackers[place].isAsked = asking.contains(place) }
    }

    /// Takes the next tracker to ask in this round, or nil where none is left that may be asked.
    mutating func takeNext(at now: Instant) -> Int? {
        let next = tiers.joined().first { !trackers[$0].isAsked && trackers[$0].rested <= now }
        if let next { trackers[next].isAsked = true }
        return next
    }

    /// Notes that `place` answered: it goes to the front of its tier (BEP 12).
    mutating func succeed(_ place: Int, trackerID: [UInt8]?) {
        succeedLate(place, trackerID: trackerID)
        for tier in tiers.indices {
            guard let position = tiers[tier].firstIndex(of: place) else { continue }
            tiers[tier].remove(at: position)
            tiers[tier].insert(place, at: 0)
        }
    }

    /// Notes that `place` answered after another had: it lists this node, but is not preferred.
    mutating func succeedLate(_ place: Int, trackerID: [UInt8]?) {
        trackers[place].failures = 0
        trackers[place].rested = Instant(nanoseconds: .min)
        trackers[place].listsUs = true
        if let trackerID { trackers[place].trackerID = trackerID }
    }

    /// Notes what `place` says of the swarm.
    mutating func count(_ counts: SwarmCounts, of place: Int) { trackers[place].counts = counts }

    /// Notes that `place` failed and answers how long it is left alone.
    mutating func fail(
        _ place: Int, at now: Instant, settings: AnnouncerSettings,
        using random: inout SeededRandom
    ) -> Interval {
        // 2^20 times any pause is beyond the longest: no need to count on.
        let doublings = min(trackers[place].failures, 20)
        let pause = min(
            settings.firstPause * Double(1 << doublings), settings.longestPause)
        let jittered = pause * Double.random(in: 0.8...1.2, using: &random)
        trackers[place].failures += 1
        trackers[place].rested = now + jittered
        return jittered
    }
}
