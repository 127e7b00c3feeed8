// Reads the beginning of an input to say what it is. Broadcasts nothing.

import Ingest
import Primitives
package import Reactor

/// Looks at an input.
@Loop
package final class InputProbe {
    /// How long it may take until the input is known, and then until enough was seen of it.
    private static let openLimit = Interval.seconds(20)
    private static let lookLimit = Interval.seconds(5)

    private var tally = ProbeTally()
    private var session: IngestSession?
    private var continuation: CheckedContinuation<Complaint?, Never>?
    private lazy var limit = LoopTimer { [weak self] in self?.timedOut() }

    private init() {}

    /// What the first seconds of `input` show.
    ///
    /// - Throws: a complaint with exit 65, 66, 69, 74 or 77.
    package static func look(
        at input: InputChoice
    ) async throws(Complaint) -> ProbeTally {
        let probe = InputProbe()
        if let complaint = await probe.run(input.source) { throw complaint.naming(input) }
        return probe.tally
    }

    private func run(_ source: IngestOptions.Source) async -> Complaint? {
        let options = IngestOptions(source: source, pacing: .asItComes)
        let session = IngestSession(options) { [weak self] event in
            Task { @Loop in self?.take(event) }
        }
        self.session = session
        limit.schedule(at: Loop.now + Self.openLimit)
        let complaint = await withCheckedContinuation { continuation in
            self.continuation = continuation
            session.start()
        }
        session.stop()
        return complaint
    }

    private func take(_ event: IngestEvent) {
        guard continuation != nil else { return }
        tally.take(event)
        switch event {
        case .opened: limit.schedule(at: Loop.now + Self.lookLimit)
        case .chunk(let chunk):
            session?.consumed(bytes: chunk.bytes.count)
            if tally.isEnough { finish(nil) }
        case .failed(let fault): finish(Complaint(fault))
        case .ended: finish(nil)
        case .interrupted(let why):
            guard tally.info == nil else { return finish(nil) }
            finish(
                Complaint(
                    .noInput, what: "cannot open the input", why: why,
                    hint: "check that the other side is sending"))
        case .resumed: break
        }
    }

    private func timedOut() {
        guard tally.info == nil else { return finish(nil) }
        finish(
            Complaint(
                .unavailable, what: "cannot look at the input",
                why: "nothing came within \(Self.openLimit.text)",
                hint: "check that the other side is sending"))
    }

    private func finish(_ complaint: Complaint?) {
        limit.cancel()
        continuation?.resume(returning: complaint)
        continuation = nil
    }
}
