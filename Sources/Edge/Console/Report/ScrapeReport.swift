// What the trackers of a torrent say of its swarms, for people and for programs.

package import Node

/// A scrape before a person.
package struct ScrapeReport: Sendable {
    private let name: String?
    private let trackers: [ScrapedTracker]

    /// What `trackers` said of the swarms of the torrent `name`.
    package init(_ name: String?, _ trackers: [ScrapedTracker]) {
        (self.name, self.trackers) = (name, trackers)
    }

    /// Whether any tracker answered.
    package var isAnswered: Bool {
        trackers.contains { if case .success = $0.answer { true } else { false } }
    }

    /// The rows of `p2ptv show --scrape`.
    ///
    ///     tracker    udp://tracker.example.org:80/announce
    ///                12 seeders, 3 leechers, completed 40 times
    package var text: String {
        var rows: [(name: String, value: String)] = []
        if let name { rows.append(("torrent", escaped(name))) }
        for tracker in trackers {
            rows.append(("tracker", escaped(tracker.url)))
            switch tracker.answer {
            case .failure(let failure): rows.append(("", "failed: \(escaped(failure.reason))"))
            case .success(let swarms):
                for swarm in swarms {
                    let of = swarms.count > 1 ? "\(swarm.infoHash): " : ""
                    rows.append(("", of + Self.words(swarm)))
                }
            }
        }
        return table(rows)
    }

    private static func words(_ counts: ScrapedSwarm) -> String {
        guard counts.isKnown else { return "it does not know the torrent" }
        var parts: [String] = []
        if let seeders = counts.seeders { parts.append(count(seeders, "seeder")) }
        if let leechers = counts.leechers { parts.append(count(leechers, "leecher")) }
        if let completed = counts.completed {
            parts.append("completed \(count(completed, "time"))")
        }
        return parts.isEmpty ? "it says nothing of the torrent" : parts.joined(separator: ", ")
    }

    /// The object of `p2ptv show --scrape --json`.
    package var json: JSON {
        [
            "schema": .int(EventRecord.schema), "kind": "scrape", "name": JSON(name),
            "trackers": .list(trackers.map(json)),
        ]
    }

    private func json(_ tracker: ScrapedTracker) -> JSON {
        switch tracker.answer {
        case .failure(let failure):
            return ["url": .text(tracker.url), "error": .text(failure.reason), "swarms": .list([])]
        case .success(let swarms):
            let known = swarms.map { swarm -> JSON in
                [
                    "info_hash": .text("\(swarm.infoHash)"), "known": .bool(swarm.isKnown),
                    "seeders": swarm.seeders.map { .int($0) } ?? .null,
                    "leechers": swarm.leechers.map { .int($0) } ?? .null,
                    "completed": swarm.completed.map { .int($0) } ?? .null,
                ]
            }
            return ["url": .text(tracker.url), "error": .null, "swarms": .list(known)]
        }
    }
}
