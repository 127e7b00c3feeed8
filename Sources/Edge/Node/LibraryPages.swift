// Memory that a node need not hold: the code of shared libraries that was only read to start. The
// kernel maps the pages around each one that is touched, and a broadcast has some 140 libraries,
// which libavformat brings along. Keeps nothing.

import Glibc
import Primitives
import Reactor

/// The pages of shared libraries in memory.
enum LibraryPages {
    /// Lets go of all pages of code.
    ///
    /// They lie in the page cache still; what is used comes back at its next use. Only code:
    /// other pages that cannot be written to may have been changed by the loader (RELRO).
    static func release() {
        guard let file = fopen("/proc/self/maps", "r") else { return }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 4608)
        while fgets(&line, Int32(line.count), file) != nil {
            guard let range = code(line) else { continue }
            madvise(
                UnsafeMutableRawPointer(bitPattern: range.lowerBound),
                Int(range.upperBound - range.lowerBound), MADV_DONTNEED)
        }
    }

    /// The addresses of a line of the table of mappings that is code from a file (proc(5)).
    private static func code(_ line: [CChar]) -> Range<UInt>? {
        let text = String(
            decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let fields = text.split(separator: " ", omittingEmptySubsequences: true)
        guard fields.count >= 6, fields[1] == "r-xp", fields[5].hasPrefix("/") else { return nil }
        let ends = fields[0].split(separator: "-")
        guard ends.count == 2, let first = UInt(ends[0], radix: 16),
            let end = UInt(ends[1], radix: 16), first < end
        else { return nil }
        return first..<end
    }

    /// Lets go of them once a node has started, and again when it has settled.
    @Loop
    static func releaseLater() -> LoopTimer {
        var left = 2
        weak var again: LoopTimer?
        let timer = LoopTimer {
            release()
            left -= 1
            if left > 0 { again?.schedule(at: Loop.now + .seconds(10)) }
        }
        again = timer
        timer.schedule(at: Loop.now + .seconds(3))
        return timer
    }
}
