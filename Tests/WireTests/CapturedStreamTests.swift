import Pieces
import Primitives
import Testing
import Wire

@Suite("What libtorrent 2.1.1 sent")
struct CapturedStreamTests {
    // A seed of 12 pieces of 16 KiB, to a peer with BEP 6 and BEP 10 that asked for the first 16
    // bytes of piece 1, and cancelled what it had not asked for. Recorded over loopback.
    private static let handshake = """
        13426974546f7272656e742070726f746f636f6c000000000010000540f9c1bea192da672ce49d17df071335
        146683d32d4c54323131302d764836396a373453382d2835
        """
    private static let messages = """
        000000d414006431323a636f6d706c6574655f61676f692d3165313a6d6431313a6c745f646f6e7468617665
        69376531303a73686172655f6d6f646569386531313a75706c6f61645f6f6e6c7969336531323a75745f686f
        6c6570756e636869346531313a75745f6d65746164617461693265363a75745f7065786931656531333a6d65
        7461646174615f73697a656933313165343a7265717169323030306531313a75706c6f61645f6f6e6c796931
        65313a7631383a6c6962746f7272656e742f322e312e312e30363a796f75726970343a7f0000016500000001
        0e000000010100000005110000000600000005110000000a0000000511000000040000000511000000070000
        00051100000002000000010100000019070000000100000000000102030405060708090a0b0c0d0e0f
        """

    private func stream(_ text: String) -> [UInt8] { bytes(text.filter { $0 != "\n" }) }

    @Test("is a handshake")
    func handshake() throws {
        let stream = stream(Self.handshake)
        let handshake = try Handshake.decode(stream.span)
        #expect(handshake?.reserved == [.fast, .extensionProtocol, ReservedBits(rawValue: 1)])
        #expect(handshake?.infoHash.description == "40f9c1bea192da672ce49d17df071335146683d3")
        #expect(handshake?.encoded == stream)
    }

    @Test("is an extension handshake, have all, allowed fast, unchoke and the block")
    func messages() {
        let told = read(stream(Self.messages), limits: WireLimits(pieceCount: 12))
        #expect(told.hasPrefix("extended 0 6431323a636f6d"))
        #expect(
            told.split(separator: " | ").dropFirst().joined(separator: " | ")
                == "have all | unchoke | allowed fast #6 | allowed fast #10 | allowed fast #4 | "
                + "allowed fast #7 | allowed fast #2 | unchoke | "
                + "piece #1+0/16 000102030405060708090a0b0c0d0e0f")
    }

    @Test("has an extension handshake with our names in it")
    func extensionHandshake() throws {
        let stream = stream(Self.messages)
        var decoder = FrameDecoder(limits: WireLimits(), features: [.extensionProtocol])
        var offset = 0
        guard
            case .extended(0, let payload) = try decoder.next(in: stream.span, from: &offset)?
                .message
        else {
            Issue.record("The first message is not an extension handshake")
            return
        }
        var expected = ExtensionHandshake()
        expected.ids = [.dontHave: 7, .holepunch: 4, .metadata: 2, .peerExchange: 1]
        expected.client = "libtorrent/2.1.1.0"
        expected.requestQueue = 2000
        expected.yourAddress = .v4(0x7f00_0001)
        expected.metadataSize = 311
        let handshake = try ExtensionHandshake.decode(payload.span)
        #expect(handshake == expected)
    }
}
