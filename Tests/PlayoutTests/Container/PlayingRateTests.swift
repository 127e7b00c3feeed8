// How fast a file is played, for files as they are and as they should not be.

import Playout
import Primitives
import Testing

private func big(_ value: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> UInt64($0 * 8)) }
}

private func box(_ type: String, _ content: [UInt8], claim: UInt64? = nil) -> [UInt8] {
    big(claim ?? UInt64(content.count) + 8, 4) + Array(type.utf8) + content
}

private func movieHeader(scale: UInt64, units: UInt64, isLong: Bool = false) -> [UInt8] {
    let rest = [UInt8](repeating: 0, count: 80)
    return isLong
        ? box("mvhd", [1, 0, 0, 0] + big(0, 16) + big(scale, 4) + big(units, 8) + rest)
        : box("mvhd", [0, 0, 0, 0] + big(0, 8) + big(scale, 4) + big(units, 4) + rest)
}

private func element(_ id: UInt64, _ content: [UInt8], claim: UInt64? = nil) -> [UInt8] {
    let idLength = (64 - id.leadingZeroBitCount + 7) / 8
    return big(id, idLength) + big(1 << 56 | (claim ?? UInt64(content.count)), 8) + content
}

private let ebml = element(0x1A45_DFA3, [1, 2, 3])
private let infoID: UInt64 = 0x1549_A966

private func information(_ ticks: [UInt8], each: UInt64? = nil) -> [UInt8] {
    element(
        infoID, (each.map { element(0x2AD7B1, big($0, 4)) } ?? []) + element(0x4489, ticks))
}

private func segment(_ content: [UInt8]) -> [UInt8] {
    element(0x1853_8067, content, claim: 70_000_000)
}

/// A packet with a clock reference of `ticks` of 90 kHz, or without.
private func packet(_ pid: UInt16, ticks: UInt64?) -> [UInt8] {
    var out: [UInt8] = [0x47, UInt8(pid >> 8), UInt8(truncatingIfNeeded: pid)]
    if let ticks {
        out += [0x30, 7, 0x10] + big(ticks >> 1, 4)
        out += [UInt8(ticks & 1) << 7 | 0x7E, 0]
    } else {
        out.append(0x10)
    }
    return out + [UInt8](repeating: 0xFF, count: 188 - out.count)
}

/// Packets of a stream of `rate` bytes a second from byte `from` on, a clock in every tenth.
private func stream(
    _ count: Int, rate: Double, from: Int64 = 0, start: UInt64 = 0, prefix: Int = 0
) -> [UInt8] {
    (0..<count).flatMap { number in
        let at = Double(from) + Double(number * (188 + prefix))
        let ticks = (start &+ UInt64(at / rate * 90_000)) & (1 << 33 - 1)
        return [UInt8](repeating: 0, count: prefix)
            + packet(256, ticks: number % 10 == 0 ? ticks : nil)
    }
}

@Suite("How fast a file is played") struct PlayingRateTests {
    private func rate(
        _ length: Int64, _ parts: [FilePart], _ kind: ContainerKind = .other
    ) -> PlayingRate {
        PlayingRate(length: length, kind: kind, known: parts)
    }

    private func head(_ bytes: [UInt8], to count: Int = 1024) -> FilePart {
        FilePart(
            offset: 0, bytes: bytes + [UInt8](repeating: 0, count: max(0, count - bytes.count)))
    }

    private func isNear(_ rate: PlayingRate, _ wanted: Double) -> Bool {
        rate.rate.map { abs($0.bytesPerSecond - wanted) < wanted / 100 } ?? false
    }

    @Test("Before anything is known, the beginning is looked at")
    func nothing() {
        #expect(rate(1000, []).look == 0..<1000 && rate(1000, []).rate == nil)
        #expect(rate(10_000_000, []).look == 0..<131_072)
        #expect(rate(0, []) == rate(0, [], .mp4) && rate(0, []).look == nil)
        #expect(rate(9000, [head([1, 2, 3])]).look == nil)
    }

    @Test("MP4 with the index in front: its length over the time of the movie header")
    func mp4() {
        for isLong in [false, true] {
            let movie = box(
                "moov", movieHeader(scale: 600, units: 72_000, isLong: isLong), claim: 9000)
            let known = rate(60_000_000, [head(box("ftyp", [0, 0, 0, 0]) + movie)])
            #expect(isNear(known, 500_000) && known.look == nil)
        }
    }

    @Test("MP4 with the index behind: where it begins is looked at")
    func mp4Behind() {
        let length: Int64 = 60_000_000
        let front = head(box("ftyp", [0, 0, 0, 0]) + box("mdat", [], claim: 59_000_000))
        let first = rate(length, [front])
        let at: Int64 = 12 + 59_000_000
        #expect(first.rate == nil && first.look == at..<at + 512)
        let movie = box("moov", movieHeader(scale: 1000, units: 120_000), claim: 9000)
        let behind = FilePart(
            offset: at, bytes: movie + [UInt8](repeating: 0, count: 512 - movie.count))
        #expect(isNear(rate(length, [front, behind]), 500_000))
    }

    @Test(
        "MP4 that does not say, or says what cannot be, has no rate",
        arguments: [
            movieHeader(scale: 0, units: 5), movieHeader(scale: 1000, units: 0),
            movieHeader(scale: 1000, units: 0xFFFF_FFFF),
            movieHeader(scale: 1, units: .max, isLong: true),
            movieHeader(scale: 1, units: 1 << 62, isLong: true),
            movieHeader(scale: 0xFFFF_FFFF, units: 1), box("free", []), box("free", [], claim: 3),
            Array(movieHeader(scale: 600, units: 72_000).prefix(20)),
        ])
    func mp4Lies(_ content: [UInt8]) {
        let known = rate(60_000_000, [head(box("moov", content, claim: 600))])
        #expect(known.rate == nil && known.look == nil)
    }

    @Test("Matroska: the duration of the information, in milliseconds or as it says")
    func matroska() {
        let double = big((120_000.0).bitPattern, 8)
        let float = big(UInt64(Float(120_000).bitPattern), 4)
        for ticks in [double, float] {
            let known = rate(60_000_000, [head(ebml + segment(information(ticks)))])
            #expect(isNear(known, 500_000) && known.look == nil)
        }
        let other = information(big((240.0).bitPattern, 8), each: 500_000_000)
        #expect(isNear(rate(60_000_000, [head(ebml + segment(other))]), 500_000))
        for ticks in [Double.nan, .infinity, -1, 0, 1e300] {
            let bytes = ebml + segment(information(big(ticks.bitPattern, 8)))
            #expect(rate(60_000_000, [head(bytes)]).rate == nil)
        }
    }

    @Test("Matroska: where the seek head names the information behind the media, it is looked at")
    func matroskaBehind() {
        let entry = element(
            0x4DBB, element(0x53AB, big(infoID, 4)) + element(0x53AC, big(50_000_000, 5)))
        let front = head(
            ebml + segment(element(0x114D_9B74, entry) + element(0x1F43_B675, [0])))
        let first = rate(70_000_000, [front])
        let at = Int64(ebml.count + 12) + 50_000_000
        #expect(first.look == at..<at + 4096)
        let bytes = information(big((140_000.0).bitPattern, 8))
        let behind = FilePart(
            offset: at, bytes: bytes + [UInt8](repeating: 0, count: 4096 - bytes.count))
        #expect(isNear(rate(70_000_000, [front, behind]), 500_000))
    }

    @Test("AVI: so many frames of so many microseconds")
    func avi() {
        func little(_ value: UInt64) -> [UInt8] { big(value, 4).reversed() }
        let header =
            little(40_000) + little(0) + little(0) + little(0) + little(3000)
            + [UInt8](repeating: 0, count: 36)
        let bytes =
            Array("RIFF".utf8) + little(9000) + Array("AVI LIST".utf8) + little(300)
            + Array("hdrlavih".utf8) + little(56) + header
        #expect(isNear(rate(60_000_000, [head(bytes)]), 500_000))
    }

    @Test("A transport stream: the clock at its beginning, then over the whole file")
    func transport() {
        let length: Int64 = 60_000_160
        let front = FilePart(offset: 0, bytes: stream(1900, rate: 300_000))
        let first = rate(length, [front], .transportStream)
        let tail = length - 131_072
        #expect(isNear(first, 300_000) && first.look == tail..<length)
        // The beginning is quieter than the rest: the whole counts.
        let phase = Int((188 - tail % 188) % 188)
        let end = stream(690, rate: 500_000, from: tail + Int64(phase))
        let behind = FilePart(
            offset: tail, bytes: [UInt8](repeating: 0, count: phase) + end.prefix(131_072 - phase))
        let second = rate(length, [front, behind], .transportStream)
        #expect(isNear(second, 500_000) && second.look == nil)
    }

    @Test("A beginning that is short in time is looked at further, up to a MiB")
    func shortBeginning() {
        let length: Int64 = 60_000_160
        func front(_ count: Int) -> FilePart {
            FilePart(offset: 0, bytes: Array(stream(6000, rate: 500_000).prefix(count)))
        }
        #expect(rate(length, [front(300)], .transportStream).look == 0..<131_072)
        let some = rate(length, [front(131_072)], .transportStream)
        #expect(isNear(some, 500_000) && some.look == 0..<524_288)
        let more = rate(length, [front(131_072), front(524_288)], .transportStream)
        #expect(isNear(more, 500_000) && more.look == length - 131_072..<length)
        // No clock at all: a MiB, and then no more.
        let silent = FilePart(
            offset: 0, bytes: (0..<6000).flatMap { _ in packet(256, ticks: nil) })
        #expect(rate(length, [silent], .transportStream).look == nil)
    }

    @Test("A clock that turns over is followed, one that was set anew is not believed")
    func clocks() {
        let length: Int64 = 60_000_160
        let start: UInt64 = 1 << 33 - 9000
        let front = FilePart(offset: 0, bytes: stream(3000, rate: 500_000, start: start))
        #expect(isNear(rate(length, [front], .transportStream), 500_000))
        let tail = length - 131_072
        let anew = FilePart(offset: tail, bytes: stream(690, rate: 500_000, start: 90_000 * 3600))
        let both = rate(length, [front, anew], .transportStream)
        #expect(isNear(both, 500_000) && both.look == nil)
    }

    @Test("Packets with a time stamp before each are read too; no clock, no rate")
    func strides() {
        let bytes = stream(600, rate: 500_000, prefix: 4)
        let known = rate(Int64(bytes.count), [FilePart(offset: 0, bytes: bytes)], .transportStream)
        #expect(isNear(known, 500_000))
        let silent = (0..<100).flatMap { _ in packet(256, ticks: nil) }
        let none = rate(18_800, [FilePart(offset: 0, bytes: silent)], .transportStream)
        #expect(none.rate == nil && none.look == nil)
    }

    @Test("Whatever a file says, the rate can be, the looks stay within it and come to an end")
    func mutations() {
        var random = SeededRandom(seed: 11)
        let seeds: [[UInt8]] = [
            box("ftyp", [0, 0, 0, 0])
                + box("moov", movieHeader(scale: 600, units: 72_000), claim: 900),
            box("ftyp", [0, 0, 0, 0]) + box("mdat", [], claim: 3000),
            ebml + segment(information(big((9000.0).bitPattern, 8))),
            ebml
                + segment(
                    element(
                        0x114D_9B74,
                        element(
                            0x4DBB, element(0x53AB, big(infoID, 4)) + element(0x53AC, [9, 9])))),
            stream(30, rate: 500_000), stream(30, rate: 500_000, prefix: 16),
        ]
        let lengths: [Int64] = [1, 15, 300, 6000, 900, 2000, 5000, 4000, 150_000, .max]
        for round in 0..<3000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 0...4, using: &random) {
                bytes[Int.random(in: bytes.indices, using: &random)] =
                    [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &random)]
                    .randomElement(using: &random) ?? 0
            }
            bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
            let length = lengths[round / 6 % (round % 50 == 0 ? lengths.count : 8)]
            bytes = Array(bytes.prefix(Int(min(length, 1 << 20))))
            let kind: ContainerKind = round % 2 == 0 ? .transportStream : .mp4
            var parts = [FilePart(offset: 0, bytes: bytes)]
            var looks = 0
            while let look = rate(length, parts, kind).look, looks < 50 {
                #expect(look.lowerBound >= 0 && look.upperBound <= length && !look.isEmpty)
                let seed = seeds[looks % seeds.count]
                var fill = [UInt8](repeating: 0, count: look.count)
                for at in 0..<min(look.count, 3000) { fill[at] = seed[at % seed.count] }
                parts.append(FilePart(offset: look.lowerBound, bytes: fill))
                looks += 1
            }
            #expect(looks < 10)
            let found = rate(length, parts, kind).rate?.bytesPerSecond ?? 1000
            #expect(found >= 500 && found <= 125_000_000)
        }
    }

    @Test("A transport stream that is cut anywhere says the same or nothing")
    func truncation() {
        let bytes = stream(40, rate: 20_000)
        for count in stride(from: 0, to: bytes.count, by: 7) {
            let part = FilePart(offset: 0, bytes: Array(bytes.prefix(count)))
            let found = rate(9000, [part], .transportStream)
            #expect(found.rate == nil || isNear(found, 20_000))
        }
    }
}
