// An announcer's requests: how a round opens, goes on and ends, and what is said in each request.

import Primitives

extension Announcer {
    mutating func start(at now: Instant, into outputs: inout [Output]) {
        guard state == .idle else { return }
        outputs += passedOver.map { .note($0) }
        if tiers.isEmpty {
            state = .alone
        } else {
            openRound(at: now, into: &outputs)
        }
    }

    mutating func openRound(at now: Instant, into outputs: inout [Output]) {
        tiers.openRound()
        state = .asking
        askNext(at: now, into: &outputs)
    }

    /// Asks the next tracker of the round, or ends the round where none is left.
    mutating func askNext(at now: Instant, into outputs: inout [Output]) {
        guard let tracker = tiers.takeNext(at: now) else {
            // A tracker whose pause ended during the round has had its turn in it: next round.
            state = .pausing(until: max(tiers.earliest, now))
            return
        }
        let event: AnnounceEvent? =
            !tiers.trackers[tracker].listsUs ? .started : owesCompleted ? .completed : nil
        ask(tracker, event, until: now + settings.answerTime, into: &outputs)
    }

    /// Says goodbye to every tracker that lists this node or may be about to.
    mutating func stop(at now: Instant, into outputs: inout [Output]) {
        switch state {
        case .stopping, .finished: return
        case .idle, .asking, .resting, .pausing, .alone: break
        }
        let told = Set(tiers.listingUs).union(requests.map(\.tracker)).sorted()
        requests = []
        let until = now + settings.stopTime
        state = .stopping(until: until)
        for tracker in told { ask(tracker, .stopped, until: until, into: &outputs) }
    }

    /// Takes the request named `id` off the list, or nil where it was given up.
    mutating func take(_ id: RequestID) -> Request? {
        guard let place = requests.firstIndex(where: { $0.id == id }) else { return nil }
        return requests.remove(at: place)
    }

    mutating func giveUpLateRequests(at now: Instant, into outputs: inout [Output]) {
        guard state == .asking else { return }
        for request in requests where request.deadline <= now {
            guard let late = take(request.id) else { continue }
            let seconds = Int(settings.answerTime.seconds)
            fail(late, reason: "no answer within \(seconds) s", at: now, into: &outputs)
        }
    }

    private mutating func ask(
        _ tracker: Int, _ event: AnnounceEvent?, until deadline: Instant,
        into outputs: inout [Output]
    ) {
        lastRequest += 1
        let id = RequestID(lastRequest)
        requests.append(Request(id: id, tracker: tracker, event: event, deadline: deadline))
        let announce = AnnounceRequest(
            infoHash: infoHash, peerID: peerID, port: port, counters: counters, event: event,
            wanted: event == .stopped ? 0 : settings.wanted)
        let listed = tiers.trackers[tracker]
        let query = announce.query(key: key, trackerID: listed.trackerID)
        outputs.append(.request(id, url: listed.url.appending(query: query)))
    }
}
