// The metadata of torrents that came from peers, kept below the state folder, so that the next call
// with the same link begins at once. What is read is checked as what peers send: by its info-hash.

import Crypto
import Metainfo
import Primitives
import Storage

/// Metadata between runs.
enum KeptMetadata {
    /// What a torrent file may have (`TorrentLimits`).
    private static let longest = 10_000_000

    /// The metadata of the torrent `name` in the folder `folder`, where it is there whole.
    static func read(_ name: InfoHashes, in folder: String) -> TorrentFile? {
        guard let path = path(name, folder),
            let bytes = readSmallFile(path, limit: longest),
            let torrent = try? TorrentFile.parse(bytes, using: Digests.self),
            name.v1 == nil || name.v1 == torrent.infoHashes.v1,
            name.v2 == nil || name.v2 == torrent.infoHashes.v2, torrent.hasLayers
        else { return nil }
        return torrent
    }

    /// Keeps the metadata of `torrent`, found by `name`, in the folder `folder`; a folder that takes
    /// nothing is no reason to end, as the next call asks peers again.
    static func write(_ torrent: TorrentFile, as name: InfoHashes, in folder: String) {
        guard let path = path(name, folder) else { return }
        let bytes = torrent.kept
        guard bytes.count <= longest else { return }
        Task.detached {
            do throws(StorageError) {
                try makeFolders(folder)
                try AtomicFile.write(path, bytes)
            } catch {
                return
            }
        }
    }

    private static func path(_ name: InfoHashes, _ folder: String) -> String? {
        name.swarms.first.map { "\(folder)/\($0).torrent" }
    }
}

extension MetadataFetch {
    /// Goes on with what was kept, once the addresses in the link are known.
    func takeUp(_ kept: TorrentFile) {
        var torrent = settings.torrent ?? kept.found(by: settings.link)
        for (root, layer) in kept.layers {
            _ = torrent.accept(layer: layer, root: root, using: Digests.self)
        }
        isKnown = true
        note(settings.peers)
        let found = torrent
        var left = settings.link.peers.count
        guard left > 0 else { return report(found) }
        resolve(settings.link.peers) { [weak self] in
            left -= 1
            if left == 0 { self?.report(found) }
        }
    }
}
