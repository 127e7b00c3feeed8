// The bytes of a file that are known so far, read with bounds in mind: where they lie comes from
// the file itself, which may say anything.

/// Some bytes of a file.
package struct FilePart: Hashable, Sendable {
    /// Where they begin in the file.
    package let offset: Int64
    /// The bytes.
    package let bytes: [UInt8]

    /// The bytes that begin at `offset`.
    package init(offset: Int64, bytes: [UInt8]) { (self.offset, self.bytes) = (offset, bytes) }
}

/// The parts of a file of some length that are known.
struct FileParts {
    let parts: [FilePart]
    let length: Int64

    /// The `count` bytes at `offset` as a number, big-endian; nil where they are not all known.
    func number(at offset: Int64, count: Int) -> UInt64? {
        bytes(at: offset, count: count)?.reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The same with the lowest byte first.
    func littleEndian(at offset: Int64, count: Int) -> UInt64? {
        bytes(at: offset, count: count)?.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    func bytes(at offset: Int64, count: Int) -> ArraySlice<UInt8>? {
        for part in parts where offset >= part.offset {
            let (start, overflow) = offset.subtractingReportingOverflow(part.offset)
            guard !overflow, start <= Int64(part.bytes.count - count) else { continue }
            return part.bytes[Int(start)..<Int(start) + count]
        }
        return nil
    }

    /// `offset` and `size` added up, or nil where that is past the end of the file.
    func end(of offset: Int64, size: UInt64) -> Int64? {
        guard size <= UInt64(length), offset <= length - Int64(size) else { return nil }
        return offset + Int64(size)
    }
}
