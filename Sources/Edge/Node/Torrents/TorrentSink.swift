// One file of a torrent to standard output or into another file, from its first byte to its last,
// as it comes. A reader like any other; a thread of its own writes.

import Gateway
import Metainfo
import Pieces
import Primitives
import Reactor
import Storage
import Swarm

/// A file that is written somewhere else while it comes.
@Loop
final class TorrentSink {
    private unowned let task: TorrentTask
    private let file: Int
    private let length: Int64
    private let id = ReaderID(.max)
    private let sink: FeedSink
    private var position: Int64 = 0
    private var isReading = false
    private var isOver = false

    /// Bytes that may wait for the writer: a second of a film.
    private static let window = 1_048_576
    /// Bytes that are read at a time.
    private static let part = 262_144

    /// Writes `file` to `destination`; `handler` hears how it ends.
    init(
        _ task: TorrentTask, file: Int, to destination: FeedSink.Destination,
        handler: @escaping @Loop (SinkEvent) -> Void
    ) {
        (self.task, self.file) = (task, file)
        length = task.settings.torrent.files[file].length
        sink = FeedSink(destination, handler: handler)
        sink.onDrain = { [weak self] in self?.pump() }
        sink.onClose = { [weak self] in self?.close() }
    }

    /// The content is open: begins to read.
    func begin() {
        if let range = task.settings.torrent.layout.bytes(file: file, 0..<length) {
            task.driver?.feed(.readerOpened(id, range))
        }
        pump()
    }

    /// A piece is there.
    func arrived() { pump() }

    private func close() {
        guard !isOver else { return }
        isOver = true
        task.driver?.feed(.readerClosed(id))
    }

    private func pump() {
        guard let store = task.driver?.store, !isReading, !isOver else { return }
        var isWaiting = false
        while position < length, sink.pendingBytes < Self.window, !isWaiting, !isReading {
            switch store.run(file: file, from: position, limit: Self.part) {
            case .inMemory(let bytes): pass(Array(bytes))
            case .onDisk(let count): read(count, store)
            case .missing: isWaiting = true
            case .none: return
            }
        }
        if let place = task.settings.torrent.layout.position(file, position) {
            task.driver?.feed(.readerMoved(id, to: place, isWaiting: isWaiting))
        }
        guard position == length, !isReading else { return }
        close()
        sink.end()
    }

    private func pass(_ bytes: [UInt8]) {
        position += Int64(bytes.count)
        sink.write(bytes)
    }

    /// Reads the next bytes from the disk, off the loop.
    private func read(_ count: Int, _ store: TorrentStore) {
        let files = store.files
        guard let place = files.layout.place(file: file, offset: position),
            let whole = files.layout.length(ofPiece: place.piece)
        else { return }
        isReading = true
        let count = min(count, whole - place.offset)
        Task.detached {
            let bytes = try? files.read(place.piece, offset: place.offset, length: count)
            await self.finished(bytes)
        }
    }

    private func finished(_ bytes: [UInt8]?) {
        isReading = false
        // What was there and is not any more has been changed by somebody else.
        guard let bytes, !isOver else { return sink.abandon(.failed(.system(5))) }
        pass(bytes)
        pump()
    }
}
