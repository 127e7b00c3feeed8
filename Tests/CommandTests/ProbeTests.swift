// What a look at an input makes of its chunks.

import Console
import Ingest
import Primitives
import Testing

private func chunk(seconds: Double, key: Bool = false, start: UInt64 = 0) -> IngestEvent {
    let pts = (start &+ UInt64(seconds * 90_000)) & 0x1_ffff_ffff
    var marks = [TSMark(offset: 0, kind: .timestamp(pts90k: pts))]
    if key { marks.append(TSMark(offset: 0, kind: .randomAccess)) }
    return .chunk(TSChunk(bytes: [UInt8](repeating: 0x47, count: 188), marks: marks))
}

private func input(_ streams: [StreamInfo.Stream]) -> IngestEvent {
    .opened(StreamInfo(container: "mpegts", streams: streams, bitsPerSecond: 1_500_000))
}

@Suite("A look at an input")
struct ProbeTests {
    let video = StreamInfo.Stream(kind: .video, codec: "h264")

    @Test("The longest time between key frames counts")
    func keyFrames() {
        var tally = ProbeTally()
        tally.take(input([video]))
        for (second, key) in [(0, true), (1, false), (2, true), (4, false), (7, true)] {
            tally.take(chunk(seconds: Double(second), key: key))
        }
        #expect(tally.keyInterval == .seconds(5))
        #expect(tally.warnings.count == 1)
        #expect(!tally.isEnough)
        tally.take(chunk(seconds: 10))
        #expect(tally.isEnough)
    }

    @Test("Timestamps may wrap, and earlier ones count for nothing")
    func wrap() {
        var tally = ProbeTally()
        let start: UInt64 = 0x1_ffff_ffff - 45_000
        tally.take(chunk(seconds: 0, key: true, start: start))
        tally.take(chunk(seconds: 2, key: true, start: start))
        tally.take(chunk(seconds: 1, start: start))
        #expect(tally.keyInterval == .seconds(2))
        #expect(tally.span == .seconds(2))
    }

    @Test("One key frame in a long time is worth a warning")
    func oneKeyFrame() {
        var tally = ProbeTally()
        tally.take(input([video]))
        tally.take(chunk(seconds: 0, key: true))
        tally.take(chunk(seconds: 3))
        #expect(tally.warnings.isEmpty)
        tally.take(chunk(seconds: 9))
        #expect(tally.warnings.first?.hasPrefix("one key frame in 9.0 s") == true)
    }

    @Test("Codecs that browsers lack are told")
    func codecs() {
        var tally = ProbeTally()
        var audio = StreamInfo.Stream(kind: .audio, codec: "ac3")
        audio.channels = 6
        tally.take(input([audio]))
        #expect(tally.warnings.count == 3)
    }

    @Test("The text has a row for each stream and the length of the pieces")
    func text() {
        var tally = ProbeTally()
        var video = video
        (video.width, video.height, video.frameRate) = (1280, 720, 29.97)
        var audio = StreamInfo.Stream(kind: .audio, codec: "aac")
        (audio.sampleRate, audio.channels, audio.language) = (44_100, 2, "deu")
        tally.take(input([video, audio]))
        #expect(
            tally.text == """
                container  mpegts
                video      h264 1280x720 29.97 fps
                audio      aac 44.1 kHz 2 ch [deu]
                bitrate    1.5 Mbit/s
                pieces     16 KiB, 11.4 a second

                """)
    }
}
