// A peer that the test plays for whoever fetches metadata: it listens, greets as it likes, and answers
// as it likes. What it heard is kept as lines.

import Crypto
import Metainfo
@testable import Node
import Pieces
import Primitives
import Reactor
import Wire

/// A scripted peer of a torrent whose metadata somebody fetches.
@Loop
final class MetadataPeer {
    /// What it does with what it hears.
    typealias Script = @Loop (MetadataPeer, Heard) -> Void

    /// What it hears.
    enum Heard {
        case hello
        case wants(Int)
        case wantsHashes(HashRequest)
    }

    /// What it heard, in order: `hello`, `? 0` for a piece, `# 512` for hashes, `gone`.
    private(set) var heard: [String] = []
    /// How often somebody came.
    private(set) var visits = 0
    let torrent: TorrentFile
    private var listener: TCPListener?
    private var connection: TCPConnection?
    private var decoder = FrameDecoder(limits: WireLimits(), features: [.extensionProtocol])
    private var pending: [UInt8] = []
    private var greeted = false
    private let script: Script
    private let id = Attacker.name()
    private var theirID: UInt8 = 1
    private var timers: [LoopTimer] = []

    /// A peer that does `script`; its address ends with `address`.
    init(_ torrent: TorrentFile, at address: UInt8, script: @escaping Script) throws {
        (self.torrent, self.script) = (torrent, script)
        listener = try TCPListener(on: Endpoint(address: host(address), port: 0)) {
            [weak self] connection, _ in self?.take(connection)
        }
        endpoint = Endpoint(address: host(address), port: listener?.port ?? 0)
    }

    /// Where it is.
    private(set) var endpoint = Endpoint.here(0)

    /// A peer that has the metadata and the hashes, and gives them.
    static func honest(_ torrent: TorrentFile, at address: UInt8) throws -> MetadataPeer {
        var serving = HashServing<Int>(torrent)
        return try MetadataPeer(torrent, at: address) { peer, heard in
            switch heard {
            case .hello: peer.greet(size: torrent.infoBytes.count)
            case .wants(let piece): peer.give(piece)
            case .wantsHashes(let request):
                let span = request.range.map { HashSpan(root: request.root, range: $0) }
                let hashes = span.flatMap { serving.answer($0, to: 0, using: Digests.self) }
                peer.send(hashes.map { .hashes(request, $0) } ?? .hashReject(request))
            }
        }
    }

    private func take(_ connection: TCPConnection) {
        visits += 1
        (greeted, pending) = (false, [])
        decoder = FrameDecoder(limits: WireLimits(), features: [.extensionProtocol])
        self.connection = connection
        connection.start { [weak self] connection, event in
            guard let self, self.connection === connection else { return }
            switch event {
            case .received:
                connection.consumeInput { span in
                    for index in span.indices { pending.append(span[index]) }
                    return span.count
                }
                read()
            case .closed:
                self.connection = nil
                heard.append("gone")
            case .connected, .writable: break
            }
        }
    }

    private func read() {
        if !greeted {
            let head = Array(pending.prefix(Handshake.length))
            guard let handshake = try? Handshake.decode(head.span) else { return }
            pending.removeFirst(Handshake.length)
            greeted = true
            connection?.send(
                Handshake(
                    reserved: .extensionProtocol, infoHash: handshake.infoHash, peerID: id
                ).encoded)
        }
        let bytes = pending
        var offset = 0
        while let frame = try? decoder.next(in: bytes.span, from: &offset) { took(frame.message) }
        pending.removeFirst(min(offset, pending.count))
    }

    private func took(_ message: Message) {
        switch message {
        case .extended(0, let payload):
            let hello = try? ExtensionHandshake.decode(payload.span)
            theirID = hello?.ids[.metadata] ?? 1
            heard.append("hello")
            script(self, .hello)
        case .extended(_, let payload):
            guard case .request(let piece)? = try? MetadataMessage.decode(payload.span)
            else { return }
            heard.append("? \(piece)")
            script(self, .wants(piece))
        case .hashRequest(let request):
            heard.append("# \(request.index)")
            script(self, .wantsHashes(request))
        default: break
        }
    }

    // MARK: Saying

    func send(_ message: Message) {
        var bytes: [UInt8] = []
        message.encode(into: &bytes)
        connection?.send(bytes)
    }

    func send(raw bytes: [UInt8]) { connection?.send(bytes) }

    /// Says that it has `size` bytes of metadata, or, with nil, none.
    func greet(size: Int?) {
        var hello = ExtensionHandshake()
        hello.ids[.metadata] = 1
        hello.metadataSize = size
        send(.extended(id: 0, payload: hello.encoded))
    }

    /// Sends a piece: as it is, or changed.
    func give(
        _ piece: Int, total: Int? = nil, _ change: (inout [UInt8]) -> Void = { _ in }
    ) {
        let all = torrent.infoBytes
        let start = min(piece * 16_384, all.count)
        var bytes = Array(all[start..<min(start + 16_384, all.count)])
        change(&bytes)
        send(
            MetadataMessage.data(piece: piece, totalSize: total ?? all.count, bytes: bytes)
                .message(id: theirID))
    }

    func refuse(_ piece: Int) { send(MetadataMessage.reject(piece: piece).message(id: theirID)) }

    /// Does `work` every `interval` while somebody is connected.
    func every(_ interval: Interval, _ work: @escaping @Loop (MetadataPeer) -> Void) {
        var timer: LoopTimer?
        timer = LoopTimer { [weak self] in
            guard let self, connection != nil else { return }
            work(self)
            timer?.schedule(at: Loop.now + interval)
        }
        timer?.schedule(at: Loop.now)
        if let timer { timers.append(timer) }
    }

    func close() {
        for timer in timers { timer.cancel() }
        connection?.close()
        connection = nil
        listener?.close()
    }
}

/// A torrent that exists only as hashes: its metadata has several pieces.
enum TestTorrent {
    /// Of version 1, with 40 KB of metadata.
    static func v1() throws -> TorrentFile {
        let files = (0..<1).map { _ in TorrentDraft.File(path: ["film"], length: 2_000 * 16_384) }
        return try make(files, .v1)
    }

    /// Of version 2 alone, with a file of 1,100 pieces.
    static func v2() throws -> TorrentFile {
        try make([TorrentDraft.File(path: ["film"], length: 1_100 * 16_384)], .v2)
    }

    private static func make(
        _ files: [TorrentDraft.File], _ versions: TorrentVersions
    ) throws -> TorrentFile {
        guard
            var draft = TorrentDraft(
                name: "film", isFolder: false, files: files, pieceLength: 16_384,
                versions: versions)
        else { throw LabFault.noTorrent }
        let hashes = (0..<draft.layout.pieceCount).map { Digests.sha256(Array("\($0)".utf8)) }
        if versions.hasV2 {
            let tree = MerkleTree(
                hashes, height: MerkleTree.height(leafCount: hashes.count), using: Digests.self)
            draft.setTree(0, root: tree?.root, layer: hashes)
        }
        if versions.hasV1 { draft.pieces = hashes.flatMap { $0.value.bytes.prefix(20) } }
        return try TorrentFile.parse(draft.encoded(), using: Digests.self)
    }

    enum LabFault: Error { case noTorrent }
}
