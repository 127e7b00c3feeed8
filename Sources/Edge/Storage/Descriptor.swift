// System calls on files: one owner a descriptor, interrupted calls repeated, refusals typed.
// Knows paths only to name them in errors.

import Glibc

/// Makes a system call until it is not interrupted; answers its result.
///
/// Not inlined, so that nothing comes between the call and the reading of `errno`.
@inline(never) @discardableResult
func systemCall<T: FixedWidthInteger>(
    _ operation: String, _ path: String, _ call: () -> T
) throws(StorageError) -> T {
    while true {
        let result = call()
        let code = errno
        if result >= 0 { return result }
        if code != EINTR { throw StorageError(code, operation, path) }
    }
}

/// The owner of one open file or folder.
struct Descriptor: ~Copyable, Sendable {
    let raw: Int32
    let path: String

    /// Opens `name` in `base`; errors name it as `alias`, where that says more to a person.
    init(
        _ name: String, in base: borrowing Descriptor, _ flags: Int32, mode: UInt32 = 0,
        alias: String? = nil
    ) throws(StorageError) {
        let folder = base.raw
        path = "\(base.path)/\(alias ?? name)"
        raw = try systemCall("open", path) { openat(folder, name, flags | O_CLOEXEC, mode) }
    }

    /// Opens the folder `path`.
    init(folder path: String) throws(StorageError) {
        self.path = path
        raw = try systemCall("open", path) { open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    }

    /// A second descriptor of what `other` is.
    init(copyOf other: borrowing Descriptor) throws(StorageError) {
        let raw = other.raw
        path = other.path
        self.raw = try systemCall("fcntl", path) { fcntl(raw, F_DUPFD_CLOEXEC, 0) }
    }

    deinit { close(raw) }

    /// Writes all of `bytes` at the current position.
    borrowing func write(_ bytes: [UInt8]) throws(StorageError) {
        var written = 0
        while written < bytes.count {
            let (raw, start) = (raw, written)
            written += try systemCall("write", path) {
                bytes.withUnsafeBytes { part in
                    Glibc.write(raw, part.baseAddress.map { $0 + start }, part.count - start)
                }
            }
        }
    }

    /// Reads from the current position to the end, at most `limit` bytes and then some one more.
    ///
    /// A result longer than `limit` tells that there is more than that.
    borrowing func read(limit: Int) throws(StorageError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var count = 0
        while count < bytes.count {
            let (raw, start) = (raw, count)
            let step = try systemCall("read", path) {
                bytes.withUnsafeMutableBytes { part in
                    Glibc.read(raw, part.baseAddress.map { $0 + start }, part.count - start)
                }
            }
            guard step > 0 else { break }
            count += step
        }
        return Array(bytes[..<count])
    }

    /// Makes what was written outlive a loss of power.
    borrowing func sync() throws(StorageError) {
        let raw = raw
        do throws(StorageError) {
            try systemCall("fsync", path) { fsync(raw) }
        } catch .system(_, _, EINVAL) {
            // Some file systems have nothing to sync for a folder.
        }
    }

    /// What the file is: kind and permission bits.
    borrowing func mode() throws(StorageError) -> UInt32 {
        var status = stat()
        let raw = raw
        try systemCall("fstat", path) { fstat(raw, &status) }
        return status.st_mode
    }
}

/// Creates the folder `path` and those above it that are missing.
func createFolders(_ path: String, mode: UInt32) throws(StorageError) {
    var end = path.startIndex
    while end < path.endIndex {
        let next = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
        end = next
        let part = String(path[..<end])
        do throws(StorageError) {
            try systemCall("mkdir", part) { mkdir(part, mode) }
        } catch {
            // What is there already is opened next, and told then if it is no folder. Above
            // the last part the system may answer otherwise (EROFS, EACCES) though it is there.
            guard access(part, F_OK) != 0 else { continue }
            throw error
        }
    }
}
