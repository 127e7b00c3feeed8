// What a tracker says of a swarm's size, in an announce's answer or a scrape's (BEP 15, 48).

/// How many peers a tracker knows of a swarm.
package struct SwarmCounts: Hashable, Sendable {
    /// Peers that have everything.
    package var seeders: Int?
    /// Peers that miss something.
    package var leechers: Int?
    /// Peers that have ever said `completed`.
    package var completed: Int?

    /// The counts; nil is what the tracker does not say.
    package init(seeders: Int? = nil, leechers: Int? = nil, completed: Int? = nil) {
        self.seeders = seeders
        self.leechers = leechers
        self.completed = completed
    }
}
