import Primitives
import Testing

@testable import Ingest

@Suite("An interleaver")
struct InterleaverTests {
    @Test("puts streams in the order of their times")
    func order() {
        var merger = Interleaver<String>(streams: 2)
        for i in 0..<3 { merger.add("v\(i)", dts: Int64(i) * 100, stream: 0) }
        #expect(merger.next() == nil)
        for i in 0..<2 { merger.add("a\(i)", dts: Int64(i) * 150 + 10, stream: 1) }
        #expect(drain(&merger) == ["v0", "a0", "v1", "a1"])
        #expect(drain(&merger, draining: true) == ["v2"])
        #expect(merger.next(draining: true) == nil)
    }

    @Test("does not wait for a silent stream beyond its span")
    func silent() {
        var merger = Interleaver<String>(streams: 2, span: 1000)
        merger.add("v0", dts: 0, stream: 0)
        merger.add("v1", dts: 1000, stream: 0)
        #expect(merger.next() == nil)
        merger.add("v2", dts: 1001, stream: 0)
        #expect(drain(&merger) == ["v0"])
    }

    private func drain(_ merger: inout Interleaver<String>, draining: Bool = false) -> [String] {
        var out: [String] = []
        while let entry = merger.next(draining: draining) { out.append(entry.element) }
        return out
    }
}

extension Interleaver.Entry: Equatable where Element: Equatable {
    static func == (a: Self, b: Self) -> Bool { a.dts == b.dts && a.element == b.element }
}

@Suite("A pacer")
struct PacerTests {
    @Test("lets packets through when they are due, a little early")
    func due() {
        var pacer = Pacer(ahead: .milliseconds(40), behind: .seconds(1))
        let start = Instant.zero + .seconds(5)
        #expect(pacer.due(90_000, at: start) == start)
        #expect(pacer.due(180_000, at: start) == start + .milliseconds(960))
        #expect(pacer.due(93_600, at: start) == start)
    }

    @Test("does not make up for a long pause")
    func pause() {
        var pacer = Pacer(ahead: .zero, behind: .seconds(1))
        #expect(pacer.due(0, at: .zero) == .zero)
        let late = Instant.zero + .seconds(60)
        #expect(pacer.due(90_000, at: late) == .zero + .seconds(1))
        #expect(pacer.due(180_000, at: late) == late + .seconds(1))
    }
}

@Suite("A message")
struct RedactionTests {
    @Test(
        "shows no secrets of a URL",
        arguments: [
            ("http://host/live.ts", "http://host/live.ts"),
            ("http://me:pass@host:80/live.ts", "http://…@host:80/live.ts"),
            ("http://a@b:p@host/x", "http://…@host/x"),
            ("http://host/x?token=abc&mode=caller", "http://host/x?token=…&mode=caller"),
            (
                "srt://host:9000?passphrase=secret&mode=listener&x",
                "srt://host:9000?passphrase=…&mode=listener&…"
            ),
            ("rtmp://host/live/streamkey", "rtmp://host/live/…"),
            ("rtsp://user:p%40ss@cam/1", "rtsp://…@cam/1"),
            ("http://host/x#secret", "http://host/x#…"),
            ("plain.ts", "plain.ts"),
            ("http://", "http://"),
        ] as [(String, String)])
    func redaction(_ url: String, _ shown: String) {
        #expect(redacted(url) == shown)
    }
}

@Suite("A URL that listens")
struct ListeningTests {
    @Test("becomes an option where the protocol wants one")
    func options() {
        #expect(Protocols.listening("rtmp://h/a/k?listen=1").url == "rtmp://h/a/k")
        #expect(Protocols.listening("rtmp://h/a/k?listen=1").options.map(\.0) == ["listen"])
        #expect(Protocols.listening("http://h/x?a=1&listen&b=2").url == "http://h/x?a=1&b=2")
        #expect(Protocols.listening("rtsp://h/x?listen").options.map(\.1) == ["listen"])
        #expect(Protocols.listening("http://h/x?a=1").options.isEmpty)
        #expect(Protocols.listening("srt://h:1?mode=listener").url == "srt://h:1?mode=listener")
        #expect(Protocols.listening("tcp://h:1?listen").url == "tcp://h:1?listen")
    }
}

@Suite("A scanner of marks")
struct MarkScannerTests {
    @Test("never reads past the end, whatever the bytes")
    func hostile() {
        var random = SeededRandom(seed: 7)
        let scanner = MarkScanner(videoPID: 0x100, tablePID: 0x1000)
        for length in [0, 1, 187, 188, 189, 376, 1880] {
            for _ in 0..<200 {
                var bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                // Headers that look right, with lengths that do not.
                for at in stride(from: 0, to: length - 4, by: 188) {
                    bytes.replaceSubrange(at..<(at + 4), with: [0x47, 0x41, 0, 0x30])
                }
                #expect(scanner.marks(in: bytes).allSatisfy { $0.offset + 188 <= length })
            }
        }
    }
}

@Suite("Parameter sets of H.264")
struct AVCParameterSetsTests {
    private let record: [UInt8] = [1, 66, 0, 30, 0xff, 0xe1, 0, 2, 0x67, 7, 1, 0, 1, 0x68]

    @Test("go behind the delimiter of a key frame that lacks them, and only there")
    func gaps() throws {
        let sets = try #require(AVCParameterSets(record: record))
        #expect(sets.bytes == [0, 0, 0, 2, 0x67, 7, 0, 0, 0, 1, 0x68])
        let delimiter: [UInt8] = [0, 0, 0, 2, 9, 0xf0]
        let slice: [UInt8] = [0, 0, 0, 2, 0x61, 1]
        #expect(sets.gap(in: slice) == 0)
        #expect(sets.gap(in: delimiter + slice) == 6)
        #expect(sets.gap(in: delimiter + [0, 0, 0, 1, 0x65]) == nil)
        #expect(sets.gap(in: sets.bytes + slice) == nil)
        #expect(sets.gap(in: []) == nil)
    }

    @Test("are not read past the end of a record or a packet")
    func hostile() throws {
        for count in record.indices { _ = AVCParameterSets(record: Array(record.prefix(count))) }
        #expect(AVCParameterSets(record: [1, 2, 3, 4, 0xff, 0xff, 0xff, 0xff]) == nil)
        let sets = try #require(AVCParameterSets(record: record))
        #expect(sets.gap(in: [0xff, 0xff, 0xff, 0xff, 9, 1]) == nil)
        #expect(sets.gap(in: [0xff, 0xff, 0xff, 0xff, 6]) == nil)
        // A delimiter that claims to be longer than the packet hides no slice.
        #expect(sets.gap(in: [0, 0, 0, 9, 9, 0, 0, 0, 1]) == nil)
    }
}
