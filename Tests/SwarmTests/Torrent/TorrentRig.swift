import Metainfo
import Pieces
import Primitives
import Wire

@testable import Swarm

/// A torrent's engine on a bench: it is told things and what it says is written down as lines.
struct TorrentRig {
    var engine: TorrentEngine
    var now = Instant.zero + .seconds(100)
    let layout: FileLayout

    /// A node that has `have` of a torrent of `pieces` pieces of `blocks` blocks each, and wants the
    /// pieces `chosen`, or all.
    init(
        pieces: Int = 4, blocks: Int = 2, have: [UInt32] = [], chosen: Range<UInt32>? = nil,
        name: UInt8 = 100, _ change: (inout TorrentSettings) -> Void = { _ in }
    ) {
        let layout = Self.layout(pieces: pieces, blocks: blocks)
        self.layout = layout
        var field = Bitfield(pieceCount: pieces)
        for piece in have { field.insert(PieceIndex(piece)) }
        var settings = TorrentSettings()
        change(&settings)
        engine = TorrentEngine(
            settings: settings, layout: layout, ourID: Rig.id(name), have: field,
            chosen: chosen.map { range in
                var wanted = Bitfield(pieceCount: pieces)
                for piece in range { wanted.insert(PieceIndex(piece)) }
                return wanted
            }, seed: 7)
    }

    static func layout(pieces: Int, blocks: Int) -> FileLayout {
        let length = blocks * 16_384
        guard
            let layout = FileLayout(
                fileLengths: [Int64(pieces * length)], pieceLength: length)
        else { fatalError("a small torrent") }
        return layout
    }

    /// Tells the engine something and answers what it said.
    @discardableResult
    mutating func tell(_ input: TorrentInput) -> [String] {
        var outputs: [TorrentOutput] = []
        engine.handle(input, at: now, into: &outputs)
        engine.checkInvariants()
        return outputs.map(Self.line)
    }

    /// Lets time pass, waking the engine when it wants.
    @discardableResult
    mutating func wait(_ span: Interval) -> [String] {
        let end = now + span
        var lines: [String] = []
        while engine.nextDeadline.at <= end {
            now = max(now, engine.nextDeadline.at)
            lines += tell(.woken)
        }
        now = end
        return lines.filter { $0 != "want peers" }
    }

    /// A peer joins, by its own connection unless it is `outgoing`.
    @discardableResult
    mutating func meet(
        _ slot: Int, outgoing: Bool = false, fast: Bool = true, address: UInt32? = nil,
        v2: Bool = false
    ) -> [String] {
        let known: ReservedBits = fast ? [.fast, .extensionProtocol] : []
        let endpoint = Endpoint(
            address: .v4(address ?? 0x0a00_0000 + UInt32(slot)), port: 6881)
        return tell(
            .peerJoined(
                PeerHandle(slot),
                TorrentIntroduction(
                    endpoint: endpoint, id: Rig.id(UInt8(slot)), outgoing: outgoing,
                    features: v2 ? known.union(.v2) : known)))
    }

    @discardableResult
    mutating func says(_ slot: Int, _ message: Message) -> [String] {
        tell(.messageReceived(PeerHandle(slot), message))
    }

    /// A seed joins and lets itself be asked.
    @discardableResult
    mutating func meetSeed(_ slot: Int, fast: Bool = true, v2: Bool = false) -> [String] {
        meet(slot, fast: fast, v2: v2)
        if fast {
            says(slot, .haveAll)
        } else {
            says(slot, .bitfield(Bitfield.full(pieceCount: layout.pieceCount).bytes))
        }
        return says(slot, .unchoke)
    }

    /// A block comes of a peer.
    @discardableResult
    mutating func brings(_ slot: Int, _ piece: UInt32, _ block: Int) -> [String] {
        tell(.blockReceived(PeerHandle(slot), engine.block(block, of: PieceIndex(piece))))
    }

    static func line(_ output: TorrentOutput) -> String {
        switch output {
        case .send(let peer, let message): "\(peer.slot): \(message)"
        case .greet(let peer): "\(peer.slot): greeting"
        case .sendExchange(let peer, let message): "\(peer.slot): tell \(message.added.count)"
        case .sendBlock(let peer, let block): "\(peer.slot): block \(block)"
        case .close(let peer, let reason): "\(peer.slot): close \(reason)"
        case .dial(let endpoint): "dial \(endpoint)"
        case .accept(let block): "keep \(block)"
        case .askLeaves(let peer, let piece): "\(peer.slot): leaves of \(piece)"
        case .sift(let piece): "sift \(piece)"
        case .drop(let piece): "drop \(piece)"
        case .wantPeers: "want peers"
        case .completed: "completed"
        }
    }
}

/// The requests in what was said, as `peer piece.block`.
func requests(_ lines: [String], blocks: Int = 2) -> [String] {
    lines.compactMap { line in
        let words = line.split(separator: " ")
        guard words.count == 3, words[1] == "request" else { return nil }
        let place = words[2].dropFirst().split { $0 == "+" || $0 == "/" }
        guard let offset = Int(place[1]) else { return nil }
        return "\(words[0].dropLast()) \(place[0]).\(offset / 16_384)"
    }
}
