import Pieces
import Primitives
import Testing

private func piece(_ number: UInt32) -> PieceIndex { PieceIndex(number) }

/// A window from `base` in which each `#` of the picture is held.
private func window(_ picture: String, base: UInt32, capacity: Int? = nil) -> WindowBitmap {
    var out = WindowBitmap(base: piece(base), capacity: capacity ?? picture.utf8.count)
    for (i, byte) in picture.utf8.enumerated() where byte == UInt8(ascii: "#") {
        out.insert(piece(base + UInt32(i)))
    }
    return out
}

private func picture(_ window: WindowBitmap) -> String {
    let base = window.base.value
    return String(
        (0..<UInt32(window.capacity)).map { i in
            window.contains(piece(base &+ i)) ? "#" : "."
        })
}

@Suite("A window over an endless stream")
struct WindowBitmapTests {
    @Test("forgets what falls out when it slides, and keeps the rest")
    func slide() {
        var set = window("#.##...#", base: 1000)
        set.slide(to: piece(1002))
        #expect(picture(set) == "##...#..")
        #expect(set.count == 3)
        set.slide(to: piece(1001))
        #expect(picture(set) == ".##...#.")
        set.slide(to: piece(996))
        #expect(picture(set) == "......##")
        set.slide(to: piece(5_000_000))
        #expect(picture(set) == "........")
        #expect(set.isEmpty && set.first == nil && set.last == nil)
        set.checkInvariants()
    }

    @Test("refuses pieces outside it, at both ends of the numbering too")
    func outside() {
        var set = WindowBitmap(base: piece(100), capacity: 8)
        let answers = [99, 108, 0, .max].map { set.insert(piece($0)) }
        #expect(answers == [false, false, false, false])
        let inside = [100, 107].map { set.insert(piece($0)) }
        #expect(inside == [true, true])
        #expect(set.count == 2)
        set.slide(to: piece(.max))
        let atTheEnd = [UInt32.max, 0].map { set.insert(piece($0)) }
        #expect(atTheEnd == [true, false])
        #expect(set.first == piece(.max) && set.last == piece(.max))
        #expect(set.encoded().bits == [0x80])
        set.checkInvariants()
    }

    @Test("states itself from its first piece on, high bit first")
    func encoded() {
        let set = window("..#.....#.#.............", base: 7)
        #expect(set.encoded() == .init(first: piece(9), bits: [0b1000_0010, 0b1000_0000]))
        let empty = WindowBitmap(base: piece(5), capacity: 100).encoded()
        #expect(empty == .init(first: piece(5), bits: []))
    }

    @Test("reads what another stated, and refuses what does not fit")
    func decoded() {
        let read = WindowBitmap(first: piece(9), bits: [0x82, 0x80], capacity: 12)
        #expect(read.map(picture) == "#.....#.#...")
        #expect(WindowBitmap(first: piece(9), bits: [0, 0x10], capacity: 12)?.count == 1)
        #expect(WindowBitmap(first: piece(9), bits: [0, 0x08], capacity: 12) == nil)
        #expect(WindowBitmap(first: piece(9), bits: [0, 0, 0], capacity: 12) == nil)
        let edge = UInt32.max - 1
        #expect(WindowBitmap(first: piece(edge), bits: [0xc0], capacity: 8)?.count == 2)
        #expect(WindowBitmap(first: piece(edge), bits: [0x20], capacity: 8) == nil)
        #expect(WindowBitmap(first: piece(edge), bits: [], capacity: 8)?.isEmpty == true)
    }

    @Test("lists and counts the pieces of a range")
    func ranges() {
        let set = window("#.##...#", base: 60)
        #expect(set.indices(in: piece(61)..<piece(68)) == [62, 63, 67].map(piece))
        #expect(set.indices(in: piece(0)..<piece(.max)) == [60, 62, 63, 67].map(piece))
        #expect(set.indices(in: piece(64)..<piece(67)) == [])
        #expect(set.count(in: piece(0)..<piece(63)) == 2)
        #expect(set.bits(from: 60) == 0b1011_0001 << 56)
        #expect(set.bits(from: 0) == 0b1011)
        #expect(set.bits(from: -64) == 0)
    }

    @Test(
        "does what a plain set does, over 4,000 random steps",
        arguments: [1, 63, 64, 65, 128, 300])
    func model(capacity: Int) {
        var random = SeededRandom(seed: UInt64(capacity))
        var set = WindowBitmap(base: piece(0), capacity: capacity)
        var model: Set<UInt32> = []
        for step in 0..<4000 {
            let base = set.base.value
            let some = base &+ UInt32.random(in: 0..<UInt32(capacity + 2), using: &random)
            switch UInt8.random(in: 0..<8, using: &random) {
            case 0:
                let new = base + UInt32.random(in: 0..<80, using: &random)
                set.slide(to: piece(new))
                model = model.filter { $0 >= new }
            case 1:
                let (was, expected) = (set.remove(piece(some)), model.remove(some) != nil)
                #expect(was == expected)
            default:
                let fits = some < base + UInt32(capacity)
                let inserted = set.insert(piece(some))
                #expect(inserted == fits)
                if fits { model.insert(some) }
            }
            guard step % 10 == 0 else { continue }
            check(set, model)
        }
    }

    private func check(_ set: WindowBitmap, _ model: Set<UInt32>) {
        set.checkInvariants()
        let sorted = model.sorted().map(piece)
        #expect(set.count == model.count)
        #expect(set.indices(in: set.range) == sorted)
        #expect(set.count(in: set.range) == model.count)
        #expect(set.first == sorted.first && set.last == sorted.last)
        let wire = set.encoded()
        let read = WindowBitmap(first: wire.first, bits: wire.bits, capacity: set.capacity)
        #expect(read?.indices(in: set.range) == sorted)
    }
}
