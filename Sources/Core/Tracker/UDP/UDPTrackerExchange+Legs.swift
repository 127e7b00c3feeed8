// The way of one question to one address: what is sent, repeated, believed and given up.

import Primitives

extension UDPTrackerExchange {
    /// Sends the leg at `place` what comes next for it: the question, or first a `connect`.
    mutating func begin(_ place: Int, at now: Instant, into outputs: inout [Output]) {
        let endpoint = legs[place].endpoint
        let known = connection(to: endpoint, at: now)
        enter(known.map { .asking(connection: $0, isOld: true) } ?? .connecting, place)
        send(place, at: now, into: &outputs)
    }

    /// Takes the leg to another stage, under a transaction that nobody can know.
    private mutating func enter(_ stage: Leg.Stage, _ place: Int) {
        legs[place].stage = stage
        legs[place].transaction = UInt32(truncatingIfNeeded: random.next() >> 32)
    }

    /// Sends the datagram of the leg's stage; a repetition keeps its transaction, as the answer to
    /// the first may be on its way.
    private mutating func send(_ place: Int, at now: Instant, into outputs: inout [Output]) {
        let leg = legs[place]
        let request =
            switch leg.stage {
            case .connecting: UDPTrackerRequest(transaction: leg.transaction, body: .connect)
            case .asking(let connection, _):
                UDPTrackerRequest(
                    connection: connection, transaction: leg.transaction,
                    body: body(of: leg.question))
            }
        let doublings = min(leg.repetitions, settings.doublings)
        legs[place].next = now + settings.firstRepetition * Double(1 << doublings)
        outputs.append(.send(request.encoded, to: leg.endpoint))
    }

    private func body(of question: Question) -> UDPTrackerRequest.Body {
        switch question {
        case .announce(let announce, let key, let urlData):
            .announce(announce, key: key, urlData: urlData)
        case .scrape(let hashes): .scrape(hashes)
        }
    }

    // MARK: What comes

    /// Believes only what comes from the address that was asked, repeats the transaction, and is
    /// what was asked for; all else is as if it had not come (BEP 15).
    mutating func receive(
        _ bytes: [UInt8], from endpoint: Endpoint, at now: Instant, into outputs: inout [Output]
    ) {
        guard bytes.count <= settings.datagram,
            let reply = UDPTrackerReply(
                bytes, from: AddressWidth(endpoint.address), limit: settings.peers),
            let place = legs.firstIndex(where: {
                $0.endpoint == endpoint && $0.transaction == reply.transaction
            })
        else { return }
        let leg = legs[place]
        switch (reply.body, leg.stage, leg.question) {
        case (.connected(let connection), .connecting, _):
            remember(connection, to: endpoint, at: now)
            enter(.asking(connection: connection, isOld: false), place)
            legs[place].repetitions = 0
            send(place, at: now, into: &outputs)
        case (.announced(let response), .asking, .announce):
            succeed(leg, .announced(response), into: &outputs)
        case (.scraped(let counts), .asking, .scrape):
            succeed(leg, .scraped(counts), into: &outputs)
        case (.refused, .asking(_, isOld: true), _):
            // Perhaps it is the identifier that it refuses: it may have forgotten it.
            forgetConnection(to: endpoint)
            begin(place, at: now, into: &outputs)
        case (.refused(let reason), _, _): fail(leg, reason: reason, into: &outputs)
        case (.connected, _, _), (.announced, _, _), (.scraped, _, _): break
        }
    }

    private mutating func succeed(_ leg: Leg, _ answer: Answer, into outputs: inout [Output]) {
        remove(leg)
        if !leg.isExtra {
            outputs.append(.answered(leg.id, answer))
            for place in legs.indices where legs[place].id == leg.id { legs[place].isExtra = true }
        } else if case .announced(let response) = answer, !response.peers.isEmpty {
            outputs.append(.discovered(leg.id, response.peers))
        }
        finish(leg.id, into: &outputs)
    }

    // MARK: What does not come

    mutating func passTime(at now: Instant, into outputs: inout [Output]) {
        for leg in legs where leg.end <= now {
            let seconds = Int(settings.answerTime.seconds)
            fail(leg, reason: "no answer within \(seconds) s", into: &outputs)
        }
        for place in legs.indices where legs[place].next <= now {
            legs[place].repetitions += 1
            again(place, at: now, into: &outputs)
        }
    }

    /// Repeats a request, and asks for a new connection where the old one may be forgotten: a
    /// tracker that was started anew is silent towards identifiers that it did not give.
    private mutating func again(_ place: Int, at now: Instant, into outputs: inout [Output]) {
        let endpoint = legs[place].endpoint
        let known = connection(to: endpoint, at: now)
        switch legs[place].stage {
        case .connecting where known == nil: break
        case .asking(let connection, isOld: false) where known == connection:
            legs[place].stage = .asking(connection: connection, isOld: true)
        case .asking(_, isOld: true):
            forgetConnection(to: endpoint)
            return begin(place, at: now, into: &outputs)
        case .connecting, .asking: return begin(place, at: now, into: &outputs)
        }
        send(place, at: now, into: &outputs)
    }

    mutating func fail(_ leg: Leg, reason: String, into outputs: inout [Output]) {
        remove(leg)
        // While its other address may still answer, nothing is lost.
        if !leg.isExtra, !legs.contains(where: { $0.id == leg.id }) {
            outputs.append(.failed(leg.id, reason: reason))
        }
        finish(leg.id, into: &outputs)
    }

    private mutating func remove(_ leg: Leg) {
        legs.removeAll { $0.id == leg.id && $0.endpoint == leg.endpoint }
    }

    private func finish(_ id: RequestID, into outputs: inout [Output]) {
        if !legs.contains(where: { $0.id == id }) { outputs.append(.finished(id)) }
    }
}
