// Machines without IPv6: the kernel has none, or a service may not use it (RestrictAddressFamilies of
// systemd). A filter of system calls says so to one process; that needs no privilege.

import Glibc
import Testing

@MainActor
private enum WithoutIPv6 {
    /// Runs the program that its arguments name, for which `socket(AF_INET6, …)` fails as it does
    /// where the kernel has no IPv6.
    nonisolated static let program = """
        import ctypes, os, struct, sys
        libc = ctypes.CDLL(None, use_errno=True)
        machine, call = {'x86_64': (0xC000003E, 41), 'aarch64': (0xC00000B7, 198)}[os.uname().machine]
        def line(code, value, yes=0, no=0):
            return struct.pack('HBBI', code, yes, no, value)
        lines = b''.join([
            line(0x20, 4), line(0x15, machine, 0, 5),   # another machine: allowed
            line(0x20, 0), line(0x15, call, 0, 3),      # another call: allowed
            line(0x20, 16), line(0x15, 10, 0, 1),       # another family: allowed
            line(0x06, 0x00050000 | 97), line(0x06, 0x7fff0000)])
        buffer = ctypes.create_string_buffer(lines)
        class Filter(ctypes.Structure):
            _fields_ = [('count', ctypes.c_ushort), ('lines', ctypes.c_void_p)]
        it = Filter(len(lines) // 8, ctypes.addressof(buffer))
        failed = libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, ctypes.byref(it), 0, 0)
        if failed: sys.exit(3)
        os.execvp(sys.argv[1], sys.argv[1:])
        """

    /// Whether a process can be kept from IPv6 here.
    nonisolated static let isPossible: Bool = {
        guard let folder = try? newFolder() else { return false }
        defer { removeFolder(folder) }
        let probe =
            "import socket, sys\ntry: socket.socket(socket.AF_INET6)\n"
            + "except OSError as e: sys.exit(0 if e.errno == 97 else 1)\nsys.exit(1)\n"
        guard (try? write(program.utf8, to: "\(folder)/filter.py")) != nil,
            (try? write(probe.utf8, to: "\(folder)/probe.py")) != nil
        else { return false }
        return system("cd \(folder) && python3 filter.py python3 probe.py 2>/dev/null") == 0
    }()
}

extension Stage {
    /// Starts p2ptv where there is no IPv6.
    fileprivate func p2ptvWithoutIPv6(_ arguments: [String]) throws -> Child {
        try write(WithoutIPv6.program.utf8, to: path("filter.py"))
        return try tool(
            "python3", [path("filter.py"), Programs.p2ptv()] + arguments, as: arguments.first)
    }
}

extension EndToEnd {
    @MainActor
    @Suite(
        "Without IPv6", .serialized,
        .enabled(if: WithoutIPv6.isPossible, "needs python3, and a kernel that filters calls"))
    struct NoIPv6 {
        @Test(
            "A tracker, a seed and a viewer find each other by IPv4, whatever addresses are named",
            .timeLimit(.minutes(1)))
        func swarm() async throws {
            try await onStage { stage in
                let (trackerPort, seedPort) = (try Ports.free(), try Ports.free())
                let tracker = try stage.p2ptvWithoutIPv6(["tracker", "--port", "\(trackerPort)"])
                let film = try await stage.film([
                    "-t", "http://127.0.0.1:\(trackerPort)/announce", "-t", "udp://[::1]:1",
                ])
                let seed = try stage.p2ptvWithoutIPv6([
                    "relay", film.torrent, "--data", film.folder, "--peer-port", "\(seedPort)",
                    "--state-dir", stage.path("seed-state"), "--json",
                ])
                let isSeeding = try await eventually(within: 20) {
                    seed.output.contains(#""event":"seeding""#)
                }
                #expect(isSeeding, "\(stage.lastWords)")
                #expect(tracker.ending == nil, "\(tracker.lastWords)")
                let folder = try makeFolder(stage.path("loaded"))
                let viewer = try stage.p2ptvWithoutIPv6([
                    "watch", film.torrent, "--port", "\(Ports.free())", "--peer-port",
                    "\(Ports.free())", "--player", "none", "--state-dir", stage.path("state"),
                    "--peer", "[::1]:\(seedPort)", "-o", folder + "/", "--no-seed", "-q",
                ])
                #expect(try await viewer.ended(within: 30) == .code(0), "\(stage.lastWords)")
                let isWhole = film.isWhole("\(folder)/film.ts")
                #expect(isWhole, "\(stage.lastWords)")
            }
        }

        @Test("A broadcast is watched", .timeLimit(.minutes(1)))
        func channel() async throws {
            try await onStage { stage in
                let channel = try stage.channel()
                let clip = try await Clips.transportStream()
                let source = try stage.p2ptvWithoutIPv6(
                    ["broadcast", clip.path, "--loop"] + channel.options + ["--json"])
                let isOnAir = try await eventually(within: 20) {
                    member("first_piece", in: source.output) != nil
                }
                #expect(isOnAir, "\(stage.lastWords)")
                let viewer = try stage.p2ptvWithoutIPv6([
                    "watch", channel.file, "--port", "\(Ports.free())", "--peer-port",
                    "\(Ports.free())", "--player", "none", "-o", stage.path("seen.ts"), "-q",
                ])
                let hasCome = try await eventually(within: 20) {
                    size(ofFile: stage.path("seen.ts")) > 100_000
                }
                #expect(hasCome, "\(stage.lastWords)")
                #expect(viewer.ending == nil)
            }
        }
    }
}
