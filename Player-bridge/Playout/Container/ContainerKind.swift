// Which container a file is, by its first bytes or else by its name.

/// A container whose layout is known well enough to say what a player reads first.
package enum ContainerKind: Hashable, Sendable {
    /// ISO/IEC 14496-12: MP4, MOV.
    case mp4
    /// RFC 9559: Matroska, WebM.
    case matroska
    /// AVI in a RIFF file.
    case avi
    /// ISO/IEC 13818-1: packets of 188 bytes.
    case transportStream
    /// Anything else.
    case other

    /// The kind that the ending of a file's name stands for.
    package init(fileName: String) {
        let ending = fileName.utf8.reversed().prefix { $0 != UInt8(ascii: ".") }
        self =
            switch String(decoding: ending.reversed(), as: UTF8.self).lowercased() {
            case "mp4", "m4v", "mov", "m4a", "m4b", "3gp": .mp4
            case "mkv", "webm", "mka": .matroska
            case "avi", "divx": .avi
            case "ts", "m2ts", "mts": .transportStream
            default: .other
            }
    }

    /// The kind that the first bytes of a file show, or nil where they show none.
    package init?(firstBytes bytes: Span<UInt8>) {
        func has(_ text: StaticString, at offset: Int) -> Bool {
            guard offset + text.utf8CodeUnitCount <= bytes.count else { return false }
            let wanted = Array(text.description.utf8)
            return wanted.indices.allSatisfy { bytes[offset + $0] == wanted[$0] }
        }
        if has("ftyp", at: 4) || has("moov", at: 4) || has("mdat", at: 4) {
            self = .mp4
        } else if bytes.count >= 4, bytes[0] == 0x1A, bytes[1] == 0x45, bytes[2] == 0xDF,
            bytes[3] == 0xA3
        {
            self = .matroska
        } else if has("RIFF", at: 0), has("AVI ", at: 8) {
            self = .avi
        } else if bytes.count > 376, bytes[0] == 0x47, bytes[188] == 0x47, bytes[376] == 0x47 {
            self = .transportStream
        } else {
            return nil
        }
    }
}
