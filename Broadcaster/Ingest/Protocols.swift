// Which protocols are read, and how libavformat is told. A playlist from the network must not
// name files of this machine, hence two lists.

/// The protocols of libavformat that are open to an input.
enum Protocols {
    private static let network = [
        "udp", "rtp", "srtp", "tcp", "tls", "http", "https", "httpproxy", "crypto", "data", "hls",
        "rtmp", "rtmps", "rtmpt", "rtmpts", "rtmpe", "rtmpte", "ffrtmpcrypt", "ffrtmphttp",
        "rtsp", "rtsps", "srt", "rist",
    ]
    /// The schemes that a person may write.
    private static let schemes: Set<String> = [
        "udp", "rtp", "srtp", "tcp", "tls", "http", "https", "hls", "hls+http", "hls+https",
        "crypto", "rtmp", "rtmps", "rtmpt", "rtmpts", "rtmpe", "rtmpte", "rtsp", "rtsps", "srt",
        "rist",
    ]

    /// For a file, which may be a playlist or a session description.
    static let forFiles = (["file", "pipe"] + network).joined(separator: ",")

    /// For a pipe, which may bring a playlist from who knows where.
    static let forStreams = network.joined(separator: ",")

    /// For a URL.
    static let options = [
        ("protocol_whitelist", network.joined(separator: ",")),
        // UDP loses packets in most home networks, and RTSP servers offer both.
        ("rtsp_flags", "prefer_tcp"),
        // A burst that overruns the receive queue is a gap, not the end.
        ("overrun_nonfatal", "1"),
    ]

    /// Whether this URL's scheme is one that is read.
    static func knows(_ url: String) -> Bool { scheme(of: url).map(schemes.contains) ?? false }

    /// The URL and the further options with which to open what a person wrote.
    ///
    /// TCP, SRT and RIST know by the URL that they are to listen; RTMP, HTTP and RTSP want an
    /// option instead, and would ask a server for a stream that is named so.
    static func listening(_ url: String) -> (url: String, options: [(String, String)]) {
        let option: (String, String)
        switch scheme(of: url) {
        case "rtmp", "rtmps", "http", "https": option = ("listen", "1")
        case "rtsp", "rtsps": option = ("rtsp_flags", "listen")
        default: return (url, [])
        }
        guard let mark = url.lastIndex(of: "?") else { return (url, []) }
        let fields = url[url.index(after: mark)...].split(separator: "&")
        let rest = fields.filter { $0 != "listen" && $0 != "listen=1" }
        guard rest.count < fields.count else { return (url, []) }
        let query = rest.isEmpty ? "" : "?" + rest.joined(separator: "&")
        return (url[..<mark] + query, [option])
    }

    /// Whether silence is no sign of loss, because this side waits to be called.
    static func awaitsCaller(_ url: String) -> Bool {
        ["listen=1", "listen=2", "mode=listener", "?listen", "&listen", "rist://@"]
            .contains { url.contains($0) }
    }
}
