// What keeps loading cheap: pieces are checked two at a time and written one after the other.

import Pieces
import Primitives
import Synchronization
import Testing

@testable import Storage

@Suite("Work on pieces", .timeLimit(.minutes(1))) struct TurnTests {
    @Test("Jobs that take turns are done in order, all of them, and never two at a time")
    func turns() throws {
        struct Seen {
            var running = 0
            var most = 0
            var order: [Int] = []
        }
        let seen = Mutex(Seen())
        let notified = Semaphore()
        let queue = try DiskQueue<Int>(threads: 4) { notified.post() }
        for number in 0..<200 {
            queue.enqueue { _ in
                queue.enqueueInTurn { post in
                    seen.withLock { seen in
                        seen.running += 1
                        seen.most = max(seen.most, seen.running)
                    }
                    seen.withLock { seen in
                        seen.running -= 1
                        seen.order.append(number)
                    }
                    post(number)
                }
            }
        }
        var done: [Int] = []
        while done.count < 200 {
            notified.wait()
            done += queue.take()
        }
        queue.stop()
        seen.withLock { seen in
            #expect(seen.most == 1)
            #expect(seen.order == done)
            #expect(done.sorted() == Array(0..<200))
        }
    }

    @Test("Pieces that wait are checked two at a time, each once, and none is left behind")
    func pairs() {
        let alone = Mutex<[UInt32]>([])
        let together = Mutex<[[UInt32]]>([])
        let box = UncheckedPieces(
            { piece, _ in
                alone.withLock { $0.append(piece.value) }
                return true
            },
            { one, _, other, _ in
                together.withLock { $0.append([one.value, other.value]) }
                return (true, false)
            })
        for piece in 0..<5 as Range<UInt32> { box.append(PieceIndex(piece), [UInt8(piece)]) }
        let results = (0..<5 as Range<UInt32>).map { piece in
            box.check(PieceIndex(piece)).map { "\($0.piece) \($0.isRight) \($0.bytes)" }
        }
        #expect(
            results == [
                ["#0 true [0]", "#1 false [1]"], [], ["#2 true [2]", "#3 false [3]"], [],
                ["#4 true [4]"],
            ])
        together.withLock { #expect($0 == [[0, 1], [2, 3]]) }
        alone.withLock { #expect($0 == [4]) }
    }

    @Test(
        "Of two pieces that are checked together each has its own verdict, and its memory is free")
    func verdicts() throws {
        let scratch = try Scratch()
        let lengths = [Int64(16 * 32_768)]
        let files = try TorrentFiles(
            folder: "\(scratch.path)/down", layout: layout(lengths), paths: [["film"]])
        let (right, notified) = (rightCheck(files.layout), Semaphore())
        let store = try TorrentStore(
            files: files, written: Bitfield(pieceCount: 16), check: right,
            checkBoth: { (right($0, $1), right($2, $3)) }, notify: { notified.post() })
        var wrong: Set<PieceIndex> = []
        var written: Set<PieceIndex> = []
        for piece in 0..<16 as Range<UInt32> {
            var bytes = content(files.layout, piece)
            if piece % 3 == 0 { bytes[7] ^= 1 }
            store.submit(PieceIndex(piece), bytes)
        }
        while wrong.count + written.count < 16 {
            notified.wait()
            for event in store.take() {
                if case .mismatched(let piece) = event { wrong.insert(piece) }
                if case .written(let piece) = event { written.insert(piece) }
            }
        }
        #expect(wrong == Set([0, 3, 6, 9, 12, 15].map { PieceIndex($0) }))
        #expect(store.isIdle && store.pendingBytes == 0)
        #expect(store.spare.isEmpty, "nothing is under way: no memory is kept for it")
    }
}
