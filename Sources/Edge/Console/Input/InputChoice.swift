// What a person means by INPUT and by the names around it.

import Glibc
package import Ingest
import Metainfo
package import Primitives

/// An input as a person names it.
package struct InputChoice: Hashable, Sendable {
    /// Where the media comes from.
    package let source: IngestOptions.Source
    /// The name of a channel of it: that of the file without its extension, or `live`.
    package let name: String

    /// The input that `text` names.
    ///
    /// - Throws: a complaint with exit 64.
    package init(_ text: String, loop: Bool = false) throws(Complaint) {
        if text == "-" {
            source = .standardInput
            name = "live"
        } else if let mark = text.firstRange(of: "://"), text[..<mark.lowerBound] != "file" {
            source = .url(text)
            name = "live"
        } else {
            let path = text.hasPrefix("file://") ? String(text.dropFirst(7)) : text
            guard !path.isEmpty else {
                throw Complaint(
                    .usage, what: "INPUT", why: "it is empty",
                    hint: "name a file, - for standard input, or a URL")
            }
            source = .file(path)
            name = Self.name(of: path)
        }
        guard !loop || isFile else {
            throw Complaint(
                .usage, what: "--loop", why: "only a file can begin again",
                hint: "leave --loop out")
        }
        if source == .standardInput, isatty(STDIN_FILENO) == 1 {
            throw Complaint(
                .usage, what: "cannot read standard input", why: "it is a terminal",
                hint: "pipe a stream into it: ffmpeg -i INPUT -c copy -f mpegts - | "
                    + "p2ptv broadcast -")
        }
    }

    private var isFile: Bool {
        if case .file = source { true } else { false }
    }

    private static func name(of path: String) -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? ""
        guard let dot = last.lastIndex(of: "."), dot != last.startIndex else {
            return last.isEmpty ? "live" : last
        }
        return String(last[..<dot])
    }
}

/// The channel's name that was asked for, or else the fit form of `other`.
///
/// - Throws: a complaint with exit 64 where a name that was asked for is not fit to be shown.
package func channelName(_ name: String?, otherwise other: String) throws(Complaint) -> String {
    guard let name else { return ChannelName(sanitizing: other).text }
    guard let fit = ChannelName(name) else {
        throw Complaint(
            .usage, what: "--name", why: "it is empty, too long or has control characters",
            hint: "take up to \(ChannelName.maximumLength) bytes of plain text")
    }
    return fit.text
}

/// The peer that `text` names as IP:PORT.
///
/// - Throws: a complaint with exit 64.
package func peerEndpoint(_ text: String) throws(Complaint) -> Endpoint {
    guard let endpoint = Endpoint(text), endpoint.port > 0 else {
        throw Complaint(
            .usage, what: "--peer", why: "'\(text)' is not an address and a port",
            hint: "write it as 203.0.113.7:6881 or [2001:db8::7]:6881")
    }
    return endpoint
}

/// Refuses two kinds of data on standard output.
///
/// - Throws: a complaint with exit 64.
package func checkOutput(isStreaming: Bool, json: Bool) throws(Complaint) {
    guard isStreaming else { return }
    guard !json else {
        throw Complaint(
            .usage, what: "--json", why: "the stream goes to standard output already",
            hint: "write the stream to a file with -o FILE")
    }
    guard isatty(STDOUT_FILENO) == 0 else {
        throw Complaint(
            .usage, what: "-o -", why: "standard output is a terminal",
            hint: "pipe it into a player: p2ptv watch CHANNEL -o - | mpv -")
    }
}

/// The time that `text` gives for finding a torrent's metadata.
///
/// - Throws: a complaint with exit 64.
package func searchTime(_ text: String) throws(Complaint) -> Interval {
    // A year is as good as for ever, and no clock overflows by it.
    guard let time = parseSeconds(text), time > .zero, time <= .seconds(31_536_000) else {
        throw Complaint(
            .usage, what: "--timeout", why: "'\(text)' is not a time above 0",
            hint: "write it in seconds, such as 60")
    }
    return time
}
