// What is known of an input after a look at it, for people and for programs.

import Ingest
import Pieces
import Primitives

extension ProbeTally {
    /// The rate of the stream in bits a second: as the container says, or else as measured.
    private var bitsPerSecond: Double {
        if let info, info.bitsPerSecond > 0 { return info.bitsPerSecond }
        return span > .zero ? Double(bytes) * 8 / span.seconds : 0
    }

    private var pieceLength: Int { PieceGeometry.pieceLength(forBitsPerSecond: bitsPerSecond) }

    /// The rows of `p2ptv probe`.
    package var text: String {
        var rows = [("container", escaped(info?.container ?? "-"))]
        for stream in info?.streams ?? [] { rows.append((stream.kind.rawValue, stream.text)) }
        rows.append(("bitrate", ByteRate(bitsPerSecond: bitsPerSecond).text))
        if let keyInterval { rows.append(("key frames", "every \(keyInterval.text) at most")) }
        let perSecond = decimal(bitsPerSecond / 8 / Double(pieceLength))
        rows.append(("pieces", "\(sizeText(pieceLength)), \(perSecond) a second"))
        return table(rows)
    }

    /// The object of `p2ptv probe --json`.
    package var json: JSON {
        [
            "schema": .int(EventRecord.schema),
            "input": info?.json ?? .null,
            "bitrate_bps": ByteRate(bitsPerSecond: bitsPerSecond).json,
            "key_frame_interval": keyInterval?.json ?? .null,
            "piece_length": .int(pieceLength),
            "warnings": .list(warnings.map { .text($0) }),
        ]
    }
}

/// Rows of names and values, one a line.
func table(_ rows: [(name: String, value: String)]) -> String {
    let width = (rows.map { columns($0.name) }.max() ?? 0) + 2
    return rows.map { $0.name.padded(to: width) + $0.value + "\n" }.joined()
}
