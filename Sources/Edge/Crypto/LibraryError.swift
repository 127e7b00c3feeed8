// What can go wrong in libcrypto, and its error queue. Every failed call ends here, so that the
// queue of the thread is empty before the next call: a stale entry would be taken for its fault.

import COpenSSL

/// Why something cryptographic could not be done.
package enum CryptoError: Error, Equatable {
    /// The text is not an unencrypted private key in PEM (PKCS #8, RFC 5958).
    case notAKey
    /// The text is a private key, but not for Ed25519 (RFC 8032).
    case notEd25519
    /// libcrypto refused `operation`, with its own `reason`.
    case library(operation: String, reason: String)
}

/// Empties this thread's queue and answers its oldest entry, which is nearest to the cause.
@discardableResult
func drainErrorQueue() -> String {
    let first = ERR_get_error()
    while ERR_get_error() != 0 {}
    guard first != 0, let text = unsafe ERR_reason_error_string(first) else {
        return "no reason given"
    }
    return unsafe String(cString: text)
}

/// The error that `operation` failed with; empties the queue.
func libraryError(_ operation: String) -> CryptoError {
    .library(operation: operation, reason: drainErrorQueue())
}

/// Ends the process where libcrypto cannot do what no input can make it refuse.
///
/// Digests and random bytes fail only for want of memory or of a provider; there is no answer
/// that would be safe to go on with, and Swift itself ends the process in the same cases.
func unavailable(_ operation: String) -> Never {
    fatalError("libcrypto: \(operation): \(drainErrorQueue())")
}
