// Where the files of a torrent are on a web server (BEP 19).

extension TorrentFile {
    /// The URLs of the files of this torrent at a web seed, by the number of the file; nil for those
    /// that are not there, as padding and empty ones.
    ///
    /// The URL of a single file is the file's own, unless it ends with a slash; below that of a folder
    /// lies the folder, with the paths that the torrent gives. Nil where the seed cannot be used:
    /// where paths were changed to be safe here, a server knows others.
    package func urls(at webSeed: String) -> [String?]? {
        guard !files.contains(where: { $0.isRenamed && $0.kind == .regular }) else { return nil }
        if !isFolder, !webSeed.hasSuffix("/") { return files.map { _ in webSeed } }
        // A path cannot be put behind a query.
        guard !webSeed.contains("?") else { return nil }
        let base = webSeed.hasSuffix("/") ? webSeed : webSeed + "/"
        return files.map { file in
            guard file.kind == .regular, file.length > 0 else { return nil }
            return base + file.path.map(percentEncoded).joined(separator: "/")
        }
    }
}
