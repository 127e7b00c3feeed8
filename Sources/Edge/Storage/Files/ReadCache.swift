// What was lately read from disk or written to it, in memory: neighbours ask for the blocks of a
// piece one after another, and a piece that has just come is the one that others lack. What came
// first goes first: neighbours that ask at different times are served by the system's own cache.

import Pieces

/// Parts of pieces, up to a number of bytes.
struct ReadCache {
    /// A part of a piece; the whole of it is number -1.
    struct Key: Hashable {
        let piece: PieceIndex
        let part: Int

        static func whole(_ piece: PieceIndex) -> Key { Key(piece: piece, part: -1) }
    }

    private let limit: Int
    private var parts: [Key: [UInt8]] = [:]
    /// The keys in the order in which they came; those before `head` are gone.
    private var order: [Key] = []
    private var head = 0
    private(set) var bytes = 0

    init(limit: Int) { self.limit = limit }

    subscript(key: Key) -> [UInt8]? { parts[key] }

    /// Keeps a part, and forgets the oldest for it; one that is larger than all is not kept.
    ///
    /// Answers what has been forgotten, or not kept.
    @discardableResult
    mutating func keep(_ part: [UInt8], _ key: Key) -> [[UInt8]] {
        guard part.count <= limit, parts[key] == nil else { return [part] }
        parts[key] = part
        order.append(key)
        bytes += part.count
        var gone: [[UInt8]] = []
        while bytes > limit { if let oldest = dropOldest() { gone.append(oldest) } }
        return gone
    }

    private mutating func dropOldest() -> [UInt8]? {
        let gone = parts.removeValue(forKey: order[head])
        bytes -= gone?.count ?? 0
        head += 1
        if head > 64, head * 2 > order.count {
            order.removeFirst(head)
            head = 0
        }
        return gone
    }
}
