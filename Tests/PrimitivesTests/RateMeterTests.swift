import Primitives
import Testing

@Suite("A rate meter")
struct RateMeterTests {
    @Test("is right from the first second on")
    func young() {
        var meter = RateMeter(constant: .seconds(5))
        var now = Instant.zero
        for _ in 0..<10 {
            meter.add(1000, at: now)
            now = now + .milliseconds(100)
        }
        let rate = meter.rate(at: now).bytesPerSecond
        #expect((9000...11500).contains(rate))
    }

    @Test("forgets a flow that has stopped")
    func stopped() {
        var meter = RateMeter(constant: .seconds(1))
        meter.add(1_000_000, at: .zero)
        #expect(meter.rate(at: .zero + .seconds(20)).bytesPerSecond < 1)
    }
}
