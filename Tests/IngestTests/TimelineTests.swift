import Testing

@testable import Ingest

private func times(_ dts: Int64?, pts: Int64? = nil, wrap: Int64? = nil) -> PacketTimes {
    PacketTimes(pts: pts ?? dts, dts: dts, duration: 3600, wrap: wrap)
}

@Suite("A timeline")
struct TimelineTests {
    @Test("begins at one second, whatever the input's clock says")
    func start() {
        var line = Timeline(streams: 2, jump: 900_000)
        #expect(line.map(times(7_000_000), stream: 0) == (90_000, 90_000))
        #expect(line.map(times(6_998_000), stream: 1) == (88_000, 88_000))
        #expect(line.map(times(7_003_600, pts: 7_010_800), stream: 0) == (100_800, 93_600))
    }

    @Test("goes on where the clock of 33 bits wraps, for each stream when it comes there")
    func wrap() {
        let wrap: Int64 = 1 << 33
        var line = Timeline(streams: 2, jump: 900_000)
        #expect(line.map(times(wrap - 3600, wrap: wrap), stream: 0).dts == 90_000)
        #expect(line.map(times(0, pts: 3600, wrap: wrap), stream: 0) == (97_200, 93_600))
        #expect(line.map(times(wrap - 1800, wrap: wrap), stream: 1).dts == 91_800)
        #expect(line.map(times(wrap - 100, pts: 3500, wrap: wrap), stream: 1) == (97_100, 93_500))
        #expect(line.map(times(3600, wrap: wrap), stream: 0).dts == 97_200)
    }

    @Test("follows a jump, back or forward, without one, and keeps the streams in step")
    func jump() {
        for far: Int64 in [900_000_000, -900_000_000] {
            var line = Timeline(streams: 2, jump: 900_000)
            #expect(line.map(times(0), stream: 0).dts == 90_000)
            #expect(line.map(times(0), stream: 1).dts == 90_000)
            #expect(line.map(times(far), stream: 0).dts == 93_600)
            // The sound is still before the jump, then crosses it.
            #expect(line.map(times(3600), stream: 1).dts == 93_600)
            #expect(line.map(times(far + 3600), stream: 0).dts == 97_200)
            #expect(line.map(times(far + 3600), stream: 1).dts == 97_200)
        }
    }

    @Test("takes a long gap of one stream for a gap, while the other goes on")
    func gap() {
        var line = Timeline(streams: 2, jump: 900_000)
        #expect(line.map(times(0), stream: 0).dts == 90_000)
        for i: Int64 in 0...500 { _ = line.map(times(i * 3600), stream: 1) }
        #expect(line.map(times(1_800_000), stream: 0).dts == 1_890_000)
    }

    @Test("mends what does not rise by the least that helps")
    func rising() {
        var line = Timeline(streams: 1, jump: 900_000)
        #expect(line.map(times(3600), stream: 0) == (90_000, 90_000))
        #expect(line.map(times(3600), stream: 0) == (90_001, 90_001))
        #expect(line.map(times(0, pts: 7200), stream: 0) == (93_600, 90_002))
        #expect(line.map(times(7200), stream: 0) == (93_600, 93_600))
    }

    @Test("gives times to packets that have none")
    func missing() {
        var line = Timeline(streams: 1, jump: 900_000)
        #expect(line.map(PacketTimes(), stream: 0) == (90_000, 90_000))
        #expect(line.map(PacketTimes(), stream: 0) == (93_600, 93_600))
        #expect(line.map(PacketTimes(pts: 500), stream: 0) == (97_200, 97_200))
        #expect(line.map(PacketTimes(), stream: 0) == (100_800, 100_800))
    }

    @Test("counts DTS on where only PTS are known, and leaves these as they are")
    func reordered() {
        var line = Timeline(streams: 1, jump: 900_000)
        let shown: [Int64] = [0, 14_400, 7200, 3600, 10_800]
        let out = shown.map { pts in
            line.map(PacketTimes(pts: pts, duration: 3600, reorder: 7200), stream: 0)
        }
        #expect(out.map(\.pts) == [90_000, 104_400, 97_200, 93_600, 100_800])
        #expect(out.map(\.dts) == [82_800, 86_400, 90_000, 93_600, 97_200])
    }

    @Test("repeats a pass after the length of its longest stream, B-frames and all")
    func seam() {
        var line = Timeline(streams: 2, jump: 900_000)
        let first = pass(&line)
        line.beginPass()
        let second = pass(&line)
        let shift = second[0].0 - first[0].0
        #expect(shift == 4 * 3600)
        #expect(zip(first, second).allSatisfy { $1.0 - $0.0 == shift && $1.1 - $0.1 == shift })
    }

    private func pass(_ line: inout Timeline) -> [(Int64, Int64)] {
        let picture: [(Int64, Int64)] = [(-3600, 0), (0, 10_800), (3600, 3600), (7200, 7200)]
        var out: [(Int64, Int64)] = []
        for (dts, pts) in picture {
            out.append(line.map(times(dts, pts: pts), stream: 0))
            out.append(line.map(PacketTimes(pts: dts, dts: dts, duration: 1800), stream: 1))
        }
        return out
    }

    @Test("goes on after everything else when the input is opened anew")
    func anew() {
        var line = Timeline(streams: 2, jump: 900_000)
        #expect(line.map(times(0), stream: 0).dts == 90_000)
        #expect(line.map(times(900), stream: 1).dts == 90_900)
        line.beginAnew()
        #expect(line.map(times(100), stream: 0).dts == 94_500)
        line.resize(streams: 1)
        line.beginAnew()
        #expect(line.map(times(0), stream: 0).dts == 98_100)
    }

    @Test("never falls and never traps on any times at all")
    func hostile() {
        var line = Timeline(streams: 2, jump: 900_000)
        let bound: Int64 = 1 << 53
        let values: [Int64?] = [nil, 0, 1, -1, bound, -bound, 1 << 32, 1 << 33, 900_001, -900_001]
        var last: [Int64] = [.min, .min]
        for dts in values {
            for pts in values {
                for wrap in [nil, 1 << 33, 1 << 32] as [Int64?] {
                    for stream in 0..<2 {
                        let input = PacketTimes(pts: pts, dts: dts, duration: 0, wrap: wrap)
                        let out = line.map(input, stream: stream)
                        #expect(out.dts > last[stream])
                        #expect(out.pts >= out.dts)
                        last[stream] = out.dts
                    }
                }
            }
        }
    }
}
