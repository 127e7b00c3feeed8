// Why bytes or values are not a record. Bytes like these come only from a peer that made them up:
// what dies is the peer.

/// Why a record was refused before its signature was looked at.
package enum RecordError: Error, Hashable {
    /// The bytes end before the record does.
    case truncated
    /// There are bytes after the signature.
    case trailingBytes
    /// A version of the format that is not known.
    case unsupportedVersion(UInt8)
    /// A flag is set that has no meaning.
    case unknownFlags(UInt8)
    /// No piece without the end, or more than a record may have.
    case badCount(Int)
    /// The pieces reach past the end of the numbering.
    case numberingExhausted
    /// A stream time of more than 33 bits that does not mean "unknown".
    case badTimestamp
    /// More random access points in a piece than a record may name.
    case tooManyRandomAccessPoints(Int)
    /// A random access point that lies outside its piece or not after its predecessor.
    case badRandomAccessOffset(UInt32)
}
