// Rates and other quantities, as written and as read.

import Console
import Primitives
import Testing

@Suite("Rates and quantities")
struct RateTests {
    @Test(
        "A rate is a number and a unit",
        arguments: [
            ("8Mbit", 1_000_000), ("500kbit", 62_500), ("1MiB", 1_048_576), ("2MB", 2_000_000),
            ("1.5 Mbit/s", 187_500), ("16kibit", 2048), ("64 KiB/s", 65_536), ("9600bit", 1200),
            ("8mbit", 1_000_000), ("10Mbitps", 1_250_000), ("1Gbit", 125_000_000),
        ] as [(String, Double)])
    func rates(text: String, bytes: Double) throws {
        #expect(try ByteRate.parse(text).bytesPerSecond == bytes)
    }

    @Test("A bare number is refused, because nobody knows what it means", arguments: ["8", "1.5"])
    func bareNumbers(text: String) {
        #expect(throws: RateFault.noUnit(text)) { try ByteRate.parse(text) }
        #expect(RateFault.noUnit(text).hint.contains("\(text)Mbit"))
    }

    @Test(
        "What is no rate above zero is refused",
        arguments: ["", "Mbit", "-1Mbit", "0Mbit", "1..2Mbit", "fast", "１Mbit", "1e3Mbit"])
    func notRates(text: String) {
        #expect(throws: RateFault.self) { try ByteRate.parse(text) }
    }

    @Test("A lone b after a prefix may mean bits or bytes", arguments: ["8Mb", "8Kb/s", "8b"])
    func ambiguousUnits(text: String) {
        #expect(throws: RateFault.self) { try ByteRate.parse(text) }
    }

    @Test(
        "Rates read in bits a second",
        arguments: [
            (0, "0 bit/s"), (999.4, "999 bit/s"), (999.6, "1 kbit/s"), (640_000, "640 kbit/s"),
            (999_600, "1.0 Mbit/s"), (1_640_000, "1.6 Mbit/s"), (99_960_000, "100 Mbit/s"),
            (2_500_000_000, "2.5 Gbit/s"), (.infinity, "1000000.0 Gbit/s"),
        ] as [(Double, String)])
    func rateTexts(bits: Double, text: String) {
        #expect(ByteRate(bitsPerSecond: bits).text == text)
    }

    @Test(
        "Lengths of time read in the unit that fits",
        arguments: [
            (0, "0.0 s"), (0.94, "0.9 s"), (9.96, "10 s"), (75, "75 s"), (119.4, "119 s"),
            (119.6, "2 min 0 s"), (725, "12 min 5 s"), (12_000, "3 h 20 min"), (-0.5, "-0.5 s"),
        ] as [(Double, String)])
    func intervals(seconds: Double, text: String) {
        #expect(Interval.seconds(seconds).text == text)
    }

    @Test(
        "Sizes read in binary units",
        arguments: [
            (0, "0 B"), (16_384, "16 KiB"), (1_048_576, "1 MiB"), (1_572_864, "1.5 MiB"),
            (3 << 30, "3 GiB"),
        ] as [(Int, String)])
    func sizes(bytes: Int, text: String) {
        #expect(sizeText(bytes) == text)
    }

    @Test("Seconds may have a fraction and their unit, and nothing else")
    func seconds() {
        #expect(parseSeconds("2") == .seconds(2))
        #expect(parseSeconds("0.5s") == .seconds(0.5))
        for text in ["", "s", "-1", "1m", "nan", "1e9", "2 s"] {
            #expect(parseSeconds(text) == nil)
        }
    }

    @Test("Digits after the point are rounded, and nothing overflows")
    func decimals() {
        #expect(decimal(0.04) == "0.0")
        #expect(decimal(-0.04) == "0.0")
        #expect(decimal(29.97, digits: 2) == "29.97")
        #expect(decimal(3.05, digits: 2) == "3.05")
        #expect(decimal(.nan) == "-")
        #expect(decimal(1e300) == "-")
    }
}
