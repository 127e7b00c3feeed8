// The Range field as a table: what is asked, of how many bytes, and what is answered.

import Reactor
import Testing

@testable import Gateway

private let huge = String(repeating: "9", count: 40)

@Suite("Ranges") struct ByteRangeTests {
    @Test(
        "A range is answered as RFC 9110 says",
        arguments: [
            // The examples of RFC 9110, 14.1.2, on a file of 10,000 bytes.
            ("bytes=0-499", .part(0..<500)), ("bytes=500-999", .part(500..<1000)),
            ("bytes=-500", .part(9500..<10_000)), ("bytes=9500-", .part(9500..<10_000)),
            ("bytes=0-0,-1", .whole), ("bytes= 0-999, 4500-5499, -1000", .whole),
            // The edges.
            ("bytes=0-", .part(0..<10_000)), ("bytes=0-0", .part(0..<1)),
            ("bytes=9999-", .part(9999..<10_000)), ("bytes=9999-9999", .part(9999..<10_000)),
            ("bytes=-1", .part(9999..<10_000)), ("bytes=-10000", .part(0..<10_000)),
            ("bytes=-10001", .part(0..<10_000)), ("bytes=0-10000", .part(0..<10_000)),
            ("bytes=5-\(huge)", .part(5..<10_000)), ("bytes=-\(huge)", .part(0..<10_000)),
            ("bytes=0000000-0000001", .part(0..<2)), ("BYTES=1-2", .part(1..<3)),
            ("bytes=1-2,", .part(1..<3)), ("bytes=,1-2", .part(1..<3)),
            ("bytes=\t1-2 ", .part(1..<3)),
            // Of several, those that cannot be satisfied do not count.
            ("bytes=1-2,10000-", .part(1..<3)), ("bytes=20000-,-0", .unsatisfiable),
            // Nothing is there.
            ("bytes=10000-", .unsatisfiable), ("bytes=10000-10001", .unsatisfiable),
            ("bytes=\(huge)-", .unsatisfiable), ("bytes=\(huge)-\(huge)", .unsatisfiable),
            ("bytes=-0", .unsatisfiable), ("bytes=9223372036854775807-", .unsatisfiable),
            // Malformed, or another unit: as if it were not there.
            ("bytes=2-1", .whole), ("bytes=1-2,2-1", .whole), ("bytes=", .whole),
            ("bytes", .whole), ("", .whole), ("=0-1", .whole), ("items=0-1", .whole),
            ("bytes=-", .whole), ("bytes=--1", .whole), ("bytes=-1-", .whole),
            ("bytes=1-2-3", .whole), ("bytes=+1-2", .whole), ("bytes=1-+2", .whole),
            ("bytes=0x1-2", .whole), ("bytes=1 - 2", .whole), ("bytes=a-b", .whole),
            ("bytes=\u{661}-2", .whole), ("bytes =0-1", .whole), ("bytes=1.0-2", .whole),
            ("bytes: 0-1", .whole), ("bytes=0-1;q=1", .whole), ("bytes=,", .whole),
        ] as [(String, ByteRange)])
    func table(_ field: String, _ answer: ByteRange) {
        #expect(ByteRange([field], length: 10_000) == answer)
    }

    @Test("No field, two fields and an empty file have no ranges")
    func none() {
        #expect(ByteRange([], length: 10) == .whole)
        #expect(ByteRange(["bytes=0-1", "bytes=0-1"], length: 10) == .whole)
        for field in ["bytes=0-", "bytes=-5", "bytes=0-0", "x"] {
            #expect(ByteRange([field], length: 0) == .whole)
        }
    }

    @Test("A file of the greatest length that there is has a last byte")
    func greatest() {
        #expect(ByteRange(["bytes=0-\(huge)"], length: .max) == .part(0..<Int64.max))
        #expect(ByteRange(["bytes=-1"], length: .max) == .part(Int64.max - 1..<Int64.max))
        #expect(ByteRange(["bytes=\(huge)-"], length: .max) == .unsatisfiable)
    }

    @Test("A thousand ranges are the whole file, once")
    func many() {
        let list = (0..<1000).map { "\($0 * 2)-\($0 * 2)" }.joined(separator: ",")
        #expect(ByteRange(["bytes=\(list)"], length: 10_000) == .whole)
    }

    @Test("No mutation of a field leads outside the file")
    func mutations() {
        var state: UInt64 = 7
        func next() -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33)
        }
        let alphabet = Array("bytes=0123456789-, \t9-".unicodeScalars)
        for _ in 0..<20_000 {
            var field = "bytes="
            for _ in 0..<next() % 24 {
                field.unicodeScalars.append(alphabet[next() % alphabet.count])
            }
            let length = Int64(next() % 50)
            guard case .part(let part) = ByteRange([field], length: length) else { continue }
            #expect(part.lowerBound >= 0 && part.upperBound <= length && !part.isEmpty)
        }
    }
}

@Suite("Answers before their bytes") struct FileAnswerTests {
    private let file = ServedFile(index: 3, path: ["d", "a film.mkv"], length: 1000)
    private let tag = EntityTag(content: "00ff", file: 3)

    private func answer(_ fields: HTTPHeaders, isHead: Bool = false) -> FileAnswer {
        FileAnswer(file, tag, fields, isHead: isHead)
    }

    @Test("The whole, a part and nothing have their fields")
    func fields() {
        let whole = answer([:])
        #expect(whole.status == 200 && whole.body == 0..<1000)
        #expect(whole.headers["Content-Length"] == "1000")
        #expect(whole.headers["Content-Type"] == "video/x-matroska")
        #expect(whole.headers["Accept-Ranges"] == "bytes")
        #expect(whole.headers["ETag"] == "\"00ff-3\"")
        #expect(whole.headers["Content-Range"] == nil)

        let part = answer(["range": "bytes=-10"])
        #expect(part.status == 206 && part.body == 990..<1000)
        #expect(part.headers["Content-Length"] == "10")
        #expect(part.headers["Content-Range"] == "bytes 990-999/1000")

        let none = answer(["Range": "bytes=1000-"])
        #expect(none.status == 416 && none.body == nil)
        #expect(none.headers["Content-Range"] == "bytes */1000")
    }

    @Test("HEAD has the length of the whole, whatever range it names, and no body")
    func head() {
        let head = answer(["Range": "bytes=5-6"], isHead: true)
        #expect(head.status == 200 && head.body == nil)
        #expect(head.headers["Content-Length"] == "1000")
        #expect(head.headers["Content-Range"] == nil)
    }

    @Test(
        "Conditions are judged by the tag",
        arguments: [
            ([("If-None-Match", "\"00ff-3\"")], 304), ([("If-None-Match", "*")], 304),
            ([("If-None-Match", "W/\"00ff-3\"")], 304),
            ([("If-None-Match", "\"x\" , \"00ff-3\"")], 304),
            ([("If-None-Match", "\"00ff-4\"")], 200), ([("If-None-Match", "00ff-3")], 200),
            ([("If-Match", "\"00ff-3\"")], 200), ([("If-Match", "*")], 200),
            ([("If-Match", "W/\"00ff-3\"")], 412), ([("If-Match", "\"y\"")], 412),
            ([("If-None-Match", "\"00ff-3\""), ("Range", "bytes=0-1")], 304),
            ([("If-Match", "\"y\""), ("If-None-Match", "*")], 412),
            ([("If-Range", "\"00ff-3\""), ("Range", "bytes=0-1")], 206),
            ([("If-Range", "W/\"00ff-3\""), ("Range", "bytes=0-1")], 200),
            ([("If-Range", "\"y\""), ("Range", "bytes=0-1")], 200),
            ([("If-Range", "\"y\""), ("Range", "bytes=5000-")], 200),
            ([("If-Range", "Sat, 29 Oct 1994 19:43:31 GMT"), ("Range", "bytes=0-1")], 200),
            ([("If-Range", "\"00ff-3\"")], 200),
            ([("If-Modified-Since", "Sat, 29 Oct 2050 19:43:31 GMT")], 200),
        ] as [([(String, String)], Int)])
    func conditions(_ fields: [(String, String)], _ status: Int) {
        let answer = answer(HTTPHeaders(fields.map { HTTPHeader($0, $1) }))
        #expect(answer.status == status)
        #expect(answer.headers["ETag"] == tag.text)
        #expect((answer.body == nil) == (status == 304 || status == 412))
    }

    @Test("A tag is one, whatever the content is called")
    func plainTag() {
        #expect(EntityTag(content: "a\"\r\n, b", file: 0).text == "\"ab-0\"")
    }
}
