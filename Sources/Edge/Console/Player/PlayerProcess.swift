// The player's process: started by argv, waited for, ended with us.

import Glibc
package import Reactor

/// A player that runs.
@Loop
package final class PlayerProcess {
    private let process: pid_t
    private let ended: @Loop (Int32) -> Void
    private var isRunning = true
    private var child: SignalSource?

    /// Starts a player, and calls `ended` with its exit code (128 + n after signal n) once it ends.
    ///
    /// It gets no terminal: its keys are in its window, and its messages would tear our line.
    ///
    /// - Throws: a complaint with exit 69.
    package init(
        _ command: PlayerCommand, ended: @escaping @Loop (Int32) -> Void
    ) throws(Complaint) {
        self.ended = ended
        process = try Self.spawn(command)
        child = SignalSource([SIGCHLD]) { [weak self] _ in self?.reap() }
        // It may have ended before the signal was watched for.
        reap()
    }

    /// Asks the player to end; `ended` is not called any more.
    package func end() {
        guard isRunning else { return }
        isRunning = false
        child?.close()
        kill(process, SIGTERM)
    }

    private func reap() {
        var status: Int32 = 0
        guard isRunning, waitpid(process, &status, WNOHANG) == process else { return }
        isRunning = false
        child?.close()
        let signal = status & 0x7f
        ended(signal == 0 ? (status >> 8) & 0xff : 128 + signal)
    }

    private static func spawn(_ command: PlayerCommand) throws(Complaint) -> pid_t {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        for descriptor in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] {
            let mode = descriptor == STDIN_FILENO ? O_RDONLY : O_WRONLY
            posix_spawn_file_actions_addopen(&files, descriptor, "/dev/null", mode, 0)
        }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // We ignore SIGPIPE, which a child would inherit.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF))
        let words = command.arguments.map { strdup($0) }
        defer { for word in words { free(word) } }
        var process: pid_t = 0
        let code = posix_spawn(
            &process, command.program, &files, &attributes, words + [nil], environ)
        guard code == 0 else {
            throw Complaint(
                .unavailable, what: "cannot start \(command.program)", why: systemText(code),
                hint: "use --player none and open the address in any player")
        }
        return process
    }
}
