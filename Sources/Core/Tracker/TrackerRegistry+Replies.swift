// What a registry sends back: announces and scrapes as bencode, refusals as `failure reason`.

import Bencode
package import Primitives

/// The registry's reply to an announce.
package enum AnnounceReply: Hashable, Sendable {
    /// The announce was served.
    case accepted(AnnounceResponse)
    /// The announce was refused.
    case refused(TrackerRefusal)

    /// The body of the HTTP answer, whose status is 200 either way: clients read no reason
    /// elsewhere (BEP 3).
    package var encoded: [UInt8] {
        switch self {
        case .accepted(let response): response.encoded
        case .refused(let refusal): refusal.encoded
        }
    }
}

extension TrackerRefusal {
    /// The refusal in bencode (BEP 3).
    package var encoded: [UInt8] {
        let answer: BencodeValue = ["failure reason": .string(reason)]
        return answer.encoded
    }
}

extension TrackerRegistry {
    /// The bencoded reply to the announce that the decoded items of a query ask for.
    package mutating func announce(
        items: [(name: String, value: [UInt8])], from sender: IPAddress,
        reachedAt reached: IPAddress? = nil, at now: Instant
    ) -> AnnounceReply {
        do throws(TrackerRefusal) {
            let request = try AnnounceRequest(items: items)
            return announce(request, from: sender, reachedAt: reached, at: now)
        } catch {
            return .refused(error)
        }
    }

    /// The bencoded reply to the scrape that the decoded items of a query ask for (BEP 48).
    ///
    /// There is no scrape of everything: the list of what a tracker serves is nobody's business,
    /// and its length nobody's weapon.
    package mutating func scrape(
        items: [(name: String, value: [UInt8])], at now: Instant
    ) -> [UInt8] {
        do throws(TrackerRefusal) {
            let hashes = try scrapedHashes(items: items, limit: settings.scrapedTorrents)
            return scrape(hashes, at: now)
        } catch {
            return error.encoded
        }
    }

    /// The bencoded counts of `hashes`; those that are not served are left out.
    package mutating func scrape(_ hashes: [InfoHash], at now: Instant) -> [UInt8] {
        expire(at: now)
        var files = BencodeDictionary()
        for infoHash in hashes.prefix(settings.scrapedTorrents) where serves(infoHash) {
            let counts = counts(of: infoHash, at: now)
            let numbers = [
                ("complete", counts.seeders), ("downloaded", counts.completed),
                ("incomplete", counts.leechers),
            ].map { ($0, BencodeValue.integer(Int64($1 ?? 0))) }
            files[infoHash.value.bytes] = .dictionary(BencodeDictionary(numbers))
        }
        let answer: BencodeValue = ["files": .dictionary(files)]
        return answer.encoded
    }

    /// The numbers of a swarm; all are 0 where it is not served.
    package mutating func counts(of infoHash: InfoHash, at now: Instant) -> SwarmCounts {
        expire(at: now)
        let table = tables[infoHash]
        let seeders = table?.seeders ?? 0
        return SwarmCounts(
            seeders: seeders, leechers: (table?.entries.count ?? 0) - seeders,
            completed: table?.completions ?? 0)
    }
}
