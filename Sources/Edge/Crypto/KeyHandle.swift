// An EVP_PKEY and what is done with it: the one place that touches the C of keys.
// SigningKey and VerifyingKey say which half they hold.

import COpenSSL
import Primitives

/// The owner of one EVP_PKEY for Ed25519.
///
/// Immutable after creation and counted atomically by libcrypto; each use has a context of its
/// own: hence safe to share between threads.
@safe final class KeyHandle: @unchecked Sendable {
    private let raw: OpaquePointer

    /// Takes over `raw`.
    init(owning raw: OpaquePointer) { unsafe self.raw = raw }

    deinit { unsafe EVP_PKEY_free(raw) }

    /// The encoded public point.
    func publicKey() throws(CryptoError) -> PublicKey {
        var count = 32
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe EVP_PKEY_get_raw_public_key(raw, &bytes, &count) == 1, count == 32,
            let value = Bytes32(bytes)
        else { throw libraryError("EVP_PKEY_get_raw_public_key") }
        return PublicKey(value)
    }

    func sign(_ message: [UInt8]) throws(CryptoError) -> Signature {
        guard let context = unsafe EVP_MD_CTX_new() else { throw libraryError("EVP_MD_CTX_new") }
        defer { unsafe EVP_MD_CTX_free(context) }
        guard unsafe EVP_DigestSignInit(context, nil, nil, nil, raw) == 1 else {
            throw libraryError("EVP_DigestSignInit")
        }
        var count = 64
        var bytes = [UInt8](repeating: 0, count: count)
        guard unsafe EVP_DigestSign(context, &bytes, &count, message, message.count) == 1,
            count == 64, let value = Bytes64(bytes)
        else { throw libraryError("EVP_DigestSign") }
        return Signature(value)
    }

    func verify(_ signature: Signature, of message: Span<UInt8>) -> Bool {
        guard let context = unsafe EVP_MD_CTX_new() else { unavailable("EVP_MD_CTX_new") }
        defer { unsafe EVP_MD_CTX_free(context) }
        let bytes = signature.value.bytes
        let valid = unsafe message.withUnsafeBufferPointer { part in
            unsafe EVP_DigestVerifyInit(context, nil, nil, nil, raw) == 1
                && EVP_DigestVerify(context, bytes, 64, part.baseAddress, part.count) == 1
        }
        if !valid { drainErrorQueue() }
        return valid
    }

    /// The private key as PEM (PKCS #8, RFC 5958), unencrypted.
    func pem() throws(CryptoError) -> [UInt8] {
        // A secure memory BIO wipes its buffer when it is freed.
        guard let bio = unsafe BIO_new(BIO_s_secmem()) else { throw libraryError("BIO_new") }
        defer { unsafe BIO_free(bio) }
        guard unsafe PEM_write_bio_PKCS8PrivateKey(bio, raw, nil, nil, 0, nil, nil) == 1 else {
            throw libraryError("PEM_write_bio_PKCS8PrivateKey")
        }
        var bytes = [UInt8](repeating: 0, count: unsafe BIO_ctrl_pending(bio))
        guard unsafe BIO_read(bio, &bytes, Int32(bytes.count)) == Int32(bytes.count) else {
            throw libraryError("BIO_read")
        }
        return bytes
    }
}

extension KeyHandle {
    /// A new key of libcrypto's randomness.
    static func generate() throws(CryptoError) -> KeyHandle {
        guard let context = unsafe EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nil) else {
            throw libraryError("EVP_PKEY_CTX_new_id")
        }
        defer { unsafe EVP_PKEY_CTX_free(context) }
        var raw: OpaquePointer?
        guard unsafe EVP_PKEY_keygen_init(context) == 1,
            unsafe EVP_PKEY_keygen(context, &raw) == 1, let raw = unsafe raw
        else { throw libraryError("EVP_PKEY_keygen") }
        return unsafe KeyHandle(owning: raw)
    }

    /// The private key that `pem` holds.
    static func parse(pem: [UInt8]) throws(CryptoError) -> KeyHandle {
        // A key takes 119 bytes; what is longer than a page is no key file of ours.
        guard pem.count <= 4096 else { throw .notAKey }
        // Reads `pem` in place, which hence must outlive the BIO.
        let raw: OpaquePointer? = unsafe pem.withUnsafeBytes { bytes in
            guard let bio = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count)) else {
                return nil
            }
            defer { unsafe BIO_free(bio) }
            // Without a callback libcrypto would ask at the terminal for the password of an
            // encrypted key.
            return unsafe PEM_read_bio_PrivateKey(bio, nil, { _, _, _, _ in -1 }, nil)
        }
        guard let raw = unsafe raw else {
            drainErrorQueue()
            throw .notAKey
        }
        let key = unsafe KeyHandle(owning: raw)
        guard unsafe EVP_PKEY_get_id(raw) == EVP_PKEY_ED25519 else { throw .notEd25519 }
        return key
    }

    /// The private key with the seed `seed` (RFC 8032, 5.1.5).
    static func seeded(_ seed: Bytes32) throws(CryptoError) -> KeyHandle {
        let bytes = seed.bytes
        guard let raw = unsafe EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, bytes, 32) else {
            throw libraryError("EVP_PKEY_new_raw_private_key")
        }
        return unsafe KeyHandle(owning: raw)
    }

    /// The public half alone.
    static func publicHalf(_ key: PublicKey) -> KeyHandle {
        let bytes = key.value.bytes
        guard let raw = unsafe EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, 32) else {
            unavailable("EVP_PKEY_new_raw_public_key")
        }
        return unsafe KeyHandle(owning: raw)
    }
}
