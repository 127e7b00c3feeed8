// How much a torrent file from a stranger may ask of us.

package import Bencode

/// The bounds on a torrent file; each default takes what is found in the wild.
package struct TorrentLimits: Hashable, Sendable {
    /// Bytes, values and depth of the file; 10 MB and a depth of 64, see there.
    package var bencode = BencodeLimits()
    /// Pieces: as libtorrent; the hashes of more would not fit a file of 10 MB anyway.
    package var pieces = 2_097_152
    /// Bytes in a piece: the most that libtorrent takes, 512 MiB less a block.
    package var pieceLength = 536_854_528
    /// Files, with padding: the bound on values leaves room for few more.
    package var files = 100_000
    /// Folders in each other, and the file: nothing real is half as deep.
    package var pathDepth = 48
    /// Names in all paths together: a bound on memory, as folders repeat in every path.
    package var pathComponents = 400_000
    /// Bytes of a name in a path: file systems take 255, and downloads add endings of their own.
    package var nameLength = 240
    /// Files that may share a path with another and so get a new name; as libtorrent.
    package var duplicates = 100
    /// Trackers, web seeds and DHT nodes, of each: more are a way to make us knock on doors.
    package var hints = 100
    /// Bytes of an address of these: what HTTP servers commonly take.
    package var hintLength = 2048
    /// Bytes of the comment and of the name of the maker: a page of text.
    package var textLength = 4096

    /// The default limits.
    package init() {}
}
