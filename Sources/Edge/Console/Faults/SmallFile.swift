// Reads the few small files that the command line itself opens, whole and within a bound.

import Glibc

/// The bytes of the file at `path`, at most `limit`.
///
/// - Throws: a complaint with exit 66, 77, 74, or 65 where the file is longer.
package func smallFile(_ path: String, limit: Int) throws(Complaint) -> [UInt8] {
    // Not blocking, or a FIFO without a writer would hold the program.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else { throw .cannotRead(path, errno: errno) }
    defer { close(file) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while bytes.count <= limit {
        let count = read(file, &chunk, chunk.count)
        guard count >= 0 else { throw .cannotRead(path, errno: errno) }
        guard count > 0 else { return bytes }
        bytes += chunk[..<count]
    }
    throw Complaint(
        .data, what: "cannot use \(path)", why: "it is longer than \(sizeText(limit))",
        hint: "name another file: this one cannot be what was meant")
}
