// Who reads the torrent, and which pieces are due when. A deadline comes from the playhead: what a
// player has been given and not yet played is time that it does not need us; the offset at which
// it reads says nothing about that (mpv reads 150 MiB ahead). Picks nothing.

import Pieces
import Primitives

/// One reader.
struct Reader: Sendable {
    let id: ReaderID
    /// The first byte that it wanted, by which its file is known.
    let start: Int64
    /// What it takes a second: what is known of its file, else a guess on the high side.
    private(set) var rate: ByteRate
    /// The next byte that it lacks, and the end of what it may want.
    var position: Int64
    let end: Int64
    var isWaiting = false
    /// Bytes that it has been given and, at the bitrate, not played.
    private(set) var ahead = 0.0
    private var countedAt: Instant

    init(_ id: ReaderID, _ range: TorrentRange, rate: ByteRate, at now: Instant) {
        (self.id, self.rate) = (id, rate)
        (start, position, end) = (range.lowerBound, range.lowerBound, range.upperBound)
        countedAt = now
    }

    /// It has been given everything before `position`.
    mutating func moved(to position: Int64, at now: Instant) {
        play(at: now)
        ahead += Double(max(0, position - self.position))
        self.position = max(self.position, position)
    }

    /// Plays what it has, until there is nothing left.
    mutating func play(at now: Instant) {
        ahead = max(0, ahead - rate.bytesPerSecond * max(0, (now - countedAt).seconds))
        countedAt = now
    }

    /// It takes `rate` from now on.
    mutating func takes(_ rate: ByteRate, at now: Instant) {
        play(at: now)
        self.rate = rate
    }
}

/// A piece that somebody will want, and when.
struct Wish: Hashable, Sendable {
    let piece: PieceIndex
    let due: Instant
    /// Whether a reader stands still before it.
    var isBlocking = false
}

/// All readers, and what they wish.
struct Readers: Sendable {
    private(set) var all: [Reader] = []
    /// What will be wanted without having been asked for, and when.
    private(set) var prefetch: [(wish: Prefetch, due: Instant)] = []
    /// What readers of files take a second, where that is known; the file learnt of last at the end.
    private var rates: [(range: TorrentRange, rate: ByteRate)] = []
    /// How many are remembered: more files than anybody has open.
    private static let mostRates = 64

    /// A player's buffer that is not counted on: its own start, and what the guess is wrong by.
    private static let doubt = 2.0
    /// What is wanted ahead is wanted as a whole.
    private static let atOnce = ByteRate(bytesPerSecond: 1e9)
    /// The most wishes of one reader: with pieces of 16 KiB, 8 MiB.
    private static let most = 512

    /// All that may still be read.
    var ranges: [TorrentRange] {
        all.map { $0.position..<max($0.position, $0.end) } + prefetch.map(\.wish.range)
    }

    var isEmpty: Bool { all.isEmpty && prefetch.isEmpty }
    /// Whether somebody waits.
    var isAnyWaiting: Bool { all.contains { $0.isWaiting } }

    func contains(_ id: ReaderID) -> Bool { all.contains { $0.id == id } }

    /// Somebody reads `range`, and takes what is known of its file, else `assumed`.
    mutating func open(
        _ id: ReaderID, _ range: TorrentRange, assumed: ByteRate, at now: Instant
    ) {
        guard !contains(id) else { return }
        let rate = rates.first { $0.range.contains(range.lowerBound) }?.rate ?? assumed
        all.append(Reader(id, range, rate: rate, at: now))
    }

    /// Readers of the file that lies in `range` take `rate`.
    mutating func learn(_ rate: ByteRate, of range: TorrentRange, at now: Instant) {
        rates.removeAll { $0.range == range }
        if rates.count == Self.mostRates { rates.removeFirst() }
        rates.append((range, rate))
        for at in all.indices where range.contains(all[at].start) {
            all[at].takes(rate, at: now)
        }
    }

    /// What readers take together, of each file once, as a player may open it several times.
    ///
    /// Where nobody reads, what the file takes that was learnt of last; nil where none was.
    var taken: ByteRate? {
        guard !all.isEmpty else { return rates.last?.rate }
        var files: [Int64: Double] = [:]
        for reader in all { files[reader.end] = reader.rate.bytesPerSecond }
        return ByteRate(bytesPerSecond: files.values.reduce(0, +))
    }

    mutating func close(_ id: ReaderID) { all.removeAll { $0.id == id } }

    mutating func move(
        _ id: ReaderID, to position: Int64, isWaiting: Bool, at now: Instant
    ) {
        guard let at = all.firstIndex(where: { $0.id == id }) else { return }
        all[at].moved(to: position, at: now)
        all[at].isWaiting = isWaiting
    }

    mutating func fetch(_ wanted: [Prefetch], at now: Instant) {
        prefetch = wanted.map { ($0, now + $0.within) }
    }

    /// The pieces that are missing and due within `window`, each once, the first due first.
    mutating func wishes(
        within window: Interval, pieceLength: Int, missing: (PieceIndex) -> Bool,
        at now: Instant
    ) -> [Wish] {
        var due: [PieceIndex: Wish] = [:]
        for at in all.indices {
            all[at].play(at: now)
            let reader = all[at]
            let rate = reader.rate
            let slack = max(0, reader.ahead / max(1, rate.bytesPerSecond) - Self.doubt)
            let reach = max(0, window.seconds - slack) * rate.bytesPerSecond
            let last = min(reader.end, reader.position + Int64(reach) + Int64(pieceLength))
            let wish = reader.position..<max(reader.position, last)
            note(wish, reader.isWaiting, now + .seconds(slack), rate, pieceLength, missing, &due)
        }
        for it in prefetch {
            // A player that waits needs what it stands before, and not what it may ask for.
            let when = isAnyWaiting ? now + it.wish.within : max(now, it.due)
            note(it.wish.range, false, when, Self.atOnce, pieceLength, missing, &due)
        }
        return due.values.sorted { ($0.due, $0.piece) < ($1.due, $1.piece) }
    }

    private func note(
        _ range: TorrentRange, _ isWaiting: Bool, _ from: Instant, _ rate: ByteRate,
        _ pieceLength: Int, _ missing: (PieceIndex) -> Bool, _ due: inout [PieceIndex: Wish]
    ) {
        guard !range.isEmpty else { return }
        let unit = Int64(pieceLength)
        var left = Self.most
        for number in range.lowerBound / unit...(range.upperBound - 1) / unit where left > 0 {
            left -= 1
            let piece = PieceIndex(UInt32(clamping: number))
            guard missing(piece) else { continue }
            let offset = max(0, number * unit - range.lowerBound)
            let isFirst = isWaiting && offset == 0
            let when = from + rate.duration(of: Int(offset))
            let known = due[piece]
            guard known.map({ when < $0.due }) ?? true else {
                if isFirst { due[piece]?.isBlocking = true }
                continue
            }
            due[piece] = Wish(
                piece: piece, due: when, isBlocking: isFirst || known?.isBlocking ?? false)
        }
    }
}
