// How whole pieces wait for each other, at which times, and what becomes of a lot.

import Pieces
import Primitives
import Synchronization
import Testing

@testable import Storage

@Suite("Whole pieces that are checked together", .timeLimit(.minutes(1)))
struct PieceLotTests {
    private func settings(pieces: Int = 4) -> TorrentStoreSettings {
        var settings = TorrentStoreSettings()
        settings.lotPieces = pieces
        settings.lotBytes = 4 * 32_768
        settings.lotPatience = .milliseconds(20)
        return settings
    }

    /// After each piece at these times, in milliseconds: how many are checked then.
    private func checked(
        at times: [Int64], pieceLength: Int = 32_768, pieces: Int = 4
    ) -> [Int] {
        var lot = PieceLot(settings(pieces: pieces), pieceLength: pieceLength)
        return times.enumerated().map { number, time in
            let piece = PieceIndex(UInt32(number))
            let now = Instant.zero + .milliseconds(time)
            return lot.add(piece, PieceMemory(length: 1), at: now) ? lot.take().count : 0
        }
    }

    @Test("Slow ones are checked at once, each alone")
    func slow() { #expect(checked(at: [0, 10, 20, 30, 40, 50]) == [1, 1, 1, 1, 1, 1]) }

    @Test("When as many as fill a lot came within its patience, the next ones wait for each other")
    func quick() {
        #expect(
            checked(at: [0, 2, 4, 6, 8, 10, 12, 14, 16]) == [1, 1, 1, 0, 0, 0, 4, 0, 0])
    }

    @Test("When they become slow, those that waited are checked with the next one")
    func slower() { #expect(checked(at: [0, 2, 4, 6, 8, 60, 120]) == [1, 1, 1, 0, 0, 3, 1]) }

    @Test("Pieces of which less than half a lot has room are checked alone")
    func large() {
        #expect(checked(at: [0, 1, 2, 3, 4, 5], pieceLength: 65_536) == [1, 0, 2, 0, 2, 0])
        #expect(checked(at: [0, 1, 2, 3, 4, 5], pieceLength: 131_072) == [1, 1, 1, 1, 1, 1])
        #expect(checked(at: [0, 1, 2, 3, 4, 5], pieces: 1) == [1, 1, 1, 1, 1, 1])
    }

    @Test("The deadline is that of the first one that waits")
    func deadline() {
        var lot = PieceLot(settings(), pieceLength: 32_768)
        for time in [0, 2, 4, 6, 9] {
            let now = Instant.zero + .milliseconds(Int64(time))
            if lot.add(PieceIndex(UInt32(time)), PieceMemory(length: 1), at: now) { _ = lot.take() }
        }
        #expect(lot.deadline == Instant.zero + .milliseconds(26))
        #expect(lot.take().count == 2)
        #expect(lot.deadline == nil)
    }

    @Test("Those of a lot that are right are written, a wrong one is forgotten alone")
    func oneWrong() throws {
        let layout = try layout([8 * 32_768])
        let scratch = try Scratch()
        let files = try TorrentFiles(
            folder: "\(scratch.path)/down", layout: layout, paths: [["a"]])
        let sizes = Mutex<[Int]>([])
        let right = rightCheck(layout)
        let rig = try StoreRig(
            files, settings: settings(),
            check: { pieces in
                sizes.withLock { $0.append(pieces.count) }
                return right(pieces)
            })
        var events: [StoreEvent] = []
        for piece in UInt32(0)..<8 {
            var bytes = content(layout, piece)
            if piece == 5 { bytes[7] ^= 1 }
            rig.assemble(piece, bytes, at: .zero + .milliseconds(Int64(piece)))
        }
        #expect(rig.store.lotDeadline == .zero + .milliseconds(27))
        rig.store.checkLot()
        #expect(rig.store.lotDeadline == nil)
        events += rig.events(15)
        #expect(events.filter { $0 == .mismatched(PieceIndex(5)) }.count == 1)
        #expect(sizes.withLock { $0.sorted() } == [1, 1, 1, 1, 4])
        #expect(rig.store.written.indices.map(\.value) == [0, 1, 2, 3, 4, 6, 7])
        #expect(rig.store.isIdle)
    }
}
