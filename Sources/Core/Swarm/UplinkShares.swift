// How one line's upload is divided among the swarms of a node. A pure function of what each has a
// use for; measures nothing.

package import Primitives

/// The division of an upload limit.
package enum UplinkShares {
    /// What a swarm may send beyond what it did, in bytes a second: two blocks, so that one that
    /// has had nothing to send can begin.
    static let start = 32_768.0
    /// How much more than it sent a swarm may have a use for: what grows does so within seconds.
    static let growth = 1.25

    /// What a swarm has a use for that lately sent at `rate` and has `waiting` bytes that it could
    /// not send.
    package static func demand(rate: ByteRate, waiting: Int) -> ByteRate {
        ByteRate(
            bytesPerSecond: rate.bytesPerSecond * growth + Double(waiting) + start)
    }

    /// A share of `limit` for each of `demands`; together they are `limit`.
    ///
    /// Nobody gets less than an equal share while it has a use for it, and what one leaves goes to
    /// the others (max-min fairness). What is left when all have enough is divided equally, so
    /// that whoever grows next need not wait for the next division.
    package static func divide(_ limit: ByteRate, among demands: [ByteRate]) -> [ByteRate] {
        var shares = Array(repeating: 0.0, count: demands.count)
        var left = limit.bytesPerSecond
        var open = demands.count
        let modestFirst = demands.indices.sorted { demands[$0] < demands[$1] }
        for index in modestFirst {
            shares[index] = min(max(demands[index].bytesPerSecond, 0), left / Double(open))
            left -= shares[index]
            open -= 1
        }
        let spare = left / Double(max(demands.count, 1))
        return shares.map { ByteRate(bytesPerSecond: $0 + spare) }
    }
}
