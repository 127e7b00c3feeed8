import Primitives
import Testing

@testable import Swarm

@Suite("The limit of the upload")
struct RateLimitTests {
    private static let unit = 17_000

    private func limit(_ bytesPerSecond: Double) -> RateLimit {
        RateLimit(ByteRate(bytesPerSecond: bytesPerSecond), unit: Self.unit)
    }

    private func millisecond(_ number: Double) -> Instant { .zero + .seconds(number / 1000) }

    /// The most bytes that any second holds.
    private func most(_ sent: [(at: Instant, bytes: Int)]) -> Int {
        var (first, sum, most) = (0, 0, 0)
        for entry in sent {
            sum += entry.bytes
            while entry.at - sent[first].at >= .seconds(1) {
                sum -= sent[first].bytes
                first += 1
            }
            most = max(most, sum)
        }
        return most
    }

    /// Asks for units whenever it may, `late` after that, for twenty seconds.
    private func run(
        _ limit: inout RateLimit, late: Interval = .zero, from start: Instant = .zero,
        other: (every: Int, bytes: Int)? = nil
    ) -> [(at: Instant, bytes: Int)] {
        var sent: [(at: Instant, bytes: Int)] = []
        var now = start
        var asked = start
        var number = 0
        while now < start + .seconds(20) {
            if let other, number % other.every == 0 {
                limit.charge(other.bytes, at: now)
                sent.append((now, other.bytes))
            }
            number += 1
            if now >= asked {
                if let retry = limit.admit(Self.unit, at: now) {
                    asked = retry + late
                } else {
                    sent.append((now, Self.unit))
                }
            }
            now = now + .milliseconds(1)
        }
        return sent
    }

    @Test("lets a unit go at once, and the next when it is paid for")
    func transcript() {
        var limit = limit(100_000)
        #expect(limit.admit(Self.unit, at: millisecond(0)) == nil)
        // 2,000 bytes are left over, and 98,000 come in a second.
        #expect(
            limit.admit(Self.unit, at: millisecond(0)) == millisecond(15_000 / 98)
                + .microseconds(1))
        #expect(limit.admit(Self.unit, at: millisecond(153)) != nil)
        #expect(limit.admit(Self.unit, at: millisecond(154)) == nil)
        limit.charge(10_000, at: millisecond(154))
        #expect(limit.admit(Self.unit, at: millisecond(400)) != nil)
        #expect(limit.admit(Self.unit, at: millisecond(430)) == nil)
        limit.giveBack(Self.unit)
        #expect(limit.admit(Self.unit, at: millisecond(430)) == nil)
    }

    @Test(
        "is kept over any second with a unit to spare, and used",
        arguments: [20_000, 50_000, 250_000, 1_000_000, 10_000_000] as [Double])
    func anySecond(rate: Double) {
        for late in [0, 3] as [Int64] {
            var limit = limit(rate)
            let sent = run(&limit, late: .milliseconds(late))
            #expect(most(sent) <= Int(rate) + Self.unit)
            let total = Double(sent.reduce(0) { $0 + $1.bytes })
            #expect(total > rate * 20 * 0.9, "\\(total) of \\(rate * 20)")
        }
    }

    @Test("is kept after hours of rest")
    func rest() {
        var limit = limit(1_000_000)
        _ = limit.admit(Self.unit, at: .zero)
        let sent = run(&limit, from: .zero + .seconds(7200))
        #expect(most(sent) <= 1_000_000 + Self.unit)
    }

    @Test("lets units wait for the messages that cannot")
    func debt() {
        var limit = limit(50_000)
        let sent = run(&limit, other: (every: 20, bytes: 400))
        #expect(most(sent) <= 50_000 + Self.unit)
        let total = sent.reduce(0) { $0 + $1.bytes }
        #expect(total > 900_000)
        // More than the limit by themselves: then nothing else goes.
        var tight = self.limit(10_000)
        let alone = run(&tight, other: (every: 20, bytes: 400))
        #expect(alone.allSatisfy { $0.bytes == 400 })
    }

    @Test("is kept together by several that are divided anew each second", arguments: 1...8)
    func divided(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let whole = 500_000.0
        var limits = [limit(whole / 2), limit(whole / 2)]
        var sent: [(at: Instant, bytes: Int)] = []
        for step in 0..<20_000 {
            let now = millisecond(Double(step))
            if step % 1000 == 0 {
                let share = whole * Double.random(in: 0...1, using: &random)
                limits[0].change(to: ByteRate(bytesPerSecond: share), at: now)
                limits[1].change(to: ByteRate(bytesPerSecond: whole - share), at: now)
            }
            for index in limits.indices {
                if step % 50 == 0 {
                    limits[index].charge(100, at: now)
                    sent.append((now, 100))
                }
                while limits[index].admit(Self.unit, at: now) == nil {
                    sent.append((now, Self.unit))
                }
            }
        }
        #expect(most(sent) <= Int(whole) + 2 * Self.unit)
        #expect(sent.reduce(0) { $0 + $1.bytes } > Int(whole * 20 * 0.95))
    }

    @Test("keeps what is owed when it changes, and what has gathered as far as it holds it")
    func change() {
        var limit = limit(100_000)
        limit.charge(29_000, at: .zero)
        // 10,000 bytes are owed, and so are 27,000 for the next unit.
        limit.change(to: ByteRate(bytesPerSecond: 50_000), at: .zero)
        #expect(
            limit.admit(Self.unit, at: .zero) == millisecond(27_000 / 49) + .microseconds(1))
        limit.change(to: ByteRate(bytesPerSecond: 500_000), at: .zero)
        #expect(
            limit.admit(Self.unit, at: .zero) == millisecond(27_000 / 490) + .microseconds(1))
        // The bucket is full, with 27,000 bytes; the next one holds 18,000.
        #expect(limit.admit(0, at: millisecond(1000)) == nil)
        limit.change(to: ByteRate(bytesPerSecond: 50_000), at: millisecond(1000))
        #expect(limit.admit(Self.unit, at: millisecond(1000)) == nil)
        #expect(
            limit.admit(Self.unit, at: millisecond(1000)) == millisecond(1000 + 16_000 / 49)
                + .microseconds(1))
    }

    @Test("works where a second does not hold a unit")
    func tiny() {
        var limit = limit(4000)
        let sent = run(&limit)
        #expect(sent.count == 5)
        #expect(most(sent) == Self.unit)
    }

    @Test("counts what the headers of the packets add")
    func headers() {
        #expect(RateLimit.onLine(0) == 0)
        #expect(RateLimit.onLine(1) == 53)
        #expect(RateLimit.onLine(1448) == 1500)
        #expect(RateLimit.onLine(16_397) == 16_397 + 12 * 52)
    }
}
