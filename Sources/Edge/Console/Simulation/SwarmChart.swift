// Lag and source copies against the number of viewers, as an SVG 1.1 that needs nothing else.
// Draws what it is given; both axes of the upper picture are logarithmic, as sizes are.

import Glibc
import Primitives
package import Simulator

/// A drawing of runs of several sizes.
package struct SwarmChart: Sendable {
    /// One run.
    package struct Point: Sendable {
        let viewers: Int
        let middle: Double
        let high: Double
        let copies: Double

        /// A run with so many viewers.
        package init(viewers: Int, _ report: Report) {
            self.viewers = viewers
            middle = report.lag.map { ($0.middle + report.cutting).seconds } ?? 0
            high = report.lag.map { ($0.p99 + report.cutting).seconds } ?? 0
            copies = report.copies
        }
    }

    private let points: [Point]
    private let index: Double

    /// A drawing of `points`; `index` is the resource index of the scenario.
    package init(_ points: [Point], index: Double) {
        self.points = points.sorted { $0.viewers < $1.viewers }
        self.index = index
    }

    // MARK: Places

    private static let (left, right) = (70.0, 690.0)
    private static let (lagTop, lagBottom) = (50.0, 290.0)
    private static let (copiesTop, copiesBottom) = (340.0, 480.0)

    private var sizes: ClosedRange<Double> {
        let least = Double(points.first?.viewers ?? 1)
        return least...max(Double(points.last?.viewers ?? 10), least * 2)
    }

    private var lags: ClosedRange<Double> {
        let values = points.flatMap { [$0.middle, $0.high] }.filter { $0 > 0 }
        let least = values.min() ?? 0.1
        return min(least / 1.5, 0.1)...max((values.max() ?? 1) * 1.5, 10)
    }

    private var mostCopies: Double { max(3.5, (points.map(\.copies).max() ?? 0).rounded(.up)) }

    private func x(_ viewers: Double) -> Double {
        let part = log10(viewers / sizes.lowerBound) / log10(sizes.upperBound / sizes.lowerBound)
        return Self.left + part * (Self.right - Self.left)
    }

    private func lagY(_ lag: Double) -> Double {
        let lag = max(lag, lags.lowerBound)
        let part = log10(lag / lags.lowerBound) / log10(lags.upperBound / lags.lowerBound)
        return Self.lagBottom - part * (Self.lagBottom - Self.lagTop)
    }

    private func copiesY(_ copies: Double) -> Double {
        Self.copiesBottom - copies / mostCopies * (Self.copiesBottom - Self.copiesTop)
    }

    // MARK: The drawing

    /// The text of the file.
    package var svg: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 530" font-family="sans-serif" font-size="13">
        <rect width="720" height="530" fill="#fff"/>
        \(text(Self.left, 30, "Lag against the number of viewers (simulated; resource index \(decimal(index, digits: 2)))", size: 15))
        \(grid)\(curves)
        \(text(380, 520, "viewers", anchor: "middle"))
        </svg>

        """
    }

    private var grid: String {
        var out = ""
        for lag in [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50] where lags.contains(lag) {
            out += row(lagY(lag), "\(decimal(lag, digits: lag < 1 ? 1 : 0)) s")
        }
        for copies in 0...Int(mostCopies) { out += row(copiesY(Double(copies)), "\(copies)") }
        for point in points {
            let place = x(Double(point.viewers))
            out += line(place, Self.lagTop, place, Self.lagBottom)
            out += line(place, Self.copiesTop, place, Self.copiesBottom)
            out += text(place, 498, "\(point.viewers)", anchor: "middle")
        }
        return out
    }

    private var curves: String {
        let place = { (point: Point) in x(Double(point.viewers)) }
        return curve(points.map { (place($0), lagY($0.middle)) }, "#1a6faf", "median")
            + curve(points.map { (place($0), lagY($0.high)) }, "#c2491d", "99th percentile")
            + curve(points.map { (place($0), copiesY($0.copies)) }, "#3a7d34", "")
            + text(Self.left, 330, "Source copies: bytes that the source sends, over the stream's")
    }

    private func curve(_ places: [(x: Double, y: Double)], _ color: String, _ name: String)
        -> String
    {
        let path = places.map { "\(digits($0.x)),\(digits($0.y))" }.joined(separator: " ")
        var out =
            "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"2\"/>\n"
        for place in places {
            out +=
                "<circle cx=\"\(digits(place.x))\" cy=\"\(digits(place.y))\" r=\"3.5\" fill=\"\(color)\"/>\n"
        }
        guard let last = places.last else { return out }
        return out + text(last.x - 4, last.y - 9, name, anchor: "end", color: color)
    }

    private func row(_ y: Double, _ label: String) -> String {
        line(Self.left, y, Self.right, y) + text(Self.left - 8, y + 4, label, anchor: "end")
    }

    private func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> String {
        "<line x1=\"\(digits(x1))\" y1=\"\(digits(y1))\" x2=\"\(digits(x2))\" y2=\"\(digits(y2))\" stroke=\"#ddd\"/>\n"
    }

    private func text(
        _ x: Double, _ y: Double, _ text: String, anchor: String = "start", size: Int = 13,
        color: String = "#333"
    ) -> String {
        guard !text.isEmpty else { return "" }
        return
            "<text x=\"\(digits(x))\" y=\"\(digits(y))\" text-anchor=\"\(anchor)\" font-size=\"\(size)\" fill=\"\(color)\">\(text)</text>\n"
    }

    private func digits(_ number: Double) -> String { decimal(number, digits: 1) }
}
