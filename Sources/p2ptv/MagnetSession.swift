// From a magnet link on the command line to the torrent: one fetch of its metadata, one display. Also
// for a torrent file of version 2 that lacks the hashes of its pieces.

import ArgumentParser
import Console
import Metainfo
import Node
import Primitives
import Reactor

/// The option for those who do not want to wait for ever.
struct SearchOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Of a magnet link, or a torrent without the hashes of its pieces: end with exit 75 where "
                + "what it lacks is not found within this time (default: keep looking).",
            valueName: "seconds"))
    var timeout: String?
}

/// Fetching the metadata of one link, or the hashes that a torrent lacks.
@Loop
final class MagnetSession {
    private let settings: MetadataFetchSettings
    private let mode: DisplayMode
    private let terminal = Terminal.standardError
    private let life = Lifetime()
    private var found: (torrent: TorrentFile, peers: [Endpoint])?
    private lazy var fetch = MetadataFetch(settings) { [weak self] in self?.happened($0) }
    private lazy var display = Display(mode, terminal) { [unowned self] in reading }

    /// A fetch that has not begun.
    init(_ settings: MetadataFetchSettings, _ mode: DisplayMode) {
        (self.settings, self.mode) = (settings, mode)
    }

    /// Whether `text` is to be read as a magnet link.
    nonisolated static func isLink(_ text: String) -> Bool {
        text.lowercased().hasPrefix("magnet:")
    }

    /// The torrent and its peers, or nil where somebody ended the search; throws why there is none.
    func run() async throws -> (torrent: TorrentFile, peers: [Endpoint])? {
        let complaint = await life.untilOver(
            stop: { [self] in stop() },
            start: {
                let what = settings.torrent == nil ? "metadata" : "hashes of the pieces"
                let name = settings.torrent?.name ?? fetch.status.name
                display.note("looking for the \(what) of \(escaped(name))")
                display.begin()
                fetch.start()
            })
        display.end()
        if let complaint { throw complaint }
        return found
    }

    private func stop() {
        display.note("stopping")
        fetch.stop { [self] in life.finish(nil) }
    }

    private func happened(_ event: MetadataFetchEvent) {
        if let record = event.record(at: Loop.wallNow) { display.tell(record) }
        display.note(event.note)
        switch event {
        case .tracker: break
        case .completed(let torrent, let peers):
            found = (torrent, peers)
            life.finish(nil)
        case .refused(let error): life.finish(Complaint(error, of: "the torrent of this link"))
        case .failed(let fault): life.finish(Complaint(fault))
        }
    }

    private var reading: Reading {
        let status = fetch.status
        return Reading(
            line: status.line(isUnicode: terminal.isUnicode),
            record: status.record(at: Loop.wallNow))
    }
}
