// Lists of files by their numbers in a torrent, as `so` of a magnet link has them (BEP 53) and people
// type them: `0,2-5`. Knows no torrent until it is asked which of its files are meant.

/// Lists of numbers of files.
package enum FileNumbers {
    /// The ranges that `text` names, joined and in order; nil where there is none that can be read.
    ///
    /// What cannot be read is left out.
    static func ranges(_ text: String, _ limits: TorrentLimits) -> [ClosedRange<Int>]? {
        joined(text.split(separator: ",").compactMap { range($0, limits) })
    }

    /// The ranges that `text` names; nil where any part of it cannot be read.
    package static func parse(_ text: String) -> [ClosedRange<Int>]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let ranges = parts.compactMap { range($0, TorrentLimits()) }
        return ranges.count == parts.count ? joined(ranges) : nil
    }

    private static func range(_ text: Substring, _ limits: TorrentLimits) -> ClosedRange<Int>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false)
        let numbers = ends.compactMap(number)
        guard numbers.count == ends.count, let first = numbers.first, let last = numbers.last,
            ends.count <= 2, first <= last, first < limits.files
        else { return nil }
        return first...min(last, limits.files - 1)
    }

    private static func joined(_ ranges: [ClosedRange<Int>]) -> [ClosedRange<Int>]? {
        var joined: [ClosedRange<Int>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            guard let last = joined.last, range.lowerBound <= last.upperBound + 1 else {
                joined.append(range)
                continue
            }
            joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
        }
        return joined.isEmpty ? nil : joined
    }

    /// The number that digits stand for; far too many of them, for the greatest there is.
    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text) ?? .max
    }
}

extension TorrentFile {
    /// The regular files whose numbers are in `ranges`.
    package func files(in ranges: [ClosedRange<Int>]) -> Set<Int> {
        var chosen: Set<Int> = []
        for range in ranges where range.lowerBound < files.count {
            for number in range.lowerBound...min(range.upperBound, files.count - 1)
            where files[number].kind == .regular {
                chosen.insert(number)
            }
        }
        return chosen
    }
}
