// Where ResumeData lies between runs: a small file, made whole or not at all (`TorrentStore.save`);
// and the reading of such files.

import Glibc

extension ResumeData {
    /// Bytes that are read: the state of 2,097,152 pieces and 100,000 files takes 1.9 MB.
    private static let longest = 4_194_304

    /// The state in the file `path`; nil where there is none that can be used.
    ///
    /// Blocks.
    package static func read(from path: String) -> ResumeData? {
        guard let bytes = readSmallFile(path, limit: longest) else { return nil }
        return try? ResumeData(decoding: bytes)
    }
}

/// The bytes of the file `path`; blocks.
///
/// Nil where there is none, where it is a link, or has more than `limit` bytes.
package func readSmallFile(_ path: String, limit: Int) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while bytes.count <= limit {
        let count = Glibc.read(descriptor, &part, part.count)
        guard count > 0 else { return bytes }
        bytes += part[..<count]
    }
    return nil
}

/// Creates the folder `path` and those above it that are missing; blocks meanwhile.
package func makeFolders(_ path: String) throws(StorageError) {
    try createFolders(path, mode: 0o755)
}
