// The identity of a channel: the Ed25519 key that signs (RFC 8032) and the one that verifies.
// Where the key is kept is for Storage to say.

package import Primitives

/// A private Ed25519 key; may be shared between threads.
package final class SigningKey: Sendable {
    /// The key that verifies what this one signs.
    package let publicKey: PublicKey
    private let handle: KeyHandle

    private init(_ handle: KeyHandle) throws(CryptoError) {
        self.handle = handle
        publicKey = try handle.publicKey()
    }

    /// A new key from the system's randomness.
    package static func generate() throws(CryptoError) -> SigningKey {
        try SigningKey(.generate())
    }

    /// The key that an unencrypted PEM file holds (PKCS #8, RFC 5958, RFC 8410).
    ///
    /// Throws `notAKey` for anything else, encrypted keys included, and `notEd25519` for keys of
    /// another kind.
    package convenience init(pem: [UInt8]) throws(CryptoError) {
        try self.init(.parse(pem: pem))
    }

    /// The key of a 32-byte seed (RFC 8032, 5.1.5).
    package convenience init(seed: Bytes32) throws(CryptoError) {
        try self.init(.seeded(seed))
    }

    /// The key as an unencrypted PEM file; whoever reads it can sign for the channel.
    package func pem() throws(CryptoError) -> [UInt8] { try handle.pem() }

    /// The signature of `message`.
    package func sign(_ message: [UInt8]) throws(CryptoError) -> Signature {
        try handle.sign(message)
    }
}

/// A public Ed25519 key made ready for many verifications; may be shared between threads.
///
/// Strict as libcrypto is: S must be below the order of the group, so that a signature cannot
/// be altered into another valid one (RFC 8032, 5.1.7), and the key must decode to a point.
/// Keys of small order are not refused; whoever puts one into a channel file lets everybody sign
/// for that channel and for no other.
package final class VerifyingKey: Sendable {
    /// The key as the channel file states it.
    package let publicKey: PublicKey
    private let handle: KeyHandle

    /// The key `publicKey`; one that is no point of the curve verifies nothing.
    package init(_ publicKey: PublicKey) {
        self.publicKey = publicKey
        handle = .publicHalf(publicKey)
    }

    /// Whether `signature` is this key's signature of `message`.
    package func verify(_ signature: Signature, of message: Span<UInt8>) -> Bool {
        handle.verify(signature, of: message)
    }

    /// Whether `signature` is this key's signature of `message`.
    package func verify(_ signature: Signature, of message: [UInt8]) -> Bool {
        handle.verify(signature, of: message.span)
    }
}

/// Whether `signature` is the signature of `message` by `publicKey`.
///
/// For a single check; for many by one key keep a `VerifyingKey`.
package func verify(_ signature: Signature, _ message: [UInt8], _ publicKey: PublicKey) -> Bool {
    VerifyingKey(publicKey).verify(signature, of: message)
}
