// A torrent that began as a magnet link: `info` came from peers, and what stands around it in a
// torrent file is what the link says.

extension TorrentFile {
    /// The same torrent with the trackers and web seeds of the link that it came by.
    ///
    /// Each tracker is a tier of its own, asked in the order of the link.
    package func found(by link: MagnetLink) -> TorrentFile {
        var torrent = self
        torrent.trackers = link.trackers.map { [$0] }
        // Whoever wrote the link need not be who may say where the private torrent's members go.
        torrent.webSeeds = isPrivate ? [] : link.webSeeds
        return torrent
    }
}
