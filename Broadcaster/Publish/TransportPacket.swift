// The packets of MPEG-TS (ISO 13818-1, 2.4.3.2) as far as cutting must know them: their length,
// and the null packet with which a piece is filled up.
//
// Packets start where the position in the whole stream, piece × piece length + offset, is
// a multiple of 188. So which byte of a null packet stands at a position follows from the position
// alone, across pieces and across restarts.

package import Pieces

/// Facts about MPEG-TS packets.
package enum TransportPacket {
    /// The length of a packet in bytes.
    package static let length = 188

    /// A packet that carries nothing: PID 0x1FFF, payload only.
    package static let null: [UInt8] =
        [0x47, 0x1f, 0xff, 0x10] + [UInt8](repeating: 0xff, count: length - 4)

    /// How far into a packet the byte at `offset` of `piece` is: 0 where one starts.
    package static func phase(
        of piece: PieceIndex, offset: Int, geometry: PieceGeometry
    ) -> Int {
        (Int(piece.value) * geometry.pieceLength + offset) % length
    }

    /// `count` bytes of null packets one after the other, from byte `phase` of the first one on.
    static func nulls(_ count: Int, from phase: Int) -> [UInt8] {
        (0..<count).map { null[(phase + $0) % length] }
    }
}
