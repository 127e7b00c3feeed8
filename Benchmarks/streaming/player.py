#!/usr/bin/env python3
"""A player without a picture: how soon it starts, how often it stands still, how long a jump takes.

    player.py play SOURCE --bitrate BITS --seconds S --since T
    player.py jump SOURCE --bytes N --jumps N --since T

SOURCE is a URL, a path, or `aria2:PORT:PATH:LENGTH:PIECE`. It reads as fast as it is given, as mpv
does; it starts with two seconds in hand, and goes on after a stall with one. Prints one JSON object.
"""
import argparse, http.client, json, random, socket, threading, time, urllib.parse, urllib.request

START, RESUME, TICK = 2.0, 1.0, 0.005


class Web:
    """A file by HTTP; each place is a connection of its own, as with mpv and VLC."""

    def __init__(self, url):
        self.url = urllib.parse.urlsplit(url)
        self.link = None

    def open(self, at):
        if self.link:
            self.link.close()
        self.link = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=60)
        self.link.request('GET', self.url.path, headers={'Range': f'bytes={at}-'})
        self.answer = self.link.getresponse()
        if self.answer.status not in (200, 206):
            raise OSError(self.answer.status)

    def read(self):
        return len(self.answer.read1(65536))


class File:
    """A file of a file system that waits for what is not there."""

    def __init__(self, path):
        self.path, self.file = path, None

    def open(self, at):
        self.file = self.file or open(self.path, 'rb', buffering=0)
        self.file.seek(at)

    def read(self):
        return len(self.file.read(65536))


class Aria2:
    """What aria2 says that it has, without a hole, of the file that it loads."""

    def __init__(self, text):
        _, port, _, length, piece = text.split(':')
        self.url, self.at = f'http://127.0.0.1:{port}/jsonrpc', 0
        self.length, self.piece = int(length), int(piece)

    def ask(self, method, *parameters):
        body = json.dumps(dict(jsonrpc='2.0', id='1', method=method, params=parameters))
        with urllib.request.urlopen(self.url, body.encode(), timeout=10) as answer:
            return json.load(answer)['result']

    def open(self, at):
        active = self.ask('aria2.tellActive', ['gid'])
        if not active:
            raise OSError('nothing is loaded yet')
        self.gid, self.at = active[0]['gid'], at

    def read(self):
        while True:
            field = self.ask('aria2.tellStatus', self.gid, ['bitfield']).get('bitfield', '')
            end = self.at // self.piece
            while end // 4 < len(field) and int(field[end // 4], 16) >> (3 - end % 4) & 1:
                end += 1
            gained = min(self.length, end * self.piece) - self.at
            if gained > 0 or self.at >= self.length:
                self.at += max(0, gained)
                return max(0, gained)
            time.sleep(0.02)


def source(text):
    if text.startswith('aria2:'):
        return Aria2(text)
    return Web(text) if '://' in text else File(text)


def opened(film, at, limit):
    """Opens a film at a place, again and again while it is not there."""
    while True:
        try:
            return film.open(at)
        except (OSError, http.client.HTTPException, socket.timeout):
            if time.time() > limit:
                raise
            time.sleep(0.01)


class Reading(threading.Thread):
    """Reads a film from its beginning, as fast as it comes."""

    def __init__(self, film, limit):
        super().__init__(daemon=True)
        self.film, self.limit, self.count, self.first, self.is_over = film, limit, 0, None, False

    def run(self):
        try:
            opened(self.film, 0, self.limit)
            while count := self.film.read():
                self.first = self.first or time.time()
                self.count += count
        except (OSError, http.client.HTTPException):
            pass
        self.is_over = True


def play(film, bitrate, seconds, since, limit):
    rate, reading = bitrate / 8, Reading(film, limit)
    reading.start()
    start = stalled_at = None
    position = stalled = 0.0
    stalls, last = 0, time.time()
    while position < seconds * rate and time.time() < limit:
        time.sleep(TICK)
        now, hand = time.time(), reading.count - position
        if start is None:
            if hand >= START * rate or reading.is_over and hand > 0:
                start = now - since
        elif stalled_at is not None:
            if hand >= RESUME * rate or reading.is_over:
                stalled += now - stalled_at
                stalled_at = None
        else:
            position += (now - last) * rate
            if position > reading.count and not reading.is_over:
                position, stalls, stalled_at = reading.count, stalls + 1, now
        last = now
    if stalled_at is not None:
        stalled += time.time() - stalled_at
    return dict(first=reading.first and reading.first - since, start=start, stalls=stalls,
                stalled=stalled)


def jump(film, length, jumps, since, limit):
    """Plays three seconds from the beginning, then jumps about among places not yet visited."""
    opened(film, 0, limit)
    end = time.time() + 3
    while time.time() < end:
        film.read()
    places = [int(length * (0.2 + 0.75 * number / jumps)) for number in range(jumps)]
    random.Random(7).shuffle(places)
    times = []
    for place in places:
        begin = time.time()
        opened(film, place, limit)
        film.read()
        times.append(time.time() - begin)
        while time.time() < begin + 1.5 and time.time() < limit:
            film.read()
        if time.time() > limit:
            break
    return dict(jumps=times)


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('what', choices=['play', 'jump'])
    parser.add_argument('source')
    for name, kind in dict(bitrate=float, seconds=float, bytes=int, jumps=int, since=float,
                           limit=float).items():
        parser.add_argument('--' + name, type=kind, default=None)
    a = parser.parse_args()
    end = time.time() + (a.limit or 120)
    result = (play(source(a.source), a.bitrate, a.seconds, a.since, end) if a.what == 'play'
              else jump(source(a.source), a.bytes, a.jumps, a.since, end))
    print(json.dumps(result))
