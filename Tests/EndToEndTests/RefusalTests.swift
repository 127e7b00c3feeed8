// What p2ptv refuses: bad inputs, bad channel files, ports, folders and disks, and bad command
// lines. Each is told in one error and one hint, with the exit code of sysexits, and leaves
// nothing behind.

import Glibc
import Testing

extension EndToEnd {
    @MainActor
    @Suite("What is refused", .serialized)
    struct Refusals {
        @Test("Inputs that cannot be broadcast")
        func inputs() async throws {
            let blind = try await Clips.withoutKeyFrames()
            let vp9 = try await Clips.encode(
                "vp9.mkv", seconds: 1, "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -an")
            let pcm = try await Clips.encode(
                "pcm.mkv", seconds: 1, "-c:v libx264 -preset ultrafast -c:a pcm_s16le")
            try await onStage { stage in
                let out = try makeFolder(stage.path("out"))
                try write([], to: stage.path("empty.ts"))
                try write("Dear diary, today I watched television.\n".utf8, to: stage.path("a.txt"))
                let state = stage.path("state")
                let ports = try [
                    "--tracker-port", "\(Ports.free())", "--peer-port", "\(Ports.free())",
                ]
                @MainActor func refusing(
                    _ title: String, _ input: String, _ code: Int32, _ word: String,
                    _ hint: String = "hint: "
                ) -> Refusal {
                    Refusal(
                        title,
                        ["broadcast", input, "-o", "\(out)/x.torrent", "--state-dir", state]
                            + ports,
                        code, word, hint
                    ).leavingNothing(in: out)
                }
                try await stage.check([
                    refusing("no such file", stage.path("no.mp4"), 66, "no.mp4 does not exist"),
                    refusing("a folder", out, 66, "directory"),
                    refusing("nothing in it", stage.path("empty.ts"), 65, "is empty"),
                    refusing("a text", stage.path("a.txt"), 65, "not a media file"),
                    refusing("no key frame", blind.path, 65, "key frame", "keyint"),
                    refusing("VP9", vp9.path, 65, "codec vp9", "hint: convert it: ffmpeg -i"),
                    refusing("PCM", pcm.path, 65, "codec pcm_s16le", "hint: convert it: ffmpeg -i"),
                ])
            }
        }

        @Test("Channel files that are damaged, forged, or none")
        func channelFiles() async throws {
            let clip = try await Clips.transportStream()
            try await onStage { stage in
                let channel = try stage.channel()
                let source = try await stage.broadcast(clip.path, ["--loop"], on: channel)
                source.child.send(SIGTERM)
                #expect(try await source.child.ended(within: 4) == .code(0))
                let file = bytes(ofFile: channel.file)

                @MainActor func write(_ bytes: some Sequence<UInt8>, as name: String) throws
                    -> String
                {
                    try EndToEndTests.write(bytes, to: stage.path(name))
                    return stage.path(name)
                }
                /// The file with one bit of what follows `key` turned.
                @MainActor func turned(_ key: String, by distance: Int) throws -> [UInt8] {
                    var copy = file
                    guard let mark = file.firstRange(of: Array(key.utf8)) else {
                        throw Failure("the channel file has no \(key)")
                    }
                    copy[mark.upperBound + distance] ^= 1
                    return copy
                }
                let ordinary = "d4:infod6:lengthi5e4:name1:a12:piece lengthi16384eee"
                let out = try makeFolder(stage.path("out"))
                @MainActor func refusing(
                    _ title: String, _ path: String, _ code: Int32, _ word: String
                )
                    throws -> Refusal
                {
                    Refusal(
                        title,
                        [
                            "watch", path, "-o", "\(out)/x.ts", "--player", "none", "--port",
                            "\(try Ports.free())", "--peer-port", "\(try Ports.free())",
                        ], code, word
                    ).leavingNothing(in: out)
                }
                try await stage.check([
                    refusing("no such file", stage.path("no.torrent"), 66, "no such file"),
                    refusing("a folder", out, 66, "folder"),
                    refusing("empty", write([], as: "empty.torrent"), 65, "empty"),
                    refusing(
                        "half", write(file[..<(file.count / 2)], as: "half.torrent"), 65, "ends"),
                    refusing("cut", write(file.dropLast(), as: "cut.torrent"), 65, "ends"),
                    refusing(
                        "another signature",
                        write(turned("14:live signature64:", by: 9), as: "s.torrent"),
                        65, "its signature is wrong"),
                    refusing(
                        "another key", write(turned("10:public key32:", by: 9), as: "k.torrent"),
                        65, "its signature is wrong"),
                    refusing("a clip", clip.path, 65, "hint"),
                    refusing(
                        "a torrent without hashes", write(ordinary.utf8, as: "o.torrent"), 65,
                        "hint"),
                ])
            }
        }

        @Test("Ports that are in use, and a channel that cannot change")
        func ports() async throws {
            let clip = try await Clips.transportStream()
            try await onStage { stage in
                let (taken, descriptor) = try Ports.taken()
                defer { close(descriptor) }
                let channel = try stage.channel()
                let source = try await stage.broadcast(clip.path, ["--loop"], on: channel)
                source.child.send(SIGTERM)
                #expect(try await source.child.ended(within: 4) == .code(0))

                let out = try makeFolder(stage.path("out"))
                let closed = Refusal(
                    "a public channel that is to be private",
                    ["broadcast", clip.path, "--private"] + channel.options, 65,
                    "cannot make demo private", "--name")
                try await stage.check([closed])
                let broadcast = [
                    "broadcast", clip.path, "-o", "\(out)/x.torrent", "--state-dir",
                    stage.path("state"),
                ]
                let watch = ["watch", channel.file, "--player", "none", "-o", "\(out)/x.ts"]
                let (port, word) = (try "\(Ports.free())", "port \(taken): it is in use")
                try await stage.check(
                    [
                        Refusal(
                            "the tracker's",
                            broadcast + ["--tracker-port", "\(taken)", "--peer-port", port], 69,
                            word, "--tracker-port"),
                        Refusal(
                            "the broadcaster's for peers",
                            broadcast + ["--tracker-port", port, "--peer-port", "\(taken)"], 69,
                            word, "--peer-port"),
                        Refusal(
                            "the viewer's for peers",
                            watch + ["--port", port, "--peer-port", "\(taken)"], 69, word,
                            "--peer-port"),
                        Refusal(
                            "the player's", watch + ["--port", "\(taken)", "--peer-port", port], 69,
                            word, "--port"),
                    ].map { $0.leavingNothing(in: out) })
            }
        }

        @Test("State folders and disks that cannot be written")
        func disks() async throws {
            let clip = try await Clips.transportStream()
            try await onStage { stage in
                let channel = try stage.channel()
                let source = try await stage.broadcast(clip.path, ["--loop"], on: channel)
                let out = try makeFolder(stage.path("out"))
                @MainActor func broadcasting(
                    _ title: String, file: String, state: String, _ code: Int32
                )
                    throws -> Refusal
                {
                    Refusal(
                        title,
                        [
                            "broadcast", clip.path, "--name", channel.name, "-o", file,
                            "--state-dir", state, "--tracker-port", "\(try Ports.free())",
                            "--peer-port", "\(try Ports.free())",
                        ], code)
                }
                try await stage.check([
                    broadcasting(
                        "in use", file: "\(out)/x.torrent", state: channel.stateFolder, 75
                    ).leavingNothing(in: out)
                ])

                guard let fixed = try await stage.smallDisk(kibibytes: 64, ",ro"),
                    let full = try await stage.smallDisk(kibibytes: 64)
                else { return print("skipped: small and read-only disks need root and mount") }
                _ = try? write([UInt8](repeating: 0, count: 1 << 17), to: "\(full)/ballast")
                let watch = [
                    "watch", channel.file, "--player", "none", "--port", "\(try Ports.free())",
                    "--peer-port", "\(try Ports.free())", "-o",
                ]
                try await stage.check([
                    broadcasting(
                        "a read-only state folder", file: "\(out)/x.torrent",
                        state: "\(fixed)/state", 73
                    ).leavingNothing(in: out),
                    broadcasting(
                        "a read-only folder for the channel file", file: "\(fixed)/x.torrent",
                        state: stage.path("state"), 73),
                    broadcasting(
                        "a full disk for the state", file: "\(out)/x.torrent",
                        state: "\(full)/state", 74
                    ).leavingNothing(in: out),
                    broadcasting(
                        "a full disk for the channel file", file: "\(full)/x.torrent",
                        state: stage.path("state"), 74
                    ).leavingNothing(in: full),
                    Refusal("a full disk for a recording", watch + ["\(full)/x.ts"], 74, "full"),
                    Refusal("a read-only recording", watch + ["\(fixed)/x.ts"], 73),
                ])
                #expect(source.child.ending == nil)
            }
        }

        @Test("Command lines that are wrong")
        func commandLines() async throws {
            try await onStage { stage in
                try write([0], to: stage.path("a.ts"))
                let out = try makeFolder(stage.path("out"))
                let file = stage.path("a.ts")
                try await stage.check(
                    [
                        Refusal("no command", ["transmit"], 64, "transmit"),
                        Refusal("no input", ["broadcast"], 64),
                        Refusal("no channel", ["watch"], 64),
                        Refusal(
                            "an option that is none", ["broadcast", file, "--fast"], 64, "--fast"),
                        Refusal(
                            "a rate without a unit", ["broadcast", file, "--up-limit", "8"], 64,
                            "--up-limit"),
                        Refusal(
                            "a port that is none", ["watch", "a", "--port", "70000"], 64, "--port"),
                        Refusal(
                            "a tracker that is none", ["broadcast", file, "-t", "elsewhere"], 64),
                        Refusal(
                            "standard input again and again", ["broadcast", "-", "--loop"], 64),
                        Refusal("an unknown player", ["watch", "a", "--player", "vcr"], 64, "vcr"),
                        Refusal(
                            "a peer that is none", ["watch", "a", "--peer", "b"], 64, "--peer"),
                        Refusal(
                            "a time that is none", ["watch", "a", "--timeout", "soon"], 64,
                            "--timeout"),
                        Refusal("a scheme of others", ["watch", "ftp://a/b.torrent"], 64, "ftp"),
                    ].map { $0.leavingNothing(in: out) })
            }
        }
    }
}
