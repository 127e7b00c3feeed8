import Primitives
import Testing

@testable import Crypto

@Suite("SHA-1 side by side", .enabled(if: Digests.hasLanes))
struct LanesTests {
    private func message(_ length: Int, _ seed: Int) -> [UInt8] {
        (0..<length).map {
            UInt8(truncatingIfNeeded: ($0 &+ 1) &* 2_654_435_761 &* (seed + 3) >> 11)
        }
    }

    @Test(
        "is what libcrypto says, at all lengths around the ends of blocks",
        arguments: [0, 1, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 16_384, 70_001])
    func lengths(length: Int) {
        let messages = (0..<8).map { message(length, $0) }
        let expected = messages.map { Digests.sha1($0) }
        #expect(Digests.sha1(each: messages, sideBySide: true) == expected)
        #expect(Digests.sha1(each: messages, sideBySide: true, plainly: true) == expected)
    }

    @Test("is what libcrypto says, of any number of messages", arguments: 0...20)
    func counts(count: Int) {
        let messages = (0..<count).map { message(200, $0) }
        #expect(Digests.sha1(each: messages, sideBySide: true) == messages.map { Digests.sha1($0) })
    }

    @Test("takes messages of other lengths between them, in order")
    func mixed() {
        let lengths = [300, 300, 300, 300, 300, 17, 300, 300, 300, 300, 0, 0, 0, 0, 0, 0, 0, 64]
        let messages = lengths.enumerated().map { message($1, $0) }
        #expect(Digests.sha1(each: messages, sideBySide: true) == messages.map { Digests.sha1($0) })
    }

    @Test("gives the known answers of FIPS 180-4 in each lane")
    func known() {
        let messages = [[UInt8]](repeating: Array("abc".utf8), count: 8)
        let digests = Digests.sha1(each: messages, sideBySide: true)
        #expect(
            digests.map { hex($0.value.bytes) }
                == Array(repeating: "a9993e364706816aba3e25717850c26c9cd0d89d", count: 8))
    }
}
