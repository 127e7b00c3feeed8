// Players that join and players that are slow. Chunks of 100 ms; capital letters are key frames.

import Playout
import Primitives
import Testing

/// A ring that is fed chunks named by letters, one packet each.
private struct Feed {
    var ring: FeedRing
    var time: Int64 = 0

    init(_ letters: String = "", _ change: (inout FeedSettings) -> Void = { _ in }) {
        var settings = FeedSettings()
        change(&settings)
        ring = FeedRing(settings: settings)
        add(letters)
    }

    var now: Instant { .zero + .milliseconds(time) }

    /// Chunks of 188 bytes that follow each other by 100 ms of media, and of time if `live`.
    mutating func add(_ letters: String, live: Bool = true, size: Int = 188) {
        for letter in letters.utf8 {
            if live { time += 100 }
            media += 100_000
            let chunk = TransportChunk(
                bytes: [UInt8](repeating: letter, count: size), randomAccess: letter < 97)
            ring.append(chunk, wall: WallTime(microseconds: media), at: now)
        }
    }
    private var media: UInt64 = 1_000_000_000

    func read(_ cursor: inout FeedCursor, max: Int = 1 << 20) -> String {
        String(
            decoding: ring.next(&cursor, maxBytes: max, at: now).map { $0[0] }, as: UTF8.self)
    }
}

@Suite struct FeedRingTests {
    @Test("A player joins at the newest key frame that has a second behind it")
    func join() {
        let feed = Feed("AbcdefghijklMnopqrstuvwxyzabZabcdef")
        var cursor = feed.ring.join(at: feed.now)
        #expect(feed.read(&cursor) == "MnopqrstuvwxyzabZabcdef")
        #expect(feed.read(&cursor) == "")
        #expect(!feed.ring.isDone(cursor))
    }

    @Test(
        "Where none has a second behind it the newest must do; without any, a second",
        arguments: [
            ("AbcdE", "E"), ("", ""), ("abc", "abc"), ("abcdefghijklmno", "efghijklmno"),
        ])
    func joinEarly(_ fed: String, _ expected: String) {
        let feed = Feed(fed)
        var cursor = feed.ring.join(at: feed.now)
        #expect(feed.read(&cursor) == expected)
    }

    @Test("A player that joined an empty ring gets what comes first")
    func joinEmpty() {
        var feed = Feed()
        var cursor = feed.ring.join(at: feed.now)
        feed.add("Abc")
        #expect(feed.read(&cursor) == "Abc")
        feed.ring.finish()
        #expect(feed.ring.isDone(cursor))
        feed.add("d")
        #expect(feed.read(&cursor) == "")
    }

    @Test("Reads are bounded, and one chunk always goes")
    func bounded() {
        let feed = Feed("Abcdef")
        var cursor = feed.ring.join(at: feed.now)
        #expect(feed.read(&cursor, max: 1) == "A")
        #expect(feed.read(&cursor, max: 400) == "bc")
    }

    @Test("A reader that is more than two seconds late jumps to the newest key frame")
    func slow() {
        var feed = Feed("Abcdefghijklm")
        var cursor = feed.ring.join(at: feed.now)
        #expect(feed.read(&cursor, max: 1) == "A")
        feed.add("nopqrstuvwxYzabc")
        #expect(feed.read(&cursor, max: 1) == "b")
        feed.add("def")
        #expect(cursor.jumps == 0)
        feed.add("ghijk")
        _ = feed.read(&cursor)
        #expect(cursor.jumps == 1)
        #expect(!feed.ring.hasMore(for: cursor))
    }

    @Test("A recording is late rather than incomplete")
    func patient() {
        var feed = Feed("A") { $0.duration = .seconds(6) }
        var cursor = feed.ring.join(at: feed.now, patient: true)
        feed.add("bcdefghijklmnopqrstuvwxYzabcdefghijklmnopqrstuvwxyz")
        #expect(feed.read(&cursor, max: 600) == "Abc")
        feed.add("AbcdefghijklmnopqrstuvwxyzabcdefghijklmnoP")
        #expect(cursor.jumps == 0)
        _ = feed.read(&cursor)
        #expect(cursor.jumps == 1 && !feed.ring.hasMore(for: cursor))
    }

    @Test("What came in one burst after an outage is not the reader's fault")
    func burst() {
        var feed = Feed("Abc")
        var cursor = feed.ring.join(at: feed.now)
        _ = feed.read(&cursor)
        feed.time += 30_000
        feed.add("defgHijklmnopqrstuvwxyzabcdefghijklmnopqr", live: false, size: 188 * 500)
        feed.time += 100
        #expect(feed.read(&cursor, max: 1 << 30).prefix(5) == "defgH")
        #expect(cursor.jumps == 0)
        feed.add("AbCdefghijklmnopqrstuvwxyzabcd", live: false, size: 188 * 500)
        feed.time += 300
        _ = feed.read(&cursor)
        #expect(cursor.jumps == 1)
    }

    @Test("The ring is bounded in bytes, in time and in number; who falls off jumps")
    func bounds() {
        var bytes = Feed { $0.bytes = 1000 }
        var cursor = bytes.ring.join(at: bytes.now)
        bytes.add("AbcdEfgh")
        #expect(bytes.ring.byteCount <= 1000)
        _ = bytes.read(&cursor)
        #expect(cursor.jumps == 1 && !bytes.ring.hasMore(for: cursor))

        var time = Feed { $0.duration = .seconds(1) }
        time.add(String(repeating: "Abcde", count: 100))
        #expect((10...11).contains(time.ring.count))

        var count = Feed { $0.chunks = 7 }
        count.add(String(repeating: "Abcde", count: 100))
        #expect(count.ring.count == 7)
        var late = count.ring.join(at: count.now)
        #expect(count.read(&late) == "Abcde")
    }

    @Test("A source's clock that leaps does not empty the ring")
    func leap() {
        var feed = Feed("Abc")
        for wall in [.max, 0, 5, .max - 1] as [UInt64] {
            let chunk = TransportChunk(bytes: [100], randomAccess: false)
            feed.ring.append(chunk, wall: WallTime(microseconds: wall), at: feed.now)
        }
        #expect(feed.ring.count == 7)
    }

    @Test("After a jump a player gets no unmarked jump of a counter")
    func jumpIsMarked() {
        let chunks = TransportBuilder.stream(pieces: 60).assembled()
        var ring = FeedRing()
        var cursor = ring.join(at: .zero)
        var checker = ContinuityChecker()
        for (n, chunk) in chunks.enumerated() {
            let now = Instant.zero + .milliseconds(Int64(n) * 100)
            ring.append(chunk, wall: WallTime(microseconds: UInt64(n) * 100_000), at: now)
            // Reads all, then pauses for three seconds, again and again.
            guard n % 40 < 10 else { continue }
            for bytes in ring.next(&cursor, maxBytes: 1 << 20, at: now) { checker.take(bytes) }
        }
        #expect(cursor.jumps >= 1)
        #expect(checker.faults == [])
    }
}
