// The SHA-1 of several messages at once: side by side where the processor is faster so, one after
// another in libcrypto where it is not. Keeps nothing.

import CDigest
package import Primitives

extension Digests {
    /// Messages that are digested side by side at most.
    package static let lanes = Int(SHA1_LANES)
    /// Whether messages are digested side by side on this processor: eight of one length then cost
    /// about as much as three of them alone.
    package static let usesLanes = sha1_lanes_pay() != 0

    /// Whether messages can be digested side by side on this processor.
    static let hasLanes = sha1_lanes_work() != 0

    /// Fewer messages than this are faster one after another.
    private static let fewest = 4

    /// The SHA-1 (FIPS 180-4) of each of `messages`, in their order.
    package static func sha1(each messages: [[UInt8]]) -> [SHA1Digest] {
        sha1(each: messages, sideBySide: usesLanes)
    }

    /// `plainly` is by AVX2 alone, for tests.
    static func sha1(
        each messages: [[UInt8]], sideBySide: Bool, plainly: Bool = false
    ) -> [SHA1Digest] {
        var out: [SHA1Digest] = []
        out.reserveCapacity(messages.count)
        while out.count < messages.count {
            let rest = messages[out.count...]
            let alike = rest.prefix(lanes).prefix { $0.count == rest.first?.count }
            if sideBySide, alike.count >= fewest {
                out += abreast(alike, plainly)
            } else {
                out += rest.prefix(1).map { sha1($0) }
            }
        }
        return out
    }

    /// The digests of up to as many messages of one length as there are lanes.
    private static func abreast(
        _ messages: ArraySlice<[UInt8]>, _ plainly: Bool
    ) -> [SHA1Digest] {
        let length = messages.first?.count ?? 0
        // Lanes without a message do the last one once more.
        let idle = repeatElement(messages.last ?? [], count: lanes - messages.count)
        var digests = [UInt8](repeating: 0, count: lanes * 20)
        withPointers(messages + idle, []) { pointers in
            digests.withUnsafeMutableBufferPointer { out in
                sha1_lanes(pointers, length, out.baseAddress, plainly ? 1 : 0)
            }
        }
        return messages.indices.enumerated().compactMap { lane, _ in
            Bytes20(digests.span, at: lane * 20).map(SHA1Digest.init)
        }
    }

    private static func withPointers(
        _ messages: ArraySlice<[UInt8]>, _ pointers: [UnsafePointer<UInt8>?],
        _ body: ([UnsafePointer<UInt8>?]) -> Void
    ) {
        guard let first = messages.first else { return body(pointers) }
        first.withUnsafeBufferPointer {
            withPointers(messages.dropFirst(), pointers + [$0.baseAddress], body)
        }
    }
}
