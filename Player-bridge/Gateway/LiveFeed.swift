// One channel's stream and everybody who reads it. A reader takes from the ring what it has room
// for, whenever it has room: nobody waits for anybody.

package import Playout
package import Primitives
package import Reactor

/// The readers of one channel and the ring that they read from.
///
/// `append` what the assembler makes and `finish` at the end of the channel. Readers are players
/// that the gateway serves, and sinks.
@Loop
package final class LiveFeed {
    /// How many bytes may wait in one output: enough for the kernel never to run dry between two
    /// turns of the loop, little enough that a late reader is seen to be late.
    static let highWater = 262_144

    private final class Reader {
        let output: any FeedOutput
        var cursor: FeedCursor

        init(output: any FeedOutput, cursor: FeedCursor) {
            (self.output, self.cursor) = (output, cursor)
        }
    }

    private var ring: FeedRing
    private var readers: [ObjectIdentifier: Reader] = [:]
    private var jumpsOfFormer = 0

    /// A feed without bytes.
    package init(settings: FeedSettings = FeedSettings()) { ring = FeedRing(settings: settings) }

    /// The number of players and sinks that read now.
    package var readerCount: Int { readers.count }
    /// How often readers were moved to a key frame because they were too slow.
    package var jumps: Int { readers.values.reduce(jumpsOfFormer) { $0 + $1.cursor.jumps } }

    /// Passes on a chunk of a piece that the source made at `wall`.
    package func append(_ chunk: TransportChunk, wall: WallTime) {
        let now = Loop.now
        ring.append(chunk, wall: wall, at: now)
        for reader in readers.values { pump(reader, at: now) }
    }

    /// Ends the stream: each reader is closed once it has everything.
    package func finish() {
        ring.finish()
        let now = Loop.now
        for reader in readers.values { pump(reader, at: now) }
    }

    /// Writes the stream to `sink` as well, until it fails or the stream ends.
    package func attach(_ sink: FeedSink) {
        sink.onDrain = { [weak self, weak sink] in sink.map { self?.drained($0) } }
        sink.onClose = { [weak self, weak sink] in sink.map { self?.remove($0) } }
        add(sink, patient: sink.isRecording)
    }

    /// Begins to write to `output` at a good point of the stream.
    func add(_ output: any FeedOutput, patient: Bool = false) {
        let now = Loop.now
        let cursor = ring.join(at: now, patient: patient)
        let reader = Reader(output: output, cursor: cursor)
        readers[ObjectIdentifier(output)] = reader
        pump(reader, at: now)
    }

    /// The output has room again.
    func drained(_ output: any FeedOutput) {
        guard let reader = readers[ObjectIdentifier(output)] else { return }
        pump(reader, at: Loop.now)
    }

    /// The output is gone.
    func remove(_ output: any FeedOutput) {
        guard let reader = readers.removeValue(forKey: ObjectIdentifier(output)) else { return }
        jumpsOfFormer += reader.cursor.jumps
    }

    private func pump(_ reader: Reader, at now: Instant) {
        while ring.hasMore(for: reader.cursor), reader.output.pendingBytes < Self.highWater {
            let room = Self.highWater - reader.output.pendingBytes
            for bytes in ring.next(&reader.cursor, maxBytes: room, at: now) {
                reader.output.write(bytes)
            }
        }
        guard ring.isDone(reader.cursor) else { return }
        remove(reader.output)
        reader.output.end()
    }
}
