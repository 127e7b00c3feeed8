// A running digest: owns one EVP_MD_CTX. Knows the algorithm, not what is digested.

import COpenSSL
package import Primitives

/// A digest algorithm as libcrypto provides it.
///
/// Fetched once a process: the implicit fetch behind `EVP_sha256()` takes locks at every use.
@safe struct DigestAlgorithm: @unchecked Sendable {
    // Immutable and counted by libcrypto: safe to share between threads.
    let raw: OpaquePointer

    static let sha1 = Self("SHA1")
    static let sha256 = Self("SHA256")

    private init(_ name: String) {
        guard let raw = unsafe EVP_MD_fetch(nil, name, nil) else { unavailable(name) }
        unsafe self.raw = raw
    }
}

/// One digest in progress; may be used again after `finish`.
@safe struct DigestContext: ~Copyable {
    private let raw: OpaquePointer
    private let algorithm: DigestAlgorithm

    init(_ algorithm: DigestAlgorithm) {
        guard let raw = unsafe EVP_MD_CTX_new() else { unavailable("EVP_MD_CTX_new") }
        unsafe self.raw = raw
        self.algorithm = algorithm
        restart()
    }

    deinit { unsafe EVP_MD_CTX_free(raw) }

    mutating func update(_ bytes: Span<UInt8>) {
        let done = unsafe bytes.withUnsafeBufferPointer { part in
            unsafe EVP_DigestUpdate(raw, part.baseAddress, part.count)
        }
        guard done == 1 else { unavailable("EVP_DigestUpdate") }
    }

    /// The digest of all bytes since the last `finish`, of `count` bytes.
    mutating func finish(count: Int) -> [UInt8] {
        let digest = unsafe [UInt8](unsafeUninitializedCapacity: count) { out, written in
            guard unsafe EVP_DigestFinal_ex(raw, out.baseAddress, nil) == 1 else {
                unavailable("EVP_DigestFinal_ex")
            }
            written = count
        }
        restart()
        return digest
    }

    private func restart() {
        guard unsafe EVP_DigestInit_ex2(raw, algorithm.raw, nil) == 1 else {
            unavailable("EVP_DigestInit_ex2")
        }
    }
}

/// A SHA-1 (FIPS 180-4) over bytes that come in parts.
package struct SHA1Context: ~Copyable {
    private var context = DigestContext(.sha1)

    /// A digest of nothing yet.
    package init() {}

    /// Takes the next bytes.
    package mutating func update(_ bytes: Span<UInt8>) { context.update(bytes) }

    /// The digest of all bytes taken; the context is free for the next message.
    package mutating func finish() -> SHA1Digest {
        guard let value = Bytes20(context.finish(count: 20)) else { unavailable("SHA1") }
        return SHA1Digest(value)
    }
}

/// A SHA-256 (FIPS 180-4) over bytes that come in parts.
package struct SHA256Context: ~Copyable {
    private var context = DigestContext(.sha256)

    /// A digest of nothing yet.
    package init() {}

    /// Takes the next bytes.
    package mutating func update(_ bytes: Span<UInt8>) { context.update(bytes) }

    /// The digest of all bytes taken; the context is free for the next message.
    package mutating func finish() -> SHA256Digest {
        guard let value = Bytes32(context.finish(count: 32)) else { unavailable("SHA256") }
        return SHA256Digest(value)
    }
}
