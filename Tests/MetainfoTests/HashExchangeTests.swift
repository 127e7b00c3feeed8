import Bencode
import Crypto
import Metainfo
import Pieces
import Primitives
import Testing

/// A fetch of piece layers of which the peers are letters, its clock, and the torrent that it is of:
/// a file of 1,100 pieces of one block and one of three.
struct HashTalk {
    typealias Machine = HashExchange<Character>

    let whole: TorrentFile
    /// The same without its layers.
    let bare: TorrentFile
    var machine: Machine
    var now = Instant.zero + .seconds(1000)
    var spans: [HashSpan] = []
    private var serving: HashServing<Character>

    init() throws {
        let lengths: [Int64] = [1_100 * 16_384 - 9, 40_000, 5_000]
        let files = zip(["a", "b", "c"], lengths).map {
            TorrentDraft.File(path: [$0], length: $1)
        }
        var draft = try #require(
            TorrentDraft(
                name: "it", isFolder: true, files: files, pieceLength: 16_384, versions: .v2))
        for (number, length) in lengths.enumerated() {
            // No content is needed: any hashes make a tree.
            let layer = (0..<MerkleTree.leafCount(length)).map {
                Digests.sha256("\($0)".utf8.map { $0 })
            }
            let tree = MerkleTree(
                layer, height: MerkleTree.height(leafCount: layer.count), using: Digests.self)
            draft.setTree(number, root: tree?.root, layer: layer)
        }
        whole = try TorrentFile.parse(draft.encoded(), using: Digests.self)
        bare = try TorrentFile.parse(info: whole.infoBytes, using: Digests.self)
        machine = Machine(of: bare)
        serving = HashServing(whole)
    }

    mutating func say(_ input: Machine.Input) -> [String] {
        var outputs: [Machine.Output] = []
        machine.handle(input, at: now, using: Digests.self, into: &outputs)
        return outputs.map { line($0) }
    }

    /// Lets `peer` answer what it was asked for as number `span`, truly or with a bit turned.
    mutating func deliver(_ peer: Character, _ span: Int, isFalse: Bool = false) -> [String] {
        serving.left("-")
        var hashes = serving.answer(spans[span], to: "-", using: Digests.self) ?? []
        if isFalse, let last = hashes.popLast() { hashes.append(Digests.sha256(last.value.bytes)) }
        return say(.delivered(peer, spans[span], hashes))
    }

    mutating func wait() -> [String] {
        now = max(now, machine.nextDeadline.at)
        return say(.timePassed)
    }

    private mutating func line(_ output: Machine.Output) -> String {
        switch output {
        case .request(let peer, let span):
            if !spans.contains(span) { spans.append(span) }
            return "\(peer)? \(spans.firstIndex(of: span) ?? -1)"
        case .noteUseless(let peer): return "\(peer) useless"
        case .blame(let peer): return "\(peer) lied"
        case .completed(let layers):
            var torrent = bare
            let taken = layers.map { torrent.accept(layer: $1, root: $0, using: Digests.self) }
            let isWhole = torrent.layers == whole.layers && torrent.hasLayers
            return taken.allSatisfy { $0 } && isWhole ? "completed" : "completed wrongly"
        }
    }
}

@Suite("Hashes of pieces from peers")
struct HashExchangeTests {
    @Test("are asked for 512 at a time with their proof, of several peers, until all are there")
    func life() throws {
        var talk = try HashTalk()
        #expect(!talk.bare.hasLayers && talk.whole.hasLayers)
        #expect(talk.say(.joined("a")) == ["a? 0", "a? 1", "a? 2", "a? 3"])
        #expect(talk.spans.map(\.range.count) == [512, 512, 512, 4])
        #expect(talk.spans.map(\.range.index) == [0, 512, 1024, 0])
        // At the end several are asked for the same: the quickest decides.
        #expect(talk.say(.joined("b")) == ["b? 0", "b? 1", "b? 2", "b? 3"])
        #expect(talk.deliver("b", 0) == [])
        #expect(talk.deliver("a", 1) == [])
        #expect(talk.deliver("a", 3) == [])
        #expect(talk.machine.progress.have == 1027 && talk.machine.progress.count == 1103)
        #expect(talk.deliver("a", 0) == [])
        #expect(talk.deliver("b", 2) == ["completed"])
        #expect(talk.machine.nextDeadline == .never)
    }

    @Test("that are wrong name the liar at once, and are asked of the others")
    func liar() throws {
        var talk = try HashTalk()
        _ = talk.say(.joined("a"))
        #expect(talk.deliver("a", 1, isFalse: true) == ["a lied"])
        #expect(talk.say(.joined("b")) == ["b? 0", "b? 1", "b? 2", "b? 3"])
        // Nothing that it says later is looked at.
        #expect(talk.deliver("a", 0) == ["a useless"])
        for span in 0..<3 { #expect(talk.deliver("b", span) == []) }
        #expect(talk.deliver("b", 3) == ["completed"])
    }

    @Test("with too few or too many of them are a lie too")
    func lengths() throws {
        var talk = try HashTalk()
        _ = talk.say(.joined("a"))
        #expect(talk.say(.delivered("a", talk.spans[0], [])) == ["a lied"])
        _ = talk.say(.joined("b"))
        let zero = SHA256Digest(Bytes32())
        let many = [SHA256Digest](repeating: zero, count: 513 + 49)
        #expect(talk.say(.delivered("b", talk.spans[0], many)) == ["b lied"])
    }

    @Test("that are refused are asked again later, and of others at once")
    func rejected() throws {
        var talk = try HashTalk()
        _ = talk.say(.joined("a"))
        #expect(talk.say(.rejected("a", talk.spans[0])) == [])
        #expect(talk.say(.joined("b")).count == 4)
        let deadline = talk.machine.nextDeadline.at
        #expect(deadline == talk.now + .seconds(15))
        #expect(talk.say(.rejected("b", talk.spans[0])) == [])
        #expect(talk.say(.rejected("b", talk.spans[0])) == ["b useless"])
    }

    @Test("of somebody who never answers are asked of others, and of it again after a rest")
    func silent() throws {
        var talk = try HashTalk()
        #expect(talk.say(.joined("a")).count == 4)
        #expect(talk.wait() == [])
        #expect(talk.say(.joined("b")).count == 4)
        for span in 0..<3 { _ = talk.deliver("b", span) }
        // What comes after all counts all the same.
        #expect(talk.deliver("a", 3) == ["completed"])
    }

    @Test("that nobody asked for are of no use")
    func unasked() throws {
        var talk = try HashTalk()
        let range = try #require(MerkleRange(layer: 0, index: 0, count: 2, proofLayers: 0))
        let span = HashSpan(root: Digests.sha256([]), range: range)
        #expect(talk.say(.delivered("x", span, [])) == ["x useless"])
        _ = talk.say(.joined("a"))
        #expect(talk.say(.delivered("a", span, [])) == ["a useless"])
        #expect(talk.say(.rejected("a", span)) == ["a useless"])
    }

    @Test("are not expected of who has left, whose name another may take")
    func left() throws {
        var talk = try HashTalk()
        _ = talk.say(.joined("a"))
        #expect(talk.say(.left("a")) == [])
        #expect(talk.machine.nextDeadline.at == .never)
        #expect(talk.deliver("a", 0) == ["a useless"])
        #expect(talk.say(.joined("a")) == ["a? 0", "a? 1", "a? 2", "a? 3"])
    }

    @Test("keep their bounds whatever comes, and end right with one honest peer", arguments: 0..<10)
    func anything(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        var talk = try HashTalk()
        let names = Array("abcd")
        var lines = talk.say(.joined("h"))
        for _ in 0..<200 {
            let peer = names.randomElement(using: &random) ?? "a"
            let span = Int.random(in: 0..<4, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: lines += talk.say(.joined(peer))
            case 1: lines += talk.say(.left(peer))
            case 2: lines += talk.deliver(peer, span, isFalse: true)
            case 3: lines += talk.say(.rejected(peer, talk.spans[span]))
            case 4: lines += talk.wait()
            default: lines += talk.say(.delivered(peer, talk.spans[span], []))
            }
        }
        for span in 0..<4 { lines += talk.deliver("h", span) }
        for _ in 0..<40 where !lines.contains("completed") {
            for line in talk.wait() where line.hasPrefix("h? ") {
                lines += talk.deliver("h", Int(line.dropFirst(3)) ?? 0)
            }
        }
        #expect(lines.contains("completed") && !lines.contains("h lied"))
    }
}

@Suite("Hashes of pieces for peers")
struct HashServingTests {
    @Test("prove themselves, and there are none below the pieces or of other files")
    func answers() throws {
        let talk = try HashTalk()
        var serving = HashServing<Int>(talk.whole)
        let root = try #require(talk.whole.files[0].root)
        func ask(_ layer: Int, _ index: Int, _ count: Int, _ proof: Int) -> HashSpan? {
            MerkleRange(layer: layer, index: index, count: count, proofLayers: proof)
                .map { HashSpan(root: root, range: $0) }
        }
        let span = try #require(ask(0, 512, 512, 10))
        let answer = serving.answer(span, to: 1, using: Digests.self)
        let hashes = try #require(answer)
        #expect(hashes.count == 514)
        #expect(
            MerkleTree.proves(
                hashes, span.range, height: 11, root: root, using: Digests.self))
        let beyond = try #require(ask(0, 2048, 2, 0))
        let none = serving.answer(beyond, to: 1, using: Digests.self)
        #expect(none == nil)
        let small = try #require(talk.whole.files[2].root)
        let other = HashSpan(root: small, range: span.range)
        let nothing = serving.answer(other, to: 1, using: Digests.self)
        #expect(nothing == nil)
    }

    @Test("are sent twice over at most, and then some, to each peer")
    func bounded() throws {
        let talk = try HashTalk()
        var serving = HashServing<Int>(talk.whole)
        let root = try #require(talk.whole.files[0].root)
        let range = try #require(MerkleRange(layer: 0, index: 0, count: 512, proofLayers: 10))
        let span = HashSpan(root: root, range: range)
        var sent = 0
        for _ in 0..<100 where serving.answer(span, to: 1, using: Digests.self) != nil { sent += 1 }
        #expect(sent == 13)
        let toOther = serving.answer(span, to: 2, using: Digests.self)
        serving.left(1)
        let again = serving.answer(span, to: 1, using: Digests.self)
        #expect(toOther != nil && again != nil)
    }
}
