// The clips that the tests broadcast, made once a test run by the ffmpeg tool.

import Glibc

/// A clip and what is in it.
struct Clip {
    let path: String
    let seconds: Double
    var bytes: Int { size(ofFile: path) }

    /// How large so many seconds of it are in a transport stream, about.
    func bytes(of seconds: Double) -> Int { Int(Double(bytes) * seconds / self.seconds) }
}

/// Makes clips, in a folder that goes when the test run ends.
@MainActor
enum Clips {
    private static var made: [String: Clip] = [:]
    /// None where no folder can be made, which the first use of it reports.
    private nonisolated static let folder: String? = {
        atexit { Clips.folder.map(removeFolder) }
        return try? newFolder()
    }()

    private static let sound = "sine=frequency=440:sample_rate=48000"
    private static let x264 =
        "-c:v libx264 -preset veryfast -threads 1 -pix_fmt yuv420p -g 25 -b:v 900k "
        + "-maxrate 1M -bufsize 1M"

    /// 12 s of 640x360 at 25 frames a second, a key frame each second, and a tone: about 1 Mbit/s.
    static func transportStream() async throws -> Clip {
        try await encode("clip.ts", seconds: 12, "\(x264) -c:a aac -b:a 96k")
    }

    /// A short clip with these codecs in the container that the name ends in.
    static func short(_ name: String, video: String, audio: String) async throws -> Clip {
        let video = video == "libx264" ? x264 : "-c:v \(video) -g 25 -b:v 900k -pix_fmt yuv420p"
        return try await encode(name, seconds: 5, "\(video) -c:a \(audio)")
    }

    /// The middle of a stream with one key frame, which is at its beginning: so without any.
    static func withoutKeyFrames() async throws -> Clip {
        let whole = try await encode(
            "one-key-frame.ts", seconds: 5,
            "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -b:v 900k -an "
                + "-x264opts keyint=infinite:no-scenecut")
        let path = try path(of: "no-key-frame.ts")
        let bytes = bytes(ofFile: whole.path)
        try write(bytes[(bytes.count / 2 / 188 * 188)...], to: path)
        return Clip(path: path, seconds: 2.5)
    }

    /// Pictures and sound from ffmpeg's generators with these options of encoders.
    static func encode(_ name: String, seconds: Double, _ options: String) async throws -> Clip {
        if let clip = made[name] { return clip }
        let path = try path(of: name)
        let arguments =
            "-nostdin -v error -y -f lavfi -i testsrc2=size=640x360:rate=25 "
            + "-f lavfi -i \(sound) -t \(seconds) \(options) \(path)"
        _ = try await run("ffmpeg", arguments.split(separator: " ").map(String.init))
        let clip = Clip(path: path, seconds: seconds)
        made[name] = clip
        return clip
    }

    /// The path of a file among the clips.
    static func path(of name: String) throws -> String {
        guard let folder else { throw Failure("no temporary folder for clips") }
        return "\(folder)/\(name)"
    }
}

/// Runs a tool to its end, which must be a good one, and returns what it printed.
@MainActor
func run(_ name: String, _ arguments: [String], within seconds: Double = 60) async throws -> String
{
    let folder = try newFolder()
    defer { removeFolder(folder) }
    let child = try Child(name, Programs.tool(name), arguments, in: folder)
    defer { child.end() }
    guard try await child.ended(within: seconds) == .code(0) else {
        throw Failure("\(name) \(arguments.joined(separator: " ")) failed: \(child.lastWords)")
    }
    return child.output
}
