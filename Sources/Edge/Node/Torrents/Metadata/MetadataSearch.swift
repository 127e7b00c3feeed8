// The metadata of several links at once, behind one port. Each is fetched as if it were alone.

import Primitives
package import Reactor

/// Fetching the metadata of several links.
///
/// Call `start` once. Of each link `.completed` comes once; or else `.refused` or `.failed` of one of
/// them, which is the last. The port is free again by then.
@Loop
package final class MetadataSearch {
    /// What is called with the number of a link and what happened.
    package typealias Report = @Loop (Int, MetadataFetchEvent) -> Void

    private let searches: [MetadataFetchSettings]
    private let report: Report
    private var host: PeerHost?
    private var fetches: [MetadataFetch] = []
    /// The links of which nothing is known yet.
    private var open: Set<Int>
    private var isOver = false

    /// A search that has not begun.
    package init(_ searches: [MetadataFetchSettings], report: @escaping Report) {
        (self.searches, self.report) = (searches, report)
        open = Set(searches.indices)
    }

    /// Opens the port and begins to look for peers.
    package func start() {
        guard let ports = searches.first?.peerPorts else { return }
        do throws(NodeFault) {
            host = try PeerHost.open(ports)
        } catch {
            isOver = true
            return report(0, .failed(error))
        }
        fetches = searches.enumerated().map { number, settings in
            MetadataFetch(settings, host: host) { [weak self] event in
                self?.happened(event, number)
            }
        }
        for fetch in fetches where !isOver { fetch.start() }
    }

    /// How each of them is doing now.
    package var status: [MetadataFetchStatus] { fetches.map(\.status) }

    /// How many are not found yet.
    package var left: Int { open.count }

    private func happened(_ event: MetadataFetchEvent, _ number: Int) {
        guard !isOver else { return }
        switch event {
        case .tracker: report(number, event)
        case .completed:
            open.remove(number)
            if open.isEmpty { close() }
            report(number, event)
        case .refused, .failed:
            stop { [self] in report(number, event) }
        }
    }

    private func close() {
        isOver = true
        host?.close()
        host = nil
    }

    /// Ends all of them, says `stopped` to their trackers, and calls `done` within 2 s.
    package func stop(_ done: @escaping @Loop () -> Void) {
        close()
        var left = fetches.count
        guard left > 0 else { return done() }
        for fetch in fetches {
            fetch.stop {
                left -= 1
                if left == 0 { done() }
            }
        }
    }
}
