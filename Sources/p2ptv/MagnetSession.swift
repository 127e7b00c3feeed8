// From magnet links on the command line to their torrents: one search for the metadata of all, one
// display. Also for torrent files of version 2 that lack the hashes of their pieces.

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

/// Fetching what is not known of some torrents.
@Loop
final class MagnetSession {
    private let searches: [MetadataFetchSettings]
    private let mode: DisplayMode
    private let terminal = Terminal.standardError
    private let life = Lifetime()
    private var found: [Int: FoundTorrent] = [:]
    private lazy var search = MetadataSearch(searches) { [weak self] in self?.happened($1, $0) }
    private lazy var display = Display(mode, terminal) { [unowned self] in reading }

    /// A search that has not begun.
    init(_ searches: [MetadataFetchSettings], _ mode: DisplayMode) {
        (self.searches, self.mode) = (searches, mode)
    }

    /// Whether `text` is to be read as a magnet link.
    nonisolated static func isLink(_ text: String) -> Bool {
        text.lowercased().hasPrefix("magnet:")
    }

    /// The torrents in the order of what was searched for, or nil where somebody ended the search;
    /// throws why there is none.
    func run() async throws -> [FoundTorrent]? {
        guard !searches.isEmpty else { return [] }
        let complaint = await life.untilOver(
            stop: { [self] in stop() },
            start: {
                for settings in searches { display.note(Self.beginning(settings)) }
                display.begin()
                search.start()
            })
        display.end()
        if let complaint { throw complaint }
        let all = searches.indices.compactMap { found[$0] }
        return all.count == searches.count ? all : nil
    }

    private static func beginning(_ settings: MetadataFetchSettings) -> String {
        if let torrent = settings.torrent {
            return "looking for the hashes of the pieces of \(escaped(torrent.name))"
        }
        let hash = settings.link.infoHashes.swarms.first.map { "\($0)" } ?? ""
        return "looking for the metadata of \(escaped(settings.link.name ?? hash))"
    }

    private func stop() {
        display.note("stopping")
        search.stop { [self] in life.finish(nil) }
    }

    private func happened(_ event: MetadataFetchEvent, _ number: Int) {
        if let record = event.record(at: Loop.wallNow) { display.tell(record) }
        display.note(event.note)
        switch event {
        case .tracker: break
        case .completed(let torrent):
            found[number] = torrent
            if search.left == 0 { life.finish(nil) }
        case .refused(let error): life.finish(Complaint(error, of: "the torrent of this link"))
        case .failed(let fault): life.finish(Complaint(fault))
        }
    }

    private var reading: Reading {
        let status = MetadataSearchStatus(search.status, left: search.left)
        return Reading(
            line: status.line(isUnicode: terminal.isUnicode),
            record: status.record(at: Loop.wallNow))
    }
}
