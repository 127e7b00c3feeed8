// A question to one tracker for the size of swarms, without taking part in them: by HTTP (BEP 48) or
// by UDP (BEP 15). Says how it is put and what an answer means; sends nothing, keeps no time.

import Bencode
package import Primitives

/// A scrape of one tracker.
package struct ScrapeRequest: Hashable, Sendable {
    /// How it is put.
    package enum Way: Hashable, Sendable {
        /// By a GET for this URL.
        case page(String)
        /// By UDP, at this address.
        case datagram(UDPTrackerAddress)
    }

    /// Why a tracker cannot be asked.
    package enum Fault: Error, Hashable, Sendable {
        /// Its address is none that a tracker can have.
        case notATracker
        /// By convention only trackers whose page is called `announce` have one for scrapes (BEP 48).
        case withoutPage
    }

    /// How it is put.
    package let way: Way
    /// The swarms that it asks for.
    package let hashes: [InfoHash]

    /// The question about `hashes` to the tracker at `url`.
    package init(_ url: String, about hashes: [InfoHash]) throws(Fault) {
        guard let tracker = TrackerURL(url) else { throw .notATracker }
        self.hashes = hashes
        if tracker.scheme == .udp {
            guard let (address, _) = tracker.datagram else { throw .notATracker }
            way = .datagram(address)
        } else {
            guard let page = tracker.scrapePage else { throw .withoutPage }
            let items = hashes.map { "info_hash=\(percentEncoded($0.value.bytes))" }
            way = .page(page.appending(query: items.joined(separator: "&")))
        }
    }

    /// What an HTTP answer says of each swarm; nil of those that the tracker does not know.
    package func counts(
        status: Int, body: [UInt8]
    ) throws(AnnounceResponseError) -> [SwarmCounts?] {
        let answer: BencodeDictionary
        do throws(AnnounceResponseError) {
            answer = try AnnounceResponse.dictionary(body, limits: AnnounceResponse.Limits())
            if let reason = answer["failure reason"] {
                throw AnnounceResponseError.refused(
                    escapedText(reason.bytes ?? Array("no reason given".utf8)))
            }
        } catch {
            throw status == 200 || error.isRefusal ? error : .malformed("HTTP status \(status)")
        }
        guard status == 200 else { throw .malformed("HTTP status \(status)") }
        guard let files = answer["files"]?.dictionary else { throw .malformed("it has no files") }
        return hashes.map { SwarmCounts(in: files, of: $0) }
    }

    /// What an answer by UDP says of each swarm.
    package func counts(_ answer: [SwarmCounts]) -> [SwarmCounts?] {
        hashes.indices.map { answer.indices.contains($0) ? answer[$0] : nil }
    }
}

extension ScrapeRequest.Fault: CustomStringConvertible {
    package var description: String {
        switch self {
        case .notATracker: "its address is none of a tracker"
        case .withoutPage: "it has no page that tells of swarms"
        }
    }
}
