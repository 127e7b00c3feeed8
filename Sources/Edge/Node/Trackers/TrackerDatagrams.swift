// The questions of this process to trackers by UDP, on real sockets: resolves names and carries out
// what the exchange says. Decides nothing. All swarms share it, and so its sockets and connections.

import Crypto
import Primitives
import Reactor
import Tracker

/// What becomes of a question to a tracker by UDP.
enum TrackerDatagramEvent {
    /// The tracker answered.
    case answered(UDPTrackerExchange.Answer)
    /// The tracker named further peers.
    case discovered([Endpoint])
    /// There is no answer, for this reason.
    case failed(String)
}

/// The one exchange of the process with trackers by UDP.
@Loop
final class TrackerDatagrams {
    /// The exchange; its sockets open with the first question of their IP version, and stay.
    static let shared = TrackerDatagrams()

    typealias Handler = @Loop (TrackerDatagramEvent) -> Void

    private let settings: UDPTrackerSettings
    private var exchange: UDPTrackerExchange
    private var handlers: [RequestID: Handler] = [:]
    /// What has not begun yet, so that no handler is called within `ask`.
    private var waiting: [(RequestID, UDPTrackerExchange.Question, UDPTrackerAddress)] = []
    private var resolutions: [RequestID: Resolution] = [:]
    private var lastID: UInt64 = 0
    private var v4: UDPSocket?
    private var v6: UDPSocket?
    private var timer: LoopTimer?
    private var starter: LoopTimer?

    /// An exchange of its own, for who is in more or less of a hurry than nodes are.
    init(_ settings: UDPTrackerSettings = UDPTrackerSettings()) {
        self.settings = settings
        exchange = UDPTrackerExchange(
            settings: settings, random: SeededRandom(seed: randomSeed()))
        timer = LoopTimer { [weak self] in self?.feed(.timePassed) }
        starter = LoopTimer { [weak self] in self?.start() }
    }

    /// Puts a question to the tracker at `address`; the handler is not called before this returns.
    ///
    /// - Returns: the name of the question, by which to cancel it.
    func ask(
        _ question: UDPTrackerExchange.Question, at address: UDPTrackerAddress,
        handler: @escaping Handler
    ) -> RequestID {
        lastID += 1
        let id = RequestID(lastID)
        handlers[id] = handler
        waiting.append((id, question, address))
        starter?.schedule(at: Loop.now)
        return id
    }

    private func start() {
        let begun = waiting
        waiting = []
        for (id, question, address) in begun where handlers[id] != nil {
            if let numeric = IPAddress(numeric: address.host) {
                let endpoint = Endpoint(address: numeric, port: address.port)
                feed(.asked(id, question, at: [endpoint]))
            } else {
                resolve(address, for: id, question)
            }
        }
    }

    private func resolve(
        _ address: UDPTrackerAddress, for id: RequestID, _ question: UDPTrackerExchange.Question
    ) {
        resolutions[id] = Resolver.resolve(address.host, port: address.port) {
            [weak self] result in
            self?.resolutions[id] = nil
            switch result {
            case .success(let endpoints): self?.feed(.asked(id, question, at: endpoints))
            case .failure(let fault):
                self?.handlers.removeValue(forKey: id)?(.failed("\(fault)"))
            }
        }
    }

    /// Forgets a question; its handler is not called any more.
    func cancel(_ id: RequestID) {
        handlers[id] = nil
        resolutions.removeValue(forKey: id)?.cancel()
        feed(.cancelled(id))
    }

    /// Forgets all questions; no handler is called any more.
    func close() {
        for resolution in resolutions.values { resolution.cancel() }
        (handlers, resolutions, waiting) = ([:], [:], [])
        timer?.cancel()
        starter?.cancel()
        v4?.close()
        v6?.close()
        (v4, v6) = (nil, nil)
    }

    private func feed(_ input: UDPTrackerExchange.Input) {
        var outputs: [UDPTrackerExchange.Output] = []
        exchange.handle(input, at: Loop.now, into: &outputs)
        for output in outputs { carryOut(output) }
        let deadline = exchange.nextDeadline
        if deadline.at < .never { timer?.schedule(at: deadline.at) } else { timer?.cancel() }
    }

    private func carryOut(_ output: UDPTrackerExchange.Output) {
        switch output {
        case .send(let bytes, let endpoint): send(bytes, to: endpoint)
        case .answered(let id, let answer): handlers[id]?(.answered(answer))
        case .discovered(let id, let peers): handlers[id]?(.discovered(peers))
        case .failed(let id, let reason): handlers[id]?(.failed(reason))
        case .finished(let id): handlers[id] = nil
        }
    }

    private func send(_ bytes: [UInt8], to endpoint: Endpoint) {
        do throws(ReactorFault) {
            try socket(for: endpoint.address).send(bytes, to: endpoint)
        } catch {
            feed(.unreachable(endpoint, reason: "\(error)"))
        }
    }

    private func socket(for address: IPAddress) throws(ReactorFault) -> UDPSocket {
        switch address {
        case .v4:
            if let v4 { return v4 }
            let made = try open(.v4(0))
            v4 = made
            return made
        case .v6:
            if let v6 { return v6 }
            let made = try open(.v6(0, 0))
            v6 = made
            return made
        }
    }

    private func open(_ any: IPAddress) throws(ReactorFault) -> UDPSocket {
        try UDPSocket(on: Endpoint(address: any, port: 0), largest: settings.datagram) {
            [weak self] bytes, endpoint in self?.feed(.received(bytes, from: endpoint))
        }
    }
}
