// Sinks over real pipes and files: what arrives, and what a bad reader does to the others.

import Glibc
import Playout
import Primitives
import Reactor
import Testing

@testable import Gateway

/// Waits until `condition` holds, for ten seconds at most, and says whether it does.
@Loop
func eventually(_ condition: @Loop () -> Bool) async -> Bool {
    let limit = Loop.now + .seconds(10)
    while !condition() {
        guard Loop.now < limit else { return false }
        try? await Task.sleep(nanoseconds: 2_000_000)
    }
    return true
}

/// What a sink said.
@Loop
private final class Ear {
    var events: [SinkEvent] = []
    func sink(_ destination: FeedSink.Destination) -> FeedSink {
        FeedSink(destination) { self.events.append($0) }
    }
}

/// Chunk number `n`: 100 ms of the stream in `size` bytes, each tenth one a key frame.
func chunk(_ n: Int, size: Int = 188 * 20) -> TransportChunk {
    var bytes = [UInt8](repeating: UInt8(truncatingIfNeeded: n), count: size)
    for at in stride(from: 0, to: size, by: 188) {
        bytes.replaceSubrange(at..<at + 4, with: [0x47, 0x40, 0x21, 0x10 | UInt8(at / 188 & 15)])
    }
    return TransportChunk(bytes: bytes, randomAccess: n % 10 == 0)
}

func wall(_ n: Int) -> WallTime { WallTime(microseconds: 1_000_000_000 + UInt64(n) * 100_000) }

private func makePipe() -> (reading: Int32, writing: Int32) {
    var ends: [Int32] = [-1, -1]
    _ = pipe(&ends)
    return (ends[0], ends[1])
}

/// What can be read from the descriptor without waiting, up to `limit` bytes.
private func readAvailable(_ descriptor: Int32, limit: Int = 1 << 20) -> [UInt8] {
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    var out: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while out.count < limit {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { break }
        out += buffer[..<count]
    }
    return out
}

@Suite("Sinks", .timeLimit(.minutes(1))) @Loop struct FeedSinkTests {
    @Test("A pipe gets every byte, and hears of the end")
    func toPipe() async {
        let (reading, writing) = makePipe()
        let ear = Ear()
        let feed = LiveFeed()
        feed.attach(ear.sink(.descriptor(writing)))
        var expected: [UInt8] = []
        var got: [UInt8] = []
        // Ten seconds: more than waits in the output, less than the ring keeps, so that a writer
        // that gets no processor time for a while has not missed anything.
        for n in 0..<100 {
            expected += chunk(n).bytes
            feed.append(chunk(n), wall: wall(n))
            got += readAvailable(reading)
        }
        feed.finish()
        #expect(
            await eventually {
                got += readAvailable(reading)
                return !ear.events.isEmpty
            })
        got += readAvailable(reading)
        #expect(ear.events == [.finished])
        let same = got == expected
        #expect(same)
        #expect(feed.readerCount == 0)
        close(reading)
        close(writing)
    }

    @Test("A reader that goes away is told of, and hurts nobody")
    func readerGone() async {
        let (reading, writing) = makePipe()
        close(reading)
        let ear = Ear()
        let feed = LiveFeed()
        feed.attach(ear.sink(.descriptor(writing)))
        feed.append(chunk(0), wall: wall(0))
        #expect(await eventually { !ear.events.isEmpty })
        #expect(ear.events == [.readerGone])
        #expect(feed.readerCount == 0)
        for n in 1..<50 { feed.append(chunk(n), wall: wall(n)) }
        #expect(ear.events == [.readerGone])
        close(writing)
    }

    @Test("A full disk and a path that cannot be have names")
    func faults() async {
        let ear = Ear()
        let feed = LiveFeed()
        feed.attach(ear.sink(.file("/dev/full")))
        feed.append(chunk(0), wall: wall(0))
        #expect(await eventually { ear.events == [.failed(.diskFull)] })
        let other = Ear()
        feed.attach(other.sink(.file("/nonexistent/file.ts")))
        #expect(await eventually { other.events == [.failed(.cannotCreate(ENOENT))] })
        #expect(feed.readerCount == 0)
    }

    @Test("A file gets every byte of the stream")
    func toFile() async {
        let path = "/tmp/p2ptv-sink-test-\(getpid()).ts"
        defer { unlink(path) }
        let ear = Ear()
        let feed = LiveFeed()
        feed.attach(ear.sink(.file(path)))
        var expected: [UInt8] = []
        for n in 0..<300 {
            expected += chunk(n).bytes
            feed.append(chunk(n), wall: wall(n))
            if n % 50 == 0 { try? await Task.sleep(nanoseconds: 5_000_000) }
        }
        feed.finish()
        #expect(await eventually { ear.events == [.finished] })
        let descriptor = open(path, O_RDONLY)
        let same = readAvailable(descriptor, limit: 1 << 24) == expected
        #expect(same)
        close(descriptor)
    }

    @Test("A reader that does not read holds up nobody, and holds bounded memory")
    func slow() async {
        let (reading, writing) = makePipe()
        let (fastReading, fastWriting) = makePipe()
        let (stuck, fast) = (Ear(), Ear())
        let feed = LiveFeed()
        let sink = stuck.sink(.descriptor(writing))
        feed.attach(sink)
        feed.attach(fast.sink(.descriptor(fastWriting)))
        var expected: [UInt8] = []
        var got: [UInt8] = []
        for n in 0..<400 {
            expected += chunk(n).bytes
            feed.append(chunk(n), wall: wall(n))
            got += readAvailable(fastReading)
            if n % 20 == 0 { try? await Task.sleep(nanoseconds: 1_000_000) }
        }
        #expect(sink.pendingBytes < LiveFeed.highWater + 188 * 20)
        #expect(
            await eventually {
                got += readAvailable(fastReading)
                return got.count == expected.count
            })
        let same = got == expected
        #expect(same)
        #expect(stuck.events.isEmpty)
        close(reading)
        #expect(await eventually { stuck.events == [.readerGone] })
        for end in [writing, fastReading, fastWriting] { close(end) }
    }
}
