// Pictures of the assembler: a synthetic stream, pieces of it missing, and what a player gets.

import Pieces
import Playout
import Primitives
import Testing

@Suite struct TransportAssemblerTests {
    @Test("Without skips the bytes pass untouched, and every key frame begins a chunk")
    func identity() {
        for (length, seed) in [(16384, 1), (32768, 2), (65536, 3)] as [(Int, UInt64)] {
            let stream = TransportBuilder.stream(pieces: 9, length: length, seed: seed)
            let chunks = stream.assembled()
            let whole = stream.bytes.count / 188 * 188
            #expect(chunks.flatMap(\.bytes) == Array(stream.bytes[..<whole]))
            #expect(chunks.allSatisfy { $0.bytes.count % 188 == 0 && !$0.bytes.isEmpty })
            var position = 0
            var starts: [Int] = []
            for chunk in chunks {
                if chunk.randomAccess { starts.append(position) }
                position += chunk.bytes.count
            }
            #expect(starts == stream.accessPoints.filter { $0 < whole })
        }
    }

    @Test("Bytes that are no transport stream pass untouched as well")
    func foreign() {
        var random = SeededRandom(seed: 9)
        var stream = TransportBuilder.stream(pieces: 4)
        for i in stream.bytes.indices {
            stream.bytes[i] = UInt8.random(in: 0...255, using: &random)
        }
        #expect(
            stream.assembled().flatMap(\.bytes)
                == Array(stream.bytes[..<(stream.bytes.count / 188 * 188)]))
    }

    @Test("The stream starts at any packet of any piece")
    func start() {
        let stream = TransportBuilder.stream(pieces: 6)
        for point in stream.accessPoints.dropFirst() where point / 16384 < 5 {
            let chunks = stream.assembled(from: point / 16384, offset: point % 16384)
            #expect(chunks.first?.randomAccess == true)
            let whole = stream.bytes.count / 188 * 188
            #expect(chunks.flatMap(\.bytes) == Array(stream.bytes[point..<whole]))
        }
        for offset in [-5, 0, 1, 187, 188, 16000, 16300, 16383, 16384, 99999] {
            let bytes = stream.assembled(from: 1, offset: offset).flatMap(\.bytes)
            #expect(ContinuityChecker.faults(bytes) == [])
            #expect(bytes.count % 188 == 0 && bytes.first == 0x47)
        }
    }

    @Test("A skip leaves no broken packet and no unmarked jump of a counter")
    func skips() {
        var random = SeededRandom(seed: 4)
        for seed in 0..<12 as Range<UInt64> {
            let stream = TransportBuilder.stream(
                pieces: 30, distance: Int.random(in: 1...40, using: &random), seed: seed)
            var gaps: [Range<Int>] = []
            var at = 1
            while at < 28 {
                let end = min(at + Int.random(in: 1...3, using: &random), 29)
                gaps.append(at..<end)
                at = end + Int.random(in: 1...8, using: &random)
            }
            for lasting in [100, 900] as [Int64] {
                let chunks = stream.assembled(gaps: gaps, lasting: .milliseconds(lasting))
                var checker = ContinuityChecker()
                for chunk in chunks { checker.take(chunk.bytes) }
                #expect(checker.faults == [])
                #expect(checker.marks > 0)
            }
        }
    }

    @Test("The checker sees what the assembler prevents")
    func checkerWorks() {
        let stream = TransportBuilder.stream(pieces: 3)
        let torn = Array(stream.bytes[..<1880] + stream.bytes[9400..<18800])
        #expect(!ContinuityChecker.faults(torn).isEmpty)
        #expect(ContinuityChecker.faults(Array(stream.bytes[..<18800])).isEmpty)
    }

    @Test("After a skip each PID is silent until its next unit begins")
    func silence() {
        let stream = TransportBuilder.stream(pieces: 3, distance: 1000)
        let chunks = stream.assembled(gaps: [1..<2])
        let before = stream.assembled(end: false).first?.bytes.count ?? 0
        let after = Array(chunks.flatMap(\.bytes)[before...])
        var begun: Set<Int> = [0x1fff]
        for at in stride(from: 0, to: after.count, by: 188) {
            let pid = Int(after[at + 1] & 0x1f) << 8 | Int(after[at + 2])
            guard after[at + 3] & 0x10 != 0 else { continue }
            if after[at + 1] & 0x40 != 0 { begun.insert(pid) }
            #expect(begun.contains(pid))
        }
        #expect(begun.contains(TransportBuilder.picture))
    }

    @Test("After a long gap the stream resumes at a key frame that is near")
    func longGap() {
        let stream = TransportBuilder.stream(pieces: 16, distance: 12)
        let gap = 1..<4
        let long = stream.assembled(gaps: [gap], lasting: .milliseconds(600))
        let point = stream.accessPoints.first { $0 >= gap.upperBound * 16384 } ?? 0
        #expect(point < 8 * 16384)
        let resumed = long.first { $0.randomAccess && $0 != long[0] }
        #expect(resumed?.bytes.prefix(188) == stream.bytes[point..<point + 188])
        let short = stream.assembled(gaps: [gap], lasting: .milliseconds(400))
        #expect(short.flatMap(\.bytes).count > long.flatMap(\.bytes).count)
    }

    @Test("Where no key frame is near, nothing is lost by having looked for one")
    func noKeyFrame() {
        let stream = TransportBuilder.stream(pieces: 16, distance: 1000)
        let long = stream.assembled(gaps: [1..<4], lasting: .seconds(2))
        let short = stream.assembled(gaps: [1..<4], lasting: .zero)
        #expect(long.flatMap(\.bytes) == short.flatMap(\.bytes))
        let early = TransportBuilder.stream(pieces: 6, distance: 1000)
        #expect(
            early.assembled(gaps: [1..<4], lasting: .seconds(2)).flatMap(\.bytes)
                == early.assembled(gaps: [1..<4], lasting: .zero).flatMap(\.bytes))
    }

    @Test("A jump of a running stream begins at the key frame and is marked")
    func jump() {
        let stream = TransportBuilder.stream(pieces: 16)
        guard let geometry = PieceGeometry(pieceLength: 16384) else { return }
        var assembler = TransportAssembler(geometry: geometry)
        var chunks: [TransportChunk] = []
        assembler.start(at: p(0), offset: 0, into: &chunks)
        assembler.append(p(0), stream.piece(0), randomAccess: stream.offsets(0), into: &chunks)
        let point = stream.accessPoints.first { $0 > 10 * 16384 } ?? 0
        assembler.start(
            at: p(UInt32(point / 16384)), offset: point % 16384, into: &chunks)
        for n in (point / 16384)..<16 {
            assembler.append(
                p(UInt32(n)), stream.piece(n), randomAccess: stream.offsets(n), into: &chunks)
        }
        #expect(ContinuityChecker.faults(chunks.flatMap(\.bytes)) == [])
        let access = chunks.first { $0.randomAccess && $0 != chunks[0] }
        #expect(access?.bytes.prefix(188) == stream.bytes[point..<point + 188])
    }

    @Test("Hostile packets and offsets after a skip never trap")
    func hostile() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<15 {
            var stream = TransportBuilder.stream(pieces: 8)
            for _ in 0..<3000 {
                let at = Int.random(in: 0..<stream.bytes.count, using: &random)
                let field = at - at % 188 + Int.random(in: 0..<6, using: &random)
                stream.bytes[min(field, stream.bytes.count - 1)] = UInt8.random(
                    in: 0...255, using: &random)
            }
            stream.accessPoints = (0..<200).map { _ in
                Int.random(in: 0..<stream.bytes.count, using: &random)
            }
            let chunks = stream.assembled(gaps: [1..<3, 5..<6], lasting: .seconds(1))
            #expect(chunks.allSatisfy { $0.bytes.count % 188 == 0 })
        }
        guard let geometry = PieceGeometry(pieceLength: 16384) else { return }
        var assembler = TransportAssembler(geometry: geometry)
        var chunks: [TransportChunk] = []
        assembler.append(p(0), [1], randomAccess: [0], into: &chunks)
        assembler.start(at: p(.max), offset: .max, into: &chunks)
        let piece = [UInt8](repeating: 0x47, count: 16384)
        for offsets in [[.min, .max, -1, 16384], Array(0..<16384)] as [[Int]] {
            assembler.append(p(.max), piece, randomAccess: offsets, into: &chunks)
        }
        assembler.skipped(p(3)..<p(2 + 1), lasting: .forever, into: &chunks)
        assembler.end(into: &chunks)
        assembler.end(into: &chunks)
        #expect(chunks.allSatisfy { $0.bytes.count % 188 == 0 })
    }
}
