import Pieces
import Primitives
import Testing

private func field(_ picture: String) -> Bitfield {
    var out = Bitfield(pieceCount: picture.utf8.count)
    for (i, byte) in picture.utf8.enumerated() where byte == UInt8(ascii: "#") {
        out.insert(PieceIndex(UInt32(i)))
    }
    return out
}

private func decode(_ bytes: [UInt8], _ count: Int) -> Bitfield? {
    Bitfield(bytes.span, count: count)
}

@Suite("A bitfield")
struct BitfieldTests {
    @Test("has piece 0 in the high bit of the first byte, as BEP 3 says")
    func order() {
        #expect(field("#.......#.").bytes == [0x80, 0x80])
        #expect(field(".......#.#").bytes == [0x01, 0x40])
        #expect(field("").bytes == [])
        #expect(decode([0x80, 0x80], 10) == field("#.......#."))
        #expect(decode([], 0) == field(""))
    }

    @Test("refuses spare bits and any other number of bytes")
    func wire() {
        #expect(decode([0x80, 0x20], 10) == nil)
        #expect(decode([0x80, 0x01], 10) == nil)
        #expect(decode([0x80], 10) == nil)
        #expect(decode([0x80, 0, 0], 10) == nil)
        #expect(decode([0], 0) == nil)
        #expect(decode([], -1) == nil)
        #expect(decode([0xff], .max) == nil)
        let nine = [UInt8](repeating: 0xff, count: 9)
        #expect(decode(nine, 72)?.isFull == true)
        #expect(decode(nine, 71) == nil)
        #expect(decode(Array(nine[..<8]), 64)?.count == 64)
    }

    @Test("counts, finds and changes pieces, and knows none outside")
    func members() {
        var set = Bitfield(pieceCount: 130)
        let some = [0, 63, 64, 127, 129].map { PieceIndex($0) }
        let fresh = some.map { set.insert($0) }
        #expect(fresh == [true, true, true, true, true])
        let again = set.insert(some[0])
        let outside = set.insert(PieceIndex(130))
        let far = set.insert(PieceIndex(.max))
        #expect([again, outside, far] == [false, false, false])
        #expect(set.indices == some)
        #expect(set.count == 5)
        #expect(!set.contains(PieceIndex(130)) && !set.contains(PieceIndex(.max)))
        let removed = [PieceIndex(64), PieceIndex(64), PieceIndex(.max)].map { set.remove($0) }
        #expect(removed == [true, false, false])
        #expect(!set.contains(PieceIndex(64)) && set.contains(PieceIndex(63)))
    }

    @Test("joins, cuts and compares whole sets")
    func sets() {
        let (a, b) = (field("##..#"), field(".##.."))
        var (union, common, rest) = (a, a, a)
        union.formUnion(b)
        common.formIntersection(b)
        rest.subtract(b)
        #expect(union == field("###.#"))
        #expect(common == field(".#..."))
        #expect(rest == field("#...#"))
        #expect(a.lacksAny(of: b) && !union.lacksAny(of: b))
        #expect(Bitfield(pieceCount: 5).isEmpty && !a.isEmpty)
    }

    @Test("full has exactly the pieces that exist", arguments: [0, 1, 63, 64, 65, 128, 200])
    func full(count: Int) {
        let full = Bitfield.full(pieceCount: count)
        #expect(full.isFull)
        #expect(full.count == count)
        #expect(decode(full.bytes, count) == full)
    }
}
