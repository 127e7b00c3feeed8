// What the tests of nodes share: waiting for what the loop brings about, a clip made by the
// ffmpeg tool, free ports, files, and what the process costs.

import Glibc
import Primitives
import Reactor

/// Waits until `condition` holds and answers whether it came to hold within `limit`.
@Loop
func eventually(
    within limit: Interval = .seconds(20), _ condition: @Loop () -> Bool
) async -> Bool {
    let end = Loop.now + limit
    while !condition() {
        guard Loop.now < end else { return false }
        await pause(.milliseconds(10))
    }
    return true
}

/// Lets the loop run for `time`.
@Loop
func pause(_ time: Interval) async {
    await withCheckedContinuation { continuation in
        var timer: LoopTimer?
        timer = LoopTimer {
            continuation.resume()
            timer = nil
        }
        timer?.schedule(at: Loop.now + time)
    }
}

/// What happened, in order.
@Loop
final class Log<Entry: Sendable> {
    private(set) var entries: [Entry] = []
    func add(_ entry: Entry) { entries.append(entry) }
}

/// Address 127.0.0.`last`: all of them are this machine, and each counts as a host of its own.
func host(_ last: UInt8) -> IPAddress { .v4(0x7f00_0000 | UInt32(last)) }

extension Endpoint {
    /// A port of this machine.
    static func here(_ port: UInt16) -> Self { Self(address: host(1), port: port) }
}

/// A port that nobody listens on, each time another one.
///
/// Below the kernel's own choice: a connection of another test must not take it meanwhile.
@Loop
func freePort() throws -> UInt16 {
    while true {
        nextPort += 1
        let any = Endpoint(address: .v6(0, 0), port: nextPort)
        let listener = try? TCPListener(on: any) { connection, _ in connection.close() }
        guard let listener else { continue }
        listener.close()
        return nextPort
    }
}

@Loop private var nextPort = UInt16(12_000 + getpid() % 15_000)

/// A folder that lasts as long as the test run, with the clip that is broadcast.
enum Lab {
    /// Where everything is.
    static let folder: String = {
        var name = Array("/tmp/node-tests-XXXXXX".utf8CString)
        guard mkdtemp(&name) != nil else { return "/tmp" }
        atexit { shell("rm -rf \(Lab.folder)") }
        return String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()

    /// Twelve seconds of pictures and sound, a key frame a second: one block a piece.
    static let clip = make("clip.ts", "320x180", "320k", seconds: 12)
    /// Five seconds of the same.
    static let shortClip = make("short.ts", "320x180", "320k", seconds: 5)
    /// At a rate that makes pieces of two blocks.
    static let richClip = make("rich.ts", "480x270", "2600k", seconds: 12)

    private static func make(
        _ name: String, _ size: String, _ rate: String, seconds: Int
    ) -> String {
        let path = "\(folder)/\(name)"
        shell(
            "ffmpeg -y -nostdin -v error -f lavfi -i testsrc2=s=\(size):r=25:d=\(seconds)"
                + " -f lavfi -i sine=f=440:r=48000:d=\(seconds)"
                + " -c:v libx264 -preset ultrafast -g 25 -threads 1 -pix_fmt yuv420p"
                + " -b:v \(rate) -minrate \(rate) -maxrate \(rate) -bufsize \(rate)"
                + " -x264-params nal-hrd=cbr -c:a aac -b:a 64k \(path)")
        return path
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

/// The content of a file, empty where there is none.
func contents(of path: String) -> [UInt8] {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return [] }
    defer { close(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
        let count = read(file, &buffer, buffer.count)
        guard count > 0 else { return bytes }
        bytes += buffer.prefix(count)
    }
}

/// The memory that the process holds, in bytes.
func residentBytes() -> Int {
    let fields = String(decoding: contents(of: "/proc/self/statm"), as: UTF8.self).split(
        separator: " ")
    return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * 4096
}

/// The descriptors that the process has open.
func openDescriptors() -> Int {
    guard let folder = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count
}
