// What an extension handshake may claim, and what makes it one that the sender must be dropped
// for. Most wrong fields are taken as missing: the handshakes of the world are a motley lot.
package import Bencode

/// Why a payload is not an extension handshake: the connection must be closed.
package enum ExtensionFault: Error, Hashable {
    /// It is not bencode, or more of it than a handshake needs.
    case bencode(BencodeError)
    /// It is bencode, but not a dictionary.
    case notADictionary
    /// The field of this name in `live` is missing or wrong; this one is our own to be strict in.
    case live(String)
}

/// How much an extension handshake may claim.
package struct ExtensionLimits: Hashable, Sendable {
    /// Dictionaries inside each other: `live` takes 2, and other clients no more.
    package var depth = 8
    /// Keys and values: real handshakes have fewer than 100.
    package var tokens = 1000
    /// Bytes of the whole: a window of 4 KiB and the rest, generously; BEP 10 sets no limit.
    package var bytes = 32_768
    /// Bytes of the client's name that are kept: they go to a terminal and into logs.
    package var client = 64
    /// Requests in flight to one peer: at 16 KiB, 31 MiB on the way are more than any path holds.
    package var requestQueue = 2000
    /// Bytes of metadata: the largest torrents of the world have some 3 MiB.
    package var metadata = 4_194_304
    /// Bytes of the bitmap of a live window: 32,768 pieces, half an hour at 16 a second.
    package var window = 4096
    /// Pieces that a node may say it keeps: 18 hours at 16 a second.
    package var keep: UInt32 = 1_048_576
    /// Pieces of look-ahead: four minutes at 16 a second.
    package var ahead: UInt32 = 4096

    /// The default limits.
    package init() {}
}
