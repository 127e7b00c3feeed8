// The files of one torrent and everybody who reads them. Says what readers want and passes on what
// it is given; which pieces that takes, and which come first, is for whoever gives.
//
//     request ─▶ opened ─▶ wants a..<b ─▶ (give, give, …) ─▶ wants b..<c ─▶ … ─▶ closed
//                              └─ waits for as long as it takes ─┘

package import Reactor

/// One request for a part of a file, from its first byte to its end; never used again.
package struct FileReaderID: Hashable, Sendable {
    /// The number of the request.
    package let value: UInt64

    /// Reader number `value`.
    package init(_ value: UInt64) { self.value = value }
}

/// What readers do.
///
/// A seek of a player is a new reader, mostly on a new connection, and the end of an old one, in
/// either order. Players ask from a byte to the end of the file and take what they need: the end
/// of `opened` says nothing about what is wanted (both mpv and VLC do so).
package enum FileReaderEvent: Equatable, Sendable {
    /// A reader asks for `range` of file number `file`.
    case opened(FileReaderID, file: Int, range: Range<Int64>)
    /// A reader has room for the bytes `range`, which begin where the last `give` ended.
    ///
    /// It takes the place of what the reader wanted before.
    case wants(FileReaderID, range: Range<Int64>)
    /// A reader has everything, or is gone: nothing more can be given to it.
    case closed(FileReaderID)
}

/// Bytes for a reader.
package enum FileBytes: Sendable {
    /// Bytes in memory, which are shared and not copied.
    case memory([UInt8])
    /// `count` bytes from `offset` of an open file, which go from the kernel to the kernel.
    case file(SharedFile, offset: Int64, count: Int)

    /// How many there are.
    package var count: Int {
        switch self {
        case .memory(let bytes): bytes.count
        case .file(_, _, let count): count
        }
    }
}

/// How much is held for readers.
package struct FileShelfSettings: Hashable, Sendable {
    /// Bytes that may wait in one reader: 1 MiB keeps a connection of 1 GB/s busy for a
    /// millisecond, which a disk worker needs.
    package var window = 1_048_576
    /// Bytes that may wait in all readers: players that paused hold theirs for minutes.
    package var memory = 67_108_864
    /// Bytes that may wait in one reader however many there are: two blocks.
    package var leastWindow = 32_768

    /// The defaults.
    package init() {}
}

/// The files of one torrent, for players.
///
/// `handler` is told what readers do; answer `wants` by `give`, at once or at any time later, in
/// parts of any size, in order. Requests are held open until then.
@Loop
package final class FileShelf {
    /// The files, each under its own number.
    package let files: [ServedFile]
    private let content: String
    private let settings: FileShelfSettings
    private let handler: @Loop (FileReaderEvent) -> Void
    private var readers: [FileReaderID: FileReader] = [:]
    private var lastID: UInt64 = 0

    /// The shelf of the content that `content`, an info-hash in hexadecimal, names.
    package init(
        content: String, files: [ServedFile], settings: FileShelfSettings = FileShelfSettings(),
        handler: @escaping @Loop (FileReaderEvent) -> Void
    ) {
        self.content = content
        self.files = files
        self.settings = settings
        self.handler = handler
    }

    /// How many readers there are.
    package var readerCount: Int { readers.count }

    /// The first byte that a reader's connection has not taken; nil where there is no such reader.
    ///
    /// A player reads ahead of what it shows, so this is not yet the place that it shows.
    package func position(of reader: FileReaderID) -> Int64? { readers[reader]?.taken }

    /// Passes the next bytes on to a reader.
    ///
    /// Answers false, and passes nothing on, where the reader is gone or the bytes are more than
    /// it wants.
    @discardableResult
    package func give(_ bytes: FileBytes, to reader: FileReaderID) -> Bool {
        guard let it = readers[reader], bytes.count > 0, Int64(bytes.count) <= it.wanted.count
        else { return false }
        it.pass(bytes)
        if it.isComplete {
            remove(reader)
            it.end()
        } else if it.wanted.isEmpty {
            ask(it)
        }
        return true
    }

    /// Closes the connection of a reader that can never be given what it wants.
    package func refuse(_ reader: FileReaderID) {
        readers[reader]?.abort()
        remove(reader)
    }

    /// Closes the connections of all readers.
    package func close() {
        for reader in Array(readers.keys) { refuse(reader) }
    }
}

extension FileShelf {
    /// Answers a request for file number `index`; false where there is no such file.
    func answer(_ index: Int, _ request: HTTPRequest, _ responder: HTTPResponder) -> Bool {
        guard let file = files.first(where: { $0.index == index }) else { return false }
        let tag = EntityTag(content: content, file: index)
        let answer = FileAnswer(file, tag, request)
        guard let range = answer.body else {
            responder.send(status: answer.status, headers: answer.headers)
            return true
        }
        responder.start(status: answer.status, headers: answer.headers)
        open(file, range, responder)
        return true
    }

    private func open(_ file: ServedFile, _ range: Range<Int64>, _ responder: HTTPResponder) {
        lastID += 1
        let id = FileReaderID(lastID)
        let reader = FileReader(id, range, responder)
        readers[id] = reader
        responder.lowWater = settings.window / 2
        responder.onDrain = { [weak self, weak reader] in reader.map { self?.ask($0) } }
        responder.onClose = { [weak self] in self?.remove(id) }
        handler(.opened(id, file: file.index, range: range))
        ask(reader)
    }

    /// Says what a reader has room for, if that is more than it is known to want.
    private func ask(_ reader: FileReader) {
        guard readers[reader.id] === reader else { return }
        let share = settings.memory / max(1, readers.count)
        let window = max(settings.leastWindow, min(settings.window, share))
        guard reader.widen(to: window) else { return }
        handler(.wants(reader.id, range: reader.wanted))
    }

    private func remove(_ reader: FileReaderID) {
        guard readers.removeValue(forKey: reader) != nil else { return }
        handler(.closed(reader))
    }
}
