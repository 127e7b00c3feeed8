// The programs that the tests run: p2ptv itself, and the tools it is held against.

import Glibc

/// Finds the programs, and says what to do where there is none.
@MainActor
enum Programs {
    /// The program under test: `P2PTV_BINARY`, or what was built here.
    static func p2ptv() throws -> String {
        if let path = getenv("P2PTV_BINARY").map({ String(cString: $0) }), !path.isEmpty {
            guard access(path, X_OK) == 0 else {
                throw Failure("P2PTV_BINARY names no program: \(path)")
            }
            return path
        }
        let package = #filePath.split(separator: "/", omittingEmptySubsequences: false)
            .dropLast(4).joined(separator: "/")
        let built = ["release", "debug"].map { "\(package)/.build/\($0)/p2ptv" }
        guard let path = built.first(where: { access($0, X_OK) == 0 }) else {
            throw Failure("there is no p2ptv to test: swift build -c release --product p2ptv")
        }
        return path
    }

    /// A tool of the system by its name.
    static func tool(_ name: String) throws -> String {
        let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        // Debian has servers where only root's path leads.
        for folder in path.split(separator: ":").map(String.init) + ["/usr/sbin"] {
            let candidate = "\(folder)/\(name)"
            if access(candidate, X_OK) == 0 { return candidate }
        }
        throw Failure("there is no \(name): scripts/setup installs it")
    }
}
