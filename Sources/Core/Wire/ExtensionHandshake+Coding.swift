// Extension handshakes to and from bencode. Unknown keys and standard keys with senseless values
// count as missing; only our own key `live` must be right.
import Bencode
import Pieces
import Primitives

extension ExtensionHandshake {
    /// The handshake as an extended message: number 0.
    package var message: Message { .extended(id: 0, payload: encoded) }

    /// The payload of an extended message of number 0.
    package var encoded: [UInt8] {
        var out = BencodeDictionary()
        var m = BencodeDictionary()
        for (name, id) in ids { m[name.rawValue] = .integer(Int64(id)) }
        out["m"] = .dictionary(m)
        out["p"] = listenPort.map { .integer(Int64($0)) }
        out["v"] = client.map { .string($0) }
        out["reqq"] = requestQueue.map { .integer(Int64($0)) }
        out["yourip"] = yourAddress.map { .bytes($0.bytes) }
        out["metadata_size"] = metadataSize.map { .integer(Int64($0)) }
        out["live"] = live.map { .dictionary($0.dictionary) }
        return out.encoded
    }

    /// The handshake in `payload`, the payload of an extended message of number 0.
    package static func decode(
        _ payload: Span<UInt8>, limits: ExtensionLimits = ExtensionLimits()
    ) throws(ExtensionFault) -> Self {
        let value: BencodeValue
        do {
            value = try BencodeDecoder(.lenient, limits: limits.bencode).decode(payload)
        } catch {
            throw .bencode(error)
        }
        guard let fields = value.dictionary else { throw .notADictionary }
        var handshake = Self()
        handshake.ids = ids(in: fields["m"])
        handshake.listenPort = number(fields["p"], in: 1...65_535).map(UInt16.init)
        handshake.client = fields["v"]?.bytes.flatMap { name($0, limits.client) }
        handshake.requestQueue = number(fields["reqq"], in: 1...Int64.max)
            .map { min(Int(clamping: $0), limits.requestQueue) }
        handshake.yourAddress = fields["yourip"]?.bytes.flatMap { IPAddress(bytes: $0) }
        handshake.metadataSize = number(fields["metadata_size"], in: 1...Int64(limits.metadata))
            .map { Int($0) }
        if let live = fields["live"] { handshake.live = try LiveOffer.decode(live, limits) }
        return handshake
    }

    /// The numbers of the extensions that are spoken here; others are passed over.
    private static func ids(in m: BencodeValue?) -> [Extension: UInt8] {
        var ids: [Extension: UInt8] = [:]
        for name in Extension.allCases {
            ids[name] = number(m?[name.rawValue], in: 0...255).map(UInt8.init)
        }
        return ids
    }

    /// A name that can be shown: at most `limit` bytes of it, whole characters, no controls.
    private static func name(_ bytes: [UInt8], _ limit: Int) -> String? {
        let scalars = String(decoding: bytes.prefix(limit), as: UTF8.self).unicodeScalars
        var shown = String.UnicodeScalarView()
        for scalar in scalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned: continue
            case _ where scalar == "\u{fffd}": continue
            default: shown.append(scalar)
            }
        }
        return shown.isEmpty ? nil : String(shown)
    }
}

extension LiveOffer {
    /// The value of the key `live`.
    fileprivate var dictionary: BencodeDictionary {
        var out = BencodeDictionary()
        out["v"] = .integer(Self.version)
        out["first"] = window.map { .integer(Int64($0.first.value)) }
        out["have"] = window.map { .bytes($0.bitmap) }
        out["keep"] = .integer(Int64(keep))
        out["ahead"] = .integer(Int64(ahead))
        if isSource { out["source"] = .integer(1) }
        return out
    }

    /// The offer in the value of `live`, or nil where it is of a version that is not known here:
    /// the peer is then one like any other of the standard.
    fileprivate static func decode(
        _ value: BencodeValue, _ limits: ExtensionLimits
    ) throws(ExtensionFault) -> Self? {
        guard let fields = value.dictionary else { throw .live("live") }
        guard let version = fields["v"]?.integer else { throw .live("v") }
        guard version == Self.version else { return nil }
        return Self(
            window: try window(in: fields, limits),
            keep: min(try count("keep", in: fields), limits.keep),
            ahead: min(try count("ahead", in: fields), limits.ahead),
            isSource: fields["source"]?.integer == 1)
    }

    private static func window(
        in fields: BencodeDictionary, _ limits: ExtensionLimits
    ) throws(ExtensionFault) -> PieceMap? {
        guard let first = fields["first"] else { return nil }
        guard let index = number(first, in: 0...Int64(UInt32.max)).map(UInt32.init) else {
            throw .live("first")
        }
        guard let bitmap = fields["have"]?.bytes, bitmap.count <= limits.window,
            let map = PieceMap(first: PieceIndex(index), bitmap: bitmap)
        else { throw .live("have") }
        return map
    }

    /// A number of pieces that may be missing and is then 0; a huge one is as good as the limit.
    private static func count(
        _ key: String, in fields: BencodeDictionary
    ) throws(ExtensionFault) -> UInt32 {
        guard let value = fields[key] else { return 0 }
        guard let count = number(value, in: 0...Int64.max) else { throw .live(key) }
        return UInt32(clamping: count)
    }
}

extension ExtensionLimits {
    fileprivate var bencode: BencodeLimits {
        BencodeLimits(depth: depth, tokens: tokens, bytes: bytes)
    }
}

/// The integer in `value` if it is one in `range`.
private func number(_ value: BencodeValue?, in range: ClosedRange<Int64>) -> Int64? {
    value?.integer.flatMap { range.contains($0) ? $0 : nil }
}
