import Pieces
import Primitives
import Testing
import Wire

@testable import Swarm

@Suite("Whatever a neighbour says, the engine goes on")
struct HostileTests {
    static let extremes: [UInt32] = [
        0, 1, 7, 8, 23, 24, 59, 60, 61, 127, 128, 720, 1440, 2047, 2048, 4095, 65_535, 1 << 24,
        .max - 2048, .max - 720,
        .max - 17, .max - 16, .max - 1, .max,
    ]

    @Test("with numbers from all over the range", arguments: [Role.viewer, .relay, .source])
    func numbers(role: Role) {
        for number in Self.extremes {
            var rig = Rig(role) { $0.window = 60 }
            if role == .source { rig.publish(0...7) }
            rig.meet(1, holding: 0...7, depth: 1, outgoing: false)
            if role != .source { rig.learn(0...7, from: 1) }
            let piece = PieceIndex(number)
            for length in [0, 1, 16_384, UInt32.max] {
                for offset in [0, 16_384, UInt32.max] {
                    rig.meet(2, outgoing: false)
                    let block = Block(piece: piece, offset: offset, length: length)
                    for message in [Message.request(block), .cancel(block), .reject(block)] {
                        _ = rig.tell(.messageReceived(PeerHandle(2), message))
                    }
                    _ = rig.tell(.blockReceived(PeerHandle(2), block))
                }
            }
            _ = rig.tell(.messageReceived(PeerHandle(1), .have(piece)))
            _ = rig.tell(.liveReceived(PeerHandle(1), .forget(before: piece)))
            _ = rig.tell(.liveReceived(PeerHandle(1), .wantRecords(from: piece, count: 255)))
            _ = rig.tell(.liveReceived(PeerHandle(1), .status(rig.status(3, newest: number))))
            if let map = PieceMap(first: piece, bitmap: [0xff, 0x01]) {
                _ = rig.tell(.liveReceived(PeerHandle(1), .have(map)))
            }
            _ = rig.tell(.playPointMoved(piece, due: rig.now))
            _ = rig.tell(.skipped(piece..<piece.advanced(by: 40)))
            _ = rig.tell(.pieceVerified(piece))
            _ = rig.tell(.pieceRefused(piece))
            _ = rig.wait(.seconds(2))
        }
    }

    @Test("with a stream whose numbering begins anywhere", arguments: extremes.dropLast())
    func anywhere(number: UInt32) {
        var rig = Rig()
        let last = number > .max - 8 ? UInt32.max - 1 : number + 7
        rig.keyEvery = 1
        rig.meet(1, holding: number...last, depth: 1)
        rig.learn(number...last, from: 1)
        _ = rig.wait(.seconds(1))
        for piece in number...last { rig.give(piece, from: 1) }
        _ = rig.wait(.seconds(3))
        #expect(rig.engine.counters.pieces > 0)
    }

    @Test("with handles that nobody has")
    func handles() {
        var rig = fedViewer()
        let nobody = PeerHandle(77)
        let before = rig.engine.peers.count
        for message in Self.messages(PieceIndex(9)) {
            #expect(rig.tell(.messageReceived(nobody, message)) == [])
        }
        #expect(rig.tell(.peerLeft(nobody)) == [])
        #expect(rig.tell(.blockReceived(nobody, rig.block(9))) == [])
        #expect(rig.tell(.recordRefused(nobody)) == [])
        #expect(rig.engine.peers.count == before)
    }

    private static func messages(_ piece: PieceIndex) -> [Message] {
        let block = Block(piece: piece, offset: 0, length: 16_384)
        return [
            .keepAlive, .choke, .unchoke, .interested, .notInterested, .have(piece),
            .bitfield([0xff]), .request(block), .cancel(block), .reject(block), .suggest(piece),
            .haveAll, .haveNone, .allowedFast(piece), .unknown(id: 200),
        ]
    }

    @Test("in any order", arguments: [1, 2, 3, 4] as [UInt64])
    func anyOrder(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var rig = fedViewer { $0.window = 60 }
        for _ in 0..<2000 {
            let slot = Int(random.next() % 5)
            let far = random.next() % 10 == 0
            let number =
                far
                ? Self.extremes[Int(random.next() % UInt64(Self.extremes.count))]
                : UInt32(random.next() % 60)
            let piece = PieceIndex(number)
            switch random.next() % 12 {
            case 0: rig.meet(slot, holding: 0...7, depth: UInt8(random.next() % 6))
            case 1: _ = rig.tell(.peerLeft(PeerHandle(slot)))
            case 2: _ = rig.wait(.milliseconds(Int64(random.next() % 700)))
            case 3: if number < 60 { rig.learn(number...number, from: slot) }
            case 4: rig.give(number, from: slot)
            case 5:
                let block = rig.block(number)
                _ = rig.tell(.blockReceived(PeerHandle(slot), block))
                _ = rig.tell(.pieceRefused(piece))
            case 6: _ = rig.tell(.playPointMoved(piece, due: rig.now))
            case 7: _ = rig.tell(.skipped(piece..<piece.advanced(by: 3)))
            case 8: _ = rig.tell(.fellBehind)
            case 9:
                let depths = (0..<8).map { _ in UInt8(truncatingIfNeeded: random.next()) }
                let status = LiveStatus(
                    flags: [], depths: depths, newest: piece, inner: 0)
                _ = rig.tell(.liveReceived(PeerHandle(slot), .status(status)))
            default:
                let messages = Self.messages(piece)
                let message = messages[Int(random.next() % UInt64(messages.count))]
                _ = rig.tell(.messageReceived(PeerHandle(slot), message))
            }
        }
    }
}
