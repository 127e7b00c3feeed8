// Pieces that were wrong and whose blocks have hashes of their own.

import Pieces
import Primitives
import Testing

@testable import Storage

@Suite("A wrong piece that is kept", .timeLimit(.minutes(1))) struct LeafStoreTests {
    private let scratch: Scratch
    private let piece = PieceIndex(0)

    init() throws { scratch = try Scratch() }

    private func rig(keepsWrong: Bool = true) throws -> StoreRig {
        var settings = TorrentStoreSettings()
        settings.keepsWrong = keepsWrong
        let files = try TorrentFiles(
            folder: "\(scratch.path)/down", layout: layout([80_000], pieceLength: 65_536),
            paths: [["f"]])
        return try StoreRig(files, settings: settings)
    }

    /// Piece 0 with a byte of block 2 turned.
    private func wrong(_ rig: StoreRig) -> [UInt8] {
        var bytes = content(rig.store.files.layout, 0)
        bytes[2 * 16_384 + 5] ^= 1
        return bytes
    }

    @Test("Its wrong block comes anew, and then it is right")
    func sifted() throws {
        let rig = try rig()
        let right = content(rig.store.files.layout, 0)
        let first = Array(right[..<16_384])
        rig.assemble(0, wrong(rig))
        #expect(rig.events(1) == [.mismatched(piece)])
        #expect(rig.store.pendingBytes == 65_536 && rig.store.hasRoom)
        #expect(rig.store.assemble(piece, offset: 0, first.span) == .duplicate)
        let judge: @Sendable (WholePiece) -> [Int] = { it in
            (0..<4).filter {
                it.bytes[$0 * 16_384..<($0 + 1) * 16_384] != right[$0 * 16_384..<($0 + 1) * 16_384]
            }
        }
        #expect(rig.store.sift(piece, by: judge))
        #expect(rig.events(1) == [.sifted(piece, wrong: [2])])
        #expect(rig.store.assemble(piece, offset: 0, first.span) == .duplicate)
        let block = Array(right[32_768..<49_152])
        #expect(rig.store.assemble(piece, offset: 32_768, block.span) == .completed)
        #expect(rig.events(2) == [.verified(piece), .written(piece)])
        #expect(rig.store.pendingBytes == 0)
    }

    @Test("It is forgotten when nobody knows which block is wrong, and may begin anew")
    func forgotten() throws {
        let rig = try rig()
        rig.assemble(0, wrong(rig))
        _ = rig.events(1)
        #expect(rig.store.sift(piece) { _ in [] })
        #expect(rig.events(1) == [.sifted(piece, wrong: [])])
        rig.store.forget(piece)
        #expect(rig.store.pendingBytes == 0)
        #expect(!rig.store.sift(piece) { _ in [] })
        rig.assemble(0, content(rig.store.files.layout, 0))
        #expect(rig.events(2) == [.verified(piece), .written(piece)])
    }

    @Test("Where blocks have no hashes of their own it is not kept")
    func plain() throws {
        let rig = try rig(keepsWrong: false)
        rig.assemble(0, wrong(rig))
        #expect(rig.events(1) == [.mismatched(piece)])
        #expect(rig.store.pendingBytes == 0)
        #expect(!rig.store.sift(piece) { _ in [] })
    }

    @Test("Digests are made of what is there, in memory or on disk, and of nothing else")
    func derived() throws {
        let rig = try rig()
        let right = content(rig.store.files.layout, 0)
        let make: @Sendable (WholePiece) -> [SHA256Digest] = {
            $0.bytes == right ? [SHA256Digest(Bytes32())] : []
        }
        #expect(!rig.store.derive(piece, ticket: 7, by: make))
        rig.assemble(0, content(rig.store.files.layout, 0))
        _ = rig.events(2)
        #expect(rig.store.derive(piece, ticket: 8, by: make))
        #expect(rig.events(1) == [.derived(8, [SHA256Digest(Bytes32())])])
        #expect(!rig.store.derive(PieceIndex(1), ticket: 9, by: make))
    }
}
