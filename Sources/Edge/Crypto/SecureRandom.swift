// Randomness that nobody can foretell: for keys, epochs, peer identifiers and connection tokens.
// Decisions of the core use SeededRandom instead, so that a run repeats.

import COpenSSL

/// `count` bytes from libcrypto's generator; ends the process where it has no entropy.
package func secureRandom(_ count: Int) -> [UInt8] {
    precondition((0...Int(Int32.max)).contains(count), "a count of bytes that RAND_bytes takes")
    guard count > 0 else { return [] }
    return unsafe [UInt8](unsafeUninitializedCapacity: count) { out, written in
        guard unsafe RAND_bytes(out.baseAddress, Int32(count)) == 1 else {
            unavailable("RAND_bytes")
        }
        written = count
    }
}
