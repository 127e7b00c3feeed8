import Bencode
import Pieces
import Primitives
import Testing
import Wire

private func decode(_ payload: [UInt8]) throws(ExtensionFault) -> ExtensionHandshake {
    try ExtensionHandshake.decode(payload.span)
}

private func decode(_ text: String) throws(ExtensionFault) -> ExtensionHandshake {
    try decode(Array(text.utf8))
}

/// A handshake in which every field is used.
let fullHandshake: ExtensionHandshake = {
    var handshake = ExtensionHandshake()
    handshake.ids = [.dontHave: 1, .live: 4, .metadata: 255, .peerExchange: 0]
    handshake.listenPort = 6881
    handshake.client = "p2ptv 1.0"
    handshake.requestQueue = 500
    handshake.yourAddress = .v4(0x7f00_0001)
    handshake.metadataSize = 31
    handshake.live = LiveOffer(
        window: PieceMap(first: PieceIndex(1000), bitmap: Array("~}".utf8)), keep: 480,
        ahead: 16, isSource: true)
    return handshake
}()

@Suite("An extension handshake")
struct ExtensionHandshakeTests {
    @Test("is the example of BEP 10, with extensions that nobody here speaks")
    func example() throws {
        let payload =
            Array("d1:md11:LT_metadatai1e6:".utf8) + [0xb5]
            + Array("T_PEXi2ee1:pi6881e1:v13:\u{b5}Torrent 1.2e".utf8)
        let handshake = try decode(payload)
        var expected = ExtensionHandshake()
        expected.listenPort = 6881
        expected.client = "\u{b5}Torrent 1.2"
        #expect(handshake == expected)
    }

    @Test("is these bytes, and comes back as it was sent")
    func roundTrip() throws {
        let text =
            "d4:lived5:aheadi16e5:firsti1000e4:have2:~}4:keepi480e6:sourcei1e1:vi1ee"
            + "1:md11:lt_donthavei1e10:p2ptv_livei4e11:ut_metadatai255e6:ut_pexi0ee"
            + "13:metadata_sizei31e1:pi6881e4:reqqi500e1:v9:p2ptv 1.06:yourip4:"
        let payload = Array(text.utf8) + [0x7f, 0, 0, 1] + Array("e".utf8)
        #expect(fullHandshake.encoded == payload)
        #expect(try decode(payload) == fullHandshake)
        #expect(fullHandshake.message == .extended(id: 0, payload: payload))
    }

    @Test("that says nothing is a dictionary with an empty m")
    func nothing() throws {
        #expect(ExtensionHandshake().encoded == Array("d1:mdee".utf8))
        #expect(try decode("d1:mdee") == ExtensionHandshake())
        #expect(try decode("de") == ExtensionHandshake())
    }

    @Test(
        "takes senseless values as missing",
        arguments: [
            "d1:mi5ee", "d1:m6:ut_pexe", "d1:md6:ut_pex1:1ee", "d1:md6:ut_pexi256eee",
            "d1:md6:ut_pexi-1eee", "d1:pi0ee", "d1:pi65536ee", "d1:pi-1ee", "d1:p4:6881e",
            "d1:vi1ee", "d1:v0:e", "d1:v2:\u{1}\u{7f}e", "d4:reqqi0ee", "d4:reqqi-5ee",
            "d4:reqq3:250e", "d13:metadata_sizei-1ee", "d13:metadata_sizei2147483648ee",
            "d13:metadata_sizei0ee", "d6:yourip3:abce", "d6:youripi1ee",
        ])
    func senseless(_ text: String) throws {
        #expect(try decode(text) == ExtensionHandshake())
    }

    @Test("is held to what one peer may claim")
    func bounded() throws {
        #expect(try decode("d4:reqqi2001ee").requestQueue == 2000)
        #expect(try decode("d4:reqqi9223372036854775807ee").requestQueue == 2000)
        #expect(try decode("d13:metadata_sizei4194304ee").metadataSize == 4_194_304)
        #expect(try decode("d13:metadata_sizei4194305ee").metadataSize == nil)
        #expect(try decode("d1:v100:\(String(repeating: "x", count: 100))e").client?.count == 64)
        let live = try decode("d4:lived5:aheadi9999999999e4:keepi9999999999e1:vi1eee").live
        #expect(live?.ahead == 4096)
        #expect(live?.keep == 1_048_576)
        #expect(live?.window == nil)
        #expect(live?.isSource == false)
    }

    @Test("shows no control characters, and no half characters")
    func client() throws {
        #expect(try decode("d1:v10:a\u{1b}[31mb\r\nce").client == "a[31mbc")
        let cut = String(repeating: "x", count: 63) + "\u{e9}"
        #expect(try decode("d1:v65:\(cut)e").client == String(repeating: "x", count: 63))
        #expect(try decode("d1:v4:a\u{202e}e").client == "a")
    }

    @Test("sees IPv4 and IPv6 addresses")
    func address() throws {
        #expect(try decode("d6:yourip4:\u{1}\u{2}\u{3}\u{4}e").yourAddress == .v4(0x0102_0304))
        let six = try decode("d6:yourip16:abcdefghijklmnope").yourAddress
        #expect(six == .v6(0x6162_6364_6566_6768, 0x696a_6b6c_6d6e_6f70))
    }

    @Test("may hold keys and extensions that nobody knows, and be out of order")
    func unknownKeys() throws {
        let handshake = try decode("d1:pi1e1:ei0e1:md3:fooi7ee4:ipv4le11:upload_onlyi1ee")
        #expect(handshake.listenPort == 1)
        #expect(handshake.ids.isEmpty)
    }

    // W8.
    @Test("that is garbage is refused")
    func garbage() {
        #expect(throws: ExtensionFault.notADictionary) { try decode("i1e") }
        #expect(throws: ExtensionFault.notADictionary) { try decode("le") }
        for text in ["", "x", "d", "d1:m", "d1:pi99999999999999999999ee", "d99999999999:"] {
            #expect(throws: ExtensionFault.self) { try decode(text) }
        }
    }

    @Test("that is 200,000 deep, or wide, or long is refused")
    func bombs() {
        let open = String(repeating: "l", count: 200_000)
        let wide = "d1:m" + "d" + (0..<4000).map { "4:\(1000 + $0)i1e" }.joined() + "ee"
        let long = "d1:v40000:" + String(repeating: "x", count: 40_000) + "e"
        for text in [open, "d1:e" + open, "d1:e" + String(open.prefix(8)), wide, long] {
            #expect(throws: ExtensionFault.self) { try decode(text) }
        }
        let seven = "d1:e" + String(repeating: "l", count: 7) + String(repeating: "e", count: 8)
        #expect(throws: Never.self) { try decode(seven) }
    }
}

@Suite("A live offer")
struct LiveOfferTests {
    @Test("of a version to come is passed over")
    func version() throws {
        #expect(try decode("d4:lived1:vi2e5:firstlee1:pi1ee").live == nil)
        #expect(try decode("d4:lived1:vi2e5:firstlee1:pi1ee").listenPort == 1)
    }

    @Test("of a node that holds nothing has no window")
    func empty() throws {
        var handshake = ExtensionHandshake()
        handshake.live = LiveOffer(window: nil, keep: 480, ahead: 8, isSource: false)
        let text = "d4:lived5:aheadi8e4:keepi480e1:vi1ee1:mdee"
        #expect(handshake.encoded == Array(text.utf8))
        #expect(try decode(text) == handshake)
    }

    @Test(
        "must be right in every field",
        arguments: [
            ("i1e", "live"), ("de", "v"), ("d1:v1:1e", "v"),
            ("d5:firsti-1e4:have1:x1:vi1ee", "first"),
            ("d5:firsti4294967296e4:have1:x1:vi1ee", "first"),
            ("d5:first1:04:have1:x1:vi1ee", "first"),
            ("d5:firsti0e1:vi1ee", "have"), ("d5:firsti0e4:havei1e1:vi1ee", "have"),
            ("d5:firsti4294967295e4:have1:x1:vi1ee", "have"),
            ("d4:keepi-1e1:vi1ee", "keep"), ("d5:ahead1:51:vi1ee", "ahead"),
        ])
    func fields(_ live: String, _ field: String) {
        #expect(throws: ExtensionFault.live(field)) { try decode("d4:live\(live)e") }
    }

    @Test("has a bitmap of at most 4096 bytes")
    func bitmap() throws {
        for (count, taken) in [(4096, true), (4097, false)] {
            let bitmap = String(repeating: "x", count: count)
            let text = "d4:lived5:firsti7e4:have\(count):\(bitmap)1:vi1eee"
            let window = try? decode(text).live?.window
            #expect((window?.bitmap.count == count) == taken)
        }
    }
}

@Suite("The numbers of a peer's extensions")
struct ExtensionIDsTests {
    @Test("are added to by every handshake, and 0 switches off")
    func additive() {
        var ids = ExtensionIDs()
        #expect(ids[.live] == nil)
        ids.apply([.live: 4, .metadata: 2])
        ids.apply([.peerExchange: 1, .metadata: 0])
        #expect(ids[.live] == 4)
        #expect(ids[.metadata] == nil)
        #expect(ids[.peerExchange] == 1)
        #expect(ids.name(of: 4) == .live)
        #expect(ids.name(of: 2) == nil)
        ids.apply([.dontHave: 4])
        #expect(ids.name(of: 4) == nil, "two extensions with one number")
    }
}
