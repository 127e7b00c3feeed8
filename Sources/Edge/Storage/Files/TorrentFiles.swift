// The files of one torrent below a folder: where they are, and opening them safely. Names come
// from strangers and the folder may hold anything: each step of a path is opened by itself and no
// symbolic link is followed, so that nothing outside the folder is ever touched. Calls may block
// as long as the disk does: they are for workers (DiskQueue), not for the event loop.
//
// The files are sparse: nothing is made before its first byte is written, and nothing is reserved.
// Files that are longer than the torrent says are left as they are. What comes of files that were
// not chosen is kept apart (TorrentFiles+Choice).

import Glibc
package import Pieces
import Synchronization

/// The files of a torrent on disk; may be used from any thread.
package final class TorrentFiles: Sendable {
    /// How the files and the pieces lie over each other.
    package let layout: FileLayout
    /// The folder that everything is below.
    package let folder: String
    private let root: Descriptor
    /// The files that were chosen, by their numbers; nil where all are wanted.
    package let chosen: Set<Int>?
    private let paths: [[String]]
    private let open = Mutex(OpenFiles())
    private let unsynced = Mutex<Set<Int>>([])

    /// The files of `layout`, each at its path below `folder`, which is made where it is missing.
    ///
    /// - Parameters:
    ///   - folder: a folder that the user has chosen; it may itself be reached by links.
    ///   - layout: the files' lengths; padding files are neither made nor read.
    ///   - paths: the folders and the name of each file, as many as there are files.
    ///   - choice: which files are wanted; nil where all are.
    /// - Throws: `badName` for a path that is empty, has a part that is empty, `.`, `..`, longer
    ///   than 255 bytes or has a slash or a zero in it, or that two files share; and what the
    ///   system says of the folder.
    package init(
        folder: String, layout: FileLayout, paths: [[String]], choice: FileChoice? = nil
    ) throws(StorageError) {
        precondition(paths.count == layout.files.count)
        try Self.judge(paths, layout)
        // A file may not grow beyond `ulimit -f`: that must be an error of write, not a signal.
        signal(SIGXFSZ, SIG_IGN)
        try createFolders(folder, mode: 0o755)
        (self.folder, self.layout, chosen) = (folder, layout, choice?.files)
        let root = try Descriptor(folder: folder)
        self.paths = try Self.places(paths, layout, choice, below: root)
        self.root = root
    }

    private static func judge(_ paths: [[String]], _ layout: FileLayout) throws(StorageError) {
        // By their bytes: strings that only look the same are two files.
        var seen: Set<[[UInt8]]> = []
        for (path, file) in zip(paths, layout.files) where !file.isPadding {
            let isFit = path.allSatisfy { part in
                (1...255).contains(part.utf8.count) && part != "." && part != ".."
                    && !part.utf8.contains { $0 == UInt8(ascii: "/") || $0 == 0 }
            }
            guard isFit, !path.isEmpty, seen.insert(path.map { Array($0.utf8) }).inserted else {
                throw .badName(path: path.joined(separator: "/"))
            }
        }
    }

    /// The path of file number `file` for people.
    package func path(of file: Int) -> String {
        ([folder] + paths[file]).joined(separator: "/")
    }

    /// Whether file number `file` is wanted.
    package func isChosen(_ file: Int) -> Bool { chosen?.contains(file) ?? true }

    /// Makes the files that have no bytes, which no piece ever brings; those that are there need
    /// no permission to write.
    package func createEmptyFiles() throws(StorageError) {
        for (number, file) in layout.files.enumerated()
        where file.length == 0 && !file.isPadding && isChosen(number) {
            do throws(StorageError) {
                _ = try handle(number, forWriting: false)
            } catch .system(_, _, ENOENT) {
                _ = try handle(number, forWriting: true)
            }
        }
    }

    /// A descriptor to read file number `file` by, which the caller must close.
    package func descriptor(of file: Int) throws(StorageError) -> Int32 {
        let handle = try handle(file, forWriting: false)
        let raw = handle.descriptor.raw
        return try systemCall("fcntl", handle.descriptor.path) { fcntl(raw, F_DUPFD_CLOEXEC, 0) }
    }

    /// Makes all that was written outlive a loss of power.
    package func sync() throws(StorageError) {
        let files = unsynced.withLock { files in
            defer { files = [] }
            return files
        }
        for file in files {
            do throws(StorageError) {
                try handle(file, forWriting: true).descriptor.sync()
            } catch {
                unsynced.withLock { $0.formUnion(files) }
                throw error
            }
        }
    }

    /// Lets go of all open files.
    package func close() { open.withLock { $0.removeAll() } }

    func wrote(_ file: Int) { unsynced.withLock { _ = $0.insert(file) } }
}

extension TorrentFiles {
    /// File number `file`, if it is open for reading.
    func opened(_ file: Int) -> OpenFile? {
        open.withLock { $0.file(OpenFiles.Key(file: file, isForWriting: false)) }
    }

    /// File number `file`, open; made with its folders where it is to be written and missing.
    func handle(_ file: Int, forWriting: Bool) throws(StorageError) -> OpenFile {
        let key = OpenFiles.Key(file: file, isForWriting: forWriting)
        if let there = open.withLock({ $0.file(key) }) { return there }
        let made = OpenFile(try Self.find(paths[file], below: root, forWriting: forWriting))
        open.withLock { $0.keep(made, key) }
        return made
    }

    static func find(
        _ path: [String], below root: borrowing Descriptor, forWriting: Bool
    ) throws(StorageError) -> Descriptor {
        guard let name = path.last else { throw .badName(path: root.path) }
        do throws(StorageError) {
            var here = try Descriptor(copyOf: root)
            for part in path.dropLast() {
                here = try step(part, from: here, making: forWriting)
            }
            // Without blocking: a pipe under this name would wait for its other end for ever.
            let flags = (forWriting ? O_RDWR | O_CREAT : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK
            let file = try Descriptor(name, in: here, flags, mode: 0o644)
            guard try file.mode() & S_IFMT == S_IFREG else { throw .notOurs(path: file.path) }
            return file
        } catch .system(let path, _, ELOOP) {
            throw .notOurs(path: path)
        } catch .system(let path, _, ENXIO) {
            // What open says of a socket.
            throw .notOurs(path: path)
        }
    }

    /// The folder `name` in the folder `here`.
    static func step(
        _ name: String, from here: borrowing Descriptor, making: Bool
    ) throws(StorageError) -> Descriptor {
        let flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW
        do throws(StorageError) {
            return try Descriptor(name, in: here, flags)
        } catch .system(let path, _, ENOENT) where making {
            let raw = here.raw
            do throws(StorageError) {
                try systemCall("mkdir", path) { mkdirat(raw, name, 0o755) }
            } catch .exists {
                // Another thread was quicker; what is there is judged as it is opened.
            }
            return try Descriptor(name, in: here, flags)
        }
    }
}
