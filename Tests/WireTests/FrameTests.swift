import Pieces
import Primitives
import Testing

@testable import Wire

@Suite("Messages on the wire")
struct FrameTests {
    @Test("are the bytes that BEP 3, BEP 6, BEP 10 and BEP 54 give", arguments: known)
    func knownBytes(_ message: Message, _ picture: String) throws {
        #expect(encode(message) == bytes(picture))
        var decoder = FrameDecoder(limits: WireLimits(), features: [.fast, .extensionProtocol])
        var offset = 0
        let stream = bytes(picture)
        let frame = try decoder.next(in: stream.span, from: &offset)
        #expect(frame == Frame(message: message, payload: nil))
        #expect(offset == stream.count)
    }

    @Test("are read one after the other")
    func stream() {
        #expect(read("") == "")
        #expect(
            read("00000003 05 ff80  00000001 02  00000000  00000005 04 0000002a  00000001 01")
                == "bitfield ff80 | interested | keep-alive | have #42 | unchoke")
        #expect(
            read("00000001 0f  0000000e 07 00000001 00004000 68656c6c6f  00000001 00")
                == "have none | piece #1+16384/5 68656c6c6f | choke")
        #expect(
            read("00000006 14 03 00000007  00000003 09 1ae1  00000001 00")
                == "extended 3 00000007 | unknown 9 | choke")
    }

    @Test("show the header of a PIECE, and no other, as soon as all of it is there")
    func pieceHeader() {
        var stream = bytes("00000001 01")
        Message.piece(block(9, 32_768)).encode(into: &stream)
        #expect(Message.pieceHeader(in: stream.span, at: 5) == block(9, 32_768))
        for end in 0..<stream.count {
            let part = Array(stream[..<end])
            #expect(Message.pieceHeader(in: part.span, at: 5) == nil)
        }
        for other in ["00004009 06 00000009 00008000", "00000008 07 00000009 00008000"] {
            let header = bytes(other)
            #expect(Message.pieceHeader(in: header.span, at: 0) == nil)
        }
        #expect(Message.pieceHeader(in: stream.span, at: -1) == nil)
    }

    @Test("leave the payload of a PIECE where it lies")
    func payload() throws {
        var stream = bytes("00000001 01")
        Message.piece(block(9, 32_768)).encode(into: &stream)
        #expect(stream.count == 5 + Message.pieceHeaderLength)
        #expect(stream.suffix(13) == bytes("00004009 07 00000009 00008000")[...])
        stream += [UInt8](repeating: 0xab, count: 16_384)

        var decoder = FrameDecoder(limits: WireLimits(), features: [])
        var offset = 0
        let first = try decoder.next(in: stream.span, from: &offset)
        let second = try decoder.next(in: stream.span, from: &offset)
        let third = try decoder.next(in: stream.span, from: &offset)
        #expect(first == Frame(message: .unchoke, payload: nil))
        #expect(
            second == Frame(message: .piece(block(9, 32_768)), payload: 18..<18 + 16_384))
        #expect(third == nil)
        #expect(offset == stream.count)
    }

    @Test("say how many bytes they still need, and no byte more is waited for")
    func needed() {
        #expect(read("00") == "...4")
        #expect(read("000000") == "...4")
        #expect(read("0000000d") == "...5")
        #expect(read("0000000d 06") == "...17")
        #expect(read("00000001 00  0000000d 06 00000001 00004000 000040") == "choke | ...17")
        #expect(read("00004009 07 00000000 00000000 ffff") == "...16397")
        #expect(read("00000000 00") == "keep-alive | ...4")
    }

    @Test("are the same wherever the stream is cut")
    func everyCut() throws {
        // Only one of the three that tell availability may come, and only at the front.
        let messages = known.map(\.0).filter {
            switch $0 {
            case .bitfield, .haveAll: false
            default: true
            }
        }
        var stream = encode(.haveNone)
        for message in messages where message != .haveNone { stream += encode(message) }
        stream += encode(.piece(block(1, 0, 3))) + [1, 2, 3]
        let whole = read(stream)
        #expect(whole.contains("allowed fast #1059 | extended 0 6465 | "))
        #expect(whole.hasSuffix("unknown 19 | piece #1+0/3 010203"))

        for cut in 0...stream.count {
            #expect(inParts(stream, [cut]) == whole, "cut at \(cut)")
        }
        #expect(inParts(stream, Array(0...stream.count)) == whole, "byte by byte")
    }

    /// Reads `stream` as a driver does: bytes come up to each cut, and what was read is dropped.
    private func inParts(_ stream: [UInt8], _ cuts: [Int]) -> String {
        var decoder = FrameDecoder(limits: WireLimits(), features: [.fast, .extensionProtocol])
        var buffer: [UInt8] = []
        var given = 0
        var words: [String] = []
        for end in cuts + [stream.count] {
            buffer += stream[given..<end]
            given = end
            var offset = 0
            while let frame = try? decoder.next(in: buffer.span, from: &offset) {
                let payload = frame.payload.map { " " + hex(Array(buffer[$0])) } ?? ""
                switch frame.message {
                case .extended(let id, let bytes): words.append("extended \(id) \(hex(bytes))")
                default: words.append("\(frame.message)" + payload)
                }
            }
            buffer.removeFirst(offset)
            if buffer.count >= decoder.neededBytes { words.append("waits in vain") }
        }
        return words.joined(separator: " | ")
    }
}
