// Which bytes of a file a player will want before its first picture, so that they can be fetched
// together and not one after another as the player finds its way. A pure function of what is
// known; decides nothing about pieces. Files lie: whatever they say, the plan stays in bounds.
//
// Measured with mpv 0.35 and VLC 3.0: MP4 with the index behind reads the head, then the index,
// then the media; AVI the head, the index, the media; a transport stream the head, the last
// 250,000 bytes, the head again; Matroska in VLC its cues, in mpv only at the first jump.

/// What to fetch of a file before a player asks for it.
package struct StartPlan: Equatable, Sendable {
    /// The bytes that a player will want first, the most urgent first; within the file, not empty.
    package let wanted: [Range<Int64>]
    /// Bytes that would make a better plan: call again once they are known as one part.
    ///
    /// Nil after a bounded number of calls, whatever the file says.
    package let look: Range<Int64>?

    /// How much of the beginning a player looks at before it knows what it has.
    static let head: Int64 = 262_144
    /// The largest index that is believed in: that of a film of ten hours takes a few MiB.
    static let largestIndex: Int64 = 16_777_216
    /// How much is fetched from where an index begins while its size is not known.
    static let unseenIndex: Int64 = 4_194_304

    /// The bytes from `start` to `end`, but so many at most.
    static func part(from start: Int64, to end: Int64, atMost most: Int64) -> Range<Int64> {
        start..<(end - start > most ? start + most : end)
    }

    /// The bytes of an index, as far as it is believed in.
    static func index(from start: Int64, to end: Int64) -> IndexPlace {
        .at(part(from: start, to: end, atMost: largestIndex))
    }

    /// The plan for a file of `length` bytes.
    ///
    /// - Parameters:
    ///   - length: the length of the file.
    ///   - kind: what its name says that it is; its first bytes count more.
    ///   - known: parts of it that are known, none at first; parts that are larger than a MiB are
    ///     as good as their beginnings.
    package init(length: Int64, kind: ContainerKind, known: [FilePart] = []) {
        guard length > 0 else {
            self.init(wanted: [], look: nil)
            return
        }
        let parts = FileParts(parts: known, length: length)
        let first = known.first { $0.offset == 0 }?.bytes
        let seen = first.flatMap { ContainerKind(firstBytes: $0.span) }
        let index: IndexPlace =
            switch seen {
            case .mp4: MP4Boxes.index(parts)
            case .matroska: MatroskaElements.index(parts)
            case .avi: AVIChunks.index(parts)
            case .transportStream, .other, nil: .unknown(look: nil)
            }
        self.init(length: length, kind: seen ?? kind, index: index, isSeen: first != nil)
    }

    private init(wanted: [Range<Int64>], look: Range<Int64>?) {
        (self.wanted, self.look) = (wanted, look)
    }

    private init(length: Int64, kind: ContainerKind, index: IndexPlace, isSeen: Bool) {
        let head = 0..<min(length, Self.head)
        switch index {
        case .at(let range) where range.lowerBound < head.upperBound:
            // Before the media, as it should be: one stretch, and the first of the media behind.
            wanted = [0..<min(length, max(head.upperBound, range.upperBound + Self.head))]
            look = nil
        case .at(let range):
            (wanted, look) = ([head, range], nil)
        case .beginsAt(let start, let look):
            // The index is mostly the last thing in a file: what is behind it is little.
            let range = Self.part(from: start, to: length, atMost: Self.unseenIndex)
            wanted = [head, range]
            self.look = Self.part(from: start, to: length, atMost: look)
        case .unknown(let further):
            let tail = max(head.upperBound, length - Self.tail(kind, length))..<length
            wanted = tail.isEmpty ? [head] : [head, tail]
            look = further ?? (isSeen || kind == .transportStream ? nil : head)
        }
    }

    /// How much of the end is worth having where nothing else is known.
    private static func tail(_ kind: ContainerKind, _ length: Int64) -> Int64 {
        switch kind {
        // 155,172 bytes of index in 78 MB, as measured, and the largest boxes several times that.
        case .mp4: max(262_144, min(length / 256, 2_097_152))
        // 2,591 bytes of cues in 78 MB.
        case .matroska: max(65_536, min(length / 4096, 1_048_576))
        // 357,408 bytes of index in 78 MB.
        case .avi: max(262_144, min(length / 128, 4_194_304))
        // FFmpeg reads the last 250,000 bytes to learn how long the stream is.
        case .transportStream: 250_368
        // Tags of MP3, the last page of Ogg.
        case .other: 65_536
        }
    }
}

/// Where a file's index is.
enum IndexPlace: Equatable {
    /// These bytes, which lie within the file.
    case at(Range<Int64>)
    /// From this byte on, as far as is known; so many bytes there tell more.
    case beginsAt(Int64, look: Int64)
    /// Not found; these bytes would tell more.
    case unknown(look: Range<Int64>?)
}
