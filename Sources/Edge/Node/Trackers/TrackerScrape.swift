// Asks the trackers of a torrent for the size of its swarms, once, all at the same time. Carries out;
// what is asked and what an answer means is for the core.

package import Primitives
package import Reactor
import Tracker

/// What a tracker says of a torrent's swarms.
package struct ScrapedTracker: Sendable {
    /// The tracker, as the torrent names it.
    package let url: String
    /// What it says of each swarm, in the order of the question; or why there is nothing.
    package let answer: Result<[ScrapedSwarm], ScrapeFailure>
}

/// What a tracker says of a swarm; nil is what it does not say.
package struct ScrapedSwarm: Hashable, Sendable {
    /// The name of the swarm.
    package let infoHash: InfoHash
    /// Whether the tracker knows it.
    package let isKnown: Bool
    /// Peers that have everything, and peers that do not.
    package let seeders: Int?
    package let leechers: Int?
    /// How often a peer has said that it has become complete.
    package let completed: Int?

    fileprivate init(_ infoHash: InfoHash, _ counts: SwarmCounts?) {
        (self.infoHash, isKnown) = (infoHash, counts != nil)
        (seeders, leechers, completed) = (counts?.seeders, counts?.leechers, counts?.completed)
    }
}

/// Why a tracker told nothing.
package struct ScrapeFailure: Error, Hashable, Sendable {
    /// The reason, free of control characters.
    package let reason: String
}

/// A question to all trackers of a torrent.
@Loop
package final class TrackerScrape {
    private typealias Answer = Result<[SwarmCounts?], ScrapeFailure>

    private let urls: [String]
    private let hashes: [InfoHash]
    private var answers: [Int: Answer] = [:]
    private var pages: [HTTPClientRequest] = []
    private let datagrams: TrackerDatagrams
    private var timer: LoopTimer?
    private var completion: (([ScrapedTracker]) -> Void)?

    /// What the trackers `urls` say of the swarms `hashes` within `time`; in their order.
    package static func ask(
        _ urls: [String], about hashes: [InfoHash], within time: Interval
    ) async -> [ScrapedTracker] {
        let scrape = TrackerScrape(urls, about: hashes, within: time)
        return await withCheckedContinuation { continuation in
            scrape.begin(within: time) { continuation.resume(returning: $0) }
        }
    }

    private init(_ urls: [String], about hashes: [InfoHash], within time: Interval) {
        (self.urls, self.hashes) = (urls, hashes)
        var settings = UDPTrackerSettings()
        // A lost datagram is to cost a part of the time, and not all of it.
        settings.firstRepetition = time * 0.25
        settings.doublings = 0
        settings.answerTime = time
        datagrams = TrackerDatagrams(settings)
    }

    private func begin(within time: Interval, _ done: @escaping ([ScrapedTracker]) -> Void) {
        completion = done
        let timer = LoopTimer { [self] in giveUp() }
        self.timer = timer
        timer.schedule(at: Loop.now + time)
        for (number, url) in urls.enumerated() {
            do throws(ScrapeRequest.Fault) {
                put(try ScrapeRequest(url, about: hashes), number, within: time)
            } catch {
                answers[number] = .failure(ScrapeFailure(reason: "\(error)"))
            }
        }
        finish()
    }

    private func put(_ request: ScrapeRequest, _ number: Int, within time: Interval) {
        switch request.way {
        case .page(let url):
            var limits = HTTPClientLimits()
            limits.isStrangers = true
            limits.total = time
            pages.append(
                HTTPClient.get(url, limits: limits) { [self] result in
                    take(number, Self.answer(result, to: request))
                })
        case .datagram(let address):
            _ = datagrams.ask(.scrape(request.hashes), at: address) { [self] event in
                switch event {
                case .answered(.scraped(let counts)):
                    take(number, .success(request.counts(counts)))
                case .failed(let reason): take(number, .failure(ScrapeFailure(reason: reason)))
                case .answered(.announced), .discovered: break
                }
            }
        }
    }

    private static func answer(
        _ result: Result<HTTPResponse, HTTPClientFault>, to request: ScrapeRequest
    ) -> Answer {
        switch result {
        case .failure(let fault): return .failure(ScrapeFailure(reason: "\(fault)"))
        case .success(let response):
            do throws(AnnounceResponseError) {
                return .success(
                    try request.counts(status: response.status, body: response.body))
            } catch {
                return .failure(ScrapeFailure(reason: error.reason))
            }
        }
    }

    private func take(_ number: Int, _ answer: Answer) {
        if answers[number] == nil { answers[number] = answer }
        finish()
    }

    private func giveUp() {
        for number in urls.indices where answers[number] == nil {
            answers[number] = .failure(ScrapeFailure(reason: "no answer in time"))
        }
        finish()
    }

    private func finish() {
        guard answers.count == urls.count, let done = completion else { return }
        completion = nil
        timer?.cancel()
        timer = nil
        for page in pages { page.cancel() }
        pages = []
        datagrams.close()
        done(
            urls.enumerated().compactMap { number, url in
                answers[number].map { answer in
                    ScrapedTracker(
                        url: url,
                        answer: answer.map { counts in
                            zip(hashes, counts).map { ScrapedSwarm($0, $1) }
                        })
                }
            })
    }
}
