// Puts the packets of a file into the order of their DTS. Files may store a second of video and
// then a second of audio; sent in that order and in real time, the audio would be a second late.
// Holds packets until every stream has one, or until it holds too much. Pure.

/// A queue for each stream, merged by DTS.
struct Interleaver<Element> {
    /// An element with its place in time, in units of 1/90000 s.
    struct Entry {
        var dts: Int64
        var element: Element
    }

    private var queues: [[Entry]]
    private var heads: [Int]
    /// The most that is held between the first and the last, for streams with gaps.
    private let span: Int64

    /// A merger of `streams` streams that holds at most `span` of media (2 s).
    init(streams: Int, span: Int64 = 180_000) {
        queues = Array(repeating: [], count: streams)
        heads = Array(repeating: 0, count: streams)
        self.span = span
    }

    /// Adds an element of `stream`; a stream's own elements come in order.
    mutating func add(_ element: Element, dts: Int64, stream: Int) {
        queues[stream].append(Entry(dts: dts, element: element))
    }

    /// Takes the next element, or nil while one must be waited for; with `draining` none is.
    mutating func next(draining: Bool = false) -> Entry? {
        var first: (stream: Int, dts: Int64)?
        var newest = Int64.min
        var waiting = false
        for i in queues.indices {
            guard heads[i] < queues[i].count, let last = queues[i].last else {
                waiting = true
                continue
            }
            newest = max(newest, last.dts)
            let dts = queues[i][heads[i]].dts
            if first.map({ dts < $0.dts }) ?? true { first = (i, dts) }
        }
        guard let first, !waiting || draining || newest - first.dts > span else { return nil }
        return take(first.stream)
    }

    private mutating func take(_ stream: Int) -> Entry {
        let entry = queues[stream][heads[stream]]
        heads[stream] += 1
        // Removing from the front costs as much as what stays: do it seldom.
        if heads[stream] >= 64 || heads[stream] == queues[stream].count {
            queues[stream].removeFirst(heads[stream])
            heads[stream] = 0
        }
        return entry
    }
}
