// Standard input and standard output, as in a pipeline of the shell.

import Glibc
import Testing

extension EndToEnd {
    @MainActor
    @Suite("Pipes", .serialized)
    struct Pipes {
        @Test("A stream from standard input is watched through HTTP and through a pipe")
        func standardInput() async throws {
            let clip = try await Clips.transportStream()
            try await onStage { stage in
                let channel = try stage.channel()
                // ffmpeg -re … -f mpegts - | p2ptv broadcast -
                let pipe = try Pipe()
                let maker = try stage.tool(
                    "ffmpeg",
                    [
                        "-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i", clip.path,
                        "-c", "copy", "-f", "mpegts", "-",
                    ], output: pipe.writing)
                let broadcast = try await stage.broadcast("-", on: channel, from: pipe.reading)
                pipe.close()
                let viewer = try await stage.watch(channel)

                let curl = try stage.tool("curl", ["-sS", "--max-time", "4", viewer.url])
                _ = try await curl.ended(within: 8)
                let seen = try await Frames(recording: curl.outputPath)
                let sent = try await Frames(broadcasting: clip)
                #expect(seen.codecs == ["h264", "aac"])
                #expect(breakPoint(of: seen.video, in: sent.video) == nil)
                #expect(seen.video.count > 50, "\(viewer.child.lastWords)")
                let probe = try stage.tool("ffprobe", Self.probe + [viewer.url])
                #expect(try await probe.ended(within: 15) == .code(0), "\(probe.lastWords)")
                #expect(streams(in: probe.output) == ["h264,640,360", "aac"])

                // p2ptv watch -o - | ffprobe -
                let (watch, reader) = try watching(channel, stage, "ffprobe", Self.probe + ["-"])
                #expect(try await reader.ended(within: 15) == .code(0), "\(reader.lastWords)")
                #expect(streams(in: reader.output) == ["h264,640,360", "aac"])
                #expect(try await watch.ended(within: 5) == .code(0), "\(watch.lastWords)")

                // The pipe's end is the broadcast's end.
                maker.send(SIGTERM)
                #expect(
                    try await broadcast.child.ended(within: 25) == .code(0),
                    "\(broadcast.child.lastWords)")
            }
        }

        @Test("A reader that has had enough ends the viewer without an error")
        func brokenPipe() async throws {
            let clip = try await Clips.transportStream()
            try await onStage { stage in
                let channel = try stage.channel()
                _ = try await stage.broadcast(clip.path, ["--loop"], on: channel)
                let (watch, reader) = try watching(channel, stage, "head", ["-c", "100000"])
                #expect(try await reader.ended(within: 15) == .code(0))
                #expect(size(ofFile: reader.outputPath) == 100_000)
                #expect(try await watch.ended(within: 5) == .code(0), "\(watch.lastWords)")
                #expect(!watch.errors.contains("error"), "\(watch.errors)")
            }
        }

        private static let probe = [
            "-v", "error", "-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0",
        ]

        /// Starts `p2ptv watch -o - | tool`.
        private func watching(
            _ channel: Channel, _ stage: Stage, _ tool: String, _ arguments: [String]
        ) throws -> (watch: Child, reader: Child) {
            let pipe = try Pipe()
            defer { pipe.close() }
            let watch = try stage.p2ptv(
                [
                    "watch", channel.file, "-o", "-", "--port", "\(Ports.free())", "--peer-port",
                    "\(Ports.free())",
                ], output: pipe.writing)
            return (watch, try stage.tool(tool, arguments, input: pipe.reading))
        }
    }
}
