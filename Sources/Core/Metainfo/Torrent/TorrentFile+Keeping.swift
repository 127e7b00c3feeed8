// A torrent that came from peers, as a torrent file for the next call: `info`, and the piece layers of
// version 2. What a link says around it is left to the link.

import Bencode
import Primitives

extension TorrentFile {
    /// The bytes of a torrent file with `info` and the piece layers that are known, and nothing else.
    package var kept: [UInt8] {
        var out = Array("d4:info".utf8) + infoBytes
        guard !layers.isEmpty else { return out + Array("e".utf8) }
        var dictionary = BencodeDictionary()
        for (root, layer) in layers {
            var bytes: [UInt8] = []
            for hash in layer { hash.value.append(to: &bytes) }
            dictionary[root.value.bytes] = .bytes(bytes)
        }
        out += Array("12:piece layers".utf8) + dictionary.encoded
        return out + Array("e".utf8)
    }
}
