// What the plan of `watch` comes to where an ordinary torrent is watched: where its content lies,
// and which of its files is played.

import Console
import Metainfo
import Node
import Primitives

extension WatchPlan {
    /// The settings of a node that watches `torrent`.
    ///
    /// Of the files that are loaded, by `--files` or as its magnet link selects (BEP 53), the largest
    /// is played.
    func settings(
        for found: FoundTorrent, selected: [ClosedRange<Int>]? = nil
    ) throws -> TorrentWatchSettings {
        let torrent = found.torrent
        var settings = TorrentWatchSettings(torrent: torrent, place: try place(of: torrent))
        switch output {
        case .none, .folder: break
        case .standardOutput: settings.output = .standardOutput
        case .file(let path): settings.output = .file(path)
        }
        settings.file = try file(in: torrent)
        settings.chosen = try files.files(of: torrent, link: selected, at: settings.place)
        settings.httpPort = port
        if let peerPorts { settings.peerPorts = peerPorts }
        settings.upLimit = upLimit
        settings.downLimit = downLimit
        settings.peers = peers + found.peers
        settings.isLeaving = found.isLeaving
        return settings
    }

    /// The folder of the content: the one that was named, else one of our own, in which what was
    /// loaded is found again by the next call.
    private func place(of torrent: TorrentFile) throws -> ContentPlace {
        let hash = torrent.infoHashes.swarms.first.map { "\($0)" } ?? "torrent"
        let resume = stateFolder.map { "\($0)/torrents/\(hash).resume" }
        if case .folder(let folder) = output {
            return ContentPlace(folder: folder, resume: resume)
        }
        guard let stateFolder else {
            throw Complaint(
                .usage, what: "cannot keep \(torrent.name)",
                why: "neither HOME nor XDG_STATE_HOME is set",
                hint: "name a folder with -o DIR/")
        }
        return ContentPlace(folder: "\(stateFolder)/torrents/\(hash)", resume: resume)
    }

    private func file(in torrent: TorrentFile) throws -> Int? {
        guard let file else { return nil }
        guard let number = Int(file), torrent.files.indices.contains(number),
            torrent.files[number].kind == .regular
        else {
            throw Complaint(
                .usage, what: "--file \(file)", why: "the torrent has no such file",
                hint: "list them with: p2ptv show FILE.torrent")
        }
        return number
    }
}
