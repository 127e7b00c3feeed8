// From transport stream bytes to published pieces: drives the publisher, computes its digests and
// signatures, and holds a record back until the number after it is safe on disk.

import Crypto
import Metainfo
import Pieces
import Primitives
import Publish
import Reactor
import Storage

/// What the line tells the broadcast.
enum PublishingEvent {
    /// Pieces with their record and their bytes.
    case publish(LiveRecord, SHA256Digest, Range<PieceIndex>, [PieceIndex: [UInt8]])
    /// The end record is out.
    case finished
    /// The state cannot be written, so nothing can be published any more.
    case failed(StorageError)
}

/// The making and the safe-keeping of a broadcast's pieces.
@Loop
final class PublishingLine {
    private struct Ready {
        var record: LiveRecord
        var digest: SHA256Digest
        var pieces: Range<PieceIndex>
    }

    private var publisher: Publisher
    private var journal: StateJournal
    private let folder: BroadcastFolder
    private let key: SigningKey
    private let infoHash: InfoHash
    private let handler: @Loop (PublishingEvent) -> Void
    private var bytes: [PieceIndex: [UInt8]] = [:]
    private var held: [Ready] = []
    private var timer: LoopTimer?
    private var lastDigest: SHA256Digest
    private var isWriting = false
    private var isDone = false
    /// Pieces and bytes so far.
    private(set) var pieces = 0

    init(
        state: ChannelState, folder: BroadcastFolder, key: SigningKey, infoHash: InfoHash,
        handler: @escaping @Loop (PublishingEvent) -> Void
    ) {
        publisher = Publisher(
            geometry: state.geometry, first: state.first, previous: state.previous)
        journal = StateJournal(state)
        lastDigest = state.previous
        (self.folder, self.key, self.infoHash) = (folder, key, infoHash)
        self.handler = handler
        timer = LoopTimer { [weak self] in self?.feed(.deadlineReached) }
        reserve(state.first)
    }

    /// Gives the publisher an input and carries out what follows.
    func feed(_ input: Publisher.Input) {
        var inputs = [input]
        while !inputs.isEmpty {
            var outputs: [Publisher.Output] = []
            publisher.handle(inputs.removeFirst(), at: Loop.now, into: &outputs)
            for output in outputs { carryOut(output, &inputs) }
        }
        let deadline = publisher.nextDeadline
        if deadline.at < .never { timer?.schedule(at: deadline.at) } else { timer?.cancel() }
    }

    private func carryOut(_ output: Publisher.Output, _ inputs: inout [Publisher.Input]) {
        switch output {
        case .digest(let piece, let content):
            bytes[piece] = content
            inputs.append(
                .pieceDigested(
                    piece, sha1: Digests.sha1(content), root: Digests.merkleRoot(of: content)))
        case .sign(let draft):
            let message = draft.signedMessage(infoHash: infoHash)
            guard let signature = try? key.sign(message) else { return }
            let record = draft.signed(by: signature)
            inputs.append(.recordSigned(signature, digest: Digests.sha256(record.bytes)))
        case .publish(let record, let pieces):
            let digest = Digests.sha256(record.bytes)
            lastDigest = digest
            held.append(Ready(record: record, digest: digest, pieces: pieces))
            release()
        case .finished:
            isDone = true
            release()
        }
    }

    /// Publishes what the journal permits, and has it permit more.
    private func release() {
        while let ready = held.first, journal.permits(ready.pieces.upperBound) {
            held.removeFirst()
            var contents: [PieceIndex: [UInt8]] = [:]
            for piece in ready.pieces { contents[piece] = bytes.removeValue(forKey: piece) }
            pieces += ready.pieces.count
            handler(.publish(ready.record, ready.digest, ready.pieces, contents))
        }
        reserve(held.last?.pieces.upperBound ?? publisher.published)
        if isDone, held.isEmpty {
            isDone = false
            handler(.finished)
        }
    }

    /// Writes the next reservation on a thread of its own: an fsync may take long.
    private func reserve(_ end: PieceIndex) {
        guard !isWriting, let state = journal.due(end, last: lastDigest) else { return }
        isWriting = true
        let folder = folder
        Task.detached { [weak self] in
            var fault: StorageError?
            do throws(StorageError) { try folder.write(state) } catch { fault = error }
            await self?.wrote(fault)
        }
    }

    private func wrote(_ fault: StorageError?) {
        isWriting = false
        if let fault {
            journal.failed()
            return handler(.failed(fault))
        }
        journal.written()
        release()
    }

    /// Writes the exact state: the numbering goes on without a gap.
    func close() {
        timer?.cancel()
        guard held.isEmpty else { return }
        try? folder.write(journal.final(next: publisher.published, last: lastDigest))
    }
}
