// Reading a channel file from a stranger. First what it is, so that the person is told what was
// opened by mistake; then field by field. Keys that are not known are left alone.

import Bencode
import Pieces
import Primitives

extension ChannelFile {
    /// Reads a channel file; whether its signature holds is for the caller to verify.
    package static func parse(
        _ bytes: [UInt8]
    ) throws(ChannelFileError) -> ParsedChannelFile {
        guard !bytes.isEmpty else { throw .empty }
        let document = try document(bytes)
        guard let root = document.value.dictionary, let range = document.range(of: Key.info),
            let info = root[Key.info]?.dictionary, let live = info[Key.live]?.dictionary
        else { throw kind(of: document.value) }
        var file = try identity(info: info, live: live)
        try file.readOutside(root)
        guard let signature = root[Key.signature] else { throw .missingSignature }
        guard let value = signature.bytes.flatMap({ Bytes64($0) }) else {
            throw .badField(Key.signature)
        }
        return ParsedChannelFile(
            file: file, infoBytes: bytes.span.array(range), signature: Signature(value),
            signedMessage: signedMessage(of: root))
    }

    /// Decodes strictly; a file that fails so is looked at again to say what it is.
    private static func document(_ bytes: [UInt8]) throws(ChannelFileError) -> BencodeDocument {
        let failure: BencodeError
        do {
            return try BencodeDecoder(.strict).decodeDocument(bytes.span)
        } catch {
            failure = error
        }
        // Torrents of other programs need not be canonical; only channel files must be.
        if let value = try? BencodeDecoder(.lenient).decode(bytes.span),
            value["info"]?["live"] == nil
        {
            throw kind(of: value)
        }
        guard bytes[0] == UInt8(ascii: "d"), bytes.count == 1 || isDigit(bytes[1]) else {
            throw .notATorrent
        }
        throw failure == .truncated ? .truncated : .malformed(failure)
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// What a document is that has no `live` dictionary in its `info`.
    private static func kind(of value: BencodeValue) -> ChannelFileError {
        guard let info = value[Key.info]?.dictionary else { return .notATorrent }
        guard info[Key.live] == nil else { return .badField(Key.live) }
        let name = info[Key.name]?.bytes ?? []
        return .ordinaryTorrent(
            name: ChannelName(sanitizing: String(decoding: name, as: UTF8.self)).text)
    }

    /// Reads `info`; the version first, because a newer one may mean all the rest otherwise.
    private static func identity(
        info: BencodeDictionary, live: BencodeDictionary
    ) throws(ChannelFileError) -> ChannelFile {
        guard let version = live[Key.version]?.integer else { throw .badField(Key.version) }
        guard version == Self.version else { throw .unsupportedVersion(version) }
        guard let container = live[Key.container]?.string else { throw .badField(Key.container) }
        guard container == Self.container else {
            throw .unsupportedContainer(ChannelName(sanitizing: container).text)
        }
        guard let epoch = live[Key.epoch]?.bytes, epoch.count == 8 else {
            throw .badField(Key.epoch)
        }
        guard let key = live[Key.publicKey]?.bytes.flatMap({ Bytes32($0) }) else {
            throw .badField(Key.publicKey)
        }
        guard let name = info[Key.name]?.string.flatMap({ ChannelName($0) }) else {
            throw .badField(Key.name)
        }
        guard let length = info[Key.pieceLength]?.integer,
            let geometry = PieceGeometry(pieceLength: Int(length))
        else { throw .badField(Key.pieceLength) }
        // A file that is a torrent too would be two things under one info-hash.
        for foreign in ["file tree", "files", "length", "pieces"] where info[foreign] != nil {
            throw .badField(foreign)
        }
        var file = ChannelFile(
            name: name, publicKey: PublicKey(key),
            epoch: ChannelEpoch(epoch.reduce(0) { $0 << 8 | UInt64($1) }), geometry: geometry)
        file.isPrivate = info[Key.isPrivate]?.integer == 1
        return file
    }

    private mutating func readOutside(_ root: BencodeDictionary) throws(ChannelFileError) {
        trackers = try Self.trackers(in: root)
        if let value = root[Key.peers] { peers = try Self.peers(in: value) }
        if let value = root[Key.creationDate] {
            guard let date = value.integer, date >= 0 else { throw .badField(Key.creationDate) }
            creationDate = date
        }
        if let value = root[Key.createdBy] {
            guard let maker = value.string.flatMap({ ChannelName($0) }) else {
                throw .badField(Key.createdBy)
            }
            createdBy = maker.text
        }
    }
}
