// The folder in which a broadcaster keeps what it must not lose: the channel's key, where the
// numbering stands, and a lock. Knows the files, not when to write them (StateJournal).
//
//     key.pem   the private key, mode 0600, created once and never replaced
//     state     the encoded ChannelState, replaced whole
//     lock      held by flock(2) while a broadcaster runs; names its process

import Glibc

/// An open and locked state folder.
///
/// The lock lasts as long as the object, and the system drops it with the process, however that
/// ends. May be used from any thread; one `write` at a time, in the order of the numbering.
package final class BroadcastFolder: Sendable {
    /// The longest key file that is read, in bytes: an Ed25519 key takes 119.
    package static let keyLimit = 4096

    /// The folder's path as given.
    package let path: String
    private let folder: Descriptor
    private let lock: Descriptor

    /// Creates `path` where it is missing, for the owner alone, and locks it.
    ///
    /// Throws `inUse` while another broadcaster has it, this process included.
    package init(path: String) throws(StorageError) {
        self.path = path
        try createFolders(path, mode: 0o700)
        folder = try Descriptor(folder: path)
        let lock = try Descriptor("lock", in: folder, O_RDWR | O_CREAT | O_NOFOLLOW, mode: 0o600)
        try Self.acquire(lock, path)
        // Only a lock that is held is ours, and thus for deinit to empty.
        self.lock = lock
    }

    // The lock file is left in place: removing it would let two processes hold two of them.
    deinit { ftruncate(lock.raw, 0) }

    /// The private key in PEM, or nil where there is none yet.
    ///
    /// Throws `keyExposed` where others than the owner may read or write it.
    package func key() throws(StorageError) -> [UInt8]? {
        let permission: UInt32 = 0o077
        guard let (bytes, mode) = try content("key.pem", limit: Self.keyLimit) else { return nil }
        guard mode & permission == 0 else {
            throw .keyExposed(path: "\(path)/key.pem", mode: mode & 0o777)
        }
        return bytes
    }

    /// Keeps a new private key; throws `exists` where there is one.
    package func create(key pem: [UInt8]) throws(StorageError) {
        try AtomicFile.write("key.pem", pem, mode: 0o600, in: folder, placing: AtomicFile.link)
    }

    /// Where the broadcast stands, or nil where there is no state yet.
    package func state() throws(StorageError) -> ChannelState? {
        guard let (bytes, _) = try content("state", limit: ChannelState.lengthLimit)
        else { return nil }
        do {
            return try ChannelState(decoding: bytes)
        } catch {
            throw .corrupt(path: "\(path)/state", error)
        }
    }

    /// Replaces the state; it is durable when this returns.
    ///
    /// Costs one write and two fsyncs: milliseconds on a solid-state disk, tens of them on
    /// a turning one. Not for the event loop.
    package func write(_ state: ChannelState) throws(StorageError) {
        try AtomicFile.write(
            "state", state.encoded, mode: 0o600, in: folder, placing: AtomicFile.rename)
    }
}

extension BroadcastFolder {
    /// The bytes and the mode of a regular file of at most `limit` bytes, or nil where it is not.
    private func content(
        _ name: String, limit: Int
    ) throws(StorageError) -> (bytes: [UInt8], mode: UInt32)? {
        do throws(StorageError) {
            // Without blocking: a pipe under this name would wait for its writer for ever.
            let file = try Descriptor(name, in: folder, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
            let mode = try file.mode()
            guard mode & S_IFMT == S_IFREG else { throw .corrupt(path: file.path, .notAFile) }
            let bytes = try file.read(limit: limit)
            guard bytes.count <= limit else { throw .corrupt(path: file.path, .tooLong) }
            return (bytes, mode)
        } catch .system(_, _, ENOENT) {
            return nil
        }
    }

    private static func acquire(
        _ lock: borrowing Descriptor, _ path: String
    ) throws(StorageError) {
        let raw = lock.raw
        do throws(StorageError) {
            try systemCall("flock", lock.path) { flock(raw, LOCK_EX | LOCK_NB) }
        } catch .system(_, _, EWOULDBLOCK) {
            let text = String(decoding: try lock.read(limit: 20), as: UTF8.self)
            throw .inUse(path: path, pid: Int32(text.prefix { $0 != "\n" }))
        }
        try systemCall("ftruncate", lock.path) { ftruncate(raw, 0) }
        try lock.write(Array("\(getpid())\n".utf8))
    }
}
