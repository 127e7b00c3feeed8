// Takes the secrets out of URLs before a person or a log sees them.

/// The URL without user name, password, stream key and the values of unknown parameters.
func redacted(_ url: String) -> String {
    guard let mark = url.firstRange(of: "://") else { return url }
    let scheme = url[..<mark.upperBound]
    let rest = url[mark.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let path = rest[authority.endIndex...].prefix { $0 != "?" && $0 != "#" }
    let query = rest[path.endIndex...]
    let place = scheme.lowercased().hasPrefix("rtmp") ? withoutStreamKey(path) : String(path)
    return scheme + withoutUser(authority) + place + withoutValues(query)
}

private func withoutUser(_ authority: Substring) -> String {
    guard let at = authority.lastIndex(of: "@") else { return String(authority) }
    return "…" + authority[at...]
}

/// The last part of an RTMP path is by custom the key that admits a publisher.
private func withoutStreamKey(_ path: Substring) -> String {
    let parts = path.split(separator: "/")
    guard parts.count > 1 else { return String(path) }
    return "/" + parts.dropLast().joined(separator: "/") + "/…"
}

/// Parameters that are known to be options keep their values; all others may be secrets.
private func withoutValues(_ query: Substring) -> String {
    guard query.first == "?" else { return query.isEmpty ? "" : "#…" }
    let open: Set<Substring> = ["mode", "listen", "latency", "transtype", "pkt_size", "timeout"]
    let fields = query.dropFirst().split(separator: "&").map { field -> String in
        let name = field.prefix { $0 != "=" }
        return open.contains(name) ? String(field) : name.count < field.count ? name + "=…" : "…"
    }
    return "?" + fields.joined(separator: "&")
}
