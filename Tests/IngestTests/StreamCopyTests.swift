import Ingest
import Primitives
import Testing

@Suite("Stream copy")
struct StreamCopyTests {
    @Test("carries every frame of an MP4 unchanged")
    func mp4() {
        let output = run(.file(Clips.mp4))
        #expect(output.last == .ended)
        let path = Clips.write(output.bytes, to: "mp4-out.ts")
        let decode = { (path: String) in
            "ffmpeg -v error -i \(path) -map 0:v -f framemd5 - | cut -d, -f5,6"
        }
        let expected = lines(decode(Clips.mp4))
        #expect(expected.count > 75)
        #expect(lines(decode(path)) == expected)
    }
}
