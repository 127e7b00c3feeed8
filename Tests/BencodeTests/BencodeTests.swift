import Bencode
import Testing

private func strict(_ text: String) throws(BencodeError) -> BencodeValue {
    let bytes = Array(text.utf8)
    return try BencodeDecoder(.strict).decode(bytes.span)
}

@Suite("Bencode")
struct BencodeTests {
    @Test(
        "reads and writes the examples of BEP 3 and back",
        arguments: [
            ("4:spam", "spam"), ("0:", ""), ("i3e", 3), ("i-3e", -3), ("i0e", 0),
            ("l4:spam4:eggse", ["spam", "eggs"]), ("le", []), ("de", [:]),
            ("d3:cow3:moo4:spam4:eggse", ["cow": "moo", "spam": "eggs"]),
            ("d4:spaml1:a1:bee", ["spam": ["a", "b"]]),
            ("i9223372036854775807e", .integer(.max)), ("i-9223372036854775808e", .integer(.min)),
            ("d1:ad1:bd1:cleeee", ["a": ["b": ["c": []]]]),
        ] as [(String, BencodeValue)])
    func examples(text: String, value: BencodeValue) throws {
        #expect(try strict(text) == value)
        #expect(value.encoded == Array(text.utf8))
        #expect(String(decoding: value.encoded, as: UTF8.self) == text)
    }

    @Test("writes keys in the order of their raw bytes, whatever the order they came in")
    func order() {
        let value: BencodeValue = ["b": 2, "a": 1, "ab": 3, "": 4, "Z": 5]
        #expect(value.encoded == Array("d0:i4e1:Zi5e1:ai1e2:abi3e1:bi2ee".utf8))
        var dictionary: BencodeDictionary = ["x": 1, "x": 2, "y": 3]
        #expect(dictionary.encoded == Array("d1:xi2e1:yi3ee".utf8))
        dictionary["x"] = nil
        dictionary["nothing"] = nil
        #expect(dictionary == ["y": 3])
        #expect(dictionary["x"] == nil)
    }

    @Test("answers each kind by its own accessor only")
    func accessors() {
        let all: [BencodeValue] = [7, "text", .bytes([0xff]), [1], ["k": 1]]
        #expect(all.map(\.integer) == [7, nil, nil, nil, nil])
        #expect(all.map(\.string) == [nil, "text", nil, nil, nil])
        #expect(all.map(\.bytes) == [nil, Array("text".utf8), [0xff], nil, nil])
        #expect(all.map(\.list) == [nil, nil, nil, [1], nil])
        #expect(all.map(\.dictionary) == [nil, nil, nil, nil, ["k": 1]])
        #expect(all.map { $0["k"] } == [nil, nil, nil, nil, 1])
    }

    @Test("tells where the value of a top-level key stands, whatever hides deeper")
    func ranges() throws {
        let text = "d1:ad4:infoi1ee4:infod4:infoi2ee1:zi3ee"
        let bytes = Array(text.utf8)
        let document = try BencodeDecoder(.strict).decodeDocument(bytes.span)
        let range = try #require(document.range(of: "info"))
        #expect(String(decoding: bytes[range], as: UTF8.self) == "d4:infoi2ee")
        #expect(document.range(of: "b") == nil)
        #expect(document.value["info"]?["info"] == 2)
    }

    @Test("reads one value from the front and says how many bytes it took")
    func prefix() throws {
        let bytes = Array("d8:msg_typei1e5:piecei0eerest of the piece".utf8)
        let (value, count) = try BencodeDecoder(.strict).decodePrefix(bytes.span)
        #expect(value == ["msg_type": 1, "piece": 0])
        #expect(bytes[count...].elementsEqual("rest of the piece".utf8))
    }
}
