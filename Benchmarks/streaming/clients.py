"""Programs that play a torrent while it comes, each started on a swarm in the same way."""
import glob, json, os, subprocess, time
from swarm import HERE, PIECE


class Client:
    """A program on a swarm; `source` is what the player reads."""

    #: Whether it can jump, and whether it plays any file.
    jumps = True

    def __init__(self, swarm):
        self.swarm, self.folder = swarm, f'{swarm.folder}/client'
        os.mkdir(self.folder)
        self.name = os.path.basename(swarm.content)
        self.since = time.time()
        self.child = swarm.start('w', self.command())

    def waste(self):
        """The part of what came that came twice, or nil where it does not say."""
        return None

    def status(self, url):
        try:
            return json.loads(self.swarm.ask(['curl', '-s', '-m', '3', url], 5))
        except (ValueError, subprocess.TimeoutExpired):
            return None

    def stop(self):
        self.swarm.stop(self.child)


class P2PTV(Client):
    source_port = 8099

    def command(self):
        return [self.swarm.tools['p2ptv'], 'watch', self.swarm.torrent, '--port', '8099',
                '--peer-port', '7100', '--player', 'none', '--state-dir', self.folder + '/state',
                '-o', self.folder + '/']

    @property
    def source(self):
        return f'http://127.0.0.1:8099/file/0/{self.name}'

    def waste(self):
        status = self.status('http://127.0.0.1:8099/api/v1/status')
        if not status:
            return None
        channel = status['channels'][0]
        came = sum(peer['downloaded'] for peer in channel['neighbours'])
        return channel['wasted'] / came if came else None


class Libtorrent(Client):
    def command(self):
        return [self.swarm.tools['libtorrent'], f'{HERE}/deadline.py', 'watch', self.swarm.torrent,
                self.folder, '10.87.0.2', '7100', '8099']

    @property
    def source(self):
        return f'http://127.0.0.1:8099/{self.name}'

    def waste(self):
        status = self.status('http://127.0.0.1:8099/status')
        return status['wasted'] / status['downloaded'] if status and status['downloaded'] else None


class Btfs(Client):
    def command(self):
        os.mkdir(self.folder + '/mount')
        return [self.swarm.tools['btfs'], '-f', '--data-directory=' + self.folder,
                self.swarm.torrent, self.folder + '/mount']

    @property
    def source(self):
        return f'{self.folder}/mount/{self.name}'

    def stop(self):
        subprocess.run(['umount', '-l', self.folder + '/mount'], stderr=subprocess.DEVNULL)
        super().stop()


class Aria2(Client):
    jumps = False

    def command(self):
        return [self.swarm.tools['aria2'], '-q', '--enable-rpc', '--rpc-listen-port=6800',
                '--seed-time=0', '--enable-dht=false', '--enable-dht6=false', '--disable-ipv6=true',
                '--listen-port=7100', '--file-allocation=none', '--bt-prioritize-piece=head=2M',
                '-d', self.folder, self.swarm.torrent]

    @property
    def source(self):
        return f'aria2:6800:{self.name}:{os.path.getsize(self.swarm.content)}:{PIECE}'


#: The programs by name.
ALL = {'p2ptv': P2PTV, 'libtorrent': Libtorrent, 'btfs': Btfs, 'aria2': Aria2}
