// A tracker's answer to an announce (BEP 3, 7, 23), read and written. What an answer says is
// bounded here; what follows from it is the announcer's affair.

import Bencode
package import Primitives

/// Why an answer to an announce gives no peers.
package enum AnnounceResponseError: Error, Hashable, Sendable {
    /// The answer has this many bytes, more than are read.
    case tooLong(Int)
    /// The answer is no bencoded dictionary with peers.
    case malformed(String)
    /// The tracker refuses, for this reason; free of control characters.
    case refused(String)

    /// The reason in words.
    package var reason: String {
        switch self {
        case .tooLong(let count): "the answer is too long: \(count) bytes"
        case .malformed(let what): "the answer is malformed: \(what)"
        case .refused(let reason): reason
        }
    }

    /// Whether the tracker itself gave the reason.
    var isRefusal: Bool {
        if case .refused = self { return true }
        return false
    }
}

/// A tracker's answer that gives peers.
package struct AnnounceResponse: Hashable, Sendable {
    /// How much of an answer is believed.
    package struct Limits: Hashable, Sendable {
        /// The bytes of an answer: a list of 3,000 peers takes 54,000, as dictionaries 300,000.
        package var bytes = 1 << 20
        /// The peers taken from one answer; those beyond are left.
        package var peers = 3000
        /// The bytes of a tracker's identifier, which every later request repeats.
        package var trackerID = 256

        /// The defaults.
        package init() {}
    }

    /// Seconds until the next announce, as the tracker says, unbounded.
    package var interval: Int?
    /// The least number of seconds until the next announce, unbounded.
    package var minInterval: Int?
    /// How many peers have everything.
    package var seeders: Int?
    /// How many peers miss something.
    package var leechers: Int?
    /// What the tracker asks to be told at further announces.
    package var trackerID: [UInt8]?
    /// What the tracker warns of; free of control characters where it was read.
    package var warning: String?
    /// The peers, each once, none that could not be one.
    package var peers: [Endpoint]

    /// An answer.
    package init(
        interval: Int? = nil, minInterval: Int? = nil, seeders: Int? = nil, leechers: Int? = nil,
        trackerID: [UInt8]? = nil, warning: String? = nil, peers: [Endpoint] = []
    ) {
        self.interval = interval
        self.minInterval = minInterval
        self.seeders = seeders
        self.leechers = leechers
        self.trackerID = trackerID
        self.warning = warning
        self.peers = peers
    }

    /// The answer in bencode: compact lists, IPv4 in `peers` (BEP 23), IPv6 in `peers6` (BEP 7).
    package var encoded: [UInt8] {
        var dictionary = BencodeDictionary()
        let numbers = [
            ("interval", interval), ("min interval", minInterval), ("complete", seeders),
            ("incomplete", leechers),
        ]
        for (key, number) in numbers {
            if let number { dictionary[key] = .integer(Int64(number)) }
        }
        if let trackerID { dictionary["tracker id"] = .bytes(trackerID) }
        if let warning { dictionary["warning message"] = .string(warning) }
        var v4: [UInt8] = []
        var v6: [UInt8] = []
        for peer in peers {
            switch peer.address {
            case .v4: v4 += peer.compact
            case .v6: v6 += peer.compact
            }
        }
        dictionary["peers"] = .bytes(v4)
        if !v6.isEmpty { dictionary["peers6"] = .bytes(v6) }
        return BencodeValue.dictionary(dictionary).encoded
    }
}
