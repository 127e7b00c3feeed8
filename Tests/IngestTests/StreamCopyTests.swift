import Ingest
import Primitives
import Testing

@Suite("Stream copy")
struct StreamCopyTests {
    /// Containers and codecs that are carried, as arguments of the tool.
    static let inputs: [(name: String, codecs: String, streams: [String])] = [
        ("x264-aac.mp4", "-c:v libx264 -preset ultrafast -g 25 -c:a aac", ["h264", "aac"]),
        ("x264-mp3.mkv", "-c:v libx264 -preset ultrafast -g 25 -c:a libmp3lame", ["h264", "mp3"]),
        ("x264-aac.flv", "-c:v libx264 -preset ultrafast -g 25 -c:a aac", ["h264", "aac"]),
        ("x264-eac3.ts", "-c:v libx264 -preset ultrafast -g 25 -c:a eac3", ["h264", "eac3"]),
        ("x264-opus.mkv", "-c:v libx264 -preset ultrafast -g 25 -c:a libopus", ["h264", "opus"]),
        (
            "x265-ac3.mp4",
            "-c:v libx265 -preset ultrafast -x265-params log-level=none -g 25 -c:a ac3",
            ["hevc", "ac3"]
        ),
        ("mpeg2-mp2.mpg", "-c:v mpeg2video -g 25 -c:a mp2", ["mpeg2video", "mp2"]),
        ("intra.ts", "-c:v libx264 -preset ultrafast -g 1 -c:a aac", ["h264", "aac"]),
    ]

    @Test("leaves every picture and every sound as it was", arguments: inputs.indices)
    func unchanged(_ index: Int) {
        let input = Self.inputs[index]
        let path = Clips.encode(input.name, "-pix_fmt yuv420p -threads 1 \(input.codecs)")
        let output = run(.file(path))
        #expect(output.last == .ended)
        #expect(output.info?.streams.map(\.codec) == input.streams)
        #expect(output.info?.hasVideo == true)
        let copy = Clips.write(output.bytes, to: "\(input.name).out")
        for stream in ["v", "a"] {
            let expected = decoded(path, stream)
            #expect(expected.count > 50)
            #expect(decoded(copy, stream) == expected)
        }
        expectEntries(output.chunks, path)
    }

    @Test("leaves the packets of a transport stream as they were, byte for byte")
    func packets() {
        let copy = Clips.write(run(.file(Clips.ts)).bytes, to: "packets.out")
        for stream in ["v", "a"] {
            let expected = copied(Clips.ts, stream)
            #expect(expected.count > 50)
            #expect(copied(copy, stream) == expected)
        }
    }

    @Test("can be decoded from every entry, also where key frames are not IDR pictures")
    func openGroups() {
        let path = Clips.encode(
            "open.mp4",
            "-c:v libx264 -preset ultrafast -g 25 -bf 2 -x264-params open-gop=1"
                + " -pix_fmt yuv420p -c:a aac")
        let output = run(.file(path))
        let bytes = output.bytes
        let entries = entryOffsets(output.chunks)
        #expect(entries.count == 3)
        for (i, entry) in entries.enumerated() {
            let part = Clips.write(Array(bytes[entry...]), to: "open-\(i).out")
            let pictures = decoded(part, "v")
            #expect(pictures.count >= 75 - 25 * i - 3)
            #expect(Array(decoded(path, "v").suffix(20)) == Array(pictures.suffix(20)))
        }
    }

    @Test(
        "shows every picture at its time, whatever the container says of DTS",
        arguments: ["mkv", "flv", "ts"])
    func times(_ container: String) {
        let path = Clips.copy("times.\(container)")
        let copy = Clips.write(run(.file(path)).bytes, to: "times-\(container).out")
        let shown = packetTimes(copy, "v").map(\.pts).sorted()
        #expect(shown.count == 75)
        #expect(zip(shown, shown.dropFirst()).allSatisfy { (3500...3700).contains($1 - $0) })
    }

    @Test("takes audio alone, with an entry about every half second")
    func audio() {
        let path = Clips.make(
            "sound.mp3", "-f lavfi -i sine=f=440:r=48000:d=5 -c:a libmp3lame -b:a 64k")
        let output = run(.file(path))
        #expect(output.last == .ended)
        #expect(output.info?.hasVideo == false)
        let entries = entryOffsets(output.chunks)
        #expect((5...12).contains(entries.count))
        let bytes = output.bytes
        #expect(entries.allSatisfy { pid(bytes, $0) == 0 && pid(bytes, $0 + 188) == 0x1000 })
        #expect(entries.allSatisfy { pid(bytes, $0 + 376) == 0x100 })
    }

    @Test("carries all sound tracks, with their languages")
    func tracks() {
        let path = Clips.make(
            "tracks.mkv",
            "-i \(Clips.mp4) -map 0:v -map 0:a -map 0:a -c copy"
                + " -metadata:s:a:0 language=deu -metadata:s:a:1 language=fra")
        let output = run(.file(path))
        #expect(output.info?.streams.map(\.language) == [nil, "deu", "fra"])
        let copy = Clips.write(output.bytes, to: "tracks.out")
        let probe = "ffprobe -v error -show_entries stream_tags=language -of csv=p=0 \(copy)"
        #expect(lines(probe).filter { $0.contains("deu") }.count == 1)
        #expect(lines(probe).filter { $0.contains("fra") }.count == 1)
    }

    @Test("costs no more than one per cent more than ffmpeg's own copy")
    func overhead() {
        let reference = Clips.make("reference.ts", "-i \(Clips.mp4) -c copy -f mpegts")
        let ours = run(.file(Clips.mp4)).bytes.count
        #expect(Double(ours) <= Double(Clips.read(reference).count) * 1.01)
    }

    @Test("brings the clock at least every 100 ms")
    func clock() {
        let times = clockTimes(run(.file(Clips.mp4)).bytes)
        #expect(times.count > 25)
        #expect(zip(times, times.dropFirst()).allSatisfy { $1 > $0 && $1 - $0 <= 9000 })
    }

    @Test("keeps the chunks whole packets, each with the time of its first frame")
    func chunks() {
        let chunks = run(.file(Clips.mp4)).chunks
        #expect(chunks.allSatisfy { $0.bytes.count % 188 == 0 && !$0.bytes.isEmpty })
        #expect(chunks.allSatisfy { $0.bytes.first == 0x47 })
        let timed = chunks.filter { chunk in
            chunk.marks.contains { if case .timestamp = $0.kind { true } else { false } }
        }
        #expect(timed.count == chunks.count)
    }

    /// Each key frame of `path` has an entry: its PAT, its PMT, its first packet with the flag.
    private func expectEntries(_ chunks: [TSChunk], _ path: String) {
        let bytes = chunks.flatMap(\.bytes)
        let entries = entryOffsets(chunks)
        let probe = "ffprobe -v error -select_streams v -show_entries packet=flags -of csv=p=0"
        #expect(entries.count == lines("\(probe) \(path)").filter { $0.hasPrefix("K") }.count)
        for entry in entries {
            #expect(pid(bytes, entry) == 0)
            #expect(pid(bytes, entry + 188) == 0x1000)
            #expect(pid(bytes, entry + 376) == 0x100)
            #expect(bytes[entry + 376 + 1] & 0x40 != 0)
            #expect(bytes[entry + 376 + 5] & 0x40 != 0)
        }
    }
}
