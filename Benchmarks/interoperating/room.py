"""Where a transfer takes place: processes that end with it, free ports, and a tracker."""
import os, random, signal, socket, subprocess, time, urllib.error, urllib.parse, urllib.request


class Child:
    """A program that was started here; it is ended by its own id."""

    alive = []

    def __init__(self, command, log, environment=None):
        self.log = log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True,
                env={**os.environ, **(environment or {})})
        Child.alive.append(self)

    @property
    def code(self):
        """Its exit status, or nil while it runs; negative where a signal ended it."""
        return self.process.poll()

    def end(self):
        """Asks it to end, insists after a while, and answers its exit status."""
        for number, patience in ((signal.SIGINT, 15), (signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            if self.code is None:
                self.process.send_signal(number)
                try:
                    self.process.wait(patience)
                except subprocess.TimeoutExpired:
                    continue
            break
        if self in Child.alive:
            Child.alive.remove(self)
        return self.code

    def last_words(self):
        with open(self.log, "rb") as file:
            lines = file.read()[-4000:].decode("utf-8", "replace").strip().splitlines()
        return lines[-1][:200] if lines else ""


class Failure(Exception):
    """Why a transfer failed, in a sentence."""


def wait(seconds, condition, what, *children):
    """Waits until a condition holds; the children named must run meanwhile."""
    end = time.monotonic() + seconds
    while not condition():
        for child in children:
            if child.code is not None:
                raise Failure(f"{what}: {os.path.basename(os.path.dirname(child.log))} ended "
                              f"with {child.code}: {child.last_words()}")
        if time.monotonic() > end:
            said = "; ".join(c.last_words() for c in children)
            raise Failure(f"{what}: not within {seconds:.0f} s: {said}")
        time.sleep(0.05)


def free_port():
    """A port that nobody has now, for TCP and UDP, below those that the kernel gives to clients."""
    while True:
        port = random.randrange(20_000, 32_000)
        try:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                with socket.socket(socket.AF_INET, kind) as probe:
                    probe.bind(("127.0.0.1", port))
            return port
        except OSError:
            pass


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
            return True
    except OSError:
        return False


class Tracker:
    """Our tracker or opentracker, for one transfer: nobody of the one before is known."""

    def __init__(self, kind, found, port, hashes, folder, address):
        self.kind, self.port, self.hashes, self.address = kind, port, hashes, address
        os.mkdir(folder)
        if kind == "p2ptv":
            command = [found["p2ptv"], "tracker", "--port", str(port)]
        else:
            # Debian's serves only what a list names. It gives its rights up, so all may read it.
            names, settings = os.path.join(folder, "list"), os.path.join(folder, "conf")
            with open(names, "w") as out:
                out.write("".join(h + "\n" for h in hashes))
            with open(settings, "w") as out:
                out.write(f"listen.tcp 127.0.0.1:{port}\nlisten.udp 127.0.0.1:{port}\n"
                          f"access.whitelist {names}\n")
            command = [found["opentracker"], "-f", settings]
        self.child = Child(command, os.path.join(folder, "log"))
        # The list is read some time after it listens.
        wait(20, lambda: self.scrape() is not None, f"the tracker {kind}", self.child)

    def scrape(self):
        """Whole and partial copies that it knows of the torrent (BEP 48); nil where it is silent."""
        out = (0, 0)
        for name in self.hashes:
            query = "info_hash=" + urllib.parse.quote(bytes.fromhex(name), safe="")
            try:
                with urllib.request.urlopen(f"http://{self.address}:{self.port}/scrape?{query}", timeout=2) as answer:
                    body = answer.read()
            except (OSError, urllib.error.URLError):
                return None
            if b"5:filesd" not in body:
                return None
            one = tuple(number_after(body, key) for key in (b"8:complete", b"10:incomplete"))
            out = max(out, one)
        return out

    def whole(self):
        return (self.scrape() or (0, 0))[0]

    def known(self):
        return sum(self.scrape() or (0, 0))


def number_after(body, key):
    at = body.find(key + b"i")
    return int(body[at + len(key) + 1:body.index(b"e", at + len(key))]) if at >= 0 else 0
