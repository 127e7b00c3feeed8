import Metainfo
import Pieces
import Primitives
import Wire

@testable import Swarm

/// An engine on a bench: it is told things and what it says is written down as lines.
struct Rig {
    var engine: SwarmEngine
    var now = Instant.zero + .seconds(100)
    let geometry: PieceGeometry
    /// A key frame at every so many pieces.
    var keyEvery: UInt32 = 4

    init(
        _ role: Role = .viewer, pieceLength: Int = 16_384,
        _ change: (inout SwarmSettings) -> Void = { _ in }
    ) {
        var settings = SwarmSettings(role: role)
        change(&settings)
        geometry = PieceGeometry(pieceLength: pieceLength) ?? Rig.small
        engine = SwarmEngine(
            settings: settings, geometry: geometry, ourID: Rig.id(100), firstPiece: PieceIndex(0),
            seed: 7)
    }

    private static let small: PieceGeometry = {
        guard let geometry = PieceGeometry(pieceLength: 16_384) else { fatalError("16 KiB") }
        return geometry
    }()

    /// Tells the engine something and answers what it said.
    mutating func tell(_ input: SwarmInput) -> [String] {
        var outputs: [SwarmOutput] = []
        engine.handle(input, at: now, into: &outputs)
        engine.checkInvariants()
        return outputs.compactMap(Script.line)
    }

    /// Lets time pass, waking the engine when it wants.
    mutating func wait(_ span: Interval) -> [String] {
        let end = now + span
        var lines: [String] = []
        while engine.nextDeadline.at <= end {
            now = max(now, engine.nextDeadline.at)
            lines += tell(.woken)
        }
        now = end
        return lines
    }

    /// Lets time pass until the engine says `line`, at most two seconds.
    mutating func wait(until line: String) -> [String] {
        var lines: [String] = []
        let end = now + .seconds(2)
        while !lines.contains(line), now < end { lines += wait(.milliseconds(10)) }
        return lines
    }

    /// A neighbour joins, dialled by us, and greets: it holds `pieces` and is fed at `depth`.
    @discardableResult
    mutating func meet(
        _ slot: Int, holding pieces: ClosedRange<UInt32>? = nil, depth: UInt8? = nil,
        isSource: Bool = false, outgoing: Bool = true
    ) -> [String] {
        var lines = tell(.peerJoined(PeerHandle(slot), Rig.introduction(slot, outgoing: outgoing)))
        lines += tell(.extensionsReceived(PeerHandle(slot), handshake(pieces, isSource)))
        lines += tell(.messageReceived(PeerHandle(slot), .unchoke))
        if let depth { lines += tell(.liveReceived(PeerHandle(slot), .status(status(depth)))) }
        return lines
    }

    func status(_ depth: UInt8, newest: UInt32? = nil, inner: UInt32 = 0) -> LiveStatus {
        LiveStatus(
            flags: .takesStandingRequests, depths: Array(repeating: depth, count: 8),
            newest: newest.map { PieceIndex($0) }, inner: inner)
    }

    func handshake(_ pieces: ClosedRange<UInt32>?, _ isSource: Bool) -> ExtensionHandshake {
        var handshake = ExtensionHandshake()
        let held = pieces.map { $0.map { PieceIndex($0) } } ?? []
        handshake.live = LiveOffer(
            window: PieceMap.maps(of: held, bytes: 4096).first, keep: 720, ahead: 16,
            isSource: isSource)
        return handshake
    }

    /// The records of `pieces` come from a neighbour, one each.
    @discardableResult
    mutating func learn(_ pieces: ClosedRange<UInt32>, from slot: Int) -> [String] {
        pieces.flatMap { number in
            tell(
                .recordVerified(
                    PeerHandle(slot), record(number), Rig.digest(number)))
        }
    }

    /// A piece comes whole from a neighbour, and is right.
    @discardableResult
    mutating func give(_ piece: UInt32, from slot: Int) -> [String] {
        var lines: [String] = []
        for number in 0..<geometry.blocksPerPiece {
            let block = geometry.block(number, of: PieceIndex(piece))
            lines += tell(.blockReceived(PeerHandle(slot), block))
        }
        return lines + tell(.pieceVerified(PieceIndex(piece)))
    }

    /// A neighbour asks for the first block of a piece.
    mutating func request(_ piece: UInt32, by slot: Int) -> [String] {
        tell(.messageReceived(PeerHandle(slot), .request(block(piece))))
    }

    func block(_ piece: UInt32) -> Block { geometry.block(0, of: PieceIndex(piece)) }

    /// The source publishes pieces.
    @discardableResult
    mutating func publish(_ pieces: ClosedRange<UInt32>) -> [String] {
        pieces.flatMap { number in
            tell(
                .published(
                    record(number), Rig.digest(number),
                    PieceIndex(number)..<PieceIndex(number + 1)))
        }
    }

    /// The record of one piece, 80 ms after the one before, or by another clock.
    func record(_ number: UInt32, salt: UInt8 = 0, second: UInt64? = nil) -> LiveRecord {
        let entry = PieceEntry(
            sha1: SHA1Digest(Bytes20()), merkleRoot: Rig.digest(number, salt: salt), delay: 0,
            timestamp: nil, randomAccessOffsets: number % keyEvery == 0 ? [0] : [])
        let previous =
            number == 0 ? SHA256Digest(Bytes32()) : Rig.digest(number - 1)
        let draft = try? RecordDraft(
            first: PieceIndex(number), previous: previous,
            wallTime: WallTime(
                microseconds: second.map { $0 * 1_000_000 }
                    ?? 1_000_000_000 + UInt64(number) * 80_000),
            entries: [entry], geometry: geometry)
        guard let draft else { fatalError("a record that cannot be") }
        return draft.signed(by: Signature(Bytes64()))
    }

    static func digest(_ number: UInt32, salt: UInt8 = 0) -> SHA256Digest {
        var bytes: [UInt8] = Array(repeating: salt, count: 28)
        bytes += (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
        return SHA256Digest(Bytes32(bytes) ?? Bytes32())
    }

    static func id(_ number: UInt8) -> PeerID {
        PeerID(Bytes20([number] + Array(repeating: 0, count: 19)) ?? Bytes20())
    }

    static func introduction(
        _ slot: Int, id: UInt8? = nil, at address: Int? = nil, outgoing: Bool = true
    ) -> Introduction {
        Introduction(
            endpoint: endpoint(address ?? slot), id: Rig.id(id ?? UInt8(slot)), outgoing: outgoing)
    }

    static func endpoint(_ slot: Int) -> Endpoint {
        Endpoint(address: .v4(0x0a00_0000 | UInt32(slot)), port: 6881)
    }
}

/// What an engine says, as lines: `2: request #5`.
enum Script {
    static func line(_ output: SwarmOutput) -> String? {
        switch output {
        case .send(let peer, let message): "\(peer.slot): \(text(message))"
        case .sendLive(let peer, let message): text(message).map { "\(peer.slot): \($0)" }
        case .greet(let peer, _): "\(peer.slot): greet"
        case .sendExchange(let peer, let message): "\(peer.slot): \(text(message))"
        case .sendHolepunch(let peer, let message): "\(peer.slot): \(text(message))"
        case .sendBlock(let peer, let block): "\(peer.slot): block \(text(block))"
        case .close(let peer, let reason): "\(peer.slot): close, \(text(reason))"
        case .dial(let endpoint): "dial \(endpoint)"
        case .dialBack(let endpoint): "dial \(endpoint)"
        case .verifyRecord(_, let record): "verify record \(record.pieces.lowerBound)"
        case .accept(let block): "accept \(text(block))"
        case .verifyPiece(let piece, _): "verify \(piece)"
        case .discard(let piece): "discard \(piece)"
        case .deliver(let piece, _): "deliver \(piece)"
        case .timeKnown: nil
        case .tuneIn(let piece, let offset): "tune in \(piece)+\(offset)"
        case .forget(let piece): "forget before \(piece)"
        case .ended(let piece): "ended \(piece)"
        case .contradiction(let piece): "contradiction \(piece)"
        case .wantPeers: "want peers"
        }
    }

    private static func text(_ message: Message) -> String {
        switch message {
        case .request(let block): "request \(text(block))"
        case .cancel(let block): "cancel \(text(block))"
        case .reject(let block): "reject \(text(block))"
        default: "\(message)"
        }
    }

    /// Statuses are told all the time and left out.
    private static func text(_ message: LiveMessage) -> String? {
        switch message {
        case .records(let records): "records \(records.count)"
        case .have(let map): "have \(map.pieces.map(\.description).joined(separator: " "))"
        case .status: nil
        case .wantRecords(let from, _): "want records from \(from?.description ?? "the newest")"
        case .forget(let piece): "forget \(piece)"
        case .unknown(let type): "unknown \(type)"
        }
    }

    /// `tell +10.0.0.2:6881! -10.0.0.3:6881`, with a mark at those that can be reached.
    private static func text(_ message: PeerExchangeMessage) -> String {
        let added = message.added.map {
            "+\($0.endpoint)\($0.flags.contains(.reachable) ? "!" : "")"
        }
        return (["tell"] + added + message.dropped.map { "-\($0)" }).joined(separator: " ")
    }

    /// `introduce me to 10.0.0.2:6881`, `connect to …`, `no introduction to …: 2`.
    private static func text(_ message: HolepunchMessage) -> String {
        switch message {
        case .rendezvous(let endpoint, _): "introduce me to \(endpoint)"
        case .connect(let endpoint): "connect to \(endpoint)"
        case .error(let endpoint, let error): "no introduction to \(endpoint): \(error.rawValue)"
        case .unknown(let type): "unknown rendezvous \(type)"
        }
    }

    private static func text(_ block: Block) -> String {
        block.offset == 0 ? "\(block.piece)" : "\(block.piece)/\(block.offset / 16_384)"
    }

    private static func text(_ reason: CloseReason) -> String {
        switch reason {
        case .misbehaved(let what): what
        case .poisoned, .forged, .notLive, .silent, .duplicate, .ourselves, .full, .abrupt:
            "\(reason)"
        }
    }
}
