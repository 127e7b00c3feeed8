import Crypto
import Metainfo
import Primitives
import Testing

/// An exchange of which the peers are letters, its clock, and the metadata that it is about.
struct MetadataTalk {
    typealias Machine = MetadataExchange<Character>

    var machine: Machine
    var now = Instant.zero + .seconds(1000)
    let truth: [UInt8]

    init(
        bytes count: Int, known: Bool = false, v2: Bool = false,
        settings: MetadataSettings = .init()
    ) {
        truth = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
        let name = InfoHashes(
            v1: v2 ? nil : InfoHash(Digests.sha1(truth).value),
            v2: v2 ? Digests.sha256(truth) : nil)
        machine = Machine(of: name, metadata: known ? truth : nil, settings: settings)
    }

    mutating func say(_ input: Machine.Input) -> [String] {
        var outputs: [Machine.Output] = []
        machine.handle(input, at: now, using: Digests.self, into: &outputs)
        return outputs.map { line($0) }
    }

    mutating func offer(_ peer: Character, size: Int? = nil) -> [String] {
        say(.offered(peer, size: size ?? truth.count))
    }

    /// Lets `peer` send a piece as it is, or with its first byte turned.
    mutating func deliver(
        _ peer: Character, _ piece: Int, size: Int? = nil, isFalse: Bool = false
    ) -> [String] {
        let size = size ?? truth.count
        let start = piece * 16_384
        let end = min(size, start + 16_384)
        var bytes = (start..<end).map { $0 < truth.count ? truth[$0] : 0 }
        if isFalse { bytes[0] ^= 1 }
        return say(.delivered(peer, piece: piece, totalSize: size, bytes: bytes))
    }

    mutating func wait() -> [String] {
        now = max(now, machine.nextDeadline.at)
        return say(.timePassed)
    }

    var deadline: String {
        let at = machine.nextDeadline.at
        return at == .never ? "never" : "\(Int((at - now).seconds.rounded())) s"
    }

    private func line(_ output: Machine.Output) -> String {
        switch output {
        case .request(let peer, let piece): "\(peer)? \(piece)"
        case .send(let peer, let piece, let size, let bytes):
            "\(peer)! \(piece) of \(size): \(bytes.count)"
        case .reject(let peer, let piece): "\(peer)- \(piece)"
        case .completed(let bytes): bytes == truth ? "completed" : "completed wrongly"
        case .noteUseless(let peer): "useless \(peer)"
        case .blame(let peer): "blame \(peer)"
        }
    }
}

@Suite("Fetching metadata (BEP 9)")
struct MetadataExchangeTests {
    @Test("asks all for all, the rest twice over, and takes what is right")
    func life() {
        var talk = MetadataTalk(bytes: 40_000)
        #expect(talk.deadline == "never")
        #expect(talk.offer("a") == ["a? 0", "a? 1", "a? 2"])
        #expect(talk.offer("b") == ["b? 0", "b? 1", "b? 2"])
        #expect(talk.machine.size == nil)
        #expect(talk.deliver("a", 0) == [])
        #expect(talk.deliver("b", 2) == [])
        #expect(talk.deliver("b", 1) == ["completed"])
        #expect(talk.machine.metadata == talk.truth)
        #expect(talk.machine.size == 40_000)
        // What was asked for and comes late is nobody's fault; more is.
        #expect(talk.deliver("a", 1) == [])
        #expect(talk.say(.rejected("a", piece: 2)) == [])
        #expect(talk.deliver("a", 2) == ["useless a"])
        #expect(talk.deadline == "never")
        #expect(talk.offer("c") == [])
    }

    @Test("knows metadata of version 2 by its SHA-256")
    func version2() {
        var talk = MetadataTalk(bytes: 10, v2: true)
        #expect(talk.offer("a") == ["a? 0"])
        #expect(talk.deliver("a", 0) == ["completed"])
    }

    @Test("asks four at a time, each peer for what nobody else is asked for")
    func spread() {
        var talk = MetadataTalk(bytes: 16_384 * 10)
        #expect(talk.offer("a") == ["a? 0", "a? 1", "a? 2", "a? 3"])
        #expect(talk.offer("b") == ["b? 4", "b? 5", "b? 6", "b? 7"])
        #expect(talk.deliver("a", 0) == ["a? 8"])
        #expect(talk.deliver("b", 4) == ["b? 9"])
        #expect(talk.deliver("b", 9) == ["b? 1"])
    }

    @Test("lets those rest who refuse or are silent, and asks the others")
    func rests() {
        var talk = MetadataTalk(bytes: 100)
        _ = talk.offer("a")
        #expect(talk.say(.rejected("a", piece: 0)) == [])
        #expect(talk.deadline == "15 s")
        #expect(talk.offer("b") == ["b? 0"])
        #expect(talk.wait() == ["a? 0"])
        #expect(talk.deadline == "15 s")
        #expect(talk.say(.rejected("a", piece: 0)) == [])
        #expect(talk.deadline == "15 s")
        // b owes an answer; it comes late, and counts.
        #expect(talk.deliver("b", 0) == ["completed"])
    }

    @Test(
        "sizes that cannot be are not believed (W8)",
        arguments: [0, -1, 4_194_305, Int.max, Int.min])
    func sizes(size: Int) {
        var talk = MetadataTalk(bytes: 100)
        #expect(talk.offer("a", size: size) == [])
        #expect(talk.say(.offered("b", size: nil)) == [])
        #expect(talk.deadline == "never")
        #expect(talk.deliver("a", 0) == ["useless a"])
        #expect(talk.say(.delivered("z", piece: 0, totalSize: 1, bytes: [1])) == ["useless z"])
        #expect(talk.offer("a") == ["a? 0"])
    }

    @Test("who sends all of it wrong is blamed at once, and not asked again")
    func soleLiar() {
        var talk = MetadataTalk(bytes: 20_000)
        _ = talk.offer("a")
        _ = talk.deliver("a", 0)
        #expect(talk.deliver("a", 1, isFalse: true) == ["blame a"])
        #expect(talk.deadline == "never")
        #expect(talk.offer("b") == ["b? 0", "b? 1"])
        _ = talk.deliver("b", 0)
        #expect(talk.deliver("b", 1) == ["completed"])
    }

    @Test("of several each is asked alone, and the liar found by what is right")
    func liarAmongThree() {
        var talk = MetadataTalk(bytes: 16_384 * 3)
        _ = talk.offer("a")
        _ = talk.offer("b")
        _ = talk.offer("c")
        _ = talk.deliver("a", 0)
        _ = talk.deliver("b", 1, isFalse: true)
        let lines = talk.deliver("c", 2)
        // Now one version of each: three attempts at once.
        #expect(lines == ["a? 0", "b? 0", "c? 0", "a? 1", "b? 1", "c? 1", "a? 2", "b? 2", "c? 2"])
        for piece in 0..<3 { _ = talk.deliver("b", piece, isFalse: piece == 1) }
        _ = talk.deliver("c", 0)
        _ = talk.deliver("c", 1)
        #expect(talk.deliver("c", 2) == ["completed"])
    }

    @Test("who lied while others were right is blamed in the end, and nobody else")
    func blamedInTheEnd() {
        var talk = MetadataTalk(bytes: 16_384 * 2)
        _ = talk.offer("a")
        _ = talk.offer("b")
        _ = talk.deliver("a", 0)
        _ = talk.deliver("b", 1, isFalse: true)
        _ = talk.deliver("a", 0)
        #expect(talk.deliver("a", 1) == ["completed", "blame b"])
    }

    @Test("different sizes are tried beside each other")
    func differentSizes() {
        var talk = MetadataTalk(bytes: 20_000)
        #expect(talk.offer("x", size: 30_000) == ["x? 0", "x? 1"])
        #expect(talk.offer("a") == ["a? 0", "a? 1"])
        #expect(talk.offer("y", size: 100) == ["y? 0"])
        // A fourth waits until one has brought nothing for 20 s.
        #expect(talk.offer("z", size: 200) == [])
        _ = talk.deliver("a", 0)
        _ = talk.deliver("x", 0, size: 30_000)
        #expect(talk.deliver("a", 1) == ["completed", "blame x"])
    }

    @Test("a size that brings nothing makes room for one that waits")
    func stalled() {
        var talk = MetadataTalk(bytes: 20_000)
        for (number, peer) in "wxy".enumerated() {
            _ = talk.offer(peer, size: 30_000 + number)
        }
        #expect(talk.offer("a") == [])
        var lines: [String] = []
        while !lines.contains("a? 0"), talk.deadline != "never" { lines += talk.wait() }
        #expect(talk.now < Instant.zero + .seconds(1000 + 60))
        _ = talk.deliver("a", 0)
        #expect(talk.deliver("a", 1) == ["completed"])
    }

    @Test("a peer that contradicts itself is asked no more")
    func contradiction() {
        var talk = MetadataTalk(bytes: 20_000)
        _ = talk.offer("a")
        #expect(talk.deliver("a", 0, size: 20_001) == [])
        #expect(talk.deadline == "never")
        _ = talk.offer("b")
        #expect(talk.say(.delivered("b", piece: 1, totalSize: 20_000, bytes: [1])) == [])
        #expect(talk.deadline == "never")
    }

    @Test("what somebody sent who has left counts, but nobody is blamed for it")
    func left() {
        var talk = MetadataTalk(bytes: 20_000)
        _ = talk.offer("a")
        _ = talk.deliver("a", 0, isFalse: true)
        #expect(talk.say(.left("a")) == [])
        #expect(talk.offer("b") == ["b? 1"])
        #expect(talk.deliver("b", 1) == ["b? 0", "b? 1"])
        // The name of a, now another's.
        #expect(talk.offer("a") == ["a? 0", "a? 1"])
        _ = talk.deliver("a", 1)
        #expect(talk.deliver("a", 0) == ["completed"])
    }

    @Test("serves each piece, twice at most, and only what is right (W9)")
    func serves() {
        var talk = MetadataTalk(bytes: 20_000, known: true)
        #expect(talk.say(.requested("a", piece: 0)) == ["a! 0 of 20000: 16384"])
        #expect(talk.say(.requested("a", piece: 1)) == ["a! 1 of 20000: 3616"])
        for piece in [2, -1, Int.max, Int.min] {
            #expect(talk.say(.requested("a", piece: piece)) == ["useless a", "a- \(piece)"])
        }
        #expect(talk.say(.requested("a", piece: 0)).count == 1)
        #expect(talk.say(.requested("a", piece: 0)) == ["a! 0 of 20000: 16384"])
        #expect(talk.say(.requested("a", piece: 0)) == ["useless a", "a- 0"])
        #expect(talk.say(.requested("b", piece: 1)) == ["b! 1 of 20000: 3616"])
        #expect(talk.offer("b") == [])
        var new = MetadataTalk(bytes: 20_000)
        #expect(new.say(.requested("a", piece: 0)) == ["a- 0"])
    }

    @Test("with one honest peer of four it gets there, and blames no honest one", arguments: 0..<40)
    func swarm(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var talk = MetadataTalk(bytes: Int.random(in: 1...200_000, using: &random))
        let honest: Set<Character> = ["a", "e"]
        // Each liar keeps to a way of its own.
        let sizes: [Character: Int] = [
            "b": talk.truth.count, "c": talk.truth.count + 1, "d": 800_000,
        ]
        var open: [(Character, Int)] = []
        var isDone = false
        func take(_ lines: [String]) {
            for line in lines {
                guard let peer = line.first else { continue }
                if line == "completed" { isDone = true }
                #expect(line != "completed wrongly")
                if line.hasPrefix("blame "), let liar = line.last {
                    #expect(!honest.contains(liar))
                }
                if line.hasPrefix("useless "), let one = line.last {
                    #expect(!honest.contains(one))
                }
                if line.dropFirst().hasPrefix("? ") {
                    open.append((peer, Int(line.dropFirst(3)) ?? 0))
                }
            }
        }
        for peer in "abcde".shuffled(using: &random) { take(talk.offer(peer, size: sizes[peer])) }
        var steps = 0
        while !isDone, steps < 20_000 {
            steps += 1
            talk.now = talk.now + .milliseconds(Int64.random(in: 0...50, using: &random))
            if talk.machine.nextDeadline.at <= talk.now { take(talk.say(.timePassed)) }
            guard !open.isEmpty else {
                take(talk.wait())
                continue
            }
            let (peer, piece) = open.remove(at: Int.random(in: open.indices, using: &random))
            switch (peer, Int.random(in: 0..<8, using: &random)) {
            case ("a", _), ("e", 1...): take(talk.deliver(peer, piece))
            case ("e", _): take(talk.say(.rejected(peer, piece: piece)))
            case (_, 0): take(talk.say(.rejected(peer, piece: piece)))
            case (_, 1): break
            default:
                let isFalse = Bool.random(using: &random)
                take(talk.deliver(peer, piece, size: sizes[peer], isFalse: isFalse))
            }
        }
        #expect(isDone)
    }

    @Test("keeps its bounds whatever comes", arguments: 0..<20)
    func anything(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var talk = MetadataTalk(bytes: 50_000)
        for _ in 0..<1500 {
            let peer = "abcdefgh".randomElement(using: &random) ?? "a"
            let piece = Int.random(in: -1...4, using: &random)
            let size =
                [50_000, 50_001, 10, Int.random(in: .min ... .max, using: &random)]
                .randomElement(using: &random) ?? 0
            let length = [0, 10, 848, 16_384].randomElement(using: &random) ?? 0
            let bytes = Array(repeating: UInt8(1), count: length)
            let inputs: [MetadataTalk.Machine.Input] = [
                .offered(peer, size: size), .left(peer), .requested(peer, piece: piece),
                .timePassed,
                .rejected(peer, piece: piece),
                .delivered(peer, piece: piece, totalSize: size, bytes: bytes),
                .delivered(peer, piece: piece, totalSize: 50_000, bytes: bytes),
            ]
            guard let input = inputs.randomElement(using: &random) else { continue }
            _ = talk.say(input)
            if case .timePassed = input { #expect(talk.machine.nextDeadline.at > talk.now) }
            talk.now = talk.now + .milliseconds(Int64.random(in: 0...3000, using: &random))
        }
        #expect(talk.machine.metadata == nil)
    }
}
