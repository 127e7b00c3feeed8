// From verified pieces to what players read: the schedule says what comes next, the assembler
// makes clean packets of it, the feed has the readers. Keeps what a person wants to know of it.

import Gateway
import Pieces
import Playout
import Primitives
import Reactor

/// What the feed tells the viewer.
enum PlayerFeedEvent {
    /// The next piece and when it is due: for the picker.
    case playPoint(PieceIndex, due: Instant)
    /// These pieces were given up.
    case skipped(Range<PieceIndex>)
    case stalled
    case resumed(Interval)
    /// Too far behind the live edge.
    case fellBehind
    /// Everything has been passed on.
    case finished
}

/// The player's side of a viewer.
@Loop
final class PlayerFeed {
    typealias Handler = @Loop (PlayerFeedEvent) -> Void
    /// Finds a verified piece's bytes and random access points.
    typealias Source = @Loop (PieceIndex) -> (bytes: [UInt8], randomAccess: [Int])?

    let feed = LiveFeed()
    private var schedule: PlayoutSchedule
    private var assembler: TransportAssembler
    private let source: Source
    private let handler: Handler
    private var timer: LoopTimer?
    private var walls: [PieceIndex: WallTime] = [:]
    private var told: PieceIndex?
    private var lastWall = WallTime(microseconds: 0)
    /// When and with which source time the newest piece went out.
    private(set) var newest: (wall: WallTime, at: Instant)?
    private(set) var startedAt: Instant?
    private(set) var stalls = 0
    private(set) var stalledFor = Interval.zero
    private(set) var skippedPieces = 0

    init(
        geometry: PieceGeometry, delay: Interval?, source: @escaping Source,
        handler: @escaping Handler
    ) {
        var settings = PlayoutSettings()
        settings.fixedLag = delay
        schedule = PlayoutSchedule(settings: settings, startedAt: Loop.now)
        assembler = TransportAssembler(geometry: geometry)
        self.source = source
        self.handler = handler
        timer = LoopTimer { [weak self] in self?.feed(.woken) }
    }

    /// Begins, or jumps, to the random access point at `offset` of `piece`.
    func tuneIn(_ piece: PieceIndex, offset: Int) {
        var chunks: [TransportChunk] = []
        assembler.start(at: piece, offset: offset, into: &chunks)
        pass(chunks)
        feed(.tunedIn(piece))
    }

    /// A piece is verified.
    func arrived(_ piece: PieceIndex, _ wall: WallTime) {
        walls[piece] = wall
        feed(.pieceArrived(piece, wall: wall))
    }

    /// Gives the schedule an input and carries out what follows.
    func feed(_ input: PlayoutSchedule.Input) {
        var outputs: [PlayoutSchedule.Output] = []
        schedule.handle(input, at: Loop.now, into: &outputs)
        for output in outputs { carryOut(output) }
        if let point = schedule.playPoint, let due = schedule.deadline(of: point), told != point {
            told = point
            handler(.playPoint(point, due: due))
        }
        let deadline = schedule.nextDeadline
        if deadline.at < .never { timer?.schedule(at: deadline.at) } else { timer?.cancel() }
    }

    private func carryOut(_ output: PlayoutSchedule.Output) {
        switch output {
        case .emit(let piece): emit(piece)
        case .skip(let range):
            skippedPieces += range.count
            var chunks: [TransportChunk] = []
            let lasting = schedule.pieceDuration * Double(range.count)
            assembler.skipped(range, lasting: lasting, into: &chunks)
            pass(chunks)
            // A jump may leave out more numbers than anybody can count through.
            walls = walls.filter { !range.contains($0.key) }
            handler(.skipped(range))
        case .stalled:
            stalls += 1
            handler(.stalled)
        case .resumed(let after):
            stalledFor = stalledFor + after
            handler(.resumed(after))
        case .fellBehind: handler(.fellBehind)
        case .finished:
            var chunks: [TransportChunk] = []
            assembler.end(into: &chunks)
            pass(chunks)
            feed.finish()
            handler(.finished)
        }
    }

    private func emit(_ piece: PieceIndex) {
        lastWall = walls.removeValue(forKey: piece) ?? lastWall
        guard let found = source(piece) else { return }
        var chunks: [TransportChunk] = []
        assembler.append(piece, found.bytes, randomAccess: found.randomAccess, into: &chunks)
        startedAt = startedAt ?? Loop.now
        newest = (lastWall, Loop.now)
        pass(chunks)
    }

    private func pass(_ chunks: [TransportChunk]) {
        for chunk in chunks { feed.append(chunk, wall: lastWall) }
    }

    /// How far the newest known piece is ahead of the next one to play.
    var behind: Interval { schedule.behindNewest }
    /// Whether the stream stands still.
    var isStalled: Bool { schedule.isStalled }
}
