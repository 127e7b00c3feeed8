// The paths of the gateway as values: which resource a request's path names. Answers nothing.

/// What a path names.
package enum GatewayRoute: Equatable, Sendable {
    /// The status page, `/`.
    case page
    /// The script of the page, `/app.js`.
    case script
    /// The state of the program as JSON, `/api/v1/status`.
    case status
    /// All channels for a player, `/playlist.m3u`.
    case playlist
    /// Whether the gateway is alive, `/healthz`.
    case health
    /// The transport stream of a channel, `/live/NAME.ts`.
    case live(String)
    /// The files of a torrent as JSON, `/api/v1/files`.
    case files
    /// A file of a torrent, `/file/INDEX/NAME`; the number alone decides.
    case file(Int)
    /// Nothing that is here.
    case unknown

    /// The longest name of a channel in a path, in bytes.
    package static let longestName = 64

    /// The resource at `path`, taken literally: names have nothing in them to escape.
    package init(path: String) {
        self =
            switch path {
            case "/": .page
            case "/app.js": .script
            case "/api/v1/status": .status
            case "/playlist.m3u": .playlist
            case "/healthz": .health
            case "/api/v1/files": .files
            default:
                Self.live(in: path).map { .live($0) } ?? Self.file(in: path).map { .file($0) }
                    ?? .unknown
            }
    }

    /// The path of a channel's transport stream.
    package static func path(ofLive name: String) -> String { "/live/\(name).ts" }

    /// A name fit for a path, made from a channel's title: letters, digits, dots and dashes.
    package static func name(for title: String) -> String {
        var out: [UInt8] = []
        for byte in title.utf8 {
            let fits = isPlain(byte)
            if !fits, out.isEmpty || out.last == UInt8(ascii: "-") { continue }
            out.append(fits ? byte : UInt8(ascii: "-"))
            if out.count == longestName { break }
        }
        while let last = out.last, last == UInt8(ascii: "-") { out.removeLast() }
        // A name of dots only would be a step in the path.
        guard out.contains(where: { $0 != UInt8(ascii: ".") }) else { return "channel" }
        return String(decoding: out, as: UTF8.self)
    }

    private static func live(in path: String) -> String? {
        guard path.utf8.count <= longestName + 9, path.hasPrefix("/live/"), path.hasSuffix(".ts"),
            path.utf8.count > 9
        else { return nil }
        let name = path.dropFirst(6).dropLast(3)
        return name.utf8.allSatisfy(isPlain) ? String(name) : nil
    }

    private static func file(in path: String) -> Int? {
        guard path.hasPrefix("/file/") else { return nil }
        let rest = path.utf8.dropFirst(6)
        let digits = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        // Nine digits are more files than any torrent has.
        guard (1...9).contains(digits.count),
            rest.count == digits.count
                || rest.dropFirst(digits.count).first == UInt8(ascii: "/")
        else { return nil }
        return Int(Substring(digits))
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
