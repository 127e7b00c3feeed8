// Carries events from the session's thread to the loop, in order and in batches.

import Ingest
import Reactor
import Synchronization

/// A queue between the thread that reads the input and the loop.
///
/// A hop to the loop costs about 10 µs; what comes while one is under way travels with it.
final class IngestMailbox: Sendable {
    private let events = Mutex<[IngestEvent]>([])
    private let receive: @Loop @Sendable ([IngestEvent]) -> Void

    /// A mailbox whose batches go to `receive`.
    init(_ receive: @escaping @Loop @Sendable ([IngestEvent]) -> Void) { self.receive = receive }

    /// Takes an event, on any thread.
    func post(_ event: IngestEvent) {
        let isFirst = events.withLock { events in
            events.append(event)
            return events.count == 1
        }
        guard isFirst else { return }
        Task { @Loop in
            let batch = events.withLock { events in
                defer { events = [] }
                return events
            }
            receive(batch)
        }
    }
}
