// A node's announces on real HTTP and UDP: carries out what the announcer says. Decides nothing.

import Primitives
import Reactor
import Tracker

/// What a tracker client tells its node.
enum TrackerClientEvent {
    /// Addresses of peers.
    case discovered([Endpoint])
    /// What became of an announce, in a person's words.
    case note(String)
    /// `stopped` was said, or given up.
    case finished
}

/// The announces of one swarm.
@Loop
final class TrackerClient {
    private var announcer: Announcer
    private var requests: [RequestID: HTTPClientRequest] = [:]
    /// The names that questions by UDP have among those of the process.
    private var questions: [RequestID: RequestID] = [:]
    private var timer: LoopTimer?
    private var isClosed = false
    private let handler: @Loop (TrackerClientEvent) -> Void
    /// Whose word on who a tracker by https is counts.
    private let trust: TLSTrust

    init(
        _ announcer: Announcer, trusting trust: TLSTrust = .system,
        handler: @escaping @Loop (TrackerClientEvent) -> Void
    ) {
        (self.announcer, self.trust) = (announcer, trust)
        self.handler = handler
        timer = LoopTimer { [weak self] in self?.feed(.timePassed) }
    }

    /// What the trackers say of the swarm; asks them where that is old.
    var counts: SwarmCounts {
        feed(.countsWanted)
        return announcer.counts
    }

    /// Gives the announcer an input and carries out what follows.
    func feed(_ input: Announcer.Input) {
        guard !isClosed else { return }
        var outputs: [Announcer.Output] = []
        announcer.handle(input, at: Loop.now, into: &outputs)
        for output in outputs { carryOut(output) }
        let deadline = announcer.nextDeadline
        if deadline.at < .never { timer?.schedule(at: deadline.at) } else { timer?.cancel() }
    }

    private func carryOut(_ output: Announcer.Output) {
        switch output {
        case .request(let id, let url):
            requests[id] = HTTPClient.get(url, limits: Self.limits, trusting: trust) {
                [weak self] result in
                self?.requests[id] = nil
                switch result {
                case .success(let response):
                    self?.feed(.responded(id, status: response.status, body: response.body))
                case .failure(let fault):
                    self?.feed(.failed(id, reason: "\(fault)"))
                }
            }
        case .ask(let id, let address, let question): ask(id, address, question)
        case .discovered(let endpoints): handler(.discovered(endpoints))
        case .note(let note): handler(.note(Self.words(note)))
        case .finished: handler(.finished)
        }
    }

    private func ask(
        _ id: RequestID, _ address: UDPTrackerAddress, _ question: UDPTrackerExchange.Question
    ) {
        questions[id] = TrackerDatagrams.shared.ask(question, at: address) { [weak self] event in
            switch event {
            case .answered(let answer):
                self?.questions[id] = nil
                self?.feed(.answered(id, answer))
            case .failed(let reason):
                self?.questions[id] = nil
                self?.feed(.failed(id, reason: reason))
            case .discovered(let endpoints): self?.handler(.discovered(endpoints))
            }
        }
    }

    /// Torrents come from strangers, and with them the URLs of their trackers.
    private static let limits: HTTPClientLimits = {
        var limits = HTTPClientLimits()
        limits.isStrangers = true
        return limits
    }()

    /// Ends at once, without a word to the trackers.
    func close() {
        isClosed = true
        timer?.cancel()
        for request in requests.values { request.cancel() }
        requests = [:]
        for question in questions.values { TrackerDatagrams.shared.cancel(question) }
        questions = [:]
    }

    private static func words(_ note: TrackerNote) -> String {
        switch note.outcome {
        case .answered(let peers, let interval, _, _):
            "\(note.url): \(peers) peers, again in \(Int(interval.seconds)) s"
        case .warned(let text): "\(note.url) warns: \(text)"
        case .failed(let reason, let pause):
            "\(note.url) failed: \(reason); again in \(Int(pause.seconds)) s"
        case .passedOver(let reason): "\(note.url) is passed over: \(reason)"
        }
    }
}
