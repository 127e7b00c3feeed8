// Writes the few small files that the command line itself makes, such as a chart.

import Glibc

/// Writing of small files.
package enum SmallOutput {
    /// Writes `text` to the file at `path`; what was there is replaced.
    ///
    /// - Throws: a complaint with exit 73, 77 or 74.
    package static func write(_ text: String, to path: String) throws(Complaint) {
        let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw cannotWrite(path, errno) }
        defer { close(file) }
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            guard count > 0 else { throw cannotWrite(path, errno) }
            bytes = bytes.dropFirst(count)
        }
    }

    static func cannotWrite(_ path: String, _ code: Int32) -> Complaint {
        let what = "cannot write \(path)"
        return switch code {
        case EACCES, EPERM, EROFS:
            Complaint(.permission, what: what, why: "permission denied")
        case ENOSPC, EIO, EDQUOT: Complaint(.inputOutput, what: what, why: systemText(code))
        default: Complaint(.cannotCreate, what: what, why: systemText(code))
        }
    }
}
