// Players read the files of a torrent while they come: what is there is given, what is not is
// waited for, and the engine hears who stands where. Decides nothing about pieces.

import Gateway
import Metainfo
import Pieces
import Playout
import Primitives
import Reactor
import Storage
import Swarm

/// The files of a torrent for players.
@Loop
final class TorrentShelf {
    private(set) var shelf: FileShelf?
    private let torrent: TorrentFile
    private unowned let task: TorrentTask
    private var wants: [FileReaderID: (file: Int, range: Range<Int64>)] = [:]
    private var files: [FileReaderID: Int] = [:]
    /// Readers for whom something is missing.
    private var waiting: Set<FileReaderID> = []
    private var serving: FileReaderID?
    private var shared: [Int: SharedFile] = [:]
    /// Told of each file that a reader opens.
    var onOpen: (@Loop (Int) -> Void)?
    /// When the first byte of a file was given.
    private(set) var firstByteAt: Instant?
    /// When a reader began to wait, and how often and how long readers did.
    private(set) var waitsSince: Instant?
    private(set) var waits = 0
    private(set) var waited = Interval.zero

    /// The shelf of the torrent that `task` works on.
    init(_ task: TorrentTask) {
        self.task = task
        torrent = task.settings.torrent
        let served = torrent.files.enumerated().compactMap { number, file in
            file.kind == .regular
                ? ServedFile(index: number, path: file.path, length: file.length) : nil
        }
        let name = torrent.infoHashes.swarms.first.map { "\($0)" } ?? ""
        shelf = FileShelf(content: name, files: served) { [weak self] in self?.hear($0) }
    }

    private func hear(_ event: FileReaderEvent) {
        switch event {
        case .opened(let id, let file, let range):
            files[id] = file
            onOpen?(file)
            guard let bytes = torrent.layout.bytes(file: file, range) else { return }
            task.driver?.feed(.readerOpened(ReaderID(id.value), bytes))
        case .wants(let id, let range):
            guard let file = files[id] else { return }
            wants[id] = (file, range)
            if serving != id { serve(id) }
        case .closed(let id):
            wants[id] = nil
            files[id] = nil
            waiting.remove(id)
            noteWaiting()
            task.driver?.feed(.readerClosed(ReaderID(id.value)))
        }
    }

    /// The content is open: those who came before it are served.
    func joined() {
        for (id, file) in files {
            guard let want = wants[id],
                let bytes = torrent.layout.bytes(
                    file: file, want.range.lowerBound..<torrent.layout.files[file].length)
            else { continue }
            task.driver?.feed(.readerOpened(ReaderID(id.value), bytes))
        }
        for id in Array(wants.keys) { serve(id) }
    }

    /// A piece is there: those who wait look again.
    func arrived() { for id in waiting { serve(id) } }

    private func serve(_ id: FileReaderID) {
        guard let driver = task.driver, let shelf else { return }
        serving = id
        var isWaiting = false
        while let want = wants[id], !want.range.isEmpty, !isWaiting {
            let start = want.range.lowerBound
            let run = driver.store.run(file: want.file, from: start, limit: want.range.count)
            switch run {
            case .onDisk(let count):
                guard give(id, want.file, start, count, shelf) else { break }
            case .inMemory(let bytes):
                let part = Array(bytes.prefix(want.range.count))
                advance(id, part.count)
                shelf.give(.memory(part), to: id)
            case .missing: isWaiting = true
            case .none: return shelf.refuse(id)
            }
        }
        serving = nil
        guard let want = wants[id] else { return }
        if isWaiting { waiting.insert(id) } else { waiting.remove(id) }
        noteWaiting()
        guard let position = torrent.layout.position(want.file, want.range.lowerBound)
        else { return }
        driver.feed(
            .readerMoved(ReaderID(id.value), to: position, isWaiting: isWaiting))
    }

    private func advance(_ id: FileReaderID, _ count: Int) {
        firstByteAt = firstByteAt ?? Loop.now
        guard let want = wants[id] else { return }
        let start = want.range.lowerBound + Int64(count)
        wants[id] = (want.file, start..<max(start, want.range.upperBound))
    }

    /// Gives bytes that are in a file; false where it cannot be opened.
    private func give(
        _ id: FileReaderID, _ file: Int, _ start: Int64, _ count: Int, _ shelf: FileShelf
    ) -> Bool {
        guard let open = open(file) else {
            wants[id] = nil
            shelf.refuse(id)
            return false
        }
        shared[file] = open
        advance(id, count)
        shelf.give(.file(open, offset: start, count: count), to: id)
        return true
    }

    private func open(_ file: Int) -> SharedFile? {
        if let known = shared[file] { return known }
        do throws(StorageError) {
            guard let files = task.driver?.store.files else { return nil }
            return SharedFile(adopting: try files.descriptor(of: file))
        } catch {
            return nil
        }
    }

    private func noteWaiting() {
        if waiting.isEmpty, let since = waitsSince {
            waited = waited + (Loop.now - since)
            waitsSince = nil
        } else if !waiting.isEmpty, waitsSince == nil {
            waitsSince = Loop.now
            if firstByteAt != nil { waits += 1 }
        }
    }
}

extension FileLayout {
    /// Where the byte at `offset` of a file lies among all pieces; its end for the end of the file.
    func position(_ file: Int, _ offset: Int64) -> Int64? {
        if let place = place(file: file, offset: offset) {
            return Int64(place.piece.value) * Int64(pieceLength) + Int64(place.offset)
        }
        guard offset > 0, let last = place(file: file, offset: offset - 1) else { return nil }
        return Int64(last.piece.value) * Int64(pieceLength) + Int64(last.offset) + 1
    }

    /// Where bytes of a file lie among all pieces.
    func bytes(file: Int, _ range: Range<Int64>) -> TorrentRange? {
        guard let start = position(file, range.lowerBound),
            let end = position(file, range.upperBound)
        else { return nil }
        return start..<max(start, end)
    }
}
