// One test's processes and files: a broadcaster, its viewers, and the tools beside them. All end
// with the test, however it ends.

import Glibc

/// What a broadcaster is started with; it can be started with the same again.
struct Channel {
    let name: String
    let file: String
    let stateFolder: String
    let peerPort: UInt16
    let trackerPort: UInt16
    /// Trackers of others; none means the embedded one.
    var trackers: [String] = []
}

/// A broadcaster on the air.
@MainActor
struct Broadcaster {
    let child: Child
    let channel: Channel
    let infoHash: String
    let firstPiece: Int
    /// The newest piece that it told of.
    var newestPiece: Int? { member("edge", in: child.output).flatMap { Int($0) } }
}

/// A viewer that serves players.
@MainActor
struct Viewer {
    let child: Child
    let url: String
    /// Where it records.
    let file: String
    /// How many neighbours it told of last.
    var peers: Int { member("peers", in: child.output).flatMap { Int($0) } ?? 0 }

    /// Whether it recorded so many bytes within the time.
    func recorded(_ bytes: Int, within seconds: Double) async throws -> Bool {
        try await eventually(within: seconds) {
            size(ofFile: file) >= bytes || child.ending != nil
        } && child.ending == nil
    }
}

/// The last value of the member `name` in lines of JSON, without its quotes.
func member(_ name: String, in lines: String) -> String? {
    guard let mark = lines.ranges(of: "\"\(name)\":").last else { return nil }
    let rest = lines[mark.upperBound...]
    let value =
        rest.hasPrefix("\"")
        ? rest.dropFirst().prefix { $0 != "\"" }
        : rest.prefix { !",}]\n".contains($0) }
    return String(value)
}

/// Runs a test on a stage of its own, which is cleared whatever happens.
@MainActor
func onStage(_ test: @MainActor (Stage) async throws -> Void) async throws {
    let stage = try Stage()
    defer { stage.clear() }
    try await test(stage)
}

/// A test's processes and files.
@MainActor
final class Stage {
    /// The folder of the test.
    let folder: String
    private var children: [Child] = []
    private var mounts: [String] = []

    init() throws { folder = try newFolder() }

    /// A path in the folder of the test.
    func path(_ name: String) -> String { "\(folder)/\(name)" }

    /// Starts p2ptv with these arguments.
    func p2ptv(
        _ arguments: [String], as name: String? = nil, input: Int32? = nil, output: Int32? = nil
    ) throws -> Child {
        try start(Programs.p2ptv(), arguments, as: name, input, output)
    }

    /// Starts a tool of the system with these arguments.
    func tool(
        _ tool: String, _ arguments: [String], as name: String? = nil, input: Int32? = nil,
        output: Int32? = nil
    ) throws -> Child {
        try start(Programs.tool(tool), arguments, as: name ?? tool, input, output)
    }

    /// Starts a program by its path, with these arguments.
    func program(_ program: String, _ arguments: [String], as name: String) throws -> Child {
        try start(program, arguments, as: name, nil, nil)
    }

    private func start(
        _ program: String, _ arguments: [String], as name: String?, _ input: Int32?,
        _ output: Int32?
    ) throws -> Child {
        let name = "\(children.count)-\(name ?? arguments.first ?? "p2ptv")"
        let child = try Child(name, program, arguments, in: folder, input: input, output: output)
        children.append(child)
        return child
    }

    /// A channel with a name, a folder and ports of its own.
    func channel(_ name: String = "demo", trackers: [String] = []) throws -> Channel {
        try Channel(
            name: name, file: path("\(name).torrent"), stateFolder: path("\(name)-state"),
            peerPort: Ports.free(), trackerPort: Ports.free(), trackers: trackers)
    }

    /// Broadcasts, and returns when the channel is on the air.
    func broadcast(
        _ input: String, _ options: [String] = [], on channel: Channel, from pipe: Int32? = nil
    ) async throws -> Broadcaster {
        let child = try p2ptv(
            ["broadcast", input] + options + channel.options + ["--json"], input: pipe)
        guard
            try await eventually(
                within: 20,
                { member("first_piece", in: child.output) != nil || child.ending != nil }),
            child.ending == nil, let first = member("first_piece", in: child.output),
            let hash = member("info_hash", in: child.output)
        else { throw Failure("no channel on the air: \(child.lastWords)") }
        return Broadcaster(
            child: child, channel: channel, infoHash: hash, firstPiece: Int(first) ?? -1)
    }

    /// Watches, and returns when players can connect.
    func watch(_ channel: Channel, _ options: [String] = []) async throws -> Viewer {
        let file = path("viewer-\(children.count).ts")
        let child = try p2ptv(
            [
                "watch", channel.file, "--port", "\(Ports.free())", "--peer-port",
                "\(Ports.free())", "--player", "none", "-o", file, "--json",
            ] + options)
        guard
            try await eventually(
                within: 20, { member("url", in: child.output) != nil || child.ending != nil }),
            child.ending == nil, let url = member("url", in: child.output)
        else { throw Failure("the viewer does not serve: \(child.lastWords)") }
        return Viewer(child: child, url: url, file: file)
    }

    /// Watches with so many viewers.
    func watch(_ channel: Channel, viewers: Int) async throws -> [Viewer] {
        var started: [Viewer] = []
        for _ in 0..<viewers { started.append(try await watch(channel)) }
        return started
    }

    /// A file system of so many KiB in memory, or nil where that is not allowed.
    func smallDisk(kibibytes: Int, _ options: String = "") async throws -> String? {
        let path = try makeFolder(path("disk-\(mounts.count)"))
        guard geteuid() == 0,
            try await ending(
                "mount",
                ["-t", "tmpfs", "-o", "size=\(kibibytes)k,mode=755\(options)", "none", path])
                == .code(0)
        else { return nil }
        mounts.append(path)
        return path
    }

    /// Runs a tool to its end, whatever that is.
    func ending(_ name: String, _ arguments: [String]) async throws -> Ending? {
        try await tool(name, arguments).ended(within: 10)
    }

    /// What the processes said last, for a failed test.
    var lastWords: String { children.map(\.lastWords).joined(separator: "\n") }

    /// Ends every process and removes every file.
    func clear() {
        for child in children.reversed() { child.end() }
        for path in mounts { umount2(path, Int32(MNT_DETACH)) }
        removeFolder(folder)
    }
}

extension Channel {
    /// The options by which a broadcaster puts it on the air.
    var options: [String] {
        [
            "--name", name, "-o", file, "--state-dir", stateFolder, "--peer-port", "\(peerPort)",
        ]
            + (trackers.isEmpty
                ? ["--tracker-port", "\(trackerPort)"] : trackers.flatMap { ["-t", $0] })
    }
}
