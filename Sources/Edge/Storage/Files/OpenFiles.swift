// The open files of a torrent: a bounded number of them, the least used closed first, so that a
// torrent of many files does not take the descriptors that connections need. Opens nothing.

import CLinux

/// An open file, shared by those who use it; it is closed when the last of them lets go.
final class OpenFile: Sendable {
    let descriptor: Descriptor
    /// Whether it lies in memory alone (tmpfs), so that no disk is waited for.
    let isInMemory: Bool

    init(_ descriptor: consuming Descriptor) {
        isInMemory = linux_is_tmpfs(descriptor.raw) != 0
        self.descriptor = descriptor
    }
}

/// Open files by number and use.
struct OpenFiles: Sendable {
    struct Key: Hashable {
        let file: Int
        let isForWriting: Bool
    }

    /// How many files are kept open: more than one peer's requests ever touch at a time.
    static let limit = 64

    private var files: [Key: (file: OpenFile, used: UInt64)] = [:]
    private var clock: UInt64 = 0

    /// The file of `key`, if it is open.
    mutating func file(_ key: Key) -> OpenFile? {
        clock += 1
        files[key]?.used = clock
        return files[key]?.file
    }

    /// Keeps a file that has been opened, and lets go of the least used where there are too many.
    mutating func keep(_ file: OpenFile, _ key: Key) {
        clock += 1
        files[key] = (file, clock)
        guard files.count > Self.limit else { return }
        let oldest = files.min { $0.value.used < $1.value.used }
        if let oldest { files[oldest.key] = nil }
    }

    /// Lets go of all of them.
    mutating func removeAll() { files = [:] }
}
