// Writing a channel file: the bytes to hash, the bytes to sign, and the file.

import Bencode
import Pieces
package import Primitives

extension ChannelFile {
    /// The bencoded `info`, whose SHA-1 is the info-hash (BEP 3).
    package var infoBytes: [UInt8] { info.encoded }

    /// What the channel's key signs: a context string and the file without its signature.
    package var signedMessage: [UInt8] { Self.signedMessage(of: dictionary) }

    /// The file with its signature.
    package func encoded(signature: Signature) -> [UInt8] {
        var file = dictionary
        file[Key.signature] = .bytes(signature.value.bytes)
        return file.encoded
    }

    /// The message that a signature over `file`, which may hold one already, must cover.
    static func signedMessage(of file: BencodeDictionary) -> [UInt8] {
        var unsigned = file
        unsigned[Key.signature] = nil
        var message = Array("p2ptv channel file 1\0".utf8)
        unsigned.encode(into: &message)
        return message
    }

    private var info: BencodeDictionary {
        var epochBytes: [UInt8] = []
        epochBytes.append(bigEndian: epoch.value)
        let live: BencodeValue = [
            Key.container: .string(Self.container), Key.epoch: .bytes(epochBytes),
            Key.publicKey: .bytes(publicKey.value.bytes), Key.version: .integer(Self.version),
        ]
        var info: BencodeDictionary = [
            Key.live: live, Key.name: .string(name.text),
            Key.pieceLength: .integer(Int64(geometry.pieceLength)),
        ]
        if isPrivate { info[Key.isPrivate] = 1 }
        return info
    }

    private var dictionary: BencodeDictionary {
        var file: BencodeDictionary = [Key.info: .dictionary(info)]
        let tiers = trackers.filter { !$0.isEmpty }
        if let first = tiers.first?.first { file[Key.announce] = .string(first) }
        if tiers.count > 1 || (tiers.first?.count ?? 0) > 1 {
            file[Key.announceList] = .list(
                tiers.map { tier in .list(tier.map(BencodeValue.string)) })
        }
        if !peers.isEmpty { file[Key.peers] = .list(peers.map { .bytes($0.compact) }) }
        if let creationDate { file[Key.creationDate] = .integer(creationDate) }
        if let createdBy { file[Key.createdBy] = .string(createdBy) }
        return file
    }

    /// The keys of a channel file.
    enum Key {
        static let announce = "announce"
        static let announceList = "announce-list"
        static let container = "container"
        static let createdBy = "created by"
        static let creationDate = "creation date"
        static let epoch = "epoch"
        static let info = "info"
        static let isPrivate = "private"
        static let live = "live"
        static let name = "name"
        static let peers = "live peers"
        static let pieceLength = "piece length"
        static let publicKey = "public key"
        static let signature = "live signature"
        static let version = "version"
    }
}
