// libavformat's answers as text and as faults. Its own log is off: what it has to say to a person
// comes through here.
import CFFmpeg
import Glibc

/// Why reading stopped before the input's end.
enum Interruption: Error {
    /// The owner asked for it.
    case stopped
    /// The input cannot be broadcast.
    case fault(IngestFault)
}

/// What a negative return value of libav means, in its own words.
func statusText(_ status: Int32) -> String {
    var text = [CChar](repeating: 0, count: 128)
    guard av_strerror(status, &text, text.count) == 0 else { return "error \(status)" }
    let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
    return String(decoding: bytes, as: UTF8.self)
}

/// The fault that a negative `status` means while `name` is opened.
func openingFault(_ status: Int32, name: String) -> IngestFault {
    switch status {
    case shim_averror(ENOENT), shim_averror_http_not_found(): .notFound(name)
    case shim_averror(EISDIR): .isDirectory(name)
    case shim_averror(EACCES), shim_averror(EPERM), shim_averror_http_forbidden(),
        shim_averror_http_unauthorized():
        .permission(name)
    case shim_averror_invalid_data(), shim_averror_no_demuxer(): .notMedia(name)
    case shim_averror_no_protocol(): .protocolUnknown(scheme(of: name) ?? name)
    default: .readFailed("\(name): \(statusText(status))")
    }
}

/// The part of a URL before its first colon, in lower case.
func scheme(of url: String) -> String? {
    guard let colon = url.firstIndex(of: ":") else { return nil }
    return url[..<colon].lowercased()
}
