// Files that are there whole or not at all, whenever the process or the machine dies: written
// beside their place, made durable, then moved there. Knows nothing of what they hold.

import Glibc

/// Writing of whole files.
package enum AtomicFile {
    /// Replaces the file at `path` by one that holds `bytes`, with the permission bits `mode`.
    ///
    /// When it returns, the file is durable; when it throws, the file is as before and nothing
    /// else is left behind. After a SIGKILL a hidden temporary file may stay in the folder.
    /// A symbolic link at `path` is replaced, not followed; a device or a pipe is refused.
    package static func write(
        _ path: String, _ bytes: [UInt8], mode: UInt32 = 0o644
    ) throws(StorageError) {
        let slash = path.lastIndex(of: "/")
        let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
        let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        guard !name.isEmpty, name != ".", name != ".." else { throw .isAFolder(path: path) }
        try write(name, bytes, mode: mode, in: Descriptor(folder: parent), placing: rename)
    }

    /// Moves a temporary file to its place within a folder; answers as a system call does.
    typealias Placing = (_ folder: Int32, _ temporary: String, _ name: String) -> Int32

    /// Takes the place of the file or link that is there; a device or a pipe is not replaced
    /// (EEXIST), as a file in its place would harm everybody who uses it.
    static func rename(_ folder: Int32, _ temporary: String, _ name: String) -> Int32 {
        var there = stat()
        if fstatat(folder, name, &there, AT_SYMLINK_NOFOLLOW) == 0 {
            let kind = there.st_mode & S_IFMT
            guard kind == S_IFREG || kind == S_IFLNK || kind == S_IFDIR else {
                errno = EEXIST
                return -1
            }
        }
        return renameat(folder, temporary, folder, name)
    }

    /// Refuses (EEXIST) where something is there.
    static func link(_ folder: Int32, _ temporary: String, _ name: String) -> Int32 {
        linkat(folder, temporary, folder, name, 0)
    }

    /// Writes `name` in `folder` and lets `place` decide about what is there already.
    static func write(
        _ name: String, _ bytes: [UInt8], mode: UInt32, in folder: borrowing Descriptor,
        placing place: Placing
    ) throws(StorageError) {
        let raw = folder.raw
        let path = "\(folder.path)/\(name)"
        let temporary = try fill(name, bytes, mode: mode, in: folder)
        // After a rename there is nothing left to remove, which is as well.
        defer { unlinkat(raw, temporary, 0) }
        try systemCall("rename", path) { place(raw, temporary, name) }
        try folder.sync()
    }

    /// Writes a durable temporary file for `name` and answers what it is called.
    private static func fill(
        _ name: String, _ bytes: [UInt8], mode: UInt32, in folder: borrowing Descriptor
    ) throws(StorageError) -> String {
        let temporary = try vacantName(for: name, in: folder)
        let raw = folder.raw
        do throws(StorageError) {
            let file = try Descriptor(temporary, in: folder, O_WRONLY | O_NOFOLLOW, alias: name)
            let handle = file.raw
            // What the umask took away is given back: the mode is the caller's decision.
            try systemCall("fchmod", file.path) { fchmod(handle, mode) }
            try file.write(bytes)
            try file.sync()
        } catch {
            unlinkat(raw, temporary, 0)
            throw error
        }
        return temporary
    }

    /// Creates an empty file that only the owner can open, under a name nobody else uses.
    ///
    /// Names left over by a killed process that had our number are stepped over.
    private static func vacantName(
        for name: String, in folder: borrowing Descriptor
    ) throws(StorageError) -> String {
        // File systems limit a name to 255 bytes; ours needs up to 20 beside the file's.
        let stem = String(decoding: name.utf8.prefix(200), as: UTF8.self)
        for number in 0..<64 {
            let candidate = ".\(stem).\(getpid()).\(number)"
            do throws(StorageError) {
                _ = try Descriptor(
                    candidate, in: folder, O_WRONLY | O_CREAT | O_EXCL, mode: 0o600, alias: name)
                return candidate
            } catch .exists {
                continue
            }
        }
        throw .exists(path: "\(folder.path)/.\(stem).\(getpid())")
    }
}
