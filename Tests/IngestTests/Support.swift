// What the tests of ingest share: clips made by the ffmpeg tool, a collector of events, and the
// tool's own view of what came out.
import Glibc
import Ingest
import Primitives
import Synchronization

/// A folder of clips that lasts as long as the test run.
enum Clips {
    /// Where the clips are.
    static let folder: String = {
        var name = Array("/tmp/ingest-tests-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { return "/tmp" }
        atexit { shell("rm -rf \(Clips.folder)") }
        return String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    /// A path in the folder.
    static func path(_ name: String) -> String { "\(folder)/\(name)" }

    private static let pictures = "-f lavfi -i testsrc2=s=160x90:r=25:d=3"
    private static let sound = "-f lavfi -i sine=f=440:r=48000:d=3"
    private static let x264 =
        "-c:v libx264 -preset ultrafast -g 25 -bf 2 -threads 1 -pix_fmt yuv420p"

    /// H.264 with B-frames, a key frame a second, and AAC, in MP4.
    static let mp4 = make("a.mp4", "\(pictures) \(sound) \(x264) -c:a aac")
    /// The same streams in a transport stream.
    static let ts = make("a.ts", "-i \(mp4) -c copy")

    /// Makes a clip by these arguments of the tool, once.
    static func make(_ name: String, _ arguments: String) -> String {
        shell("ffmpeg -y -nostdin -v error \(arguments) \(path(name))")
        return path(name)
    }

    /// A clip with pictures and sound encoded by `codecs`.
    static func encode(_ name: String, _ codecs: String) -> String {
        make(name, "\(pictures) \(sound) \(codecs)")
    }

    /// A clip with the packets of `mp4`, in the container that `name` ends in.
    static func copy(_ name: String, _ options: String = "") -> String {
        make(name, "-i \(mp4) -c copy \(options)")
    }

    /// Writes bytes to a file in the folder.
    static func write(_ bytes: [UInt8], to name: String) -> String {
        let file = open(path(name), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { break }
            rest = rest.dropFirst(count)
        }
        return path(name)
    }

    /// The content of a file.
    static func read(_ path: String) -> [UInt8] {
        let file = open(path, O_RDONLY)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Int(max(0, lseek(file, 0, SEEK_END))))
        lseek(file, 0, SEEK_SET)
        let count = Glibc.read(file, &bytes, bytes.count)
        return Array(bytes.prefix(max(0, count)))
    }
}

/// Runs a command and returns what it printed.
@discardableResult
func shell(_ command: String) -> String {
    guard let pipe = popen(command, "r") else { return "" }
    defer { pclose(pipe) }
    var out: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = fread(&buffer, 1, buffer.count, pipe)
        guard count > 0 else { break }
        out += buffer.prefix(count)
    }
    return String(decoding: out, as: UTF8.self)
}

/// The lines of what a command printed, without comments.
func lines(_ command: String) -> [String] {
    shell(command).split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
}

/// Collects a session's events and consumes its bytes.
final class Collector: Sendable {
    struct Timed {
        var event: IngestEvent
        var at: Instant
    }
    private let state = Mutex<[Timed]>([])

    /// Takes an event.
    func take(_ event: IngestEvent) {
        let timed = Timed(event: event, at: now())
        state.withLock { $0.append(timed) }
    }

    /// All events so far with their times.
    var timed: [Timed] { state.withLock { $0 } }
    /// All events so far.
    var events: [IngestEvent] { timed.map(\.event) }
    /// All chunks so far.
    var chunks: [TSChunk] {
        events.compactMap { if case .chunk(let chunk) = $0 { chunk } else { nil } }
    }
    /// All bytes so far.
    var bytes: [UInt8] { chunks.flatMap(\.bytes) }
    /// How many bytes came so far.
    var count: Int { chunks.reduce(0) { $0 + $1.bytes.count } }
    /// What was said about the input.
    var info: StreamInfo? {
        events.lazy.compactMap { if case .opened(let info) = $0 { info } else { nil } }.first
    }
    /// The last event.
    var last: IngestEvent? { timed.last?.event }

    /// Waits until `condition` holds, for 10 s at most.
    @discardableResult
    func wait(_ condition: ([IngestEvent]) -> Bool) -> Bool {
        for _ in 0..<2000 {
            if condition(events) { return true }
            usleep(5000)
        }
        return false
    }
}

/// Now on the monotonic clock.
func now() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Instant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
}

/// Whether the session is over.
func isOver(_ events: [IngestEvent]) -> Bool {
    switch events.last {
    case .ended, .failed: true
    default: false
    }
}

/// Runs a session as fast as it goes to its end.
func run(_ source: IngestOptions.Source, pacing: IngestOptions.Pacing = .asItComes) -> Collector {
    let collector = Collector()
    var options = IngestOptions(source: source, pacing: pacing)
    options.limits.unconsumedBytes = 1 << 30
    let session = IngestSession(options) { collector.take($0) }
    session.start()
    collector.wait(isOver)
    session.stop()
    return collector
}

/// The PID of the packet at `offset`.
func pid(_ bytes: [UInt8], _ offset: Int) -> Int {
    Int(bytes[offset + 1] & 0x1f) << 8 | Int(bytes[offset + 2])
}

/// Where in the whole stream a player can start.
func entryOffsets(_ chunks: [TSChunk]) -> [Int] {
    var start = 0
    var offsets: [Int] = []
    for chunk in chunks {
        offsets += chunk.marks.filter { $0.kind == .randomAccess }.map { start + $0.offset }
        start += chunk.bytes.count
    }
    return offsets
}

/// The PCRs of a stream in units of 1/90000 s.
func clockTimes(_ bytes: [UInt8]) -> [Int] {
    stride(from: 0, to: bytes.count - 187, by: 188).compactMap { at in
        guard bytes[at + 3] & 0x20 != 0, bytes[at + 4] >= 7, bytes[at + 5] & 0x10 != 0
        else { return nil }
        return bytes[(at + 6)...(at + 9)].reduce(0) { $0 << 8 | Int($1) } << 1
            | Int(bytes[at + 10] >> 7)
    }
}

/// Digests of the decoded frames of one kind of stream.
func decoded(_ path: String, _ kind: String) -> [String] {
    digests("ffmpeg -v error -flags2 skip_manual -i \(path) -map 0:\(kind):0 -f framemd5 -")
}

/// Digests of the packets of one kind of stream.
func copied(_ path: String, _ kind: String) -> [String] {
    digests("ffmpeg -v error -i \(path) -map 0:\(kind):0 -c copy -f framemd5 -")
}

private func digests(_ command: String) -> [String] {
    lines(command).compactMap { line in
        let fields = line.split(separator: ",")
        return fields.count > 5 ? String(fields[5]) : nil
    }
}

/// PTS and DTS of the packets of one kind of stream, in units of 1/90000 s.
func packetTimes(_ path: String, _ kind: String) -> [(pts: Int, dts: Int)] {
    let probe = "ffprobe -v error -select_streams \(kind):0 -show_entries packet=pts,dts"
    return lines("\(probe) -of csv=p=0 \(path)").compactMap { line in
        let fields = line.split(separator: ",").compactMap { Int($0) }
        return fields.count >= 2 ? (fields[0], fields[1]) : nil
    }
}
