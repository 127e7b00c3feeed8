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

extension PeerLink {
    /// A peer that sends less at a time gains nothing.
    private static let leastRead = 65_536
    /// Blocks at a time: a MiB.
    ///
    /// Each read is acknowledged, and on the loopback the kernel sends within the same call what the
    /// other end may send then: a quarter of a MiB at a time costs a leech 7 % more in all.
    private static let most = 64

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
        let blocks = landing.expected(on: self, besides: begun.block, most: Self.most)
        guard blocks.count > 1 else { return false }
        var (landed, others): (Int, [UInt8]) = (0, [])
        var isRead = false
        landing.withPlaces(blocks) { places in
            // Without a place there would be nothing to read into, which looks like the end.
            guard !places.isEmpty else { return }
            isRead = true
            (landed, others) = Self.read(connection, ahead: begun.rest, blocks, places)
        }
        guard isRead else { return false }
        connection.finishReading()
        readFrames(connection)
        if landed > 0, self.connection != nil {
            handler(self, .landed(landed == blocks.count ? blocks : Array(blocks.prefix(landed))))
        }
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

    /// Reads once; answers how many blocks have come whole to their places, and what came behind
    /// them.
    private static func read(
        _ connection: TCPConnection, ahead: Int, _ blocks: [Block],
        _ places: [UnsafeMutableRawBufferPointer]
    ) -> (landed: Int, others: [UInt8]) {
        let unit = Message.pieceHeaderLength
        var headers = [UInt8](repeating: 0, count: places.count * unit)
        var left = headers.withUnsafeMutableBytes { headers in
            var vector: [UnsafeMutableRawBufferPointer] = []
            vector.reserveCapacity(2 * places.count)
            for (number, place) in places.enumerated() {
                let header = headers[number * unit..<number * unit + unit]
                vector.append(UnsafeMutableRawBufferPointer(rebasing: header))
                vector.append(place)
            }
            return connection.read(ahead: ahead, then: vector) - ahead
        }
        var landed = 0
        while landed < places.count, left >= unit + places[landed].count,
            Message.pieceHeader(in: headers.span, at: landed * unit) == blocks[landed]
        {
            left -= unit + places[landed].count
            landed += 1
        }
        var others: [UInt8] = []
        for number in landed..<places.count where left > 0 {
            others += headers[number * unit..<number * unit + min(left, unit)]
            left -= min(left, unit)
            others += places[number].prefix(left)
            left -= min(left, places[number].count)
        }
        return (landed, others)
    }
}
