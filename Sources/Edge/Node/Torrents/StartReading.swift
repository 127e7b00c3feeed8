// Fetches what a player will read before its first picture, as far as the file tells: what is
// known of it is shown to StartPlan, which says what else is wanted, and to PlayingRate, which
// says how fast it is played.

import Gateway
import Metainfo
import Pieces
import Playout
import Primitives
import Reactor
import Storage
import Swarm

/// The beginning of a file, as it becomes known.
@Loop
final class StartReading {
    private unowned let task: TorrentTask
    /// The number of the file.
    let file: Int
    private let length: Int64
    private let kind: ContainerKind
    private var known: [FilePart] = []
    private var plan: StartPlan
    private var rate: PlayingRate

    /// How soon an index is needed that lies behind the media: nothing is shown without it.
    private static let index = Interval.milliseconds(250)
    /// How soon other ends of files are: after a first stretch of the media.
    private static let end = Interval.seconds(2.5)
    /// How much of a part is read at most.
    private static let most: Int64 = 1_048_576

    init(_ task: TorrentTask, file: Int) {
        (self.task, self.file) = (task, file)
        let entry = task.settings.torrent.files[file]
        length = entry.length
        kind = ContainerKind(fileName: entry.path.last ?? "")
        plan = StartPlan(length: length, kind: kind)
        rate = PlayingRate(length: length, kind: kind, known: [])
        tell()
    }

    /// Looks whether what would make a better plan, or tells the bitrate, is there.
    func look() {
        while let range = plan.look, let bytes = read(range) {
            know(FilePart(offset: range.lowerBound, bytes: bytes))
            plan = StartPlan(length: length, kind: kind, known: known)
            tell()
            learn()
        }
        while let range = rate.look, let bytes = read(range) {
            know(FilePart(offset: range.lowerBound, bytes: bytes))
            learn()
        }
    }

    /// A part takes the place of a shorter one that begins where it begins.
    private func know(_ part: FilePart) {
        known.removeAll { $0.offset == part.offset && $0.bytes.count <= part.bytes.count }
        known.append(part)
    }

    private func learn() {
        let now = PlayingRate(length: length, kind: kind, known: known)
        if let bitrate = now.rate, bitrate != rate.rate,
            let range = task.settings.torrent.layout.bytes(file: file, 0..<length)
        {
            task.driver?.feed(.bitrateLearned(bitrate, of: range))
        }
        rate = now
    }

    private func tell() {
        let layout = task.settings.torrent.layout
        let isNeeded = !known.isEmpty && plan.look == nil || kind == .mp4 || kind == .avi
        let wanted = plan.wanted.enumerated().compactMap { number, range in
            layout.bytes(file: file, range).map {
                Prefetch($0, within: number == 0 ? .zero : isNeeded ? Self.index : Self.end)
            }
        }
        task.driver?.feed(.prefetchWanted(wanted))
    }

    /// The bytes of a part of the file, or nil where they are not all there.
    private func read(_ range: Range<Int64>) -> [UInt8]? {
        guard let store = task.driver?.store else { return nil }
        let end = min(range.upperBound, range.lowerBound + Self.most)
        var out: [UInt8] = []
        while range.lowerBound + Int64(out.count) < end {
            let start = range.lowerBound + Int64(out.count)
            switch store.run(file: file, from: start, limit: Int(end - start)) {
            case .inMemory(let bytes): out += bytes.prefix(Int(end - start))
            case .onDisk(let count):
                guard let part = fromDisk(start, count, store) else { return nil }
                out += part
            case .missing, .none: return nil
            }
        }
        return out
    }

    private func fromDisk(_ start: Int64, _ count: Int, _ store: TorrentStore) -> [UInt8]? {
        guard let place = store.files.layout.place(file: file, offset: start),
            let whole = store.files.layout.length(ofPiece: place.piece)
        else { return nil }
        // A stretch that was written a moment ago: the system has it in memory.
        return try? store.files.read(
            place.piece, offset: place.offset, length: min(count, whole - place.offset))
    }
}
