// How the text of a setting is read, and what is said of one that is wrong.

import Metainfo
import Primitives

/// A port, or 0 for any free one.
@Sendable func parseAnyPort(_ text: String) throws(SettingFault) -> UInt16 {
    guard let port = UInt16(text) else {
        throw SettingFault(
            why: "'\(text)' is not a port number", hint: "write a number from 1 to 65535")
    }
    return port
}

/// A port from 1 to 65535.
@Sendable func parsePort(_ text: String) throws(SettingFault) -> UInt16 {
    let port = try parseAnyPort(text)
    guard port > 0 else {
        throw SettingFault(why: "0 is not a port", hint: "write a number from 1 to 65535")
    }
    return port
}

@Sendable func parseRate(_ text: String) throws(SettingFault) -> ByteRate {
    do throws(RateFault) {
        return try ByteRate.parse(text)
    } catch {
        throw SettingFault(why: error.description, hint: error.hint)
    }
}

@Sendable func parseAddress(_ text: String) throws(SettingFault) -> IPAddress {
    guard let address = IPAddress(dotted: text), address.isUnicast else {
        throw SettingFault(
            why: "'\(text)' is not an IPv4 address of a host",
            hint: "write it as numbers, such as 203.0.113.7")
    }
    return address
}

@Sendable func parseTracker(_ text: String) throws(SettingFault) -> String {
    guard ChannelFile.isTracker(text) else {
        throw SettingFault(
            why: "'\(text)' is not a tracker's URL",
            hint: "write http://HOST:PORT/announce")
    }
    return text
}

@Sendable func parsePath(_ text: String) throws(SettingFault) -> String {
    guard !text.isEmpty else {
        throw SettingFault(why: "the path is empty", hint: "name a folder")
    }
    return text
}

@Sendable func parsePlayer(_ text: String) throws(SettingFault) -> PlayerChoice {
    guard let choice = PlayerChoice(rawValue: text) else {
        throw SettingFault(
            why: "'\(text)' is not a player that is known", hint: "write auto, mpv, vlc or none")
    }
    return choice
}

@Sendable func parseDelay(_ text: String) throws(SettingFault) -> Interval {
    // Longer than that is not in the window that nodes keep.
    let longest = Interval.seconds(60)
    guard let delay = parseSeconds(text), delay > .zero, delay <= longest else {
        throw SettingFault(
            why: "'\(text)' is not a delay above 0 and up to \(longest.text)",
            hint: "write it in seconds, such as 2 or 0.5")
    }
    return delay
}

@Sendable func parseWindow(_ text: String) throws(SettingFault) -> Interval {
    // Below ten seconds nobody could catch up here, and the bitmap of a handshake ends at 32,768
    // pieces, which half an hour has at the most.
    let (shortest, longest) = (Interval.seconds(10), Interval.seconds(1800))
    guard let window = parseSeconds(text), window >= shortest, window <= longest else {
        throw SettingFault(
            why: "'\(text)' is not a time from \(shortest.text) to \(longest.text)",
            hint: "write it in seconds, such as 180")
    }
    return window
}

@Sendable func parseMemory(_ text: String) throws(SettingFault) -> Int {
    let least = 16 << 20
    guard let bytes = parseSize(text), bytes >= least else {
        throw SettingFault(
            why: "'\(text)' is not a size of at least \(sizeText(least))",
            hint: "write it with its unit, such as 256MiB or 1GB")
    }
    return bytes
}
