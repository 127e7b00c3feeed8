// How the program ends when it is told to.

import Glibc
import Testing

extension EndToEnd {
    @MainActor
    @Suite("Ending", .serialized)
    struct Signals {
        @Test(
            "A signal ends viewer and broadcaster within 3 s, and the tracker is told",
            arguments: [SIGINT, SIGTERM])
        func ending(signal: Int32) async throws {
            let clip = try await Clips.transportStream()
            try await onStage { stage in
                let port = try Ports.free()
                let log = try await AnnounceLog(port: port)
                let channel = try stage.channel(trackers: ["http://127.0.0.1:\(port)/announce"])
                let source = try await stage.broadcast(clip.path, ["--loop"], on: channel)
                let viewer = try await stage.watch(channel)
                #expect(try await viewer.recorded(clip.bytes(of: 1), within: 15))

                for child in [viewer.child, source.child] {
                    child.send(signal)
                    #expect(try await child.ended(within: 3) == .code(0), "\(child.lastWords)")
                    #expect(!child.errors.contains("error:"), "\(child.errors)")
                }
                #expect(await log.lives == [["started", "stopped"], ["started", "stopped"]])
                await log.close()
            }
        }

        @Test("A tracker that does not answer holds up nobody's end")
        func deafTracker() async throws {
            let clip = try await Clips.transportStream()
            try await onStage { stage in
                let (port, descriptor) = try Ports.taken()
                defer { close(descriptor) }
                let channel = try stage.channel(trackers: ["http://127.0.0.1:\(port)/announce"])
                let source = try await stage.broadcast(clip.path, ["--loop"], on: channel)
                let viewer = try await stage.watch(channel)
                #expect(try await viewer.recorded(clip.bytes(of: 1), within: 15))
                for child in [viewer.child, source.child] {
                    child.send(SIGTERM)
                    #expect(try await child.ended(within: 3) == .code(0), "\(child.lastWords)")
                }
            }
        }
    }
}
