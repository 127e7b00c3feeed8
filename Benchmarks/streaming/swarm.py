"""An emulated swarm: namespaces with access lines, a tracker, seeds, and what they share."""
import hashlib, os, random, shutil, signal, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
PIECE = 262_144
PACKET = 188


def transport_stream(path, bitrate, seconds):
    """A transport stream of noise at a constant rate, with a clock every 40 ms; always the same."""
    noise, count = random.Random(1).randbytes(184 * 4096), int(bitrate / 8 * seconds) // PACKET
    every = max(1, int(bitrate / 8 / PACKET / 25))
    with open(path, 'wb') as file:
        for number in range(count):
            body = noise[number * 7919 % 4096 * 184:][:184]
            head = bytes((0x47, 1, 0, 0x10 | number % 16))
            if number % every == 0:
                ticks = int(number * PACKET * 8 / bitrate * 90_000) % (1 << 33)
                clock = (ticks << 15 | 0x7E00).to_bytes(6, 'big')
                head = bytes((0x47, 1, 0, 0x30 | number % 16, 7, 0x10)) + clock
                body = number.to_bytes(8, 'big') + body[:168]
            file.write(head + body)


def bencode(value):
    if isinstance(value, int):
        return b'i%de' % value
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return b'%d:%s' % (len(value), value)
    if isinstance(value, list):
        return b'l%se' % b''.join(map(bencode, value))
    return b'd%se' % b''.join(bencode(k) + bencode(value[k]) for k in sorted(value))


def torrent(content, announce, path):
    """Writes the torrent of one file (BEP 3)."""
    hashes, length = b'', os.path.getsize(content)
    with open(content, 'rb') as file:
        while part := file.read(PIECE):
            hashes += hashlib.sha1(part).digest()
    info = {'length': length, 'name': os.path.basename(content), 'piece length': PIECE,
            'pieces': hashes}
    with open(path, 'wb') as file:
        file.write(bencode({'announce': announce, 'info': info}))


class Swarm:
    """Seeds with `total` bits a second among them, and a place for one who watches."""

    def __init__(self, tools, seeds, content, total, delay, loss, down=50_000):
        self.tools, self.seeds, self.content = tools, seeds, content
        self.up, self.delay, self.loss, self.down = total / 1000 / len(seeds), delay, loss, down
        self.name = f'p2ptv-{os.getpid()}'
        self.folder = tempfile.mkdtemp(prefix='p2ptv-stream-')
        self.children = []

    def space(self, role):
        return f'{self.name}-{role}'

    def __enter__(self):
        try:
            self.build()
        except BaseException:
            self.__exit__()
            raise
        return self

    def build(self):
        os.chmod(self.folder, 0o755)
        roles = ['t', 'w'] + [str(number) for number in range(len(self.seeds))]
        for role in roles:
            subprocess.run(['ip', 'netns', 'add', self.space(role)], check=True)
        quarter = self.delay / 4
        lines = [f'{self.space("t")},10.87.0.1,0,0,{quarter},0',
                 f'{self.space("w")},10.87.0.2,20000,{self.down},{quarter},0']
        lines += [f'{self.space(str(n))},10.87.0.{10 + n},{self.up:.1f},20000,{quarter},{self.loss}'
                  for n in range(len(self.seeds))]
        link = self.start(None, [sys.executable, f'{HERE}/link.py'] + lines, out=subprocess.PIPE)
        if link.stdout.readline() != b'ready\n':
            raise OSError('the emulated lines did not come up')
        self.torrent = f'{self.folder}/film.torrent'
        torrent(self.content, 'http://10.87.0.1:6969/announce', self.torrent)
        tracker = self.start('t', [sys.executable, f'{HERE}/tracker.py', '10.87.0.1', '6969'],
                             out=subprocess.PIPE)
        time.sleep(0.3)
        for number, program in enumerate(self.seeds):
            folder = f'{self.folder}/seed{number}'
            os.mkdir(folder)
            os.symlink(self.content, f'{folder}/{os.path.basename(self.content)}') \
                if program in ('libtorrent', 'p2ptv') else \
                os.link(self.content, f'{folder}/{os.path.basename(self.content)}')
            self.start(str(number), self.seed(program, folder, f'10.87.0.{10 + number}'))
        self.wait(tracker)

    def seed(self, program, folder, address):
        if program == 'libtorrent':
            return [self.tools['libtorrent'], f'{HERE}/deadline.py', 'seed', self.torrent, folder,
                    address, '7000']
        if program == 'aria2':
            return [self.tools['aria2'], '-q', '-V', '--bt-seed-unverified=true', '--seed-ratio=0',
                    '--enable-dht=false', '--enable-dht6=false', '--enable-peer-exchange=false',
                    '--listen-port=7000', '--disable-ipv6=true', '-d', folder, self.torrent]
        if program == 'rtorrent':
            with open(f'{folder}.rc', 'w') as file:
                file.write(f'directory.default.set={folder}\nnetwork.port_range.set=7000-7000\n'
                           'dht.mode.set=disable\nprotocol.pex.set=no\nsystem.daemon.set=true\n'
                           f'network.bind_address.set={address}\n'
                           f'schedule2=go,0,0,"load.start={self.torrent}"\n')
            return [self.tools['rtorrent'], '-n', '-o', f'import={folder}.rc']
        return [self.tools['p2ptv'], 'relay', self.torrent, '--data', folder, '--peer-port', '7000',
                '--state-dir', folder + '-state', '--quiet']

    def wait(self, tracker):
        os.set_blocking(tracker.stdout.fileno(), False)
        known, end = b'', time.monotonic() + 30
        while known.count(b'seed') < len(self.seeds):
            known += tracker.stdout.read() or b''
            if time.monotonic() > end:
                raise OSError(f'only {known.count(b"seed")} of {len(self.seeds)} seeds are there')
            time.sleep(0.1)
        time.sleep(1)

    def start(self, role, command, out=subprocess.DEVNULL):
        """Starts a program, in the namespace of `role`; it ends with the swarm."""
        if role is not None:
            command = ['nsenter', f'--net=/var/run/netns/{self.space(role)}'] + command
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out,
                                 stderr=subprocess.DEVNULL, start_new_session=True)
        self.children.append(child)
        return child

    def ask(self, command, limit):
        """What a program in the viewer's namespace prints."""
        command = ['nsenter', f'--net=/var/run/netns/{self.space("w")}'] + command
        return subprocess.run(command, capture_output=True, timeout=limit).stdout

    def stop(self, child):
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(3)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def __exit__(self, *_):
        for child in reversed(self.children):
            self.stop(child)
        listed = subprocess.run(['ip', 'netns', 'list'], capture_output=True, text=True).stdout
        for name in listed.split():
            if name.startswith(self.name + '-'):
                subprocess.run(['ip', 'netns', 'del', name])
        shutil.rmtree(self.folder, ignore_errors=True)
