// What a file is by the ending of its name: its media type, and what a player does with it.
// Looks at no content: sniffing would have to wait for it, and players sniff by themselves.

/// The kind of a file.
package struct MediaType: Hashable, Sendable {
    /// What a player does with a file.
    package enum Use: Hashable, Sendable {
        /// Plays it as a film.
        case video
        /// Plays it as sound.
        case audio
        /// Shows it beside a film.
        case subtitle
        /// Nothing.
        case other
    }

    /// The value of Content-Type.
    package let name: String
    /// What a player does with it.
    package let use: Use

    /// The kind of a file called `name`.
    package init(ofFile name: String) {
        let ending = Self.ending(of: name)
        for (use, types) in Self.table {
            guard let type = types[ending] else { continue }
            (self.name, self.use) = (type, use)
            return
        }
        (self.name, use) = ("application/octet-stream", .other)
    }

    /// What stands behind the last dot of a name, in small letters.
    package static func ending(of name: String) -> String {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }

    /// A name without its ending and the dot before it.
    package static func stem(of name: String) -> Substring {
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return name[...] }
        return name[..<dot]
    }

    // HTML, SVG and scripts are left out on purpose: a file of a stranger must not be a page.
    private static let table: [(Use, [String: String])] = [
        (.video, video), (.audio, audio), (.subtitle, subtitle), (.other, other),
    ]

    private static let video = [
        "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime",
        "mkv": "video/x-matroska", "webm": "video/webm", "avi": "video/x-msvideo",
        "ts": "video/mp2t", "m2ts": "video/mp2t", "mts": "video/mp2t", "mpg": "video/mpeg",
        "mpeg": "video/mpeg", "m2v": "video/mpeg", "vob": "video/mpeg", "ogv": "video/ogg",
        "ogm": "video/ogg", "wmv": "video/x-ms-wmv", "asf": "video/x-ms-asf",
        "flv": "video/x-flv", "3gp": "video/3gpp", "divx": "video/x-msvideo",
        "rm": "application/vnd.rn-realmedia", "rmvb": "application/vnd.rn-realmedia-vbr",
    ]
    private static let audio = [
        "mp3": "audio/mpeg", "m4a": "audio/mp4", "m4b": "audio/mp4", "aac": "audio/aac",
        "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg", "flac": "audio/flac",
        "wav": "audio/wav", "wma": "audio/x-ms-wma", "mka": "audio/x-matroska",
        "ac3": "audio/ac3", "eac3": "audio/eac3", "dts": "audio/vnd.dts", "ape": "audio/x-ape",
        "wv": "audio/x-wavpack", "aiff": "audio/aiff", "aif": "audio/aiff",
    ]
    private static let subtitle = [
        "srt": "application/x-subrip", "vtt": "text/vtt; charset=utf-8", "ass": "text/x-ssa",
        "ssa": "text/x-ssa", "sub": "text/plain", "smi": "text/plain",
        "idx": "text/plain", "sup": "application/octet-stream",
    ]
    private static let other = [
        "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif",
        "webp": "image/webp", "txt": "text/plain; charset=utf-8",
        "nfo": "text/plain; charset=utf-8", "pdf": "application/pdf", "zip": "application/zip",
    ]
}
