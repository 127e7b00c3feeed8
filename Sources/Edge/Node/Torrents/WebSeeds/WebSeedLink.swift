// One web seed (BEP 19): what the engine asks of it is fetched by range requests, one at a time and
// file by file, and handed on block by block. What to ask it for, and what a failure means, is for the
// engine to say.

import Metainfo
import Pieces
import Primitives
import Reactor

/// What a web seed tells.
enum WebSeedEvent {
    /// A block is there.
    case block(Block, [UInt8])
    /// So long it took from a request to its first bytes.
    case delay(Interval)
    /// What was asked for does not come; whether it never will.
    case failed(isFinal: Bool)
}

/// A web server that has the files of a torrent.
@Loop
final class WebSeedLink {
    /// What it is called for people.
    let url: String
    private let layout: FileLayout
    private let urls: [String?]
    private let handler: @Loop (WebSeedEvent) -> Void
    private var queue: [Block] = []
    private var batch: WebSeedBatch?
    private var request: HTTPClientRequest?
    private var askedAt: Instant?
    /// Bytes of the stretch under way that have come.
    private var came = 0
    private lazy var starter = LoopTimer { [weak self] in self?.begin() }

    /// Blocks that are fetched together at most: 4 MiB.
    private static let most = 256
    /// A server that refuses says so in a page.
    private static let longestPage = 65_536
    /// Status codes of servers that may do better later.
    private static let temporary: Set<Int> = [408, 425, 429, 500, 502, 503, 504, 509]

    /// The web seed of `torrent` at `url`; nil where its files cannot be found there.
    init?(_ torrent: TorrentFile, at url: String, handler: @escaping @Loop (WebSeedEvent) -> Void) {
        guard let urls = torrent.urls(at: url) else { return nil }
        (self.url, self.urls, self.handler) = (url, urls, handler)
        layout = torrent.layout
    }

    /// Fetches a block, together with others that are asked for in the same turn.
    func ask(for block: Block) {
        queue.append(block)
        if batch == nil { starter.schedule(at: Loop.now) }
    }

    /// A block is not wanted any more.
    func cancel(_ block: Block) {
        if batch?.cancel(block) == true {
            if batch?.isOver == true { startAnew() }
        } else {
            queue.removeAll { $0 == block }
        }
    }

    /// Fetches nothing more.
    func close() {
        queue = []
        starter.cancel()
        drop()
    }

    /// Goes on with what waits, in the next turn.
    private func startAnew() {
        drop()
        if !queue.isEmpty { starter.schedule(at: Loop.now) }
    }

    private func drop() {
        request?.cancel()
        request = nil
        batch = nil
    }

    private func begin() {
        guard batch == nil, !queue.isEmpty else { return }
        batch = WebSeedBatch(Array(queue.prefix(Self.most)), layout)
        queue.removeFirst(min(Self.most, queue.count))
        next()
    }

    /// Goes on with the next stretch, or the next blocks.
    private func next() {
        while let part = batch?.parts.first, layout.files[part.file].isPadding {
            batch?.passPart()
            deliver([UInt8](repeating: 0, count: part.length))
        }
        guard let part = batch?.parts.first else {
            batch = nil
            return begin()
        }
        guard let url = urls[part.file] else { return fail(isFinal: true) }
        fetch(part, from: url)
    }

    private func fetch(_ part: FileSpan, from url: String) {
        var limits = HTTPClientLimits()
        limits.total = .seconds(120)
        limits.bodyBytes = max(part.length, Self.longestPage)
        (limits.isStrangers, limits.isOfFile) = (true, true)
        (came, askedAt) = (0, Loop.now)
        let last = part.offset + Int64(part.length) - 1
        request = HTTPClient.get(
            url, limits: limits,
            headers: ["User-Agent": "p2ptv/0.1", "Range": "bytes=\(part.offset)-\(last)"],
            receiver: { [weak self] status, headers, bytes in
                self?.received(bytes, status, headers, of: part)
            },
            completion: { [weak self] result in self?.ended(result, part) })
    }

    private func received(
        _ bytes: [UInt8], _ status: Int, _ headers: HTTPHeaders, of part: FileSpan
    ) {
        // What a failure says is of no interest; its status comes at the end.
        guard status == 206 || status == 200 else { return }
        guard isRight(status, headers, part), came + bytes.count <= part.length else {
            return fail(isFinal: true)
        }
        if let askedAt { handler(.delay(Loop.now - askedAt)) }
        askedAt = nil
        came += bytes.count
        deliver(bytes)
        // What follows is not wanted any more: the server need not send it.
        if batch?.isOver == true { startAnew() }
    }

    /// Whether an answer is about what was asked for: of a server without ranges the file's beginning
    /// comes, of one with another file another length.
    private func isRight(_ status: Int, _ headers: HTTPHeaders, _ part: FileSpan) -> Bool {
        let last = part.offset + Int64(part.length) - 1
        let range = headers["Content-Range"] ?? ""
        let length = layout.files[part.file].length
        let expected = "bytes \(part.offset)-\(last)/"
        return status == 206 && ["\(expected)\(length)", "\(expected)*"].contains(range)
            && headers["Content-Encoding"] == nil
    }

    private func deliver(_ bytes: [UInt8]) {
        for (block, bytes) in batch?.take(bytes) ?? [] { handler(.block(block, bytes)) }
    }

    private func ended(_ result: Result<HTTPResponse, HTTPClientFault>, _ part: FileSpan) {
        request = nil
        switch result {
        case .success(let response) where response.status == 206 && came == part.length:
            guard batch != nil else { return }
            batch?.passPart()
            next()
        case .success(let response) where response.status == 206: fail(isFinal: false)
        case .success(let response):
            fail(isFinal: !Self.temporary.contains(response.status))
        case .failure(let fault): fail(isFinal: fault.isFinal)
        }
    }

    private func fail(isFinal: Bool) {
        drop()
        queue = []
        handler(.failed(isFinal: isFinal))
    }
}

extension HTTPClientFault {
    /// Whether asking again is in vain.
    fileprivate var isFinal: Bool {
        switch self {
        case .malformedURL, .unsupportedScheme, .untrusted, .tooLarge, .privateService,
            .badRedirect, .protocolViolation, .packed:
            true
        case .resolve, .connect, .tls, .timeout, .truncated, .damaged: false
        }
    }
}
