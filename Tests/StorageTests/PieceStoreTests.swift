import Pieces
import Primitives
import Testing

@testable import Storage

private let block = PieceGeometry.blockLength

/// A store of `capacity` pieces of two blocks each, from piece `first` on.
private func makeStore(capacity: Int = 4, first: UInt32 = 0, blocks: Int = 2) throws -> PieceStore {
    let geometry = try #require(PieceGeometry(pieceLength: blocks * block))
    var settings = PieceStoreSettings()
    settings.pieces = capacity
    return PieceStore(geometry: geometry, first: PieceIndex(first), settings: settings)
}

extension PieceStore {
    /// Puts a block full of `fill` into `piece`, by its number.
    fileprivate mutating func put(_ piece: UInt32, _ number: Int, fill: UInt8) -> Assembly {
        let bytes = [UInt8](repeating: fill, count: block)
        return assemble(
            piece: PieceIndex(piece), offset: UInt32(number * block), bytes: bytes.span)
    }

    /// One letter a piece: `v` verified, `c` complete, `.` anything less.
    fileprivate var picture: String {
        window.map { bytes(of: $0) != nil ? "v" : complete($0) != nil ? "c" : "." }.joined()
    }
}

@Suite("A piece store")
struct PieceStoreTests {
    @Test("assembles blocks in any order and hands out only what is declared right")
    func assembly() throws {
        var store = try makeStore()
        #expect(store.put(1, 1, fill: 7) == .stored)
        #expect(store.put(1, 1, fill: 8) == .duplicate)
        #expect(store.complete(PieceIndex(1)) == nil)
        #expect(store.put(1, 0, fill: 6) == .completed)
        #expect(store.picture == ".c..")
        let whole = [UInt8](repeating: 6, count: block) + [UInt8](repeating: 7, count: block)
        #expect(store.complete(PieceIndex(1)) == whole)
        #expect(store.put(1, 0, fill: 9) == .duplicate)
        let accepted = store.accept(PieceIndex(1))
        #expect(accepted)
        #expect(store.picture == ".v..")
        #expect(store.bytes(of: PieceIndex(1)) == whole)
        let second = Block(piece: PieceIndex(1), offset: UInt32(block), length: UInt32(block))
        #expect(store.bytes(of: second).map { Array($0) } == Array(whole[block...]))
        #expect(store.put(1, 0, fill: 9) == .duplicate)
    }

    @Test("throws a wrong piece away and takes its blocks anew")
    func reset() throws {
        var store = try makeStore()
        _ = store.put(0, 0, fill: 1)
        _ = store.put(0, 1, fill: 1)
        store.reset(PieceIndex(0))
        #expect(store.picture == "....")
        let early = store.accept(PieceIndex(0))
        #expect(!early)
        #expect(store.put(0, 0, fill: 2) == .stored)
        #expect(store.put(0, 1, fill: 2) == .completed)
        #expect(store.complete(PieceIndex(0)) == [UInt8](repeating: 2, count: 2 * block))
    }

    @Test("slides forward, forgets what falls out and never goes back")
    func sliding() throws {
        var store = try makeStore(first: 10)
        for piece in 10..<14 as Range<UInt32> {
            let kept = store.insert(PieceIndex(piece), [UInt8](repeating: 1, count: 2 * block))
            #expect(kept)
        }
        #expect(store.picture == "vvvv")
        #expect(store.put(9, 0, fill: 1) == .outsideWindow)
        #expect(store.put(14, 0, fill: 1) == .outsideWindow)
        store.drop(before: PieceIndex(12))
        #expect(store.window == PieceIndex(12)..<PieceIndex(16))
        #expect(store.picture == "vv..")
        store.drop(before: PieceIndex(11))
        #expect(store.picture == "vv..")
        #expect(store.put(14, 0, fill: 1) == .stored)
        store.drop(before: PieceIndex(4_000_000_000))
        #expect(store.picture == "....")
    }

    @Test("stands at the end of the numbering without a trap")
    func lastPiece() throws {
        var store = try makeStore(first: .max - 1)
        #expect(store.window == PieceIndex(.max - 1)..<PieceIndex(.max))
        #expect(store.put(.max - 1, 0, fill: 1) == .stored)
        #expect(store.put(.max, 0, fill: 1) == .outsideWindow)
        store.drop(before: PieceIndex(.max))
        #expect(store.put(.max - 1, 0, fill: 1) == .outsideWindow)
    }

    @Test("refuses blocks that do not exist")
    func malformed() throws {
        var store = try makeStore()
        func claim(_ offset: UInt32, _ count: Int) -> Assembly {
            let bytes = [UInt8](repeating: 0, count: count)
            return store.assemble(piece: PieceIndex(0), offset: offset, bytes: bytes.span)
        }
        #expect(claim(1, block) == .malformed(.offset))
        #expect(claim(UInt32(2 * block), block) == .malformed(.offset))
        #expect(claim(.max, block) == .malformed(.offset))
        #expect(claim(0, 0) == .malformed(.length))
        #expect(claim(0, block - 1) == .malformed(.length))
        #expect(claim(UInt32(block), block + 1) == .malformed(.length))
        let short = store.insert(PieceIndex(0), [1, 2, 3])
        #expect(!short)
        #expect(store.bytes(of: Block(piece: PieceIndex(0), offset: 7, length: 9)) == nil)
    }

    @Test("keeps no more than its limits: the bytes bound the pieces")
    func limits() throws {
        let geometry = try #require(PieceGeometry(pieceLength: 4 * block))
        var settings = PieceStoreSettings()
        settings.bytes = 10 * block
        #expect(PieceStore(geometry: geometry, settings: settings).capacity == 2)
        settings.bytes = 0
        #expect(PieceStore(geometry: geometry, settings: settings).capacity == 1)
    }

    @Test("hands out bytes that stay as they were when the piece is thrown away")
    func shared() throws {
        var store = try makeStore(capacity: 1, blocks: 1)
        #expect(store.put(0, 0, fill: 5) == .completed)
        let before = try #require(store.complete(PieceIndex(0)))
        store.reset(PieceIndex(0))
        _ = store.put(0, 0, fill: 6)
        #expect(before == [UInt8](repeating: 5, count: block))
    }

    @Test("agrees with a plain dictionary over a long random run")
    func model() throws {
        var random = SeededRandom(seed: 20)
        var store = try makeStore(capacity: 5, blocks: 4)
        var model: [UInt32: [Int: UInt8]] = [:]
        var lower: UInt32 = 0
        for _ in 0..<4000 {
            let piece = lower + UInt32.random(in: 0..<7, using: &random)
            switch Int.random(in: 0..<20, using: &random) {
            case 0:
                lower += UInt32.random(in: 0..<4, using: &random)
                store.drop(before: PieceIndex(lower))
                model = model.filter { $0.key >= lower }
            case 1:
                store.reset(PieceIndex(piece))
                model[piece] = nil
            default:
                let number = Int.random(in: 0..<4, using: &random)
                let fill = UInt8.random(in: 0...255, using: &random)
                let answer = store.put(piece, number, fill: fill)
                if piece >= lower + 5 {
                    #expect(answer == .outsideWindow)
                } else if model[piece]?[number] != nil {
                    #expect(answer == .duplicate)
                } else {
                    model[piece, default: [:]][number] = fill
                    #expect(answer == (model[piece]?.count == 4 ? .completed : .stored))
                }
            }
            let complete = model[piece].flatMap { $0.count == 4 ? $0 : nil }
            let fills = complete.map { fills in (0..<4).map { fills[$0] ?? 0 } }
            let bytes = store.complete(PieceIndex(piece))
            #expect(bytes.map { bytes in (0..<4).map { bytes[$0 * block + 9] } } == fills)
        }
    }
}
