// What an announcer makes of an answer: peers, the time of the next announce, or the next tracker.

import Primitives

extension Announcer {
    mutating func respond(
        _ id: RequestID, status: Int, body: [UInt8], at now: Instant,
        into outputs: inout [Output]
    ) {
        if scrape?.id == id {
            let counts =
                status == 200
                ? SwarmCounts(scrape: body, of: infoHash, limits: settings.response) : nil
            _ = takeScrape(id, counts, at: now)
        }
        guard let request = take(id) else { return }
        let answer: AnnounceResponse
        do throws(AnnounceResponseError) {
            answer = try AnnounceResponse(parsing: body, limits: settings.response)
        } catch {
            // Many trackers give the reason along with a status that says no more than "no".
            let isBareStatus = status != 200 && !error.isRefusal
            let reason = isBareStatus ? "HTTP status \(status)" : error.reason
            return fail(request, reason: reason, at: now, into: &outputs)
        }
        guard status == 200 else {
            return fail(request, reason: "HTTP status \(status)", at: now, into: &outputs)
        }
        accept(answer, to: request, at: now, into: &outputs)
    }

    /// Takes what a tracker answered by UDP.
    mutating func receive(
        _ answer: UDPTrackerExchange.Answer, to id: RequestID, at now: Instant,
        into outputs: inout [Output]
    ) {
        switch answer {
        case .scraped(let counts): _ = takeScrape(id, counts.first, at: now)
        case .announced(let response):
            guard let request = take(id) else { return }
            accept(response, to: request, at: now, into: &outputs)
        }
    }

    /// Leaves the tracker alone for its pause and goes on to the next.
    mutating func fail(
        _ request: Request, reason: String, at now: Instant, into outputs: inout [Output]
    ) {
        guard !isEnding else { return }
        let pause = tiers.fail(
            request.tracker, at: now, settings: settings, using: &random)
        note(request, .failed(reason: reason, pause: pause), into: &outputs)
        if case .asking = state { askNext(at: now, into: &outputs) }
    }

    private mutating func accept(
        _ answer: AnnounceResponse, to request: Request, at now: Instant,
        into outputs: inout [Output]
    ) {
        guard !isEnding else { return }
        if request.event == .completed { owesCompleted = false }
        count(answer, of: request.tracker, at: now)
        let (wait, interval) = times(answer)
        if case .asking = state {
            tiers.succeed(request.tracker, trackerID: answer.trackerID)
            wantsPeers = false
            state = .resting(earliest: now + wait, due: now + interval)
        } else {
            tiers.succeedLate(request.tracker, trackerID: answer.trackerID)
        }
        let outcome = TrackerNote.Outcome.answered(
            peers: answer.peers.count, interval: interval, seeders: answer.seeders,
            leechers: answer.leechers)
        note(request, outcome, into: &outputs)
        if let warning = answer.warning { note(request, .warned(warning), into: &outputs) }
        if !answer.peers.isEmpty { outputs.append(.discovered(answer.peers)) }
    }

    /// The least time to the next announce of a node that needs peers, and the regular time.
    ///
    /// A tracker that names no least interval is asked again after its interval or a minute,
    /// whichever is shorter: a small swarm needs peers soon, and no tracker needs a storm.
    private func times(_ answer: AnnounceResponse) -> (wait: Interval, interval: Interval) {
        let said = answer.interval.map { Interval.seconds(Double($0)) } ?? settings.usualInterval
        let least =
            answer.minInterval.map { .seconds(Double($0)) } ?? min(said, settings.shortestInterval)
        let wait = min(max(least, settings.shortestWait), settings.longestInterval)
        let interval = min(max(said, settings.shortestInterval, wait), settings.longestInterval)
        return (wait, interval)
    }

    private func note(
        _ request: Request, _ outcome: TrackerNote.Outcome, into outputs: inout [Output]
    ) {
        let url = tiers.trackers[request.tracker].url.text
        outputs.append(.note(TrackerNote(url: url, outcome: outcome)))
    }
}
