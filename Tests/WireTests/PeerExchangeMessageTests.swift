import Bencode
import Primitives
import Testing
import Wire

private func decode(_ payload: [UInt8]) throws(PeerExchangeFault) -> PeerExchangeMessage {
    try PeerExchangeMessage.decode(payload.span)
}

private func decode(_ text: String) throws(PeerExchangeFault) -> PeerExchangeMessage {
    try decode(Array(text.utf8))
}

private func v4(_ last: UInt32, _ port: UInt16 = 6881) -> Endpoint {
    Endpoint(address: .v4(0xc000_0200 | last), port: port)
}

private func v6(_ last: UInt64) -> Endpoint {
    Endpoint(address: .v6(0x2001_0db8_0000_0000, last), port: 6882)
}

/// A message in which every key is used.
let fullExchange = PeerExchangeMessage(
    added: [
        Contact(v4(10), .reachable), Contact(v4(11)), Contact(v6(1), [.uploadOnly, .reachable]),
    ],
    dropped: [v4(12), v6(2)])

/// Its bytes, in pieces of text and hexadecimal.
let fullExchangeBytes: [UInt8] =
    text("d5:added12:") + bytes("c000020a 1ae1 c000020b 1ae1")
    + text("7:added.f2:") + bytes("10 00")
    + text("6:added618:") + bytes("20010db8 00000000 00000000 00000001 1ae2")
    + text("8:added6.f1:") + bytes("12")
    + text("7:dropped6:") + bytes("c000020c 1ae1")
    + text("8:dropped618:") + bytes("20010db8 00000000 00000000 00000002 1ae2")
    + text("e")

private func text(_ text: String) -> [UInt8] { Array(text.utf8) }

@Suite("A peer exchange (BEP 11)")
struct PeerExchangeMessageTests {
    @Test("is these bytes, and comes back as it was sent")
    func roundTrip() throws {
        #expect(fullExchange.encoded == fullExchangeBytes)
        #expect(try decode(fullExchangeBytes) == fullExchange)
        #expect(fullExchange.message(id: 2) == .extended(id: 2, payload: fullExchangeBytes))
    }

    @Test("leaves out what is empty")
    func empty() throws {
        #expect(PeerExchangeMessage().encoded == text("de"))
        #expect(try decode("de") == PeerExchangeMessage())
        let gone = PeerExchangeMessage(dropped: [v4(1)])
        #expect(gone.encoded == text("d7:dropped6:") + bytes("c0000201 1ae1") + text("e"))
    }

    @Test(
        "takes senseless fields as missing",
        arguments: [
            "d5:addedi5ee", "d5:addedlee", "d5:added3:abce", "d7:droppedde6:added60:e",
            "d7:added.f3:abce", "d5:added6:\0\0\0\0\u{1}\u{1}e", "d5:added6:aaaa\0\0e",
            "d1:xi1ee",
        ])
    func senseless(_ payload: String) throws {
        #expect(try decode(payload) == PeerExchangeMessage())
    }

    @Test("may lack flags, wholly or in part, and they stay with their contacts")
    func flags() throws {
        let contacts = text("d5:added18:") + bytes("c000020a 1ae1 00000000 0000 c000020b 1ae1")
        #expect(try decode(contacts + text("e")).added == [Contact(v4(10)), Contact(v4(11))])
        let some = try decode(contacts + text("7:added.f1:") + [0x10] + text("e"))
        #expect(some.added == [Contact(v4(10), .reachable), Contact(v4(11))])
        let all = try decode(contacts + text("7:added.f3:") + [0x01, 0x02, 0x10] + text("e"))
        #expect(
            all.added
                == [Contact(v4(10), ContactFlags(rawValue: 1)), Contact(v4(11), .reachable)])
    }

    @Test("names nobody twice")
    func twice() throws {
        let entry = bytes("c000020a 1ae1")
        let message = try decode(
            text("d5:added12:") + entry + entry + text("7:dropped12:") + entry
                + bytes("c000020b 1ae1") + text("e"))
        #expect(message == PeerExchangeMessage(added: [Contact(v4(10))], dropped: [v4(11)]))
    }

    @Test("is read as far as a hundred contacts, and refused beyond 8 KiB")
    func huge() throws {
        let many = PeerExchangeMessage(
            added: (1...200).map { Contact(v4($0)) }, dropped: (1...200).map { v4($0, 9) })
        let read = try decode(many.encoded)
        #expect(read.added == Array(many.added.prefix(100)))
        #expect(read.dropped == Array(many.dropped.prefix(100)))
        let flood = PeerExchangeMessage(
            added: (1...2000).map { Contact(Endpoint(address: .v4(0x5000_0000 | $0), port: 1)) })
        #expect(throws: PeerExchangeFault.bencode(.tooLarge)) { try decode(flood.encoded) }
        #expect(throws: PeerExchangeFault.self) { try decode("d5:added999999999:") }
        let deep = String(repeating: "l", count: 4000)
        #expect(throws: PeerExchangeFault.self) { try decode("d1:x" + deep) }
    }

    @Test("is refused when it is cut anywhere, or is no dictionary")
    func truncated() {
        for count in 0..<fullExchangeBytes.count {
            let part = Array(fullExchangeBytes.prefix(count))
            #expect(throws: PeerExchangeFault.self) { try decode(part) }
        }
        #expect(throws: PeerExchangeFault.notADictionary) { try decode("i1e") }
        #expect(throws: PeerExchangeFault.notADictionary) { try decode("le") }
    }
}
