// What a channel file says, for people and for programs.

import Glibc
package import Metainfo
import Pieces
import Primitives

/// A channel file before a person.
package struct ChannelReport: Sendable {
    private let parsed: ParsedChannelFile
    /// Whether the channel's own key signed it.
    package let isSigned: Bool

    /// The report of a file; verifies its signature.
    package init(_ parsed: ParsedChannelFile) {
        self.parsed = parsed
        isSigned = ChannelReader.isSigned(parsed)
    }

    private var file: ChannelFile { parsed.file }

    /// The rows of `p2ptv show`.
    package var text: String {
        var rows: [(name: String, value: String)] = [
            ("channel", escaped(file.name.text)),
            ("info-hash", ChannelReader.infoHash(of: parsed)),
            ("key", "\(file.publicKey)"),
            ("pieces", sizeText(file.geometry.pieceLength)),
        ]
        for (tier, urls) in file.trackers.enumerated() {
            for url in urls { rows.append((tier == 0 ? "tracker" : "then", escaped(url))) }
        }
        for peer in file.peers { rows.append(("source", "\(peer)")) }
        if let date = file.creationDate { rows.append(("made", utc(date) ?? "\(date)")) }
        if let maker = file.createdBy { rows.append(("made by", escaped(maker))) }
        rows.append(("signature", isSigned ? "ok" : "WRONG"))
        return table(rows)
    }

    /// The object of `p2ptv show --json`.
    package var json: JSON {
        [
            "schema": .int(EventRecord.schema), "name": .text(file.name.text),
            "info_hash": .text(ChannelReader.infoHash(of: parsed)),
            "public_key": .text("\(file.publicKey)"),
            "epoch": .text(hexadecimal(file.epoch.value)),
            "piece_length": .int(file.geometry.pieceLength),
            "container": .text(ChannelFile.container),
            "trackers": .list(file.trackers.map { .list($0.map { .text($0) }) }),
            "peers": .list(file.peers.map { .text("\($0)") }),
            "creation_date": file.creationDate.map { .int(Int($0)) } ?? .null,
            "created_by": JSON(file.createdBy),
            "signature_ok": .bool(isSigned),
        ]
    }
}

private func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}

/// The moment `seconds` after the Unix epoch as `2026-11-21 02:15:57 UTC`, or nil beyond year 9999.
func utc(_ seconds: Int64) -> String? {
    var time = time_t(seconds)
    var parts = tm()
    guard gmtime_r(&time, &parts) != nil, parts.tm_year < 8100 else { return nil }
    func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
    return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday)) "
        + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) UTC"
}
