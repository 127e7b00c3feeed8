// Child processes of the tests: started in clean surroundings, watched, signalled and ended by
// their pid. What they print goes to files, or through a pipe to the next one.

import Glibc

/// Why a test cannot go on, in a sentence.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// How a process ended.
enum Ending: Equatable {
    case code(Int32)
    case signal(Int32)
}

/// Both ends of a pipe, which no child inherits but on purpose.
struct Pipe {
    let reading: Int32
    let writing: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw Failure("no pipe: error \(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (reading, writing) = (ends[0], ends[1])
    }

    /// Lets go of both ends, when the children have theirs: else no end would ever be seen.
    func close() {
        _ = Glibc.close(reading)
        _ = Glibc.close(writing)
    }
}

/// A process that a test started.
@MainActor
final class Child {
    let name: String
    let pid: pid_t
    /// Where its standard output went, unless that is a pipe.
    let outputPath: String
    /// Where its standard error went.
    let errorPath: String
    private var known: Ending?

    /// Starts a program with these arguments; its files are in `folder`.
    init(
        _ name: String, _ program: String, _ arguments: [String], in folder: String,
        input: Int32? = nil, output: Int32? = nil
    ) throws {
        self.name = name
        outputPath = "\(folder)/\(name).out"
        errorPath = "\(folder)/\(name).err"
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        Self.redirect(&actions, 0, to: input, or: "/dev/null", O_RDONLY)
        Self.redirect(&actions, 1, to: output, or: outputPath, O_WRONLY | O_CREAT | O_TRUNC)
        Self.redirect(&actions, 2, to: nil, or: errorPath, O_WRONLY | O_CREAT | O_TRUNC)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // As a shell would start it, whatever the test runner ignores or blocks.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        let search = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
        // Nothing of the user's settings, and a home that goes with the test.
        let variables = ["PATH=\(search)", "HOME=\(folder)", "TMPDIR=\(folder)", "LANG=C.UTF-8"]
        var words: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) }
        var settings: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) }
        defer { for text in words + settings { free(text) } }
        words.append(nil)
        settings.append(nil)
        var pid: pid_t = 0
        let code = posix_spawnp(&pid, program, &actions, &attributes, words, settings)
        guard code == 0 else {
            throw Failure("cannot start \(program): \(String(cString: strerror(code)))")
        }
        self.pid = pid
    }

    private static func redirect(
        _ actions: inout posix_spawn_file_actions_t, _ number: Int32, to descriptor: Int32?,
        or path: String, _ flags: Int32
    ) {
        if let descriptor {
            posix_spawn_file_actions_adddup2(&actions, descriptor, number)
        } else {
            posix_spawn_file_actions_addopen(&actions, number, path, flags, 0o644)
        }
    }

    /// How it ended, or nil while it runs.
    var ending: Ending? {
        var status: Int32 = 0
        if known == nil, waitpid(pid, &status, WNOHANG) == pid { note(status) }
        return known
    }

    private func note(_ status: Int32) {
        let signal = status & 0x7f
        known = signal == 0 ? .code(status >> 8 & 0xff) : .signal(signal)
    }

    /// Sends it a signal, if it still runs.
    func send(_ signal: Int32) {
        if ending == nil { kill(pid, signal) }
    }

    /// How it ended, or nil where it did not within the time.
    func ended(within seconds: Double) async throws -> Ending? {
        _ = try await eventually(within: seconds) { ending != nil }
        return ending
    }

    /// Ends it at once, if it still runs; stopped processes end too.
    func end() {
        guard ending == nil else { return }
        kill(pid, SIGKILL)
        var status: Int32 = 0
        if waitpid(pid, &status, 0) == pid { note(status) }
    }

    /// What it wrote to standard output so far.
    var output: String { text(ofFile: outputPath) }
    /// What it wrote to standard error so far.
    var errors: String { text(ofFile: errorPath) }

    /// How it is and what it said last, for a failed test.
    var lastWords: String {
        let words = (output.suffix(600) + "\n" + errors.suffix(600))
        return "\(name) \(ending.map { "ended with \($0)" } ?? "runs"): \(words)"
    }
}

/// Waits until the condition holds; answers whether it came to hold within the time.
@MainActor
func eventually(
    within seconds: Double, _ condition: @MainActor () async throws -> Bool
) async throws -> Bool {
    let end = ContinuousClock.now + .seconds(seconds)
    while try await !condition() {
        guard ContinuousClock.now < end else { return false }
        try await Task.sleep(for: .milliseconds(20))
    }
    return true
}
