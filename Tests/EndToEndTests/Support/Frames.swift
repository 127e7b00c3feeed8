// What is in a stream, frame by frame, as the ffmpeg tool sees it, and whether what a viewer has
// is a piece of what was broadcast.

/// The digests of a stream's coded frames, byte for byte.
struct Frames {
    var video: [String]
    var audio: [String]
    /// As ffprobe names them, video before audio.
    var codecs: [String]

    /// The frames of a transport stream.
    @MainActor
    init(recording path: String) async throws {
        video = try await digests(path, "v")
        audio = try await digests(path, "a")
        // Where the recording was cut off the last frame may be half of one.
        video = video.dropLast()
        audio = audio.dropLast()
        codecs = try await codecNames(path)
    }

    /// The frames that ffmpeg makes of a clip in a transport stream.
    ///
    /// MP4, Matroska and FLV write frames differently: with lengths instead of start codes, and
    /// the parameter sets apart.
    @MainActor
    init(broadcasting clip: Clip) async throws {
        let path = try Clips.path(of: "reference.ts")
        _ = try await run(
            "ffmpeg",
            ["-nostdin", "-v", "error", "-y", "-i", clip.path, "-c", "copy", "-f", "mpegts", path])
        video = try await digests(path, "v")
        audio = try await digests(path, "a")
        codecs = try await codecNames(path)
    }
}

@MainActor
private func digests(_ path: String, _ kind: String) async throws -> [String] {
    let table = try await run(
        "ffmpeg",
        [
            "-nostdin", "-v", "error", "-i", path, "-map", "0:\(kind):0", "-c", "copy", "-f",
            "framemd5", "-",
        ])
    return table.split(separator: "\n").filter { !$0.hasPrefix("#") }.compactMap { row in
        let fields = row.split(separator: ",")
        return fields.count > 5 ? String(fields[5].drop { $0 == " " }) : nil
    }
}

@MainActor
private func codecNames(_ path: String) async throws -> [String] {
    let probe = ["-v", "error", "-show_entries", "stream=codec_name", "-of", "csv=p=0", path]
    return streams(in: try await run("ffprobe", probe)).map { String($0.prefix { $0 != "," }) }
}

/// The rows of streams in ffprobe's answer, which lists those of each programme once more.
func streams(in answer: String) -> [String] {
    answer.split(separator: "\n", omittingEmptySubsequences: false).prefix { !$0.isEmpty }
        .map(String.init)
}

/// Why `seen` is not a stretch of `sent` played over and over, or nil where it is one.
func breakPoint(of seen: [String], in sent: [String]) -> String? {
    guard let first = seen.first, !sent.isEmpty else { return "there are no frames" }
    var longest = (length: 0, start: 0)
    for start in sent.indices where sent[start] == first {
        let length = seen.indices.prefix { seen[$0] == sent[(start + $0) % sent.count] }.count
        if length == seen.count { return nil }
        if length >= longest.length { longest = (length, start) }
    }
    guard longest.length > 0 else { return "the first frame is none of those that were sent" }
    let place = (longest.start + longest.length) % sent.count
    let found = sent.firstIndex(of: seen[longest.length]).map { "frame \($0)" } ?? "a strange one"
    return "of \(seen.count) frames \(longest.length) are right, from frame \(longest.start) on; "
        + "where frame \(place) of \(sent.count) should be is \(found)"
}
