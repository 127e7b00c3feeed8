// The digests that the core asks of whoever runs it: it has no cryptography of its own.

/// Pure functions that the edge lends to the core, as a type without instances.
package protocol HashFunctions: Sendable {
    /// The SHA-1 (FIPS 180-4) of `bytes`.
    static func sha1(_ bytes: Span<UInt8>) -> SHA1Digest
    /// The SHA-256 (FIPS 180-4) of `bytes`.
    static func sha256(_ bytes: Span<UInt8>) -> SHA256Digest
    /// The SHA-256 of each two neighbours of `layer`, whose count must be even.
    ///
    /// A step up in a Merkle tree (BEP 52); for many at once, so that a call costs little.
    static func parents(of layer: [SHA256Digest]) -> [SHA256Digest]
}
