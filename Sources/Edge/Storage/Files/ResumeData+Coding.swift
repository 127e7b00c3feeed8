// The bytes of ResumeData. Hostile or damaged ones are refused, never believed in part.

import Pieces
import Primitives

extension ResumeData {
    private static let magic = Array("p2ptv rs".utf8)
    private static let versions: ClosedRange<UInt32> = 1...2
    private static let head = 56

    /// The state as bytes.
    package var encoded: [UInt8] {
        var out = Self.magic
        out.append(bigEndian: chosen == nil ? UInt32(1) : 2)
        content.append(to: &out)
        out.append(bigEndian: UInt32(pieceLength))
        out.append(bigEndian: UInt32(have.pieceCount))
        out.append(bigEndian: UInt32(stamps.count))
        for stamp in stamps {
            out.append(bigEndian: UInt64(bitPattern: stamp.length))
            out.append(bigEndian: UInt64(bitPattern: stamp.changed))
        }
        out += have.bytes
        if let chosen {
            var files = Bitfield(pieceCount: stamps.count)
            for file in chosen { files.insert(PieceIndex(UInt32(clamping: file))) }
            out += files.bytes
        }
        out.append(bigEndian: crc32(out[...]))
        return out
    }

    /// The state that `bytes` encode.
    package init(decoding bytes: [UInt8]) throws(StateFault) {
        guard bytes.count >= Self.head + 4 else { throw .truncated }
        guard bytes.starts(with: Self.magic) else { throw .foreign }
        let body = bytes.count - 4
        guard crc32(bytes[..<body]) == bytes[body...].reduce(0, { $0 << 8 | UInt32($1) })
        else { throw .checksum }
        let state: Self?
        do throws(TruncatedInput) {
            state = try Self.fields(bytes.span.extracting(8..<body))
        } catch {
            throw .truncated
        }
        guard let state else { throw .field }
        self = state
    }

    private static func fields(_ bytes: Span<UInt8>) throws(TruncatedInput) -> Self? {
        var cursor = ByteCursor()
        let version = try cursor.read(UInt32.self, in: bytes)
        let content = try cursor.bytes32(in: bytes)
        let pieceLength = Int(try cursor.read(UInt32.self, in: bytes))
        let pieces = Int(try cursor.read(UInt32.self, in: bytes))
        let files = Int(try cursor.read(UInt32.self, in: bytes))
        // Before anything is made of these numbers: they must be those of the bytes that follow.
        let choice = version > 1 ? (files + 7) / 8 : 0
        let length = 48 + files * 16 + (pieces + 7) / 8 + choice
        guard Self.versions.contains(version), bytes.count == length, pieceLength > 0 else {
            return nil
        }
        var stamps: [FileStamp] = []
        stamps.reserveCapacity(files)
        for _ in 0..<files {
            let length = Int64(bitPattern: try cursor.read(UInt64.self, in: bytes))
            let changed = Int64(bitPattern: try cursor.read(UInt64.self, in: bytes))
            stamps.append(FileStamp(length: length, changed: changed))
        }
        let range = try cursor.take((pieces + 7) / 8, in: bytes)
        guard let have = Bitfield(bytes.extracting(range), count: pieces) else { return nil }
        guard version > 1 else {
            return Self(content: content, pieceLength: pieceLength, have: have, stamps: stamps)
        }
        let bits = try cursor.take(choice, in: bytes)
        guard let chosen = Bitfield(bytes.extracting(bits), count: files) else { return nil }
        return Self(
            content: content, pieceLength: pieceLength, have: have, stamps: stamps,
            chosen: Set(chosen.indices.map { Int($0.value) }))
    }
}
