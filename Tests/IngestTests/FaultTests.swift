import Glibc
import Ingest
import Primitives
import Testing

@Suite("A fault")
struct FaultTests {
    @Test("names what is wrong with a path")
    func paths() {
        let empty = Clips.write([], to: "empty.ts")
        let text = Clips.write(Array("Just words.\n".utf8) + Array("more ".utf8), to: "words.txt")
        let noise = Clips.write(noiseBytes(100_000), to: "noise.bin")
        let zeros = Clips.write([UInt8](repeating: 0, count: 100_000), to: "zeros.ts")
        #expect(fault(.file("/nowhere/x.ts")) == .notFound("/nowhere/x.ts"))
        #expect(fault(.file(Clips.folder)) == .isDirectory(Clips.folder))
        #expect(fault(.file(empty)) == .empty(empty))
        #expect(fault(.file(text)) == .notMedia(text))
        #expect(fault(.file(noise)) == .notMedia(noise))
        #expect(fault(.file(zeros)) == .notMedia(zeros))
    }

    @Test("says that access is denied", .enabled(if: getuid() != 0))
    func permission() {
        let path = Clips.write([1], to: "locked.ts")
        chmod(path, 0)
        #expect(fault(.file(path)) == .permission(path))
    }

    @Test(
        "names the codec that has no place in a transport stream",
        arguments: [
            ("vp9.webm", "-c:v libvpx-vp9 -cpu-used 8 -c:a libopus", "vp9", .video),
            ("vorbis.mkv", "-c:v libx264 -c:a libvorbis", "vorbis", .audio),
            ("pcm.mov", "-c:v libx264 -c:a pcm_s16le", "pcm_s16le", .audio),
        ] as [(String, String, String, StreamInfo.Kind)])
    func codecs(_ name: String, _ arguments: String, _ codec: String, _ kind: StreamInfo.Kind) {
        let path = Clips.encode(name, "-t 0.5 -preset ultrafast -pix_fmt yuv420p \(arguments)")
        #expect(fault(.file(path)) == .codecNotCarried(codec: codec, kind: kind))
    }

    @Test("says that there is no key frame to start at")
    func keyFrames() {
        let path = Clips.make(
            "keyless.ts", "-i \(Clips.mp4) -c copy -bsf:v noise=drop=key,h264_mp4toannexb -an")
        #expect(fault(.file(path)) == .noKeyFrames)
    }

    @Test("says that there is neither picture nor sound")
    func streams() {
        let path = Clips.write(
            Array("1\n00:00:00,000 --> 00:00:01,000\nWords\n\n".utf8), to: "words.srt")
        #expect(fault(.file(path)) == .noStreams)
    }

    @Test("comes from a pipe that brings nothing, or no media")
    func pipes() {
        #expect(fault(fromPipe: []) == .empty("descriptor"))
        #expect(fault(fromPipe: Array("Just words, again.\n".utf8)) == .notMedia("descriptor"))
    }

    @Test("names a protocol that is not read")
    func protocols() {
        #expect(fault(.url("gopher://host/x")) == .protocolUnknown("gopher"))
        #expect(fault(.url("file:///etc/passwd")) == .protocolUnknown("file"))
        #expect(fault(.url("concat:a|b")) == .protocolUnknown("concat"))
        #expect(fault(.url("words")) == .protocolUnknown("words"))
    }

    @Test("can be read by a person")
    func words() {
        let fault = IngestFault.codecNotCarried(codec: "vp9", kind: .video)
        #expect("\(fault)" == "video codec vp9 cannot be carried in an MPEG transport stream")
        #expect(fault.hint.contains("libx264"))
    }

    private func fault(_ source: IngestOptions.Source) -> IngestFault? {
        guard case .failed(let fault) = run(source).last else { return nil }
        return fault
    }

    private func fault(fromPipe bytes: [UInt8]) -> IngestFault? {
        let pipe = Pipe()
        pipe.write(bytes)
        pipe.closeWriter()
        let name = "descriptor \(pipe.reader)"
        switch fault(.descriptor(pipe.reader)) {
        case .empty(name): return .empty("descriptor")
        case .notMedia(name): return .notMedia("descriptor")
        case let other: return other
        }
    }

    private func noiseBytes(_ count: Int) -> [UInt8] {
        var random = SeededRandom(seed: 3)
        return (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
    }
}
