// From what a person names as a channel to a channel file whose signature holds.

import Crypto
package import Metainfo
package import Primitives
import Reactor

/// A channel as a person names it.
package enum ChannelPlace: Hashable, Sendable {
    /// A file.
    case path(String)
    /// A file on a web server.
    case web(String)

    /// The place that `text` names.
    ///
    /// - Throws: a complaint with exit 64 for what is not supported.
    package init(_ text: String) throws(Complaint) {
        let lower = text.lowercased()
        let what = "cannot open \(text)"
        if lower.hasPrefix("http://") || lower.hasPrefix("https://") {
            self = .web(text)
        } else if lower.hasPrefix("magnet:") {
            throw Complaint(
                .usage, what: what, why: "a magnet link cannot stand here",
                hint: "name the .torrent file; watch and relay take magnet links")
        } else if let scheme = Self.scheme(of: text), scheme != "file" {
            throw Complaint(
                .usage, what: what, why: "\(scheme): is not supported",
                hint: "name a .torrent file, or an http or https URL of one")
        } else {
            self = .path(lower.hasPrefix("file://") ? String(text.dropFirst(7)) : text)
        }
    }

    private static func scheme(of text: String) -> String? {
        text.firstRange(of: "://").map { String(text[..<$0.lowerBound]) }
    }
}

/// Reads channel files and checks who vouches for them.
package enum ChannelReader {
    /// The longest file that is looked at, in bytes.
    ///
    /// A channel file is a few hundred; but whoever opens an ordinary torrent by mistake is to be
    /// told so, and those are up to some MiB.
    package static let limit = 10 << 20

    /// The file in `bytes`, which came from `name`; the signature is checked.
    ///
    /// - Throws: a complaint with exit 65.
    package static func read(
        _ bytes: [UInt8], from name: String
    ) throws(Complaint) -> ParsedChannelFile {
        let file: ParsedChannelFile
        do throws(ChannelFileError) {
            file = try ChannelFile.parse(bytes)
        } catch {
            throw Complaint(error, of: name)
        }
        guard isSigned(file) else { throw .forged(name) }
        return file
    }

    /// Whether the channel's own key signed the file.
    package static func isSigned(_ file: ParsedChannelFile) -> Bool {
        verify(file.signature, file.signedMessage, file.file.publicKey)
    }

    /// The swarm that carries the channel.
    package static func swarm(of file: ParsedChannelFile) -> InfoHash {
        InfoHash(Digests.sha1(file.infoBytes).value)
    }

    /// The info-hash in hexadecimal digits.
    package static func infoHash(of file: ParsedChannelFile) -> String {
        "\(swarm(of: file))"
    }

    /// The bytes at `place`.
    ///
    /// - Throws: a complaint with exit 64, 65, 66, 69, 74 or 77.
    @Loop
    package static func fetch(_ place: ChannelPlace) async throws(Complaint) -> [UInt8] {
        switch place {
        case .path(let path): return try smallFile(path, limit: limit)
        case .web(let url):
            var limits = HTTPClientLimits()
            limits.bodyBytes = limit
            let result = await withCheckedContinuation { continuation in
                _ = HTTPClient.get(url, limits: limits) { continuation.resume(returning: $0) }
            }
            switch result {
            case .success(let response): return try body(response, url)
            case .failure(let fault): throw Complaint(fault, at: url)
            }
        }
    }

    private static func body(
        _ response: HTTPResponse, _ url: String
    ) throws(Complaint) -> [UInt8] {
        switch response.status {
        case 200: return response.body
        case 404, 410:
            throw Complaint(
                .noInput, what: "cannot fetch \(url)", why: "the server has no such file",
                hint: "check the spelling of the URL")
        default:
            throw Complaint(
                .unavailable, what: "cannot fetch \(url)",
                why: "the server answered \(response.status)", hint: "check it with: curl -I \(url)"
            )
        }
    }
}
