// One request that is being answered: how far it is, and how much more it may be given.

import Reactor

/// A reader of a FileShelf.
@Loop
final class FileReader {
    let id: FileReaderID
    /// What has been said to be wanted and not been given yet.
    private(set) var wanted: Range<Int64>
    private let limit: Int64
    private let responder: HTTPResponder

    init(_ id: FileReaderID, _ range: Range<Int64>, _ responder: HTTPResponder) {
        self.id = id
        wanted = range.lowerBound..<range.lowerBound
        limit = range.upperBound
        self.responder = responder
    }

    /// The first byte that the kernel has not taken.
    var taken: Int64 { wanted.lowerBound - Int64(responder.pendingBytes) }

    var isComplete: Bool { wanted.lowerBound == limit }

    /// Wants as much as a window of `window` bytes has room for; false where that is nothing new.
    func widen(to window: Int) -> Bool {
        let room = Int64(max(0, window - responder.pendingBytes))
        let upper = min(limit, wanted.lowerBound + room)
        guard upper > wanted.upperBound else { return false }
        wanted = wanted.lowerBound..<upper
        return true
    }

    func pass(_ bytes: FileBytes) {
        wanted = wanted.lowerBound + Int64(bytes.count)..<wanted.upperBound
        switch bytes {
        case .memory(let bytes): responder.write(bytes)
        case .file(let file, let offset, let count):
            responder.write(file, at: offset, count: count)
        }
    }

    func end() { responder.end() }
    func abort() { responder.abort() }
}
