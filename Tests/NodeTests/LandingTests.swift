// A peer that sends blocks as it likes: whatever comes into the places of what was expected, all is
// heard in the order in which it was sent, with the bytes that were sent.

import Glibc
import Metainfo
import Pieces
import Primitives
import Reactor
import Storage
import Testing
import Wire

@testable import Node

/// Who expects blocks, and keeps what comes of each.
@Loop
private final class Expecting: Landing {
    /// What is expected, in order.
    var blocks: [Block] = []
    private(set) var heard: [String] = []
    private(set) var placed = 0
    /// Whether a block came with other bytes than its own.
    private(set) var isWrong = false
    private(set) var isClosed = false
    private weak var link: PeerLink?
    private var places: [Block: [UInt8]] = [:]

    /// How often it still has what comes wait, and what ends that.
    var holdings = 0
    private var release: LoopTimer?

    func holds() -> Bool {
        guard holdings > 0, let link else { return false }
        holdings -= 1
        release = LoopTimer { link.resumeReading() }
        release?.schedule(at: Loop.now + .milliseconds(2))
        return true
    }

    func expected(on link: PeerLink, besides begun: Block?, most: Int) -> [Block] {
        Array(blocks.filter { $0 != begun }.prefix(most))
    }

    func withPlaces(_ blocks: [Block], _ body: ([UnsafeMutableRawBufferPointer]) -> Void) {
        let memory = blocks.map {
            UnsafeMutableRawBufferPointer.allocate(byteCount: Int($0.length), alignment: 16)
        }
        body(memory)
        for (block, place) in zip(blocks, memory) {
            places[block] = Array(place)
            place.deallocate()
        }
    }

    func heard(_ link: PeerLink, _ event: LinkEvent) {
        switch event {
        case .greeted:
            self.link = link
            link.tune(self)
        case .message(.piece(let block), let payload):
            came(block, payload.map { Array($0.bytes[$0.range]) })
        case .landed(let blocks):
            placed += blocks.count
            for block in blocks { came(block, places[block]) }
        case .message(let message, _): heard.append("\(message)")
        case .drained: break
        case .closed: isClosed = true
        }
    }

    private func came(_ block: Block, _ bytes: [UInt8]?) {
        heard.append("\(block)")
        if bytes != payloadOf(block) { isWrong = true }
        blocks.removeAll { $0 == block }
    }
}

private func block(_ number: Int) -> Block {
    Block(
        piece: PieceIndex(UInt32(number / 16)), offset: UInt32(number % 16 * 16_384),
        length: number % 40 == 39 ? 5000 : 16_384)
}

/// The bytes of a block, other ones for each: made in one go, as all tests share the loop.
private func payloadOf(_ block: Block) -> [UInt8] {
    let number = Int(block.piece.value) * 16 + Int(block.offset) / 16_384
    var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: Int(block.length))
    if let last = bytes.indices.last { (bytes[0], bytes[last]) = (UInt8(number % 7), 99) }
    return bytes
}

@Suite("Blocks that land in their places", .timeLimit(.minutes(2)))
@Loop
struct LandingTests {
    private static let hash = InfoHash(Bytes20())

    private func greeting() -> Handshake {
        Handshake(
            reserved: [.fast, .extensionProtocol], infoHash: Self.hash, peerID: PeerID(Bytes20()))
    }

    /// Sends `messages` in parts of about `part` bytes to a link that expects `expected`.
    private func run(
        _ messages: [Message], expecting expected: [Block], parts: [Int], closing: Bool = false,
        holdings: Int = 0
    ) async throws -> Expecting {
        let owner = Expecting()
        owner.holdings = holdings
        owner.blocks = expected
        var stream = greeting().encoded
        for message in messages {
            message.encode(into: &stream)
            if case .piece(let block) = message { stream += payloadOf(block) }
        }
        var far: TCPConnection?
        let listener = try TCPListener(on: .here(0)) { connection, _ in
            far = connection
            connection.start { _, _ in }
        }
        let link = PeerLink(
            dialing: .here(listener.port), offering: greeting(), patience: .seconds(10),
            opening: { _ in [] }, handler: { [weak owner] link, event in owner?.heard(link, event) }
        )
        #expect(await eventually { far?.input.count == Handshake.length })
        var (start, turn) = (0, 0)
        while start < stream.count {
            let end = min(stream.count, start + parts[turn % parts.count])
            far?.send(Array(stream[start..<end]))
            (start, turn) = (end, turn + 1)
            if turn % 8 == 0 { await pause(.milliseconds(1)) }
        }
        if closing {
            #expect(await eventually { far?.queuedBytes == 0 })
            far?.close()
            #expect(await eventually { owner.isClosed })
        } else {
            #expect(await eventually { owner.heard.count == messages.count })
        }
        link.close()
        listener.close()
        return owner
    }

    @Test("A peer that answers in order has nearly all of its blocks read into their places")
    func inOrder() async throws {
        let blocks = (0..<200).map { block($0) }
        let owner = try await run(
            blocks.map { .piece($0) }, expecting: blocks, parts: [1_000_000])
        #expect(owner.heard == blocks.map { "\($0)" })
        #expect(!owner.isWrong)
        #expect(owner.placed > 100)
    }

    @Test(
        "A peer that answers out of order, too, has nearly all of its blocks placed",
        arguments: 1...3)
    func shuffled(_ seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let expected = (0..<300).map { block($0) }
        var sent: [Block] = []
        for start in stride(from: 0, to: 300, by: 20) {
            sent += expected[start..<start + 20].shuffled(using: &random)
        }
        let owner = try await run(
            sent.map { .piece($0) }, expecting: expected, parts: [1_000_000])
        #expect(owner.heard == sent.map { "\($0)" })
        #expect(!owner.isWrong)
        #expect(owner.placed > 100)
    }

    @Test(
        "Blocks that come twice, each into the place of another, are heard as they came",
        arguments: 1...3)
    func repeated(_ seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let expected = (0..<120).map { block($0) }
        var sent = expected
        for _ in 0..<12 {
            let (from, to) = (
                Int.random(in: 0..<120, using: &random), Int.random(in: 0..<120, using: &random)
            )
            sent.insert(expected[from], at: to)
        }
        let owner = try await run(
            sent.map { .piece($0) }, expecting: expected, parts: [400_000, 90_000])
        #expect(owner.heard == sent.map { "\($0)" })
        #expect(!owner.isWrong)
    }

    @Test("Few places are given to a peer that sends little at a time, a MiB to one that fills all")
    func window() {
        var window = LandingWindow()
        #expect(window.count == 16)
        window.filled(16, isInOrder: true)
        window.filled(32, isInOrder: true)
        window.filled(64, isInOrder: true)
        #expect(window.count == 64)
        #expect(window.beyond == 0)
        window.filled(20, isInOrder: false)
        #expect(window.count == 64)
        #expect(window.beyond == 64)
        for _ in 0..<5 { window.filled(1, isInOrder: true) }
        #expect(window.count == 16)
        #expect(window.beyond == 64)
    }

    @Test(
        "Blocks out of order, unasked ones and other messages between them are heard as they came",
        arguments: 1...6)
    func disorder(_ seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        var blocks = (0..<100).map { block($0) }
        // Some are sent early, some are not expected, some are expected and never come.
        for _ in 0..<20 {
            blocks.swapAt(
                .random(in: 0..<100, using: &random), .random(in: 0..<100, using: &random))
        }
        var messages: [Message] = []
        for block in blocks {
            if Int.random(in: 0..<12, using: &random) == 0 {
                messages.append(.have(PieceIndex(.random(in: 0..<99, using: &random))))
            }
            if Int.random(in: 0..<30, using: &random) == 0 { messages.append(.choke) }
            messages.append(.piece(block))
        }
        let expected = (0..<110).filter { $0 % 23 != 5 }.map { block($0) }
        let parts = (0..<50).map { _ in Int.random(in: 1...300_000, using: &random) }
        let owner = try await run(messages, expecting: expected, parts: parts)
        #expect(
            owner.heard
                == messages.map { message in
                    if case .piece(let block) = message { return "\(block)" }
                    return "\(message)"
                })
        #expect(!owner.isWrong)
    }

    @Test("What is held back waits in the socket and comes when reading goes on")
    func held() async throws {
        let blocks = (0..<200).map { block($0) }
        let owner = try await run(
            blocks.map { .piece($0) }, expecting: blocks, parts: [1_000_000], holdings: 3)
        #expect(owner.heard == blocks.map { "\($0)" })
        #expect(!owner.isWrong)
        #expect(owner.holdings == 0)
    }

    @Test("A hold ends when the store has caught up, and after a while where nothing moves")
    func hold() async {
        var resumed = 0
        let hold = ReadingHold(longest: .milliseconds(20)) { resumed += 1 }
        #expect(hold.begin())
        hold.moved(true)
        #expect(resumed == 0)
        hold.moved(false)
        #expect(resumed == 1)
        #expect(hold.begin())
        #expect(await eventually { resumed == 2 })
        #expect(!hold.begin())
        hold.moved(true)
        #expect(hold.begin())
    }

    @Test("What was read for peers does not show that the store gets on, so nothing is held for it")
    func progress() {
        let piece = PieceIndex(1)
        let fault = StorageError.system(path: "file", operation: "writing", errno: ENOSPC)
        let moving: [StoreEvent] = [
            .verified(piece), .mismatched(piece), .written(piece), .paused(fault),
        ]
        let idle: [StoreEvent] = [.read(1, [0]), .unreadable(1, fault), .saved, .notSaved(fault)]
        let shown = (moving + idle).map(\.isProgress)
        #expect(shown == [true, true, true, true, false, false, false, false])
    }

    @Test("A connection that ends within a block ends, and what came before has been heard")
    func cut() async throws {
        let blocks = (0..<100).map { block($0) }
        var messages: [Message] = blocks.map { .piece($0) }
        messages.append(.piece(Block(piece: PieceIndex(99), offset: 0, length: 1)))
        let owner = try await run(
            messages, expecting: blocks + [block(200)], parts: [100_000], closing: true)
        #expect(owner.heard.prefix(100) == blocks.map { "\($0)" }[...])
        #expect(!owner.isWrong)
    }
}
