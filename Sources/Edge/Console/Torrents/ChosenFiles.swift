// Which files of a torrent are loaded: those that were typed, else those that its link selects, else
// those that were chosen the last time.

package import Metainfo
package import Node

/// What `--files` says.
package enum ChosenFiles: Equatable, Sendable {
    /// Nothing.
    case unsaid
    /// All of them.
    case all
    /// The files by their numbers, as `show` lists them.
    case numbers([ClosedRange<Int>])

    /// What was typed, if anything was.
    ///
    /// - Throws: a complaint with exit 64.
    package init(_ text: String?) throws(Complaint) {
        switch text {
        case nil: self = .unsaid
        case "all": self = .all
        case let text?:
            guard let ranges = FileNumbers.parse(text) else {
                throw Complaint(
                    .usage, what: "--files \(text)", why: "this is no list of numbers",
                    hint: "write it as 0,2-5, or all")
            }
            self = .numbers(ranges)
        }
    }

    /// The files of `torrent` to load, by their numbers; nil is all.
    ///
    /// Where nothing was typed, those of the files that `link` selects which it has, else what is
    /// remembered at `place`. Throws a complaint with exit 64 where it has not what was typed.
    package func files(
        of torrent: TorrentFile, link: [ClosedRange<Int>]?, at place: ContentPlace
    ) throws(Complaint) -> Set<Int>? {
        switch self {
        case .all: return nil
        case .unsaid:
            let selected = torrent.files(in: link ?? [])
            return selected.isEmpty ? place.rememberedChoice(of: torrent) : selected
        case .numbers(let ranges):
            for range in ranges where torrent.files(in: [range]).isEmpty {
                throw Complaint(
                    .usage, what: "--files \(fileRanges([range]))",
                    why: "the torrent has no such file",
                    hint: "list them with: p2ptv show FILE.torrent")
            }
            return torrent.files(in: ranges)
        }
    }

    /// What a person is told of the files that are loaded; nil where all are.
    package static func note(_ chosen: Set<Int>?, of torrent: TorrentFile) -> String? {
        guard let chosen else { return nil }
        let all = torrent.files.count { $0.kind == .regular }
        return "\(chosen.count) of \(count(all, "file")) of \(escaped(torrent.name)) "
            + "\(chosen.count == 1 ? "is" : "are") loaded, others when somebody reads them "
            + "(--files all loads all)"
    }
}

/// Numbers of files as they are typed.
func fileRanges(_ ranges: [ClosedRange<Int>]) -> String {
    ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
        .joined(separator: ",")
}
