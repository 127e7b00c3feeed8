// Blocks that a web seed is asked for, as the stretches of files that they lie in; and the bytes of
// those stretches, as they come, as blocks again. No network.

import Pieces

/// A run of blocks on their way from a web seed.
struct WebSeedBatch {
    /// The stretches of files that are left, the next one first; padding is among them.
    private(set) var parts: ArraySlice<FileSpan> = []
    /// The blocks that are not complete, the next one first.
    private(set) var blocks: ArraySlice<Block> = []
    private var bytes: [UInt8] = []
    private var cancelled: Set<Block> = []

    /// The longest stretch that is asked for at once: a server that is slow holds no more.
    private static let longest = 4_194_304

    /// The blocks in `wanted`, which exist in `layout`.
    init(_ wanted: [Block], _ layout: FileLayout) {
        var parts: [FileSpan] = []
        var blocks: [Block] = []
        for block in wanted {
            guard
                let spans = layout.spans(
                    piece: block.piece, offset: Int(block.offset), length: Int(block.length))
            else { continue }
            blocks.append(block)
            for span in spans {
                if let last = parts.last, last.file == span.file,
                    last.offset + Int64(last.length) == span.offset,
                    last.length + span.length <= Self.longest
                {
                    parts[parts.count - 1] = FileSpan(
                        file: last.file, offset: last.offset, length: last.length + span.length)
                } else {
                    parts.append(span)
                }
            }
        }
        (self.parts, self.blocks) = (parts[...], blocks[...])
    }

    /// Whether nothing of it is wanted any more.
    var isOver: Bool { blocks.allSatisfy { cancelled.contains($0) } }

    /// A block is not wanted any more; false where it is not among these.
    mutating func cancel(_ block: Block) -> Bool {
        guard blocks.contains(block) else { return false }
        cancelled.insert(block)
        return true
    }

    /// The next stretch has come whole.
    mutating func passPart() { parts.removeFirst() }

    /// More bytes have come, in order; answers the blocks that are whole now and still wanted.
    mutating func take(_ more: [UInt8]) -> [(block: Block, bytes: [UInt8])] {
        bytes += more
        var start = 0
        var whole: [(block: Block, bytes: [UInt8])] = []
        while let block = blocks.first, bytes.count - start >= Int(block.length) {
            blocks.removeFirst()
            let end = start + Int(block.length)
            if !cancelled.contains(block) { whole.append((block, Array(bytes[start..<end]))) }
            start = end
        }
        bytes.removeFirst(start)
        return whole
    }
}
