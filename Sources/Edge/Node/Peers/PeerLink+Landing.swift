// Blocks that are read from the socket into the places where they belong, without a copy: those
// that the peer was asked for first are likely to come next. What comes otherwise is taken back
// and read as ever. All of it happens within one call; nothing is kept between two.

import Pieces
import Reactor
import Wire

/// Who knows which blocks are likely to come, and where they belong.
@Loop
protocol Landing: AnyObject {
    /// Whether blocks had better wait in the socket, until `resumeReading`.
    func holds() -> Bool
    /// Up to `most` blocks that `link` was asked for first, without `begun`.
    func expected(on link: PeerLink, besides begun: Block?, most: Int) -> [Block]
    /// Calls `body` with the places of the first of `blocks`, or of all.
    func withPlaces(_ blocks: [Block], _ body: ([UnsafeMutableRawBufferPointer]) -> Void)
}

/// How many blocks are read at a time, and how far around a peer answers.
struct LandingWindow {
    /// Places that the next read is given.
    private(set) var count = Self.least
    /// Blocks behind those whose places are known as well: where a peer answers out of order, what
    /// was asked for later comes earlier.
    private(set) var beyond = 0

    /// Few: a peer that sends little at a time fills no more, and each place costs a little.
    private static let least = 16
    /// A MiB.
    ///
    /// Each read is acknowledged, and on the loopback the kernel sends within the same call what the
    /// other end may send then: a quarter of a MiB at a time costs a leech 7 % more in all.
    private static let most = 64

    /// Learns from a read that filled so many places, all in the order expected or not.
    mutating func filled(_ landed: Int, isInOrder: Bool) {
        if landed >= count {
            count = min(count * 2, Self.most)
        } else if landed < count / 4 {
            count = max(count / 2, Self.least)
        }
        if !isInOrder { beyond = Self.most }
    }
}

extension PeerLink {
    /// A peer that sends less at a time gains nothing.
    private static let leastRead = 65_536
    /// Where blocks wait that came into the place of another; grown by the first peer that answers out
    /// of order, and used again.
    private static var displaced: [UInt8] = []

    /// Reads what is there into the places of the blocks that are expected.
    ///
    /// False, and nothing is read, where little is there or nothing is expected.
    func land(from connection: TCPConnection) -> Bool {
        guard connection.readSize >= Self.leastRead, let landing, let begun = begun(connection)
        else { return false }
        guard !landing.holds() else {
            connection.pauseReading()
            return true
        }
        let blocks = landing.expected(
            on: self, besides: begun.block, most: window.count + window.beyond)
        guard blocks.count > 1 else { return false }
        var (landed, others): ([Block], [UInt8]) = ([], [])
        var isRead = false
        landing.withPlaces(blocks) { places in
            // Without a place there would be nothing to read into, which looks like the end.
            guard !places.isEmpty else { return }
            isRead = true
            (landed, others) = read(connection, ahead: begun.rest, blocks, places)
        }
        guard isRead else { return false }
        connection.finishReading()
        readFrames(connection)
        if !landed.isEmpty, self.connection != nil { handler(self, .landed(landed)) }
        guard self.connection != nil, !others.isEmpty else { return true }
        connection.takeBack(others)
        readFrames(connection)
        return true
    }

    /// The block that has begun to come, and how many bytes of it are missing; nil where something
    /// else has begun, or too little of it has come to tell.
    private func begun(_ connection: TCPConnection) -> (block: Block?, rest: Int)? {
        guard decoder != nil else { return nil }
        let input = connection.input
        guard input.count > 0 else { return (nil, 0) }
        let header = Message.pieceHeader(in: input.bytes.span, at: input.offset)
        guard let header else { return nil }
        let rest = Message.pieceHeaderLength + Int(header.length) - input.count
        return rest > 0 ? (header, rest) : nil
    }

    /// Reads once; answers the blocks that have come whole and lie in their places now, in the order in
    /// which they came, and the bytes behind them.
    private func read(
        _ connection: TCPConnection, ahead: Int, _ blocks: [Block],
        _ places: [UnsafeMutableRawBufferPointer]
    ) -> (landed: [Block], others: [UInt8]) {
        let unit = Message.pieceHeaderLength
        let given = min(window.count, places.count)
        var headers = [UInt8](repeating: 0, count: given * unit)
        var left = headers.withUnsafeMutableBytes { headers in
            var vector: [UnsafeMutableRawBufferPointer] = []
            vector.reserveCapacity(2 * given)
            for (number, place) in places.prefix(given).enumerated() {
                let header = headers[number * unit..<number * unit + unit]
                vector.append(UnsafeMutableRawBufferPointer(rebasing: header))
                vector.append(place)
            }
            return connection.read(ahead: ahead, then: vector) - ahead
        }
        var arrivals = Arrivals(given, blocks.prefix(places.count))
        while arrivals.count < given, left >= unit + places[arrivals.count].count,
            let header = Message.pieceHeader(in: headers.span, at: arrivals.count * unit),
            arrivals.add(header)
        {
            left -= unit + Int(header.length)
        }
        var others: [UInt8] = []
        for number in arrivals.count..<given where left > 0 {
            others += headers[number * unit..<number * unit + min(left, unit)]
            left -= min(left, unit)
            others += places[number].prefix(left)
            left -= min(left, places[number].count)
        }
        window.filled(arrivals.count, isInOrder: arrivals.moves.isEmpty)
        Self.move(arrivals.moves, places)
        return (arrivals.came, others)
    }

    /// Moves blocks that came into the place of another to their own.
    private static func move(
        _ moves: [Arrivals.Move], _ places: [UnsafeMutableRawBufferPointer]
    ) {
        guard !moves.isEmpty else { return }
        displaced.removeAll(keepingCapacity: true)
        // All are taken up before one is put down, as they lie in each other's places.
        for move in moves { displaced += places[move.from] }
        displaced.withUnsafeBytes { bytes in
            var start = 0
            for move in moves {
                let count = places[move.to].count
                places[move.to].copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
                start += count
            }
        }
    }
}

/// Which blocks have come, one after another, into the places of those that were expected.
private struct Arrivals {
    /// A block that lies in one place and belongs to another, which is as long.
    struct Move {
        let from: Int
        let to: Int
    }

    /// The blocks, in the order in which they came.
    private(set) var came: [Block] = []
    private(set) var moves: [Move] = []
    private let expected: ArraySlice<Block>
    /// Where one more is looked for that did not come where it was expected.
    private var missing = 0

    var count: Int { came.count }

    /// Nothing has come yet of up to `most` blocks, each into the place of the next of `expected`.
    init(_ most: Int, _ expected: ArraySlice<Block>) {
        self.expected = expected
        came.reserveCapacity(most)
    }

    /// The next block; false where there is no place for it, or none that is as long as the one it
    /// lies in, or it has come before.
    mutating func add(_ block: Block) -> Bool {
        let here = came.count
        guard block.length == expected[here].length else { return false }
        if moves.isEmpty, block == expected[here] {
            came.append(block)
            return true
        }
        if moves.isEmpty { missing = here }
        guard let place = expected[missing...].firstIndex(of: block),
            !came[missing...].contains(block)
        else { return false }
        came.append(block)
        if place != here { moves.append(Move(from: here, to: place)) }
        return true
    }
}
