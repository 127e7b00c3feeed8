// How answers look: content types and the header fields that each answer carries.

import Reactor

/// What an answer holds.
enum ContentKind: String {
    case html = "text/html; charset=utf-8"
    case script = "text/javascript; charset=utf-8"
    case json = "application/json"
    case playlist = "audio/x-mpegurl"
    case text = "text/plain; charset=utf-8"
    case transportStream = "video/mp2t"

    /// The page's own files only, nothing that others put into it, and in nobody's frame.
    private static let policy =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; base-uri 'none'; "
        + "form-action 'none'; frame-ancestors 'none'"

    /// The fields of every answer of this kind: everything here is of the moment.
    var headers: HTTPHeaders {
        var headers: HTTPHeaders = [
            "Content-Type": rawValue, "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        ]
        if self == .html {
            headers["Content-Security-Policy"] = Self.policy
            headers["Referrer-Policy"] = "no-referrer"
        }
        return headers
    }
}

extension HTTPResponder {
    /// Answers 200 with a text of this kind.
    func send(_ kind: ContentKind, _ text: String) {
        send(status: 200, headers: kind.headers, body: Array(text.utf8))
    }

    /// Answers with plain text.
    func sendText(_ status: Int, _ text: String) {
        send(status: status, headers: ContentKind.text.headers, body: Array(text.utf8))
    }
}

/// The answer to one player, as an output of its feed.
@Loop
final class PlayerAnswer: FeedOutput {
    private let responder: HTTPResponder

    init(_ responder: HTTPResponder) { self.responder = responder }

    var pendingBytes: Int { responder.pendingBytes }
    func write(_ bytes: [UInt8]) { responder.write(bytes) }
    func end() { responder.end() }
}
