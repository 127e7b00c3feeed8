// A report as tests print it; Console has the one for people.

import Primitives
import Swarm

extension ViewerReport: CustomStringConvertible {
    /// One line.
    package var description: String {
        let start = startup.map { "\(Int($0.milliseconds))" } ?? "never"
        return "start \(start) ms, lag \(ms(lagMedian))/\(ms(lagHigh))/\(ms(lagWorst)) ms, "
            + "\(delivered) pieces, \(skipped) skipped, \(stalls) stalls, "
            + "in \(hundredths(received)), out \(hundredths(sent)), "
            + "rescues \(counters.rescues), wasted \(counters.wastedBytes / 1024) KiB"
    }

    private func ms(_ span: Interval) -> String {
        span == .forever ? "-" : "\(Int(span.milliseconds))"
    }
}

extension Report: CustomStringConvertible {
    /// A line for the swarm and one for each viewer.
    package var description: String {
        let head =
            "copies \(hundredths(copies)), lag \(lagMedian.milliseconds) ms, "
            + "skipped \(skipped), waste \(hundredths(waste * 100)) %, events \(events)"
        return ([head] + viewers.map(\.description)).joined(separator: "\n")
    }
}

private func hundredths(_ value: Double) -> String {
    let whole = Int(value * 100 + 0.5)
    return "\(whole / 100).\(whole / 10 % 10)\(whole % 10)"
}
