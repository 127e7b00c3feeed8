// What stands around `info`: the piece layers, which must hold, and hints where to look, of which
// those of no use to us are left out. Nothing here changes the info-hash.

import Bencode
import Pieces
package import Primitives

extension TorrentFile {
    /// Reads `piece layers` and checks each against the root of its file (BEP 52).
    ///
    /// A layer that is not there is no error: peers have it. One of no file of ours is, since
    /// whoever wrote it had other files in mind.
    mutating func readLayers<Hash: HashFunctions>(
        _ root: BencodeDictionary, using hash: Hash.Type
    ) throws(TorrentFileError) {
        guard isV2, let value = root["piece layers"] else { return }
        guard let stated = value.dictionary else { throw .badPieceLayer }
        var known = 0
        var done: Set<SHA256Digest> = []
        for file in files where file.length > layout.pieceLength {
            guard let root = file.root else { continue }
            guard let value = stated[root.value.bytes] else { continue }
            if done.insert(root).inserted { known += 1 }
            guard let bytes = value.bytes,
                let layer = checkedLayer(bytes, file.length, root, using: hash)
            else { throw .badPieceLayer }
            layers[root] = layer
        }
        guard known == stated.count else { throw .badPieceLayer }
    }

    /// Takes the piece layer of the files with `root` as peers stated it (BEP 52 `hashes`); false
    /// where no file of several pieces has that root, or the hashes do not lead to it.
    package mutating func accept<Hash: HashFunctions>(
        layer: [SHA256Digest], root: SHA256Digest, using hash: Hash.Type
    ) -> Bool {
        let file = files.first { $0.root == root && $0.length > layout.pieceLength }
        var bytes: [UInt8] = []
        for digest in layer { digest.value.append(to: &bytes) }
        guard let file, let checked = checkedLayer(bytes, file.length, root, using: hash)
        else { return false }
        layers[root] = checked
        return true
    }

    /// The hashes of the pieces of a file of `length` bytes, where they lead to `root`.
    private func checkedLayer<Hash: HashFunctions>(
        _ bytes: [UInt8], _ length: Int64, _ root: SHA256Digest, using hash: Hash.Type
    ) -> [SHA256Digest]? {
        let unit = Int64(layout.pieceLength)
        let count = Int(length / unit + (length % unit == 0 ? 0 : 1))
        guard bytes.count == count * 32 else { return nil }
        let layer = (0..<count).compactMap { i in
            Bytes32(bytes.span, at: i * 32).map { SHA256Digest($0) }
        }
        let height = MerkleTree.height(leafCount: MerkleTree.leafCount(length))
        let tree = MerkleTree(layer, base: pieceHeight, height: height, using: hash)
        return tree?.root == root ? layer : nil
    }

    /// Reads trackers, web seeds, nodes, and who made it.
    mutating func readAround(_ root: BencodeDictionary, _ limits: TorrentLimits) {
        trackers = Self.trackers(root, limits)
        webSeeds = Self.webSeeds(root["url-list"], limits)
        nodes = Self.nodes(root["nodes"], limits)
        creationDate = root["creation date"]?.integer.flatMap { $0 > 0 ? $0 : nil }
        createdBy = Self.text(root["created by"], limits)
        comment = Self.text(root["comment.utf-8"] ?? root["comment"], limits)
    }

    /// The text of a field, cut to what a person reads.
    private static func text(_ value: BencodeValue?, _ limits: TorrentLimits) -> String? {
        guard let bytes = value?.bytes, !bytes.isEmpty else { return nil }
        return SafePath.clipped(
            String(decoding: bytes.prefix(limits.textLength), as: UTF8.self),
            limit: limits.textLength)
    }

    /// The trackers in tiers: `announce-list` where it names one of use, else `announce`
    /// (BEP 12).
    private static func trackers(
        _ root: BencodeDictionary, _ limits: TorrentLimits
    ) -> [[String]] {
        let tiers = (root["announce-list"]?.list ?? []).map { tier in
            // Some programs wrote a list of URLs in place of a list of lists.
            tier.list.map { $0.compactMap(\.bytes) } ?? [tier.bytes].compactMap { $0 }
        }
        let usable = kept(tiers, limits)
        guard usable.isEmpty else { return usable }
        return kept([[root["announce"]?.bytes].compactMap { $0 }], limits)
    }

    private static func kept(_ tiers: [[[UInt8]]], _ limits: TorrentLimits) -> [[String]] {
        var (seen, out): (Set<String>, [[String]]) = ([], [])
        for tier in tiers {
            var urls: [String] = []
            for bytes in tier where seen.count < limits.hints {
                guard let url = url(bytes, limits), ChannelFile.isTracker(url),
                    seen.insert(url).inserted
                else { continue }
                urls.append(url)
            }
            if !urls.isEmpty { out.append(urls) }
        }
        return out
    }

    /// The web seeds: one URL or a list of them (BEP 19), http and https, each once.
    private static func webSeeds(_ value: BencodeValue?, _ limits: TorrentLimits) -> [String] {
        var (seen, out): (Set<String>, [String]) = ([], [])
        for item in value?.list ?? [value].compactMap({ $0 }) where out.count < limits.hints {
            guard let bytes = item.bytes, let url = url(bytes, limits), isWebSeed(url),
                seen.insert(url).inserted
            else { continue }
            out.append(url)
        }
        return out
    }

    /// Whether `url` is one that a web seed may have: that of a tracker, but by http alone.
    package static func isWebSeed(_ url: String) -> Bool {
        ChannelFile.isTracker(url) && !url.lowercased().hasPrefix("udp:")
    }

    /// A URL without the blanks around it, and with those in it escaped (RFC 3986); nil where it
    /// is far too long.
    private static func url(_ bytes: [UInt8], _ limits: TorrentLimits) -> String? {
        guard bytes.count <= limits.hintLength else { return nil }
        let start = bytes.drop { $0 <= 0x20 }
        let end = start.lastIndex { $0 > 0x20 }.map { $0 + 1 } ?? start.startIndex
        var out: [UInt8] = []
        for byte in start[..<end] {
            if (0x21...0x7e).contains(byte) {
                out.append(byte)
            } else {
                out += Array("%\(hex([byte]).uppercased())".utf8)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The nodes of BEP 5: pairs of a host and a port.
    private static func nodes(_ value: BencodeValue?, _ limits: TorrentLimits) -> [HostPort] {
        var out: [HostPort] = []
        for item in value?.list ?? [] where out.count < limits.hints {
            guard let pair = item.list, pair.count == 2, let host = pair[0].string,
                let port = pair[1].integer.flatMap({ UInt16(exactly: $0) }), port != 0,
                (1...253).contains(host.utf8.count),
                host.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
            else { continue }
            out.append(HostPort(host: host, port: port))
        }
        return out
    }
}
