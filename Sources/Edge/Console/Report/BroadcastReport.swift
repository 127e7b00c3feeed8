// What a broadcast's events and status say to a person. Words only; nothing is decided or printed.

package import Ingest
package import Node
package import Primitives

extension BroadcastStatus {
    /// The line of the status.
    ///
    ///     news  ON AIR  1.5 Mbit/s  ▲ 3.1 Mbit/s (7 peers)  copies 2.1  12 min 5 s
    package func line(name: String, after time: Interval, isUnicode: Bool) -> StatusLine {
        var line = StatusLine(isUnicode: isUnicode)
        line.add(shortName(name), rank: 1)
        line.add(hasInput ? "ON AIR" : "NO INPUT", rank: 0, ink: hasInput ? .green : .red)
        line.add(bitrate.text, rank: 2)
        line.addUp(swarm, rank: 3)
        line.add("(\(count(swarm.peers.count, "peer")))", rank: 4, gap: " ")
        line.add("copies \(decimal(copies))", rank: 5)
        line.add(time.text, rank: 6)
        return line
    }
}

extension BroadcastEvent {
    /// What a person is told of it, or nil where a block or the end says it.
    package var note: String? {
        switch self {
        case .onAir, .failed: nil
        case .inputLost(let why):
            "no input, trying again: \(escaped(why))"
        case .inputBack: "the input is back"
        case .tracker(let note): "tracker: \(escaped(note))"
        case .ended: "the broadcast is over"
        }
    }
}

extension BroadcastOnAir {
    /// The block that a person sees when a channel goes on the air.
    package func block(name: String) -> String {
        var rows: [(name: String, value: String)] = [
            ("channel", escaped(name)),
            ("file", escaped(file)),
            ("info-hash", infoHash),
            ("input", stream.text),
            ("pieces", sizeText(pieceLength) + (firstPiece > 0 ? ", from \(firstPiece) on" : "")),
            ("peers", "port \(peerPort)"),
        ]
        for (index, tracker) in trackers.enumerated() {
            rows.append((index == 0 ? "tracker" : "", escaped(tracker)))
        }
        rows.append(("watch it", escaped(watchCommand)))
        return table(rows)
    }

    /// The command by which a viewer tunes in.
    package var watchCommand: String {
        // A bare name would do too, but not one that looks like an option.
        let path = file.contains("/") ? file : "./" + file
        return "p2ptv watch \(shellQuoted(path))"
    }
}

extension StreamInfo {
    /// The streams and the rate: `h264 1280x720 25 fps, aac 48 kHz 2 ch, 1.5 Mbit/s`.
    package var text: String {
        var parts = streams.map(\.text)
        if bitsPerSecond > 0 { parts.append(ByteRate(bitsPerSecond: bitsPerSecond).text) }
        return parts.joined(separator: ", ")
    }
}

extension StreamInfo.Stream {
    /// Codec and measures: `h264 1280x720 25 fps`.
    package var text: String {
        var parts = [escaped(codec)]
        if width > 0, height > 0 { parts.append("\(width)x\(height)") }
        if frameRate > 0 { parts.append("\(short(frameRate)) fps") }
        if sampleRate > 0 { parts.append("\(short(Double(sampleRate) / 1000)) kHz") }
        if channels > 0 { parts.append("\(channels) ch") }
        if let language, language != "und" { parts.append("[\(escaped(language))]") }
        return parts.joined(separator: " ")
    }

    /// At most two digits after the point, and none that say nothing.
    private func short(_ number: Double) -> String {
        var text = decimal(number, digits: 2)
        while text.hasSuffix("0") { text.removeLast() }
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
}

extension String {
    /// The text with spaces behind it up to `width` columns.
    package func padded(to width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - columns(self)))
    }
}
