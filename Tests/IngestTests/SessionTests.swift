import Glibc
import Ingest
import Primitives
import Testing

@Suite("A session")
struct SessionTests {
    @Test("loops a file with times that rise across the seam, for every stream")
    func loop() {
        let collector = Collector()
        var options = IngestOptions(source: .file(Clips.mp4), loop: true, pacing: .asItComes)
        options.limits.unconsumedBytes = 700_000
        let session = IngestSession(options) { collector.take($0) }
        session.start()
        collector.wait { _ in collector.count > 690_000 }
        session.stop()
        #expect(collector.events.allSatisfy { $0 != .ended })
        let path = Clips.write(collector.bytes, to: "loop.out")
        let pictures = packetTimes(path, "v")
        #expect(pictures.count > 4 * 75)
        // Without a hole and without a double: every picture has its own 25th of a second.
        let shown = pictures.map(\.pts).sorted()
        #expect(zip(shown, shown.dropFirst()).allSatisfy { (3500...6000).contains($1 - $0) })
        for kind in ["v", "a"] {
            let times = packetTimes(path, kind).map(\.dts)
            #expect(zip(times, times.dropFirst()).allSatisfy { $1 > $0 })
        }
    }

    @Test("goes on where the clock of a transport stream wraps")
    func wrap() {
        let path = Clips.make(
            "wrap.ts",
            "-i \(Clips.mp4) -c copy -output_ts_offset 95442.2 -mpegts_copyts 1 -muxdelay 0")
        expectSmooth(run(.file(path)).bytes, "wrap.out", pictures: 75)
    }

    @Test("goes on where the times of the input jump back and forward")
    func jump() {
        let far = Clips.make("far.ts", "-i \(Clips.ts) -c copy -output_ts_offset 5000")
        let bytes = Clips.read(Clips.ts) + Clips.read(far) + Clips.read(Clips.ts)
        let path = Clips.write(bytes, to: "jumps.ts")
        expectSmooth(run(.file(path)).bytes, "jumps.out", pictures: 3 * 75)
    }

    @Test("begins at the first key frame, when it joins in the middle, and loses nothing after it")
    func join() {
        let all = Clips.read(Clips.ts)
        let pipe = Pipe()
        let collector = Collector()
        let session = IngestSession(IngestOptions(source: .descriptor(pipe.reader))) {
            collector.take($0)
        }
        session.start()
        pipe.write(Array(all[(188 * 100)...]))
        pipe.closeWriter()
        collector.wait(isOver)
        session.stop()
        #expect(collector.last == .ended)
        let path = Clips.write(collector.bytes, to: "join.out")
        let whole = copied(Clips.ts, "v")
        let part = copied(path, "v")
        #expect(part.count == 50)
        #expect(Array(whole.suffix(part.count)) == part)
        #expect(entryOffsets(collector.chunks).count == 2)
        let pictures = packetTimes(path, "v")
        let sounds = packetTimes(path, "a")
        #expect(sounds[0].pts < pictures[0].pts + 9000)
        #expect(sounds[0].pts > pictures[0].pts - 18_000)
    }

    @Test("finds the size of the pictures when the first key frame comes late")
    func late() {
        let path = Clips.make(
            "sparse.ts",
            "-f lavfi -i testsrc2=s=160x90:r=25:d=6 -c:v libx264 -preset ultrafast -g 125"
                + " -pix_fmt yuv420p")
        let pipe = Pipe()
        let collector = Collector()
        let session = IngestSession(IngestOptions(source: .descriptor(pipe.reader))) {
            collector.take($0)
        }
        session.start()
        pipe.write(Array(Clips.read(path)[(188 * 60)...]))
        pipe.closeWriter()
        collector.wait(isOver)
        session.stop()
        #expect(collector.last == .ended)
        #expect(collector.info?.streams.first?.width == 160)
        #expect(entryOffsets(collector.chunks).count == 1)
    }

    @Test("opens a live pipe without waiting for its end, and stops while it waits for more")
    func stop() {
        let pipe = Pipe()
        let collector = Collector()
        let session = IngestSession(IngestOptions(source: .descriptor(pipe.reader))) {
            collector.take($0)
        }
        session.start()
        pipe.write(Array(Clips.read(Clips.ts).prefix(188 * 600)))
        #expect(collector.wait { _ in collector.info != nil })
        #expect(collector.info?.container == "mpegts")
        session.stop()
        let count = collector.events.count
        pipe.write(Array(Clips.read(Clips.ts).prefix(188 * 100)))
        pipe.closeWriter()
        usleep(50_000)
        #expect(collector.events.count == count)
    }

    @Test("stops while nothing at all has come")
    func silent() {
        let pipe = Pipe()
        let collector = Collector()
        let session = IngestSession(IngestOptions(source: .descriptor(pipe.reader))) {
            collector.take($0)
        }
        session.start()
        usleep(20_000)
        let before = now()
        session.stop()
        #expect(now() - before < .milliseconds(900))
        #expect(collector.events.isEmpty)
    }

    @Test("queues no more than the consumer allows, and goes on when it consumes")
    func credit() {
        let collector = Collector()
        var options = IngestOptions(source: .file(Clips.mp4), pacing: .asItComes)
        options.limits.unconsumedBytes = 20_000
        let session = IngestSession(options) { collector.take($0) }
        session.start()
        collector.wait { _ in collector.bytes.count >= 20_000 }
        usleep(50_000)
        let held = collector.bytes.count
        let largest = collector.chunks.map(\.bytes.count).max() ?? 0
        #expect(held < 20_000 + largest)
        var consumed = 0
        collector.wait { events in
            let total = collector.count
            session.consumed(bytes: total - consumed)
            consumed = total
            return isOver(events)
        }
        #expect(collector.last == .ended)
        session.stop()
    }

    @Test("keeps a file in real time")
    func pace() {
        let collector = Collector()
        let session = IngestSession(IngestOptions(source: .file(Clips.mp4))) { collector.take($0) }
        let start = now()
        session.start()
        collector.wait { _ in collector.chunks.count > 40 }
        session.stop()
        // Forty chunks are at least thirty pictures, which last 1.2 s.
        #expect(now() - start > .milliseconds(1000))
        let path = Clips.write(collector.bytes, to: "pace.out")
        #expect(packetTimes(path, "v").count < 60)
    }

    @Test("rides out the loss of a URL")
    func reconnect() throws {
        let server = try #require(Server())
        let collector = Collector()
        var options = IngestOptions(source: .url("tcp://user:secret@127.0.0.1:\(server.port)"))
        options.limits.firstBackOff = .milliseconds(20)
        let session = IngestSession(options) { collector.take($0) }
        session.start()
        server.serve(Clips.read(Clips.ts))
        #expect(
            collector.wait { $0.contains { if case .interrupted = $0 { true } else { false } } })
        server.serve(Clips.read(Clips.ts))
        #expect(
            collector.wait {
                $0.filter { if case .interrupted = $0 { true } else { false } }.count > 1
            })
        session.stop()
        #expect(collector.events.filter { $0 == .resumed }.count == 1)
        #expect(!"\(collector.events)".contains("secret"))
        expectSmooth(collector.bytes, "reconnect.out", pictures: 150)
    }

    /// Every picture is there, a 25th of a second after the one before.
    private func expectSmooth(_ bytes: [UInt8], _ name: String, pictures: Int) {
        let path = Clips.write(bytes, to: name)
        let shown = packetTimes(path, "v").map(\.pts).sorted()
        #expect((pictures - 1...pictures).contains(shown.count))
        #expect(zip(shown, shown.dropFirst()).allSatisfy { (1...18_000).contains($1 - $0) })
        let length = (shown.last ?? 0) - (shown.first ?? 0)
        #expect((pictures * 3600 - 7200...pictures * 3600 + 18_000).contains(length))
        for kind in ["v", "a"] {
            let times = packetTimes(path, kind).map(\.dts)
            #expect(times.count > 60)
            #expect(zip(times, times.dropFirst()).allSatisfy { $1 > $0 })
        }
    }
}
