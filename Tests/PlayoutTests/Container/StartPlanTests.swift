// Which bytes of a file come first, for files as they are and as they should not be.

import Playout
import Primitives
import Testing

private func big(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
}

private func box(_ type: String, _ size: UInt64, large: Bool = false) -> [UInt8] {
    large ? big(1, 4) + Array(type.utf8) + big(size, 8) : big(size, 4) + Array(type.utf8)
}

private func filled(_ bytes: [UInt8], to count: Int) -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: count - bytes.count)
}

private func chunk(_ name: String, _ size: UInt64) -> [UInt8] {
    Array(name.utf8) + big(size, 4).reversed()
}

/// An element with a size of `sizeLength` bytes.
private func element(_ id: UInt64, _ content: [UInt8], claim: UInt64? = nil) -> [UInt8] {
    let idLength = (64 - id.leadingZeroBitCount + 7) / 8
    return big(id, idLength) + big(1 << 56 | (claim ?? UInt64(content.count)), 8) + content
}

private func seek(_ id: UInt64, _ position: UInt64) -> [UInt8] {
    element(0x4DBB, element(0x53AB, big(id, 4)) + element(0x53AC, big(position, 5)))
}

private let ebml = element(0x1A45_DFA3, [1, 2, 3])
private let cuesID: UInt64 = 0x1C53_BB6B
private let head: Int64 = 262_144

@Suite("What a player wants first") struct StartPlanTests {
    private func plan(_ length: Int64, _ known: [FilePart], _ kind: ContainerKind = .other)
        -> StartPlan
    {
        StartPlan(length: length, kind: kind, known: known)
    }

    private func known(_ bytes: [UInt8], _ more: FilePart...) -> [FilePart] {
        [FilePart(offset: 0, bytes: filled(bytes, to: max(bytes.count, 1024)))] + more
    }

    @Test(
        "Names and first bytes tell the kind",
        arguments: [
            ("a.mp4", .mp4), ("A.MOV", .mp4), ("x.mkv", .matroska), ("x.webm", .matroska),
            ("x.avi", .avi), ("x.ts", .transportStream), ("x.mp3", .other), ("mkv", .matroska),
            ("", .other), ("x.", .other),
        ] as [(String, ContainerKind)])
    func kinds(_ name: String, _ kind: ContainerKind) {
        #expect(ContainerKind(fileName: name) == kind)
    }

    @Test("Without any bytes: the head, a tail by the kind, and a look at the head")
    func nothingKnown() {
        let film: Int64 = 78_000_000
        #expect(
            plan(film, [], .mp4).wanted == [0..<head, film - 304_687..<film])
        #expect(
            plan(film, [], .avi).wanted == [0..<head, film - 609_375..<film])
        #expect(plan(film, [], .matroska).wanted == [0..<head, film - 65_536..<film])
        #expect(plan(film, [], .mp4).look == 0..<head)
        let ts = plan(film, [], .transportStream)
        #expect(ts.wanted == [0..<head, film - 250_368..<film] && ts.look == nil)
        #expect(plan(0, [], .mp4) == plan(0, [], .avi) && plan(0, []).wanted.isEmpty)
        #expect(plan(100, [], .mp4).wanted == [0..<100])
        #expect(plan(head + 5, [], .mp4).wanted == [0..<head, head..<head + 5])
    }

    @Test("MP4 with the index in front is read from the front only")
    func faststart() {
        let bytes = box("ftyp", 32) + [UInt8](repeating: 0, count: 24) + box("moov", 155_172)
        let plan = plan(78_000_000, known(bytes), .other)
        #expect(plan.wanted == [0..<32 + 155_172 + head] && plan.look == nil)
    }

    @Test("MP4 with the index behind: first where it begins, then where it ends")
    func moovAtEnd() {
        // As measured: ftyp 32, free 8, mdat from 40 to 78,018,135, moov to the end.
        let length: Int64 = 78_018_135 + 155_172
        let front = known(
            filled(box("ftyp", 32), to: 32) + box("free", 8) + box("mdat", 78_018_095))
        let first = plan(length, front)
        #expect(first.wanted == [0..<head, 78_018_135..<length])
        #expect(first.look == 78_018_135..<78_018_151)
        let behind = FilePart(offset: 78_018_135, bytes: filled(box("moov", 100_000), to: 16))
        let second = plan(length, front + [behind])
        #expect(second.wanted == [0..<head, 78_018_135..<78_118_135] && second.look == nil)
    }

    @Test("MP4 boxes of more than 4 GiB, and other boxes between, are stepped over")
    func largeBoxes() {
        let length: Int64 = 20_000_000_000
        let front = known(
            filled(box("ftyp", 24), to: 24) + box("mdat", 19_000_000_000, large: true))
        let at: Int64 = 19_000_000_024
        #expect(plan(length, front).look == at..<at + 16)
        let udta = FilePart(offset: at, bytes: filled(box("udta", 1000), to: 16))
        #expect(plan(length, front + [udta]).look == at + 1000..<at + 1016)
        let moov = FilePart(offset: at + 1000, bytes: filled(box("moov", 0), to: 16))
        #expect(
            plan(length, front + [udta, moov]).wanted
                == [0..<head, at + 1000..<at + 1000 + 16_777_216])
    }

    @Test("Matroska: the seek head says where the cues are")
    func cues() {
        let length: Int64 = 78_138_008
        let seeks = element(0x114D_9B74, seek(0x1549_A966, 200) + seek(cuesID, 78_135_370))
        let front = known(
            ebml + element(0x1853_8067, seeks, claim: UInt64(length) - 100)
                + element(0x1F43_B675, [0]))
        let base = Int64(ebml.count + 12)
        let at = base + 78_135_370
        let first = plan(length, front)
        #expect(first.wanted == [0..<head, at..<length] && first.look == at..<at + 12)
        let bytes = element(cuesID, [], claim: 2500)
        let second = plan(length, front + [FilePart(offset: at, bytes: bytes)])
        #expect(second.wanted == [0..<head, at..<at + 12 + 2500] && second.look == nil)
        // The seek head was wrong: the usual places.
        let wrong = plan(length, front + [FilePart(offset: at, bytes: filled([0xEC], to: 16))])
        #expect(wrong.wanted == [0..<head, length - 65_536..<length] && wrong.look == nil)
    }

    @Test("Matroska: cues before the media need no tail; a second seek head is looked at")
    func otherCues() {
        let early = known(
            ebml + element(0x1853_8067, element(cuesID, [], claim: 9000), claim: 70_000_000))
        let base = Int64(ebml.count + 12)
        let plan = plan(80_000_000, early)
        #expect(plan.wanted == [0..<base + 12 + 9000 + head] || plan.wanted == [0..<head])
        #expect(plan.look == nil && plan.wanted.count == 1)

        let chain = known(
            ebml
                + element(
                    0x1853_8067, element(0x114D_9B74, seek(0x114D_9B74, 60_000_000)),
                    claim: 70_000_000))
        let at = base + 60_000_000
        #expect(self.plan(80_000_000, chain).look == at..<at + 4096)
        let second = FilePart(
            offset: at, bytes: element(0x114D_9B74, seek(cuesID, 65_000_000)))
        #expect(
            self.plan(80_000_000, chain + [second]).look == base + 65_000_000..<base + 65_000_012)
    }

    @Test("AVI: the index is behind the media, at an even place")
    func avi() {
        let length: Int64 = 78_576_398
        let front = known(
            chunk("RIFF", UInt64(length) - 8) + Array("AVI ".utf8)
                + filled(chunk("LIST", 292), to: 300) + filled(chunk("JUNK", 101), to: 110)
                + chunk("LIST", 78_218_551))
        let movi: Int64 = 12 + 300 + 110
        let at = movi + 8 + 78_218_551 + 1
        #expect(plan(length, front).wanted == [0..<head, at..<length])
        #expect(plan(length, front).look == at..<at + 8)
        let index = FilePart(offset: at, bytes: chunk("idx1", 357_000))
        #expect(plan(length, front + [index]).wanted == [0..<head, at..<at + 357_008])
    }

    @Test(
        "A file that lies gets the plan of one that says nothing",
        arguments: [
            box("ftyp", 7), box("ftyp", 1) + big(3, 8), box("ftyp", 4_000_000_000),
            box("ftyp", 1) + big(.max, 8), box("ftyp", 1) + big(1 << 63, 8),
            ebml + element(0x1853_8067, element(0x114D_9B74, seek(cuesID, .max))),
            ebml + element(0x1853_8067, [0, 0, 0]), ebml + [0xFF, 0xFF],
            element(0x1A45_DFA3, [], claim: (1 << 56) - 2),
            chunk("RIFF", 4) + Array("AVI ".utf8) + chunk("LIST", 0xFFFF_FFFF),
        ])
    func lies(_ bytes: [UInt8]) {
        let length: Int64 = 100_000_000
        let plan = plan(length, known(bytes))
        #expect(plan.wanted.count == 2 && plan.wanted.first == 0..<head && plan.look == nil)
        #expect(plan.wanted.last?.upperBound == length)
    }

    @Test("Boxes without end, and elements in elements, take bounded time")
    func endless() {
        let boxes = (0..<50_000).flatMap { _ in box("free", 8) }
        #expect(plan(100_000_000, [FilePart(offset: 0, bytes: box("ftyp", 8) + boxes)]).look == nil)
        let seeks = (0..<20_000).flatMap { _ in seek(0x114D_9B74, 0) }
        let bytes = ebml + element(0x1853_8067, element(0x114D_9B74, seeks))
        #expect(plan(100_000_000, [FilePart(offset: 0, bytes: bytes)]).wanted.count == 2)
    }

    @Test("Looking comes to an end in files that lead on and on")
    func looksEnd() {
        var random = SeededRandom(seed: 9)
        let beginnings = [
            box("ftyp", 9), ebml, chunk("RIFF", 9) + Array("AVI ".utf8),
            ebml + element(0x1853_8067, element(0x114D_9B74, seek(cuesID, 999_990))),
        ]
        for round in 0..<2000 {
            let length: Int64 = 1_000_000
            func bytes(_ range: Range<Int64>) -> [UInt8] {
                range.map { _ in [0, 1, 8, 16, 0x80, 0xFF].randomElement(using: &random) ?? 0 }
            }
            var parts = [
                FilePart(offset: 0, bytes: beginnings[round % beginnings.count] + bytes(0..<64))
            ]
            var looks = 0
            while let look = plan(length, parts).look, looks < 200 {
                parts.append(FilePart(offset: look.lowerBound, bytes: bytes(look)))
                looks += 1
            }
            #expect(looks < 100)
        }
    }

    @Test("Nothing that a file says leads outside of it, however it is cut and changed")
    func mutations() {
        var random = SeededRandom(seed: 5)
        let seeds: [[UInt8]] = [
            box("ftyp", 24) + [UInt8](repeating: 0, count: 16) + box("mdat", 5000, large: true),
            box("ftyp", 8) + box("moov", 700),
            ebml
                + element(
                    0x1853_8067,
                    element(0x114D_9B74, seek(cuesID, 900) + seek(0x114D_9B74, 800)), claim: 5000),
            chunk("RIFF", 4000) + Array("AVI ".utf8) + chunk("LIST", 300) + chunk("LIST", 500),
        ]
        let lengths: [Int64] = [1, 15, 300, 6000, head, head + 1, 1 << 40, .max]
        for round in 0..<20_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] =
                    [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random)]
                    .randomElement(using: &random) ?? 0
            }
            bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
            let length = lengths[round / 4 % lengths.count]
            bytes = Array(bytes.prefix(Int(min(length, 1 << 20))))
            let other = FilePart(
                offset: length / 2, bytes: Array(bytes.suffix(Int(min(length - length / 2, 99)))))
            let plan = plan(length, [FilePart(offset: 0, bytes: bytes), other])
            for range in plan.wanted + [plan.look].compactMap({ $0 }) {
                #expect(range.lowerBound >= 0 && range.upperBound <= length && !range.isEmpty)
            }
            #expect(plan.wanted.first?.lowerBound == 0)
            #expect(plan.wanted.reduce(0) { $0 + Int64($1.count) } <= 18_000_000)
        }
    }
}
