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
        tiers.openRound(asking: requests.map(\.tracker))
        askNext(at: now, into: &outputs)
    }

    /// Asks the next tracker of the round; where none is left, the round ends with the last answer.
    mutating func askNext(at now: Instant, into outputs: inout [Output]) {
        guard let tracker = tiers.takeNext(at: now) else {
            // A tracker whose pause ended during the round has had its turn in it: next round.
            state =
                requests.isEmpty
                ? .pausing(until: max(tiers.earliest, now)) : .asking(nextTurn: .never)
            return
        }
        state = .asking(nextTurn: now + settings.turn)
        let event: AnnounceEvent? =
            !tiers.trackers[tracker].listsUs ? .started : owesCompleted ? .completed : nil
        ask(tracker, event, until: now + answerTime(of: tracker), into: &outputs)
    }

    private func answerTime(of tracker: Int) -> Interval {
        switch tiers.trackers[tracker].url.scheme {
        case .http, .https: settings.answerTime
        case .udp: settings.datagramAnswerTime
        }
    }

    /// Whether only the goodbyes still matter.
    var isEnding: Bool {
        switch state {
        case .stopping, .finished: true
        case .idle, .asking, .resting, .pausing, .alone: false
        }
    }

    /// Says goodbye to every tracker that lists this node or may be about to.
    mutating func stop(at now: Instant, into outputs: inout [Output]) {
        guard !isEnding else { return }
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
        guard !isEnding else { return }
        for request in requests where request.deadline <= now {
            guard let late = take(request.id) else { continue }
            let seconds = Int(answerTime(of: late.tracker).seconds)
            fail(late, reason: "no answer within \(seconds) s", at: now, into: &outputs)
        }
    }

    mutating func nextRequestID() -> RequestID {
        lastRequest += 1
        return RequestID(lastRequest)
    }

    private mutating func ask(
        _ tracker: Int, _ event: AnnounceEvent?, until deadline: Instant,
        into outputs: inout [Output]
    ) {
        let id = nextRequestID()
        requests.append(Request(id: id, tracker: tracker, event: event, deadline: deadline))
        let announce = AnnounceRequest(
            infoHash: infoHash, peerID: peerID, port: port, counters: counters, event: event,
            wanted: event == .stopped ? 0 : settings.wanted)
        let listed = tiers.trackers[tracker]
        if let (address, urlData) = listed.url.datagram {
            let question = UDPTrackerExchange.Question.announce(
                announce, key: key, urlData: urlData)
            return outputs.append(.ask(id, address, question))
        }
        let query = announce.query(key: key, trackerID: listed.trackerID)
        outputs.append(.request(id, url: listed.url.appending(query: query)))
    }
}
