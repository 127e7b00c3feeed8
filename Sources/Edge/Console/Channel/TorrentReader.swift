// From what a person names to an ordinary torrent: the digests are lent to the core here.

import Crypto
package import Metainfo

/// What a .torrent file turned out to be.
package enum MetainfoFile: Sendable {
    /// The file of a live channel; its signature is still to be verified.
    case channel(ParsedChannelFile)
    /// A torrent of files.
    case torrent(TorrentFile)
}

/// Reads ordinary torrents.
package enum TorrentReader {
    /// The torrent in `bytes`, which came from `name`.
    ///
    /// - Throws: a complaint with exit 65.
    package static func read(
        _ bytes: [UInt8], from name: String
    ) throws(Complaint) -> TorrentFile {
        do throws(TorrentFileError) {
            return try TorrentFile.parse(bytes, using: Digests.self)
        } catch {
            throw Complaint(error, of: name)
        }
    }

    /// The channel or the torrent in `bytes`, which came from `name`.
    ///
    /// - Throws: a complaint with exit 65.
    package static func readAny(
        _ bytes: [UInt8], from name: String
    ) throws(Complaint) -> MetainfoFile {
        do throws(ChannelFileError) {
            return .channel(try ChannelFile.parse(bytes))
        } catch .ordinaryTorrent {
            return .torrent(try read(bytes, from: name))
        } catch {
            throw Complaint(error, of: name)
        }
    }

    /// The magnet link `text`.
    ///
    /// - Throws: a complaint with exit 65.
    package static func magnet(_ text: String) throws(Complaint) -> MagnetLink {
        do throws(MagnetLinkError) {
            return try MagnetLink.parse(text)
        } catch {
            throw Complaint(error, of: text)
        }
    }
}
