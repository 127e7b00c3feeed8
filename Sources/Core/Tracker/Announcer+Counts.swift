// The numbers of the swarm that trackers know: from answers to announces, and by a scrape (BEP 15,
// 48) where somebody looks at them and they are old.

import Bencode
import Primitives

extension Announcer {
    /// The numbers of the swarm: the largest that any of its trackers has said last.
    package var counts: SwarmCounts {
        let all = tiers.trackers.compactMap(\.counts)
        return SwarmCounts(
            seeders: all.compactMap(\.seeders).max(), leechers: all.compactMap(\.leechers).max(),
            completed: all.compactMap(\.completed).max())
    }

    /// Keeps what the answer to an announce said of the swarm.
    mutating func count(_ answer: AnnounceResponse, of tracker: Int, at now: Instant) {
        answeredLast = tracker
        guard answer.seeders != nil || answer.leechers != nil else { return }
        countedAt = now
        var counts = tiers.trackers[tracker].counts ?? SwarmCounts()
        (counts.seeders, counts.leechers) = (answer.seeders, answer.leechers)
        tiers.count(counts, of: tracker)
    }

    /// Asks the tracker that answered last, if what is known is old.
    mutating func scrapeIfOld(at now: Instant, into outputs: inout [Output]) {
        guard !isEnding, let tracker = answeredLast, scrape == nil,
            max(countedAt, scrapedAt) + settings.scrapePause <= now
        else { return }
        let url = tiers.trackers[tracker].url
        let (datagram, page) = (url.datagram, url.scrapePage)
        guard datagram != nil || page != nil else { return }
        let id = nextRequestID()
        scrapedAt = now
        scrape = (id, tracker)
        if let (address, _) = datagram {
            outputs.append(.ask(id, address, .scrape([infoHash])))
        } else if let page {
            let query = "info_hash=\(percentEncoded(infoHash.value.bytes))"
            outputs.append(.request(id, url: page.appending(query: query)))
        }
    }

    /// Takes the answer to a scrape; false where `id` is no scrape's.
    mutating func takeScrape(_ id: RequestID, _ counts: SwarmCounts?, at now: Instant) -> Bool {
        guard let scrape, scrape.id == id else { return false }
        self.scrape = nil
        guard let counts else { return true }
        countedAt = now
        tiers.count(counts, of: scrape.tracker)
        return true
    }
}

extension SwarmCounts {
    /// What the body of an HTTP answer to a scrape (BEP 48) says of `infoHash`, or nil.
    init?(scrape body: [UInt8], of infoHash: InfoHash, limits: AnnounceResponse.Limits) {
        let bounds = BencodeLimits(depth: 8, tokens: 1000, bytes: limits.bytes)
        let decoder = BencodeDecoder(.lenient, limits: bounds)
        guard let answer = try? decoder.decode(body.span), let files = answer["files"]?.dictionary
        else { return nil }
        self.init(in: files, of: infoHash)
    }

    /// What `files` of such an answer say of `infoHash`, or nil.
    init?(in files: BencodeDictionary, of infoHash: InfoHash) {
        guard let swarm = files[infoHash.value.bytes]?.dictionary else { return nil }
        func count(_ key: String) -> Int? {
            swarm[key]?.integer.flatMap { $0 >= 0 ? Int($0) : nil }
        }
        self.init(
            seeders: count("complete"), leechers: count("incomplete"),
            completed: count("downloaded"))
    }
}
