// A broadcast: input, pieces, records, swarm, tracker, in one place. Composes and reports;
// the decisions are in Publish, Swarm and Tracker.

import Crypto
import Ingest
import Metainfo
import Pieces
import Primitives
import Publish
package import Reactor
import Storage
import Swarm
import Tracker

/// A running broadcast.
///
/// Call `start` once; what happens comes to `report`, on the loop. `.failed` and `.ended` come at
/// most once and are the last. `stop` says the end to the swarm and to the trackers.
@Loop
package final class BroadcastNode {
    let settings: BroadcastSettings
    let report: @Loop (BroadcastEvent) -> Void
    let startedAt = Loop.now
    var folder: BroadcastFolder?
    var key: SigningKey?
    var session: IngestSession?
    var line: PublishingLine?
    var swarm: SwarmDriver?
    var host: PeerHost?
    var service: TrackerService?
    var tracker: TrackerClient?
    var hasInput = false
    var streamBytes = 0
    var streamRate = RateMeter(constant: .seconds(5))
    var rates = SwarmRates()
    var isOver = false
    var linger: LoopTimer?
    private var pages: LoopTimer?
    var onStopped: (@Loop () -> Void)?

    /// A broadcast that has not begun.
    package init(
        _ settings: BroadcastSettings, report: @escaping @Loop (BroadcastEvent) -> Void
    ) {
        self.settings = settings
        self.report = report
    }

    /// Opens the state folder and the input.
    package func start() {
        pages = LibraryPages.releaseLater()
        do throws(StorageError) {
            let folder = try BroadcastFolder(path: settings.stateFolder)
            self.folder = folder
            key = try Self.key(in: folder)
            _ = try folder.state()
        } catch {
            return fail(NodeFault(error))
        }
        let mailbox = IngestMailbox { [weak self] events in
            for event in events { self?.ingested(event) }
        }
        let session = IngestSession(settings.input) { mailbox.post($0) }
        self.session = session
        session.start()
    }

    private static func key(in folder: BroadcastFolder) throws(StorageError) -> SigningKey {
        if let pem = try folder.key() {
            guard let key = try? SigningKey(pem: pem) else {
                throw .corrupt(path: "\(folder.path)/key.pem", .field)
            }
            return key
        }
        guard let key = try? SigningKey.generate(), let pem = try? key.pem() else {
            throw .system(path: folder.path, operation: "making a key in", errno: 0)
        }
        try folder.create(key: pem)
        return key
    }

    // MARK: Input

    private func ingested(_ event: IngestEvent) {
        guard !isOver else { return }
        switch event {
        case .opened(let info):
            hasInput = true
            goOnAir(info)
        case .chunk(let chunk):
            hasInput = true
            streamBytes += chunk.bytes.count
            streamRate.add(chunk.bytes.count, at: Loop.now)
            line?.feed(
                .bytesArrived(chunk.bytes, marks: chunk.marks.map(Self.mark), wall: Loop.wallNow))
            session?.consumed(bytes: chunk.bytes.count)
        case .interrupted(let why):
            hasInput = false
            report(.inputLost(why))
        case .resumed:
            hasInput = true
            report(.inputBack)
        case .ended:
            hasInput = false
            line?.feed(.inputEnded)
        case .failed(let fault):
            hasInput = false
            fail(NodeFault(fault))
        }
    }

    private static func mark(_ mark: TSMark) -> StreamMark {
        switch mark.kind {
        case .randomAccess: .randomAccess(offset: mark.offset)
        case .timestamp(let pts): .timestamp(offset: mark.offset, ticks: pts)
        }
    }

    // MARK: The end

    /// The last piece is out: stays until nobody has taken anything for a while, then ends.
    func finished() {
        guard onStopped == nil else { return stopTracker() }
        let deadline = Loop.now + .seconds(60)
        var sent = -1
        let timer = LoopTimer { [weak self] in
            guard let self else { return }
            let now = swarm?.engine.counters.sentBytes ?? 0
            guard now != sent, Loop.now < deadline else {
                report(.ended)
                return
            }
            sent = now
            linger?.schedule(at: Loop.now + .seconds(5))
        }
        linger = timer
        timer.schedule(at: Loop.now + .seconds(5))
    }

    /// Says the end to viewers and trackers, keeps the numbering, and calls `done` within 3 s.
    package func stop(_ done: @escaping @Loop () -> Void) {
        guard onStopped == nil else { return }
        onStopped = done
        linger?.cancel()
        let timer = LoopTimer { [weak self] in self?.close() }
        linger = timer
        timer.schedule(at: Loop.now + .milliseconds(2500))
        session?.stop()
        if line == nil || isOver { close() } else { line?.feed(.inputEnded) }
    }

    private func stopTracker() {
        guard let tracker else { return close() }
        // A moment for the end record to reach the neighbours before the connections go.
        let timer = LoopTimer { tracker.feed(.stopped) }
        timer.schedule(at: Loop.now + .milliseconds(300))
        stopTimer = timer
    }
    private var stopTimer: LoopTimer?

    /// Ends everything at once.
    func close() {
        isOver = true
        linger?.cancel()
        stopTimer?.cancel()
        session?.stop()
        line?.close()
        tracker?.close()
        swarm?.close()
        host?.close()
        service?.close()
        let done = onStopped
        onStopped = nil
        done?()
    }

    func fail(_ fault: NodeFault) {
        guard !isOver else { return }
        close()
        report(.failed(fault))
    }
}
