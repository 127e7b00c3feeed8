// The answer to a request for a file, up to its first byte: a pure function of the request, so
// that it goes out before anything is known about the bytes.

import Reactor

/// Status and header fields, and the bytes that follow.
struct FileAnswer: Equatable {
    let status: Int
    let headers: HTTPHeaders
    /// The bytes that follow, never none; nil where there is no body.
    let body: Range<Int64>?

    init(_ file: ServedFile, _ tag: EntityTag, _ request: HTTPRequest) {
        self.init(file, tag, request.headers, isHead: request.method == .head)
    }

    init(_ file: ServedFile, _ tag: EntityTag, _ request: HTTPHeaders, isHead: Bool) {
        // Kept by a browser, but asked about each time: the same address may lead to another
        // torrent tomorrow.
        var headers: HTTPHeaders = ["ETag": tag.text, "Cache-Control": "private, no-cache"]
        let verdict = tag.judge(request)
        guard verdict == .proceed || verdict == .proceedWithWhole else {
            (status, self.headers, body) = (verdict == .failed ? 412 : 304, headers, nil)
            return
        }
        headers["Accept-Ranges"] = "bytes"
        headers["X-Content-Type-Options"] = "nosniff"
        // Ranges are for GET only (RFC 9110, 14.2).
        let fields = isHead || verdict == .proceedWithWhole ? [] : request.all("Range")
        let range: Range<Int64>
        switch ByteRange(fields, length: file.length) {
        case .unsatisfiable:
            headers["Content-Range"] = "bytes */\(file.length)"
            (status, self.headers, body) = (416, headers, nil)
            return
        case .part(let part):
            headers["Content-Range"] =
                "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(file.length)"
            (range, status) = (part, 206)
        case .whole: (range, status) = (0..<file.length, 200)
        }
        headers["Content-Type"] = file.type.name
        headers["Content-Length"] = "\(range.count)"
        self.headers = headers
        body = isHead || range.isEmpty ? nil : range
    }
}
