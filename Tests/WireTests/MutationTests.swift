import Pieces
import Primitives
import Testing
import Wire

/// Byte strings that are like a good one, but not quite.
private struct Mutator {
    private var generator: SeededRandom

    init(seed: UInt64) { generator = SeededRandom(seed: seed) }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &generator) }

    /// `bytes` with one to four small wounds.
    mutating func mutate(_ bytes: [UInt8]) -> [UInt8] {
        var out = bytes
        for _ in 0...below(4) {
            let at = below(out.count + 1)
            switch below(6) {
            case 0 where at < out.count: out[at] ^= 1 << UInt8(below(8))
            case 1 where at < out.count: out[at] = [0, 1, 0x7f, 0x80, 0xff, 0x39][below(6)]
            case 2: out.insert(UInt8(below(256)), at: at)
            case 3 where at < out.count: out.remove(at: at)
            case 4: out.removeLast(min(below(4), out.count))
            default:
                let end = min(at + below(8), out.count)
                out.append(contentsOf: out[at..<end])
            }
        }
        return out
    }
}

@Suite("A mutated input never traps")
struct MutationTests {
    @Test("as a stream of messages; and each message read is one that is written back alike")
    func frames() {
        var mutator = Mutator(seed: 1)
        var seed: [[UInt8]] = known.map { bytes($0.1) }
        seed.append(encode(.piece(block(1, 0, 3))) + [1, 2, 3])
        let limits = [WireLimits(), WireLimits(pieceCount: 9), WireLimits(pieceCount: 43), .live]
        var (messages, faults) = (0, 0)
        for round in 0..<150_000 {
            var stream: [UInt8] = []
            for _ in 0...mutator.below(3) { stream += seed[mutator.below(seed.count)] }
            stream = mutator.mutate(stream)
            let features: ReservedBits = round % 8 == 0 ? [] : [.fast, .extensionProtocol]
            var decoder = FrameDecoder(limits: limits[round % 4], features: features)
            var offset = 0
            do {
                var start = offset
                while let frame = try decoder.next(in: stream.span, from: &offset) {
                    messages += 1
                    check(frame, stream[start..<offset], start)
                    start = offset
                }
                if stream.count - offset >= decoder.neededBytes {
                    Issue.record("Waits in vain: \(hex(stream))")
                }
            } catch { faults += 1 }
        }
        #expect(messages > 100_000)
        #expect(faults > 30_000)
    }

    private func check(_ frame: Frame, _ bytes: ArraySlice<UInt8>, _ start: Int) {
        var again = encode(frame.message)
        if let payload = frame.payload {
            if payload != start + 13..<start + bytes.count { Issue.record("\(frame)") }
            again += bytes.dropFirst(13)
        }
        if case .unknown = frame.message { return }
        if again[...] != bytes { Issue.record("\(frame): \(hex(Array(bytes)))") }
    }

    @Test("as a live message; and what is read is written back alike")
    func live() {
        var mutator = Mutator(seed: 2)
        let seed = knownLive.map { bytes($0.1) }
        var (messages, faults) = (0, 0)
        for _ in 0..<150_000 {
            let payload = mutator.mutate(seed[mutator.below(seed.count)])
            guard let message = try? LiveMessage.decode(payload.span) else {
                faults += 1
                continue
            }
            messages += 1
            if case .unknown = message { continue }
            if message.encoded != payload { Issue.record("\(message): \(hex(payload))") }
            if case .have(let map) = message, map.pieces.count > 512 { Issue.record("\(map)") }
        }
        #expect(messages > 20_000)
        #expect(faults > 20_000)
    }

    @Test("as an extension handshake; and what is read survives a second journey")
    func extensionHandshakes() {
        var mutator = Mutator(seed: 3)
        let seed = fullHandshake.encoded
        var (handshakes, faults) = (0, 0)
        for _ in 0..<60_000 {
            let payload = mutator.mutate(seed)
            guard let handshake = try? ExtensionHandshake.decode(payload.span) else {
                faults += 1
                continue
            }
            handshakes += 1
            let again = handshake.encoded
            let twice = try? ExtensionHandshake.decode(again.span)
            if twice != handshake { Issue.record("\(hex(payload))") }
        }
        #expect(handshakes > 5000)
        #expect(faults > 5000)
    }

    @Test("as a peer exchange; and what is read survives a second journey")
    func exchanges() {
        var mutator = Mutator(seed: 5)
        var (messages, faults) = (0, 0)
        for _ in 0..<60_000 {
            let payload = mutator.mutate(fullExchangeBytes)
            guard let message = try? PeerExchangeMessage.decode(payload.span) else {
                faults += 1
                continue
            }
            messages += 1
            let again = message.encoded
            let twice = try? PeerExchangeMessage.decode(again.span)
            if twice != message { Issue.record("\(hex(payload))") }
        }
        #expect(messages > 5000)
        #expect(faults > 5000)
    }

    @Test("as a rendezvous message; and what is read survives a second journey")
    func holepunch() {
        var mutator = Mutator(seed: 6)
        let seed = knownHolepunch.map { bytes($0.1) }
        var (messages, faults) = (0, 0)
        for _ in 0..<60_000 {
            let payload = mutator.mutate(seed[mutator.below(seed.count)])
            guard let message = try? HolepunchMessage.decode(payload.span) else {
                faults += 1
                continue
            }
            messages += 1
            let again = message.encoded
            let twice = try? HolepunchMessage.decode(again.span)
            if twice != message { Issue.record("\(hex(payload))") }
        }
        #expect(messages > 5000)
        #expect(faults > 5000)
    }

    @Test("as a handshake")
    func handshakes() {
        var mutator = Mutator(seed: 4)
        let seed = Handshake(
            reserved: .fast, infoHash: InfoHash(Bytes20()), peerID: PeerID(Bytes20())
        ).encoded
        var read = 0
        for _ in 0..<20_000 {
            let stream = mutator.mutate(seed)
            guard let handshake = try? Handshake.decode(stream.span) else { continue }
            read += 1
            if handshake.encoded[...] != stream.prefix(68) { Issue.record("\(hex(stream))") }
        }
        #expect(read > 2000)
    }
}
