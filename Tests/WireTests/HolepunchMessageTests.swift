import Primitives
import Testing
import Wire

private func decode(_ payload: [UInt8]) throws(HolepunchFault) -> HolepunchMessage {
    try HolepunchMessage.decode(payload.span)
}

private let v4 = Endpoint(address: .v4(0xc000_0207), port: 6881)
private let v6 = Endpoint(address: .v6(0x2001_0db8_0000_0000, 7), port: 6882)
private let v6Bytes = "20010db8 00000000 00000000 00000007 1ae2"

/// One of every kind, with its bytes: the fields in the order of BEP 55.
let knownHolepunch: [(HolepunchMessage, String)] = [
    (.rendezvous(v4), "00 00 c0000207 1ae1 00000000"),
    (.rendezvous(v4, from: 40_000), "00 00 c0000207 1ae1 00009c40"),
    (.connect(v4), "01 00 c0000207 1ae1 00000000"),
    (.error(v4, .noSuchPeer), "02 00 c0000207 1ae1 00000001"),
    (.error(v4, .notConnected), "02 00 c0000207 1ae1 00000002"),
    (.error(v4, .noSupport), "02 00 c0000207 1ae1 00000003"),
    (.error(v4, .noSelf), "02 00 c0000207 1ae1 00000004"),
    (.error(v4, HolepunchError(rawValue: 0xffff_ffff)), "02 00 c0000207 1ae1 ffffffff"),
    (.rendezvous(v6), "00 01 \(v6Bytes) 00000000"),
    (.connect(v6), "01 01 \(v6Bytes) 00000000"),
    (.error(v6, .notConnected), "02 01 \(v6Bytes) 00000002"),
]

@Suite("A rendezvous message (BEP 55)")
struct HolepunchMessageTests {
    @Test("is these bytes, and comes back as it was sent", arguments: knownHolepunch)
    func roundTrip(_ message: HolepunchMessage, _ picture: String) throws {
        #expect(message.encoded == bytes(picture))
        #expect(try decode(bytes(picture)) == message)
        #expect(message.message(id: 4) == .extended(id: 4, payload: bytes(picture)))
    }

    @Test("is refused when it is cut anywhere, but for a code that means nothing")
    func truncated() throws {
        for (message, picture) in knownHolepunch {
            let whole = bytes(picture)
            for count in 0..<whole.count {
                let part = Array(whole.prefix(count))
                if count == whole.count - 4, whole[0] < 2 {
                    let short = try decode(part)
                    if case .rendezvous(let endpoint, _) = message {
                        #expect(short == .rendezvous(endpoint))
                    } else {
                        #expect(short == message)
                    }
                } else {
                    #expect(throws: HolepunchFault.truncated) { try decode(part) }
                }
            }
        }
    }

    @Test("is refused when something follows, or its address is of no kind")
    func senseless() {
        for (_, picture) in knownHolepunch {
            #expect(throws: HolepunchFault.trailing) { try decode(bytes(picture) + [0]) }
        }
        for kind in 2...255 as ClosedRange<UInt8> {
            let payload = [0, kind] + [UInt8](repeating: 1, count: 22)
            #expect(throws: HolepunchFault.addressType(kind)) { try decode(payload) }
        }
    }

    @Test("of a type that is not known is read as such, whatever follows")
    func unknown() throws {
        for type in 3...255 as ClosedRange<UInt8> {
            #expect(try decode([type]) == .unknown(type: type))
            #expect(try decode([type, 9, 9, 9]) == .unknown(type: type))
        }
    }

    @Test("names endpoints where nobody can be, which is for the receiver to judge")
    func nobody() throws {
        let nowhere = Endpoint(address: .v4(0), port: 0)
        #expect(try decode(bytes("00 00 00000000 0000 00000000")) == .rendezvous(nowhere))
        // An IPv4 address in an IPv6 coat is the IPv4 address.
        let mapped = bytes("01 01 00000000 00000000 0000ffff c0000207 1ae1 00000000")
        #expect(try decode(mapped) == .connect(v4))
    }
}
