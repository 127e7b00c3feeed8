// An ordinary torrent with content, and the nodes that load and seed it in tests.

import Crypto
import Glibc
import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Storage
import Swarm
import Testing
import Wire

/// A torrent of one file that exists.
struct TestFilm {
    let torrent: TorrentFile
    let content: [UInt8]

    /// Two blocks a piece, and a bitfield with three spare bits.
    static let pieceCount = 61
    static let pieceLength = 32_768

    /// A torrent that lists `trackers`; private, so that it is looked for in no local network.
    init(trackers: [String] = [], isPrivate: Bool = true) throws {
        var random = SeededRandom(seed: 11)
        // The last block is a short one.
        let length = Self.pieceCount * Self.pieceLength - 1_000
        var content: [UInt8] = []
        while content.count < length {
            let word = UInt64.random(in: 0...UInt64.max, using: &random)
            for place in 0..<8 { content.append(UInt8(truncatingIfNeeded: word >> (place * 8))) }
        }
        content.removeLast(content.count - length)
        let file = TorrentDraft.File(path: ["film"], length: Int64(length))
        var draft = try #require(
            TorrentDraft(
                name: "film", isFolder: false, files: [file], pieceLength: Self.pieceLength,
                versions: .v1))
        draft.pieces = stride(from: 0, to: length, by: Self.pieceLength).flatMap { start in
            Digests.sha1(Array(content[start..<min(start + Self.pieceLength, length)])).value.bytes
        }
        draft.isPrivate = isPrivate
        draft.trackers = trackers.map { [$0] }
        torrent = try TorrentFile.parse(draft.encoded(), using: Digests.self)
        self.content = content
    }

    var infoHash: InfoHash { torrent.infoHashes.swarms[0] }

    /// The right bytes of a block.
    func bytes(of block: Block) -> [UInt8] {
        let start = Int(block.piece.value) * Self.pieceLength + Int(block.offset)
        return Array(content[start..<start + Int(block.length)])
    }

    /// A block of a piece in the middle.
    static func block(_ piece: UInt32, _ offset: UInt32 = 0) -> Block {
        Block(piece: PieceIndex(piece), offset: offset, length: 16_384)
    }
}

/// A node that loads or seeds a film.
@Loop
final class FilmNode {
    let film: TestFilm
    private let host: PeerHost
    private let folder: String
    private(set) var task: TorrentTask?
    private(set) var events: [String] = []
    private static var count = 0

    /// A node that has all of the film, or nothing; what it has may be kept for its next start.
    init(
        _ film: TestFilm, has: Bool = false, peers: [Endpoint] = [], isKept: Bool = false,
        neighbourhood: LocalPeers = .shared, _ change: (inout TorrentSettings) -> Void = { _ in }
    ) throws {
        self.film = film
        Self.count += 1
        folder = "\(Lab.folder)/film-\(Self.count)"
        host = try PeerHost(ports: [try freePort()])
        mkdir(folder, 0o700)
        if has { try write() }
        var settings = TorrentTaskSettings(
            torrent: film.torrent, place: ContentPlace(folder: folder, resume: nil))
        settings.peers = peers
        change(&settings.swarm)
        if isKept { settings.place.resume = "\(folder)/resume" }
        task = TorrentTask(settings, host: host, neighbourhood: neighbourhood) {
            [weak self] event in self?.happened(event)
        }
        task?.start()
    }

    private func write() throws {
        let file = open("\(folder)/film", O_WRONLY | O_CREAT, 0o600)
        defer { Glibc.close(file) }
        let written = film.content.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
        try #require(written == film.content.count)
    }

    private func happened(_ event: TorrentTaskEvent) {
        switch event {
        case .tracker(let note): events.append(note)
        case .failed(let fault): events.append("failed: \(fault)")
        case .completed: events.append("completed")
        case .verified(let piece): events.append("\(piece) is right")
        case .checking, .joined, .paused: break
        }
    }

    /// Whether what it has is kept.
    var isRemembered: Bool { !contents(of: "\(folder)/resume").isEmpty }

    /// Waits until it takes part in its swarm.
    func joins() async -> Bool { await eventually { task?.driver != nil } }

    var endpoint: Endpoint { .here(host.port) }
    var target: Attacker.Target { Attacker.Target(endpoint: endpoint, infoHash: film.infoHash) }
    var driver: TorrentDriver? { task?.driver }
    var engine: TorrentEngine? { task?.driver?.engine }
    var isComplete: Bool { engine?.isComplete ?? false }

    /// Tells it of peers, as a tracker does.
    func hears(of peers: [Endpoint]) { driver?.feed(.discovered(peers)) }

    /// Expects that it comes to have all of the film, right on its disk.
    func loads(
        within limit: Interval = .seconds(40), sourceLocation: SourceLocation = #_sourceLocation
    ) async {
        let isThere = await eventually(within: limit) {
            isComplete && driver?.store.isIdle == true
        }
        let have = engine?.haveCount ?? 0
        #expect(isThere, "\(have) pieces; \(events)", sourceLocation: sourceLocation)
        let isRight = contents(of: "\(folder)/film") == film.content
        #expect(isRight, "wrong bytes on the disk", sourceLocation: sourceLocation)
    }

    func close() {
        engine?.checkInvariants()
        task?.close()
        task = nil
        host.close()
        shell("rm -rf \(folder)")
    }
}

/// One that has the film and one that lacks it, who do not know each other: whoever attacks meets
/// both.
@Loop
struct FilmStage {
    let film: TestFilm
    let seed: FilmNode
    let leech: FilmNode

    init(_ change: (inout TorrentSettings) -> Void = { _ in }) async throws {
        film = try TestFilm()
        seed = try FilmNode(film, has: true, change)
        leech = try FilmNode(film, change)
        let isReady = await seed.joins()
        let isWaiting = await leech.joins()
        try #require(isReady && isWaiting)
    }

    /// Both, by a name for reports.
    var victims: [(name: String, node: FilmNode)] { [("seed", seed), ("leech", leech)] }

    /// Expects that the one loads from the other now, and ends both.
    func stillWorks(sourceLocation: SourceLocation = #_sourceLocation) async {
        leech.hears(of: [seed.endpoint])
        await leech.loads(sourceLocation: sourceLocation)
        end()
    }

    func end() {
        seed.close()
        leech.close()
    }
}

extension Attacker {
    /// What a torrent's peer says of its extensions.
    static func torrentHello(_ change: (inout ExtensionHandshake) -> Void = { _ in }) -> Message {
        var handshake = ExtensionHandshake()
        handshake.ids = [.metadata: 1, .peerExchange: 2]
        handshake.client = "attacker"
        change(&handshake)
        return handshake.message
    }

    /// A peer of a torrent, which has nothing of it unless `has` says so.
    static func ofTorrent(
        _ target: Target, from source: UInt8 = 66, id: PeerID? = nil, has: Message = .haveNone,
        script: @escaping Script = { _, _ in }
    ) -> Attacker {
        Attacker(
            target, from: source, id: id, saying: [has, torrentHello(), .unchoke, .interested],
            limits: WireLimits(pieceCount: UInt32(TestFilm.pieceCount)), script: script)
    }

    /// Whether the other end has said of itself what it has to say.
    var isGreeted: Bool { theirs != nil }
}
