// The content of one torrent as the loop sees it: pieces come in as blocks, are checked and
// written by threads, and go out as blocks or as stretches of files. Nothing here blocks. Which
// pieces to get, and whom to give them, is for others.
//
//     block ─▶ assembling ─whole─▶ pending ─right─▶ readable ─▶ written
//                   ▲                 └─wrong─▶ gone     └─disk full─▶ kept until `retry`
//                   └─────sifted─── doubtful, where blocks have hashes of their own

package import Pieces
package import Primitives

/// How much is held in memory, and by how many threads the disk is used.
package struct TorrentStoreSettings: Hashable, Sendable {
    /// Threads that check, write and read: a disk serves several at a time better than one.
    package var threads = 4
    /// Bytes that may be assembled or wait for the disk before `hasRoom` says no; it does not while
    /// nothing waits for the disk.
    ///
    /// A second of a disk that writes 64 MiB/s; a single piece may be more.
    package var pendingBytes = 67_108_864
    /// Bytes of whole pieces, and three pieces at least, that may wait before `isBehind` says yes.
    ///
    /// One is checked, one is written and one is next. Of 2, 3, 4 and 6 MiB 3 took the least processor
    /// time a GiB, and 10 MiB less memory than no bound.
    package var hotBytes = 3_145_728
    /// Whole pieces that are checked together where they come quickly, one or none for each alone:
    /// as many as the check works at side by side.
    package var lotPieces = 1
    /// The most bytes of such pieces: they leave the processor's cache, and count as pending.
    package var lotBytes = 8_388_608
    /// How long a whole piece waits for others at most: nobody notices, and eight pieces in that
    /// time are 64 MiB/s even where they are as small as 160 KiB.
    package var lotPatience = Interval.milliseconds(20)
    /// Bytes of what was lately read or written: some seconds of what is passed on.
    package var cacheBytes = 33_554_432
    /// Bytes that are read at a time: with 16 blocks the way to a thread and back costs each of
    /// them a microsecond.
    package var readAhead = 262_144
    /// Bytes of pieces that are kept for peers in memory which is used again and again, and how
    /// many are read at a time.
    ///
    /// A quarter of a MiB stays in a processor's cache until it leaves. Without any, what peers ask
    /// for is read into new memory.
    package var stretchBytes = 0
    package var stretchLength = 262_144
    /// Whether what the system has in memory is sent from there, without such memory of our own.
    package var sendsFromFiles = false
    /// Whether a wrong piece is kept until `sift` or `forget`: its blocks have hashes of their own.
    package var keepsWrong = false
    /// Reads under way before others are refused: memory, and the patience of those who wait.
    package var reads = 256

    /// The defaults.
    package init() {}
}

/// The caller's own number of a read.
package typealias ReadTicket = UInt64

/// What has happened in a store.
package enum StoreEvent: Equatable, Sendable {
    /// A piece is right: it can be read, and passed on.
    case verified(PieceIndex)
    /// A piece is wrong and forgotten.
    case mismatched(PieceIndex)
    /// It was found out which blocks of a wrong piece are wrong: these are missing now, the others
    /// are kept. Where none is, the piece stays as it was.
    case sifted(PieceIndex, wrong: [Int])
    /// What was to be made of a piece; empty where it cannot be read.
    case derived(ReadTicket, [SHA256Digest])
    /// A piece is in its files.
    case written(PieceIndex)
    /// The disk takes nothing more; what it did not take is kept in memory until `retry`.
    case paused(StorageError)
    /// The bytes that were to come later, in memory that the store lends.
    case lent(ReadTicket, LentBytes)
    /// The bytes that were to come later.
    case read(ReadTicket, ArraySlice<UInt8>)
    /// The bytes that were to come later will not.
    case unreadable(ReadTicket, StorageError)
    /// The state for the next start is on disk.
    case saved
    /// The state for the next start could not be kept.
    case notSaved(StorageError)
}

/// The answer to a read.
package enum StoreRead: Equatable, Sendable {
    /// The bytes, shared and not copied.
    case bytes(ArraySlice<UInt8>)
    /// The bytes, in memory that the store lends.
    case lent(LentBytes)
    /// The bytes, in an open file of which the system has them in memory.
    case inFile(StoredPart)
    /// An event will bring them.
    case later
    /// They are not there, or there is no such part, or too many reads are under way.
    case refused
}

/// Pieces of a torrent, in memory and on disk.
///
/// It belongs to one thread, the loop's. When `notify` is called, on another thread, call `take`
/// there and act on the events.
package final class TorrentStore {
    /// Whether the bytes of each of some pieces are right; called on several threads at a time.
    package typealias Check = @Sendable ([WholePiece]) -> [Bool]

    enum Report: Sendable {
        case checked(PieceIndex, Bool)
        case sifted(PieceIndex, PieceMemory, [Int])
        case derived(ReadTicket, [SHA256Digest])
        case wrote(PieceIndex, StorageError?)
        case read(ReadCache.Key, Result<[UInt8], StorageError>)
        case stretch(StretchCache.Key, Result<StretchBuffer, StorageError>)
        case saved(StorageError?)
    }

    struct Pending {
        let memory: PieceMemory
        var isRight: Bool
        var hasFailed = false
    }

    struct Waiting {
        let ticket: ReadTicket
        let range: Range<Int>
    }

    /// The files.
    package let files: TorrentFiles
    /// The pieces that are whole, right and in their files.
    package internal(set) var written: Bitfield
    /// Why the disk takes nothing more, as long as it does not.
    package internal(set) var fault: StorageError?
    let settings: TorrentStoreSettings
    let queue: DiskQueue<Report>
    let check: Check
    var assembling: [PieceIndex: BlockAssembly] = [:]
    var pending: [PieceIndex: Pending] = [:]
    /// Whole pieces that are wrong and kept.
    var doubtful: [PieceIndex: PieceMemory] = [:]
    var cache: ReadCache
    var reads: [ReadCache.Key: [Waiting]] = [:]
    /// The memory of pieces that are done with, for others: new memory costs as much as a copy.
    ///
    /// What was used last is used first, as processors have it still.
    var spare: [PieceMemory] = []
    /// Whole pieces that wait to be checked together.
    var lot: PieceLot
    var stretches: StretchCache
    var cached = CachedStretches()
    /// The bytes of what is assembled and of what waits for the disk.
    package internal(set) var pendingBytes = 0

    /// A store over `files`, in which the pieces `written` are right.
    package init(
        files: TorrentFiles, written: Bitfield,
        settings: TorrentStoreSettings = TorrentStoreSettings(), check: @escaping Check,
        notify: @escaping @Sendable () -> Void
    ) throws(StorageError) {
        precondition(written.pieceCount == files.layout.pieceCount)
        (self.files, self.written, self.settings, self.check) = (files, written, settings, check)
        lot = PieceLot(settings, pieceLength: files.layout.pieceLength)
        cache = ReadCache(limit: settings.cacheBytes)
        stretches = StretchCache(
            length: settings.stretchLength,
            limit: max(4, settings.stretchBytes / settings.stretchLength))
        queue = try DiskQueue(threads: settings.threads, notify: notify)
    }

    deinit { queue.stop() }

    /// Whether more should be asked for: the disk works and keeps up.
    ///
    /// What is being assembled is no reason to stop where nothing waits for the disk: only its
    /// missing blocks make an end of it, and one piece may be as large as the bound.
    package var hasRoom: Bool {
        fault == nil && (pending.isEmpty || pendingBytes < settings.pendingBytes)
    }

    /// Whether more whole pieces wait than the threads are at: what comes now had better wait where
    /// it is, for what is checked and written late has left the processor's cache.
    package var isBehind: Bool {
        let length = files.layout.pieceLength
        let most = max(3, settings.hotBytes / length)
        // Mostly before there is no room: requests that stop cost more than reads that wait.
        let room = max(most, settings.pendingBytes * 3 / 4 / length)
        return fault == nil && pending.count >= min(most + lot.held, room)
    }

    /// Whether everything that is right is in its files.
    package var isIdle: Bool { pending.isEmpty }

    /// Whether `piece` is right and can be read, from memory or from disk.
    package func has(_ piece: PieceIndex) -> Bool {
        written.contains(piece) || pending[piece]?.isRight == true
    }

    /// What has happened since the last call, in order.
    package func take() -> [StoreEvent] {
        queue.take().flatMap { report -> [StoreEvent] in
            switch report {
            case .checked(let piece, let isRight): checked(piece, isRight)
            case .sifted(let piece, let memory, let wrong): sifted(piece, memory, wrong)
            case .derived(let ticket, let digests): [.derived(ticket, digests)]
            case .wrote(let piece, let fault): wrote(piece, fault)
            case .read(let key, let result): finished(key, result)
            case .stretch(let key, let result): finished(key, result)
            case .saved(let fault): [fault.map { .notSaved($0) } ?? .saved]
            }
        }
    }
}

extension TorrentStore {
    /// Takes a whole piece; `isRight` where it has been checked already.
    ///
    /// False where it is there already, or is not as long as it should be.
    @discardableResult
    package func submit(_ piece: PieceIndex, _ bytes: [UInt8], isRight: Bool = false) -> Bool {
        guard files.layout.length(ofPiece: piece) == bytes.count, pending[piece] == nil,
            !written.contains(piece)
        else { return false }
        forget(piece)
        submit(piece, PieceMemory(bytes), isRight: isRight)
        return true
    }

    func submit(
        _ piece: PieceIndex, _ memory: PieceMemory, isRight: Bool = false, at now: Instant? = nil
    ) {
        pending[piece] = Pending(memory: memory, isRight: isRight)
        pendingBytes += memory.bytes.count
        if isRight { return write(piece, memory) }
        if lot.add(piece, memory, at: now) { checkLot() }
    }

    /// When `checkLot` is to be called at the latest; nil where nothing waits for others.
    package var lotDeadline: Instant? { lot.deadline }

    /// Has the whole pieces checked that wait for others.
    package func checkLot() {
        let pieces = lot.take()
        guard !pieces.isEmpty else { return }
        queue.enqueue { [files, check, queue] post in
            let verdicts = check(pieces.map { WholePiece(piece: $0.piece, bytes: $0.memory.bytes) })
            for (it, isRight) in zip(pieces, verdicts) {
                post(.checked(it.piece, isRight))
                guard isRight else { continue }
                queue.enqueueInTurn { post in
                    post(.wrote(it.piece, Self.write(it.piece, it.memory, files)))
                }
            }
        }
    }

    /// Tries again to write what the disk did not take.
    package func retry() {
        fault = nil
        for (piece, it) in pending where it.hasFailed {
            pending[piece]?.hasFailed = false
            write(piece, it.memory)
        }
    }

    private func write(_ piece: PieceIndex, _ memory: PieceMemory) {
        queue.enqueue { [files, queue] _ in
            queue.enqueueInTurn { post in
                post(.wrote(piece, Self.write(piece, memory, files)))
            }
        }
    }

    private static func write(
        _ piece: PieceIndex, _ memory: PieceMemory, _ files: TorrentFiles
    ) -> StorageError? {
        do throws(StorageError) {
            try files.write(piece, memory.bytes[...])
            return nil
        } catch {
            return error
        }
    }

    private func checked(_ piece: PieceIndex, _ isRight: Bool) -> [StoreEvent] {
        pending[piece]?.isRight = isRight
        if isRight { return [.verified(piece)] }
        if let memory = settle(piece), settings.keepsWrong { doubt(piece, memory) }
        return [.mismatched(piece)]
    }

    private func wrote(_ piece: PieceIndex, _ fault: StorageError?) -> [StoreEvent] {
        if let fault {
            pending[piece]?.hasFailed = true
            defer { self.fault = fault }
            return self.fault == nil ? [.paused(fault)] : []
        }
        if let memory = settle(piece) {
            // What can be read cheaply is not kept, and its memory is the warmest for what comes.
            if settings.stretchBytes == 0 {
                cache.keep(memory.bytes, .whole(piece))
            } else {
                recycle(memory)
            }
        }
        written.insert(piece)
        return [.written(piece)]
    }

    /// Keeps memory for the next pieces, as long as any are under way: no more than these take at
    /// most, with half as much again that was asked for before there was no more room.
    private func recycle(_ gone: PieceMemory) {
        let most = settings.pendingBytes + settings.pendingBytes / 2
        let length = gone.bytes.count
        if length == files.layout.pieceLength, pendingBytes + (spare.count + 1) * length <= most {
            spare.append(gone)
        }
        if pendingBytes == 0 { spare = [] }
    }

    @discardableResult
    private func settle(_ piece: PieceIndex) -> PieceMemory? {
        let memory = pending.removeValue(forKey: piece)?.memory
        pendingBytes -= memory?.bytes.count ?? 0
        return memory
    }
}

extension TorrentStore {
    /// Writes what a next start needs to know to the file `path`: what is written, in which files.
    ///
    /// All that was written is made durable before; an event tells the end.
    package func save(_ path: String, content: ContentID) {
        let written = written
        queue.enqueue { [files] post in
            var fault: StorageError?
            do throws(StorageError) {
                let data = try ResumeData(content: content, have: written, files: files)
                try files.sync()
                try AtomicFile.write(path, data.encoded)
            } catch {
                fault = error
            }
            post(.saved(fault))
        }
    }
}
