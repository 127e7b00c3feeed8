// The elements of a Matroska file (RFC 8794, RFC 9559) as far as they lead to the cues: the
// segment, its seek heads, and the cues themselves where they come before the media; and to the
// time that it lasts.

struct MatroskaElements {
    private static let segment: UInt64 = 0x1853_8067
    private static let seekHead: UInt64 = 0x114D_9B74
    private static let seek: UInt64 = 0x4DBB
    private static let seekID: UInt64 = 0x53AB
    private static let seekPosition: UInt64 = 0x53AC
    private static let cues: UInt64 = 0x1C53_BB6B
    private static let cluster: UInt64 = 0x1F43_B675
    private static let information: UInt64 = 0x1549_A966
    private static let scale: UInt64 = 0x2A_D7B1
    private static let duration: UInt64 = 0x4489

    /// How many elements are looked at in all; each is looked at once.
    private static let limit = 256
    /// The bytes of the longest beginning of an element.
    private static let header: Int64 = 12

    /// One element: what it is and where its content lies, as far as the file reaches.
    private struct Element: Equatable {
        let id: UInt64
        let start: Int64
        let content: Range<Int64>
    }

    private let file: FileParts
    private var budget = Self.limit
    private var base: Int64 = 0
    /// Where seek heads say that the cues and other seek heads are.
    private var cuesAt: Int64?
    private var heads: [Int64] = []
    /// Where the information on the whole is, by the seek heads; and how long it says that it lasts.
    private var informationAt: Int64?
    private var seconds: Double?

    private init(_ file: FileParts) { self.file = file }

    static func index(_ file: FileParts) -> IndexPlace {
        var elements = Self(file)
        return elements.find()
    }

    /// The time that it lasts, by the information on the segment (RFC 9559, 5.1.2).
    static func time(_ file: FileParts) -> PlayingTime {
        var elements = Self(file)
        guard let segment = elements.begin() else { return .unknown }
        _ = elements.walk(segment.content)
        if let seconds = elements.seconds { return .whole(seconds, file.length) }
        guard let at = elements.informationAt else { return .unknown }
        guard let it = elements.element(at: at) else {
            return elements.isKnown(at) ? .unknown : .look(elements.look(at))
        }
        guard it.id == information else { return .unknown }
        elements.readTime(it)
        if let seconds = elements.seconds { return .whole(seconds, file.length) }
        let range = StartPlan.part(from: it.start, to: it.content.upperBound, atMost: 4096)
        return file.bytes(at: range.lowerBound, count: range.count) == nil ? .look(range) : .unknown
    }

    /// The segment, or nil where there is none.
    private mutating func begin() -> Element? {
        guard let first = element(at: 0), let segment = element(at: first.content.upperBound),
            segment.id == Self.segment
        else { return nil }
        base = segment.content.lowerBound
        return segment
    }

    private mutating func find() -> IndexPlace {
        guard let segment = begin() else { return .unknown(look: nil) }
        if let found = walk(segment.content) { return found }
        // A short seek head in front may only name a longer one behind.
        var next = 0
        while cuesAt == nil, next < heads.count {
            let head = element(at: heads[next])
            if head == nil, !isKnown(heads[next]) { return .unknown(look: look(heads[next])) }
            if let head, head.id == Self.seekHead { read(head) }
            next += 1
        }
        guard let cuesAt else { return .unknown(look: nil) }
        guard let it = element(at: cuesAt) else {
            return isKnown(cuesAt) ? .unknown(look: nil) : .beginsAt(cuesAt, look: Self.header)
        }
        return it.id == Self.cues ? place(it) : .unknown(look: nil)
    }

    /// Goes over the children of the segment up to the media.
    private mutating func walk(_ content: Range<Int64>) -> IndexPlace? {
        var at = content.lowerBound
        while at < content.upperBound, let it = element(at: at), it.id != Self.cluster {
            if it.id == Self.cues { return place(it) }
            if it.id == Self.seekHead { read(it) }
            if it.id == Self.information { readTime(it) }
            at = it.content.upperBound
        }
        return nil
    }

    /// Notes what a seek head says.
    private mutating func read(_ head: Element) {
        var at = head.content.lowerBound
        while at < head.content.upperBound, let entry = element(at: at) {
            at = entry.content.upperBound
            guard entry.id == Self.seek else { continue }
            var (id, position): (UInt64?, UInt64?) = (nil, nil)
            var inner = entry.content.lowerBound
            while inner < entry.content.upperBound, let field = element(at: inner) {
                inner = field.content.upperBound
                if field.id == Self.seekID { id = value(field) }
                if field.id == Self.seekPosition { position = value(field) }
            }
            guard let id, let position, let target = file.end(of: base, size: position),
                target < file.length
            else { continue }
            if id == Self.cues { cuesAt = cuesAt ?? target }
            if id == Self.information { informationAt = informationAt ?? target }
            if id == Self.seekHead, heads.count < 4 { heads.append(target) }
        }
    }

    /// Notes how long the segment lasts: so many ticks of so many nanoseconds, a million as a rule.
    private mutating func readTime(_ information: Element) {
        var (ticks, each): (Double?, UInt64?) = (nil, 1_000_000)
        var at = information.content.lowerBound
        while at < information.content.upperBound, let field = element(at: at) {
            at = field.content.upperBound
            if field.id == Self.scale { each = value(field) }
            if field.id == Self.duration, let bits = value(field) {
                ticks =
                    field.content.count == 4
                    ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
                    : Double(bitPattern: bits)
            }
        }
        guard let ticks, let each, ticks.isFinite, ticks > 0 else { return }
        seconds = ticks * Double(each) / 1e9
    }

    private func place(_ cues: Element) -> IndexPlace {
        StartPlan.index(from: cues.start, to: cues.content.upperBound)
    }

    /// Whether all that the beginning of an element takes is known, so that it is none.
    private func isKnown(_ at: Int64) -> Bool {
        file.bytes(at: at, count: Int(min(Self.header, file.length - at))) != nil
    }

    /// Seek heads are below 200 bytes; what is fetched for a look costs a block in any case.
    private func look(_ at: Int64) -> Range<Int64> {
        StartPlan.part(from: at, to: file.length, atMost: 4096)
    }

    private func value(_ field: Element) -> UInt64? {
        guard (1...8).contains(field.content.count) else { return nil }
        return file.number(at: field.content.lowerBound, count: field.content.count)
    }

    /// The element that begins at `at`; nil where it is not known, or none.
    private mutating func element(at: Int64) -> Element? {
        guard budget > 0, at < file.length else { return nil }
        budget -= 1
        guard let (id, idLength) = varint(at: at, keepingMarker: true), idLength <= 4,
            let (size, sizeLength) = varint(at: at + Int64(idLength), keepingMarker: false)
        else { return nil }
        let start = at + Int64(idLength + sizeLength)
        guard start <= file.length else { return nil }
        // A size of ones only is not known, as in live streams: to the end.
        let isUnknown = size == 1 << UInt64(7 * sizeLength) - 1
        let end = isUnknown ? file.length : file.end(of: start, size: size) ?? file.length
        return Element(id: id, start: at, content: start..<end)
    }

    /// A number of variable length (RFC 8794, 4), and its length.
    private func varint(at: Int64, keepingMarker: Bool) -> (UInt64, Int)? {
        guard let first = file.number(at: at, count: 1), first != 0 else { return nil }
        let length = UInt8(first).leadingZeroBitCount + 1
        guard let whole = file.number(at: at, count: length) else { return nil }
        return (keepingMarker ? whole : whole & (1 << UInt64(7 * length) - 1), length)
    }
}
