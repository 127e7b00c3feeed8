// Watching a torrent: its swarm, its trackers and the gateway for players, in one place. Composes
// and reports; the decisions are in Swarm, Playout and Tracker.

import Gateway
import Metainfo
import Pieces
import Playout
import Primitives
package import Reactor
import Storage
import Swarm

/// A torrent that is watched.
///
/// Call `start` once; what happens comes to `report`, on the loop. `.failed` comes at most once
/// and is the last. It goes on serving and seeding after the last piece, until `stop`.
@Loop
package final class TorrentNode {
    let settings: TorrentWatchSettings
    let report: @Loop (TorrentWatchEvent) -> Void
    let startedAt = Loop.now
    /// The file that is played.
    package let file: Int
    private var host: PeerHost?
    private(set) var task: TorrentTask?
    private var gateway: LiveGateway?
    private(set) var shelf: TorrentShelf?
    private var sink: TorrentSink?
    private var rates = TorrentRates()
    private var plan: StartReading?
    private var checked: (done: Int, total: Int)?
    private var hasPlayed = false
    private var isOver = false
    private var onStopped: (@Loop () -> Void)?
    private var stopTimer: LoopTimer?
    private var pages: LoopTimer?

    /// Watching that has not begun.
    package init(
        _ settings: TorrentWatchSettings,
        report: @escaping @Loop (TorrentWatchEvent) -> Void
    ) {
        (self.settings, self.report) = (settings, report)
        file = settings.file ?? settings.torrent.mainFile(of: settings.chosen)
    }

    /// Opens the ports and the content, and joins the swarm.
    package func start() {
        pages = LibraryPages.releaseLater()
        do throws(NodeFault) {
            let host = try PeerHost.open(settings.peerPorts)
            self.host = host
            let gateway = try LiveGateway.listening(on: settings.httpPort) { [weak self] in
                self?.statusJSON ?? "{}"
            }
            self.gateway = gateway
            let task = TorrentTask(taskSettings, host: host) { [weak self] in self?.happened($0) }
            self.task = task
            let shelf = TorrentShelf(task)
            self.shelf = shelf
            shelf.onOpen = { [weak self] in self?.readStart(of: $0) }
            gateway.open(shelf.shelf)
            report(.serving(url: "http://127.0.0.1:\(gateway.port)\(address)"))
            task.start()
        } catch {
            fail(error)
        }
    }

    private var taskSettings: TorrentTaskSettings {
        var task = TorrentTaskSettings(torrent: settings.torrent, place: settings.place)
        task.chosen = settings.chosen?.union([file])
        task.peers = settings.peers
        task.isLeaving = settings.isLeaving
        task.swarm.upLimit = settings.upLimit
        task.swarm.downLimit = settings.downLimit
        task.swarm.exchangesPeers = !settings.torrent.isPrivate
        return task
    }

    private var address: String {
        shelf?.shelf?.files.first { $0.index == file }?.address ?? "/"
    }

    // MARK: Events

    private func happened(_ event: TorrentTaskEvent) {
        switch event {
        case .checking(let progress):
            checked = (progress.done, progress.total)
            report(.checking(done: progress.done, total: progress.total))
        case .joined:
            checked = nil
            shelf?.joined()
            readStart(of: file)
            openSink()
            if task?.driver?.engine.isFinished ?? false {
                report(.completed(after: Loop.now - startedAt))
            }
        case .verified:
            shelf?.arrived()
            sink?.arrived()
            plan?.look()
            notePlaying()
        case .completed: report(.completed(after: Loop.now - startedAt))
        case .paused(let fault): report(.paused(NodeFault(fault)))
        case .tracker(let note): report(.tracker(note))
        case .failed(let fault): fail(fault)
        }
    }

    private func openSink() {
        let destination: FeedSink.Destination
        switch settings.output {
        case .none: return
        case .standardOutput: destination = .standardOutput
        case .file(let path): destination = .file(path)
        }
        guard let task else { return }
        let sink = TorrentSink(task, file: file, to: destination) { [weak self] event in
            self?.sank(event)
        }
        self.sink = sink
        sink.begin()
    }

    private func sank(_ event: SinkEvent) {
        switch event {
        case .finished: report(.written)
        case .readerGone: report(.readerGone)
        case .failed(let fault): fail(NodeFault(fault, settings.output))
        }
    }

    /// Has the bytes fetched that a player reads first of a film; the last that was opened counts.
    private func readStart(of file: Int) {
        let use = MediaType(ofFile: settings.torrent.files[file].path.last ?? "").use
        guard let task, task.driver?.engine.isComplete == false, plan?.file != file,
            file == self.file || use == .video || use == .audio
        else { return }
        let plan = StartReading(task, file: file)
        self.plan = plan
        plan.look()
    }

    private func notePlaying() {
        guard !hasPlayed, let at = shelf?.firstByteAt else { return }
        hasPlayed = true
        report(.playing(after: at - startedAt))
    }

    /// How it is doing now.
    package var status: TorrentStatus {
        guard let task else { return TorrentStatus() }
        var status = rates.status(of: task)
        if let checked {
            status.state = .checking
            status.part = Double(checked.done) / Double(max(1, checked.total))
        }
        guard let shelf else { return status }
        (status.waits, status.waited) = (shelf.waits, shelf.waited)
        status.readers = shelf.shelf?.readerCount ?? 0
        status.buffer = task.driver?.engine.buffer(at: Loop.now)
        return status
    }

    // MARK: The end

    /// Leaves the swarm, says `stopped` to the trackers, and calls `done` within 3 s.
    package func stop(_ done: @escaping @Loop () -> Void) {
        guard onStopped == nil else { return }
        onStopped = done
        guard !isOver, let task, task.driver != nil else { return close() }
        let timer = LoopTimer { [weak self] in self?.close() }
        stopTimer = timer
        timer.schedule(at: Loop.now + .milliseconds(2000))
        task.stop { [weak self] in self?.close() }
    }

    private func close() {
        isOver = true
        stopTimer?.cancel()
        task?.close()
        host?.close()
        gateway?.close()
        let done = onStopped
        onStopped = nil
        done?()
    }

    private func fail(_ fault: NodeFault) {
        guard !isOver else { return }
        close()
        report(.failed(fault))
    }
}

extension TorrentFile {
    /// The largest file that players play, else the largest of all, of those that were chosen.
    func mainFile(of chosen: Set<Int>?) -> Int {
        let regular = files.indices.filter { number in
            files[number].kind == .regular && chosen?.contains(number) ?? true
        }
        let films = regular.filter { index in
            let use = MediaType(ofFile: files[index].path.last ?? "").use
            return use == .video || use == .audio
        }
        let candidates = films.isEmpty ? regular : films
        return candidates.max { files[$0].length < files[$1].length } ?? 0
    }
}
