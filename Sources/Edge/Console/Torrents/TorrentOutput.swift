// Writes a torrent file where nothing is yet: whole or not at all, and never over anything.

import Glibc

/// Writing of torrent files.
package enum TorrentOutput {
    /// Refuses a place where something is already, or nothing can be; before the hours of hashing.
    ///
    /// - Throws: a complaint with exit 64 or 73.
    package static func check(_ path: String) throws(Complaint) {
        let what = "cannot write \(path)"
        guard path != "-", !path.isEmpty else {
            throw Complaint(
                .usage, what: what, why: "the torrent cannot go to standard output",
                hint: "name a file with -o FILE")
        }
        var status = stat()
        guard lstat(path, &status) != 0 else {
            throw Complaint(
                .cannotCreate, what: what, why: "it is there already",
                hint: "name another file with -o FILE, or remove it: rm \(shellQuoted(path))")
        }
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw Complaint(
                .cannotCreate, what: what, why: "there is no folder \(folder)",
                hint: "make it with: mkdir -p \(shellQuoted(folder))")
        }
    }

    /// Writes `bytes` to the new file `path`.
    ///
    /// - Throws: a complaint with exit 64, 73, 74 or 77.
    package static func write(_ bytes: [UInt8], to path: String) throws(Complaint) {
        try check(path)
        let temporary = "\(path).\(getpid()).part"
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw SmallOutput.cannotWrite(path, errno) }
        let code = fill(file, bytes)
        close(file)
        guard code == 0, rename(temporary, path) == 0 else {
            let code = code == 0 ? errno : code
            unlink(temporary)
            throw SmallOutput.cannotWrite(path, code)
        }
    }

    /// Writes all of `bytes` and makes them durable; answers the error number, or 0.
    private static func fill(_ file: Int32, _ bytes: [UInt8]) -> Int32 {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return errno }
            rest = rest.dropFirst(count)
        }
        return fsync(file) == 0 ? 0 : errno
    }
}
