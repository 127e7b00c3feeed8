// What goes wrong while a channel is on the air, and that its viewers play on.

import Glibc
import Testing

extension EndToEnd {
    @MainActor
    @Suite("What fails on the way", .serialized)
    struct Failures {
        @Test("A broadcaster that is killed goes on with the same channel, and so do its viewers")
        func killedBroadcaster() async throws {
            let clip = try await Clips.transportStream()
            try await onStage { stage in
                let channel = try stage.channel()
                let first = try await stage.broadcast(clip.path, ["--loop"], on: channel)
                let viewer = try await stage.watch(channel)
                let player = try stage.tool("curl", ["-sS", "--max-time", "60", viewer.url])
                let isPlaying = try await eventually(within: 15) {
                    size(ofFile: player.outputPath) > clip.bytes(of: 3)
                }
                #expect(isPlaying, "\(viewer.child.lastWords)")
                let newest = try #require(first.newestPiece)

                first.child.send(SIGKILL)
                #expect(try await first.child.ended(within: 2) == .signal(SIGKILL))
                try await Task.sleep(for: .seconds(1))
                let before = size(ofFile: player.outputPath)
                let again = try await stage.broadcast(clip.path, ["--loop"], on: channel)

                #expect(again.infoHash == first.infoHash)
                #expect(again.firstPiece > newest)
                let goesOn = try await eventually(within: 10) {
                    size(ofFile: player.outputPath) > before + clip.bytes(of: 2)
                }
                #expect(goesOn, "\(viewer.child.lastWords)")
                #expect(player.ending == nil && viewer.child.ending == nil)
            }
        }

        @Test("Without the tracker and with a source that stands still for 3 s viewers play on")
        func silence() async throws {
            let clip = try await Clips.transportStream()
            try await onStage { stage in
                let port = try Ports.free()
                let channel = try stage.channel(trackers: ["http://127.0.0.1:\(port)/announce"])
                let first = try await stage.broadcast(clip.path, ["--loop"], on: channel)
                first.child.send(SIGTERM)
                #expect(try await first.child.ended(within: 4) == .code(0))
                let tracker = try await OpenTracker.start(
                    on: stage, port: port, infoHash: first.infoHash)
                let source = try await stage.broadcast(clip.path, ["--loop"], on: channel)
                let viewers = try await stage.watch(channel, viewers: 2)
                for viewer in viewers {
                    #expect(
                        try await viewer.recorded(clip.bytes(of: 3), within: 15),
                        "\(viewer.child.lastWords)")
                }

                tracker.child.end()
                for viewer in viewers {
                    #expect(
                        try await viewer.recorded(clip.bytes(of: 6), within: 12),
                        "\(viewer.child.lastWords)")
                }

                source.child.send(SIGSTOP)
                try await Task.sleep(for: .seconds(3))
                source.child.send(SIGCONT)
                for viewer in viewers {
                    let before = size(ofFile: viewer.file)
                    #expect(
                        try await viewer.recorded(before + clip.bytes(of: 4), within: 15),
                        "\(viewer.child.lastWords)")
                }
                let sent = try await Frames(broadcasting: clip)
                for viewer in viewers {
                    let seen = try await Frames(recording: viewer.file)
                    #expect(breakPoint(of: seen.video, in: sent.video) == nil)
                }
            }
        }
    }
}
