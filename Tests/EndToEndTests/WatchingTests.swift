// Recordings of viewers are held against what was broadcast, frame by frame.

import Glibc
import Testing

extension EndToEnd {
    @MainActor
    @Suite("Watching", .serialized)
    struct Watching {
        @Test("Three viewers record what is broadcast, frame for frame", .timeLimit(.minutes(2)))
        func embeddedTracker() async throws {
            let clip = try await Clips.transportStream()
            try await onStage { stage in
                let channel = try stage.channel()
                let source = try await stage.broadcast(clip.path, ["--loop"], on: channel)
                let viewers = try await stage.watch(channel, viewers: 3)

                // The clip lasts 12 s: every recording goes through its end and its beginning.
                for viewer in viewers {
                    #expect(
                        try await viewer.recorded(clip.bytes(of: 12.5), within: 30),
                        "\(viewer.child.lastWords)")
                }
                try await end(viewers)
                source.child.send(SIGINT)
                #expect(try await source.child.ended(within: 4) == .code(0))
                for viewer in viewers { try await expect(viewer, shows: clip, seconds: 12) }
            }
        }

        @Test("Three viewers meet at Debian's opentracker, by UDP", .timeLimit(.minutes(2)))
        func opentracker() async throws {
            let clip = try await Clips.transportStream()
            try await onStage { stage in
                let port = try Ports.free()
                let channel = try stage.channel(trackers: ["udp://127.0.0.1:\(port)/announce"])
                // The tracker wants to know the channel, which its first broadcast makes.
                let first = try await stage.broadcast(clip.path, ["--loop"], on: channel)
                first.child.send(SIGTERM)
                #expect(try await first.child.ended(within: 4) == .code(0))
                let tracker = try await OpenTracker.start(
                    on: stage, port: port, infoHash: first.infoHash)

                let source = try await stage.broadcast(clip.path, ["--loop"], on: channel)
                #expect(source.infoHash == first.infoHash)
                let viewers = try await stage.watch(channel, viewers: 3)
                let haveMet = try await eventually(within: 10) {
                    try await tracker.peers(of: source.infoHash, on: stage) == 4
                }
                #expect(haveMet, "\(tracker.child.lastWords)")
                for viewer in viewers {
                    #expect(
                        try await viewer.recorded(clip.bytes(of: 9), within: 25),
                        "\(viewer.child.lastWords)")
                }
                // Whom the channel file does not name they know from the tracker.
                for viewer in viewers { #expect(viewer.peers > 1, "\(viewer.child.lastWords)") }

                try await end(viewers)
                let haveLeft = try await eventually(within: 5) {
                    try await tracker.peers(of: source.infoHash, on: stage) == 1
                }
                #expect(haveLeft, "the tracker was not told that the viewers stopped")
                for viewer in viewers { try await expect(viewer, shows: clip, seconds: 8.5) }
            }
        }

        @Test(
            "What is in other containers arrives as it is", .timeLimit(.minutes(1)),
            arguments: [
                ("hevc.mp4", "libx265 -preset ultrafast -x265-params log-level=none", "libmp3lame"),
                ("h264.mkv", "libx264", "ac3"),
                ("h264.flv", "libx264", "libmp3lame -ar 44100"),
            ])
        func containers(name: String, video: String, audio: String) async throws {
            let clip = try await Clips.short(name, video: video, audio: audio)
            try await onStage { stage in
                let channel = try stage.channel()
                _ = try await stage.broadcast(clip.path, ["--loop"], on: channel)
                let viewer = try await stage.watch(channel)
                #expect(
                    try await viewer.recorded(clip.bytes(of: 4), within: 20),
                    "\(viewer.child.lastWords)")
                try await end([viewer])
                try await expect(viewer, shows: clip, seconds: 3)
            }
        }
    }
}

/// Ends viewers as people do.
@MainActor
private func end(_ viewers: [Viewer]) async throws {
    for viewer in viewers { viewer.child.send(SIGINT) }
    for viewer in viewers {
        #expect(try await viewer.child.ended(within: 4) == .code(0), "\(viewer.child.lastWords)")
    }
}

/// Checks that a recording is a stretch of the clip, played over and over.
@MainActor
func expect(_ viewer: Viewer, shows clip: Clip, seconds: Double) async throws {
    let sent = try await Frames(broadcasting: clip)
    let seen = try await Frames(recording: viewer.file)
    #expect(seen.codecs == sent.codecs)
    #expect(breakPoint(of: seen.video, in: sent.video) == nil)
    #expect(breakPoint(of: seen.audio, in: sent.audio) == nil)
    let share = seconds / clip.seconds
    #expect(Double(seen.video.count) >= share * Double(sent.video.count))
    #expect(Double(seen.audio.count) >= share * Double(sent.audio.count) - 5)
}
