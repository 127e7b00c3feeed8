import Metainfo
import Pieces
import Primitives
import Testing

@testable import Publish

/// A publisher with a clock, a hasher and a signer that need no cryptography: digests and
/// signatures are made of the numbers of the things digested and signed.
struct Studio {
    let geometry: PieceGeometry
    var publisher: Publisher
    var now = Instant.zero
    /// What the publisher has asked for and nobody has looked at.
    var outputs: [Publisher.Output] = []
    /// All pieces so far.
    var pieces: [PieceIndex: [UInt8]] = [:]
    /// All published records.
    var records: [LiveRecord] = []
    var isFinished = false
    private var signatures: UInt8 = 0

    init(
        pieceLength: Int = 16_384, first: UInt32 = 0, previous: SHA256Digest = digest(0),
        settings: PublisherSettings = PublisherSettings()
    ) throws {
        geometry = try #require(PieceGeometry(pieceLength: pieceLength))
        publisher = Publisher(
            geometry: geometry, first: PieceIndex(first), previous: previous, settings: settings)
    }

    /// The wall clock: a day and what `now` says.
    var wall: WallTime { WallTime(microseconds: 86_400_000_000) + (now - .zero) }

    /// Hands in an event and answers what came of it.
    mutating func handle(_ input: Publisher.Input) -> [Publisher.Output] {
        var outputs: [Publisher.Output] = []
        publisher.handle(input, at: now, into: &outputs)
        for output in outputs {
            switch output {
            case .digest(let piece, let bytes): pieces[piece] = bytes
            case .publish(let record, _): records.append(record)
            case .finished: isFinished = true
            case .sign: break
            }
        }
        return outputs
    }

    mutating func arrive(_ bytes: [UInt8], _ marks: StreamMark...) -> [Publisher.Output] {
        handle(.bytesArrived(bytes, marks: marks, wall: wall))
    }

    mutating func digested(_ piece: UInt32) -> [Publisher.Output] {
        handle(.pieceDigested(PieceIndex(piece), sha1: sha1(piece), root: digest(piece)))
    }

    mutating func signed(_ number: UInt8) -> [Publisher.Output] {
        handle(.recordSigned(signature(number), digest: digest(1000 + UInt32(number))))
    }

    /// Lets time pass, and wakes the publisher when it wants to be.
    mutating func wait(_ milliseconds: Int64) -> [Publisher.Output] {
        now = now + .milliseconds(milliseconds)
        guard publisher.nextDeadline.at <= now else { return [] }
        return handle(.deadlineReached)
    }

    /// Answers all that is asked for until nothing more is.
    mutating func settle(_ asked: [Publisher.Output]) {
        var queue = asked
        while !queue.isEmpty {
            switch queue.removeFirst() {
            case .digest(let piece, _): queue += digested(piece.value)
            case .sign:
                signatures &+= 1
                queue += signed(signatures)
            case .publish, .finished: break
            }
        }
    }

    /// The pieces from `first` on, one after the other.
    func stream(from first: UInt32 = 0) -> [UInt8] {
        var stream: [UInt8] = []
        var piece = PieceIndex(first)
        while let bytes = pieces[piece] {
            stream += bytes
            piece = piece.advanced(by: 1)
        }
        return stream
    }
}

/// `count` packets of media, each with its number in it, from `first` on.
func media(_ count: Int, from first: Int = 0) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * 188)
    for number in first..<first + count {
        bytes += [0x47, 1, 0, 0x10]
        bytes.append(bigEndian: UInt32(number))
        bytes += repeatElement(UInt8(truncatingIfNeeded: number), count: 180)
    }
    return bytes
}

/// The packets of `stream` that are no null packets; fails where a packet does not start.
func mediaPackets(of stream: [UInt8], _ location: SourceLocation = #_sourceLocation) -> [UInt8] {
    var media: [UInt8] = []
    for start in stride(from: 0, to: stream.count - 187, by: 188) {
        guard stream[start] == 0x47 else {
            Issue.record("no packet starts at \(start)", sourceLocation: location)
            return media
        }
        let packet = stream[start..<start + 188]
        if packet[start + 1] & 0x1f == 0x1f, packet[start + 2] == 0xff {
            #expect(Array(packet) == TransportPacket.null, sourceLocation: location)
        } else {
            media += packet
        }
    }
    return media
}

func digest(_ number: UInt32) -> SHA256Digest {
    var bytes = [UInt8](repeating: 0, count: 28)
    bytes.append(bigEndian: number)
    return SHA256Digest(Bytes32(bytes) ?? Bytes32())
}

func sha1(_ number: UInt32) -> SHA1Digest {
    var bytes = [UInt8](repeating: 1, count: 16)
    bytes.append(bigEndian: number)
    return SHA1Digest(Bytes20(bytes) ?? Bytes20())
}

func signature(_ number: UInt8) -> Signature {
    Signature(Bytes64([UInt8](repeating: number, count: 64)) ?? Bytes64())
}
