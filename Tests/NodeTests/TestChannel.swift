// A channel that a real node broadcasts from the clip, and what its pieces truly are.

import Ingest
import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Storage
import Swarm

/// What a viewer's file turned out to be.
struct Verdict: Equatable {
    /// It is the stream from one of its random access points on.
    var isRight: Bool
    /// How long it is, in bytes, as far as it is right.
    var rightBytes: Int
}

/// A broadcast in this process, on ports of its own.
@Loop
final class TestChannel {
    let folder: String
    let peerPort: UInt16
    let trackerPort: UInt16
    private(set) var source: BroadcastNode?
    private(set) var events = Log<BroadcastEvent>()
    private let input: IngestOptions
    private let trackers: [String]
    /// All pieces that were ever published, from the first run on.
    private var pieces: [PieceIndex: [UInt8]] = [:]
    private var points: [RandomAccessPoint] = []
    private static var count = 0

    private init(_ clip: String, loop: Bool, trackers: [String]) throws {
        Self.count += 1
        folder = "\(Lab.folder)/channel-\(Self.count)"
        peerPort = try freePort()
        trackerPort = try freePort()
        self.trackers = trackers
        input = IngestOptions(source: .file(clip), loop: loop)
        shell("mkdir -p \(folder)")
    }

    /// A channel on the air; without `trackers` it has the embedded one.
    static func onAir(
        _ clip: String = Lab.clip, loop: Bool = true, trackers: [String] = [], first: UInt32 = 0
    ) async throws -> TestChannel {
        let channel = try TestChannel(clip, loop: loop, trackers: trackers)
        if first > 0 { try channel.number(from: first) }
        try await channel.start()
        return channel
    }

    /// Makes the numbering begin at `first`, as that of a channel that has been on the air.
    private func number(from first: UInt32) throws {
        guard let geometry = PieceGeometry(pieceLength: PieceGeometry.blockLength),
            let state = ChannelState(
                epoch: 1, name: "Test", geometry: geometry, next: PieceIndex(first))
        else { return }
        try BroadcastFolder(path: "\(folder)/state").write(state)
    }

    struct NotOnAir: Error { var events: [BroadcastEvent] }

    /// Starts the source, again with the same state folder, and waits for its first key frames.
    func start() async throws {
        var settings = BroadcastSettings(
            input: input, name: "Test", output: "\(folder)/test.torrent",
            stateFolder: "\(folder)/state")
        settings.peerPorts = peerPort...peerPort
        settings.trackerPort = trackerPort
        settings.trackers = trackers
        settings.publicAddress = host(1)
        let events = Log<BroadcastEvent>()
        self.events = events
        let node = BroadcastNode(settings) { events.add($0) }
        source = node
        node.start()
        guard await eventually({ (node.line?.pieces ?? 0) >= 2 }) else {
            throw NotOnAir(events: events.entries)
        }
    }

    /// What is said as the channel goes on the air.
    var onAir: BroadcastOnAir? {
        events.entries.lazy.compactMap { if case .onAir(let it) = $0 { it } else { nil } }.first
    }

    /// The channel file as a viewer reads it.
    func parsed() throws -> ParsedChannelFile {
        try ChannelFile.parse(contents(of: "\(folder)/test.torrent"))
    }

    var infoHash: InfoHash { source?.swarm?.infoHash ?? InfoHash(Bytes20()) }
    /// The newest piece.
    var edge: PieceIndex { source?.swarm?.engine.metainfo.newest ?? PieceIndex(0) }
    /// The record of `piece` as the source signed it.
    func record(of piece: PieceIndex) -> LiveRecord? {
        source?.swarm?.engine.metainfo.record(containing: piece)
    }
    /// The bytes of `piece`.
    func bytes(of piece: PieceIndex) -> [UInt8]? {
        pieces[piece] ?? source?.swarm?.store.bytes(of: piece)
    }

    /// Ends the source in good order.
    func stop() async {
        collect()
        guard let node = source else { return }
        let done = Log<Bool>()
        node.stop { done.add(true) }
        _ = await eventually(within: .seconds(5)) { !done.entries.isEmpty }
        collect()
        source = nil
    }

    /// Ends the source as if it were killed: no word to anybody, and the state as it lies there.
    func cut() {
        collect()
        shell("cp \(folder)/state/state \(folder)/state.killed")
        source?.close()
        source = nil
        shell("cp \(folder)/state.killed \(folder)/state/state")
    }

    /// How many bytes of the stream follow what is in `file`, which begins where it begins.
    func bytesAfter(_ file: [UInt8]) -> Int {
        collect()
        guard let last = pieces.keys.max(),
            let point = points.first(where: { agreement(of: file, from: $0) == file.count })
        else { return .max }
        let length = pieces[last]?.count ?? 0
        return (point.piece.distance(to: last) + 1) * length - point.offset - file.count
    }

    /// Notes what the source has published.
    func collect() {
        guard let swarm = source?.swarm else { return }
        for piece in swarm.store.window {
            guard pieces[piece] == nil, let bytes = swarm.store.bytes(of: piece) else { continue }
            pieces[piece] = bytes
            for offset in swarm.engine.metainfo.entry(of: piece)?.randomAccessOffsets ?? [] {
                points.append(RandomAccessPoint(piece: piece, offset: Int(offset)))
            }
        }
    }

    /// Compares `file` with the stream from each random access point on.
    func judge(_ file: [UInt8]) -> Verdict {
        collect()
        var best = 0
        for point in points {
            let right = agreement(of: file, from: point)
            if right == file.count { return Verdict(isRight: true, rightBytes: right) }
            best = max(best, right)
        }
        return Verdict(isRight: false, rightBytes: best)
    }

    /// How many bytes of `file` are the stream's from `point` on.
    private func agreement(of file: [UInt8], from point: RandomAccessPoint) -> Int {
        var (piece, offset, right) = (point.piece, point.offset, 0)
        while right < file.count, let bytes = pieces[piece] {
            let length = min(bytes.count - offset, file.count - right)
            let same = zip(file[right..<right + length], bytes[offset..<offset + length])
                .prefix { $0 == $1 }.count
            right += same
            guard same == length else { break }
            (piece, offset) = (piece.advanced(by: 1), 0)
        }
        return right
    }
}
