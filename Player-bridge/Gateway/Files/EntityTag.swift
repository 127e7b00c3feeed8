// Conditional requests (RFC 9110, 13) on content that never changes: whether a client has it
// already, and whether it may go on with what it has. There are no dates: a torrent's content has
// a name, its info-hash, and no time of change.

package import Reactor

/// A strong entity tag: the same tag, the same bytes.
package struct EntityTag: Hashable, Sendable {
    /// The tag with its quotation marks.
    package let text: String

    /// The tag of file number `file` of content that is named by `content`, in hexadecimal.
    package init(content: String, file: Int) {
        let plain = content.unicodeScalars.filter { $0.properties.isASCIIHexDigit }
        text = "\"\(String(String.UnicodeScalarView(plain)))-\(file)\""
    }

    /// What the conditions of a request come to.
    package enum Verdict: Equatable, Sendable {
        /// Answer as if there were none.
        case proceed
        /// Answer, but the whole: the client has something else than it thinks (If-Range).
        case proceedWithWhole
        /// The client has it (304).
        case notModified
        /// The client wants something else than this (412).
        case failed
    }

    /// Judges the conditions in `headers` in the order of RFC 9110, 13.2.2.
    package func judge(_ headers: HTTPHeaders) -> Verdict {
        let match = headers.all("If-Match")
        if !match.isEmpty, !names(match, weakly: false) { return .failed }
        let noneMatch = headers.all("If-None-Match")
        if !noneMatch.isEmpty, names(noneMatch, weakly: true) { return .notModified }
        // A date matches nothing, as there is no Last-Modified.
        let range = headers.all("If-Range")
        return range.isEmpty || range == [text] ? .proceed : .proceedWithWhole
    }

    /// Whether a list of tags names this one; our tags have no comma in them.
    private func names(_ lists: [String], weakly: Bool) -> Bool {
        lists.joined(separator: ",").split(separator: ",").contains { item in
            let item = item.filter { $0 != " " && $0 != "\t" }
            return item == text || item == "*" || (weakly && item == "W/\(text)")
        }
    }
}
