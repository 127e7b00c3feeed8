// A peer that asks for more than a file has, as libtorrent 2.0 does of torrents of version 2: it
// thinks of the rest of the last piece as padding, which is zeros (BEP 47).

import Glibc
import Testing

extension EndToEnd {
    @MainActor
    @Suite("Blocks behind the end of a file", .serialized)
    struct WholeBlocks {
        @Test(
            "The last block of a file is given whole, with zeros behind the file's end",
            .timeLimit(.minutes(1)))
        func wholeBlock() async throws {
            try await onStage { stage in
                let film = try await stage.film(["--v2"])
                let port = try await stage.seed(film)
                let hash = try await stage.infoHash(of: film.torrent)
                let peer = try BarePeer(port: port, infoHash: hash)
                defer { peer.close() }
                // 3,000,000 bytes are 45 pieces of 64 KiB and 50,880 bytes: three blocks and 1,728.
                #expect(try peer.block(45, 49_152, 1_728) == Array(film.content.suffix(1_728)))
                let whole = try peer.block(45, 49_152, 16_384)
                #expect(whole.prefix(1_728).elementsEqual(film.content.suffix(1_728)))
                #expect(whole.count == 16_384 && whole.dropFirst(1_728).allSatisfy { $0 == 0 })
                // What comes after it is where it should be.
                #expect(try peer.block(0, 16_384, 4) == Array(film.content[16_384..<16_388]))
            }
        }
    }
}

/// A peer without anything that asks for blocks, one after the other.
private struct BarePeer {
    private let descriptor: Int32

    /// Connects to a port of this machine and waits until it may ask.
    init(port: UInt16, infoHash: String) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, length)
            }
        }
        guard result == 0 else { throw Failure("no connection: error \(errno)") }
        var patience = timeval(tv_sec: 15, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let digits = Array(infoHash)
        let hash = stride(from: 0, to: 40, by: 2).map {
            UInt8(String(digits[$0...$0 + 1]), radix: 16) ?? 0
        }
        // BEP 6, have none, interested.
        say([19] + Array("BitTorrent protocol".utf8) + [0, 0, 0, 0, 0, 0, 0, 4] + hash)
        say(Array("-XX0000-123456789012".utf8) + [0, 0, 0, 1, 15, 0, 0, 0, 1, 2])
        _ = try take(68)
        while try message().first != 1 {}
    }

    /// Asks for a block and answers what comes.
    func block(_ piece: UInt32, _ offset: UInt32, _ length: UInt32) throws -> [UInt8] {
        let numbers = [13, piece, offset, length].map { value in
            stride(from: 24, through: 0, by: -8).map { UInt8(value >> UInt32($0) & 255) }
        }
        say(numbers[0] + [6] + numbers[1] + numbers[2] + numbers[3])
        while true {
            let said = try message()
            guard said.first == 7 else { continue }
            guard Array(said[1..<9]) == numbers[1] + numbers[2] else {
                throw Failure("another block")
            }
            return Array(said.dropFirst(9))
        }
    }

    func close() { Glibc.close(descriptor) }

    private func say(_ bytes: [UInt8]) { _ = send(descriptor, bytes, bytes.count, 0) }

    private func message() throws -> [UInt8] {
        let count = try take(4).reduce(0) { $0 << 8 | Int($1) }
        guard count <= 1 << 20 else { throw Failure("a message of \(count) bytes") }
        return try take(count)
    }

    private func take(_ count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: count)
        while bytes.count < count {
            let got = recv(descriptor, &chunk, count - bytes.count, 0)
            guard got > 0 else { throw Failure("it says no more: \(got), error \(errno)") }
            bytes += chunk[..<got]
        }
        return bytes
    }
}
