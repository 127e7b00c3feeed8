#!/usr/bin/env python3
"""libtorrent as a seed, or as one builds a streaming player on it: deadlines and a loopback server.

    deadline.py seed  TORRENT FOLDER ADDRESS PORT
    deadline.py watch TORRENT FOLDER ADDRESS PORT HTTP-PORT

To watch: the sixteen pieces from where a reader stands have deadlines, half a second apart, the rest
comes in order; after a jump what was asked for elsewhere loses its deadline. `/status` tells the bytes that came, and those that came twice.
"""
import json, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import libtorrent as lt

AHEAD, STEP = 16, 500


def session(address, port):
    return lt.session({
        'listen_interfaces': f'{address}:{port}', 'enable_dht': False, 'enable_lsd': False,
        'enable_upnp': False, 'enable_natpmp': False, 'enable_incoming_utp': False,
        'enable_outgoing_utp': False, 'connection_speed': 200, 'out_enc_policy': 2,
        'in_enc_policy': 2, 'alert_mask':
        lt.alert.category_t.storage_notification | lt.alert.category_t.piece_progress_notification})


def add(ses, torrent, folder, is_seed):
    parameters = lt.add_torrent_params()
    parameters.ti, parameters.save_path = lt.torrent_info(torrent), folder
    parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
    if is_seed:
        parameters.flags |= lt.torrent_flags.seed_mode
    else:
        parameters.flags |= lt.torrent_flags.sequential_download
    return ses.add_torrent(parameters)


class Film:
    """The pieces of the first file, for readers."""

    def __init__(self, ses, handle):
        self.ses, self.handle = ses, handle
        info = handle.torrent_file()
        self.piece, self.length = info.piece_length(), info.total_size()
        self.count, self.have, self.bytes = info.num_pieces(), set(), {}
        self.changed, self.at = threading.Condition(), 0
        threading.Thread(target=self.listen, daemon=True).start()
        self.aim(0)

    def listen(self):
        while True:
            self.ses.wait_for_alert(500)
            for alert in self.ses.pop_alerts():
                with self.changed:
                    if isinstance(alert, lt.piece_finished_alert):
                        self.have.add(alert.piece_index)
                    elif isinstance(alert, lt.read_piece_alert):
                        self.bytes[alert.piece] = bytes(alert.buffer)
                    self.changed.notify_all()

    def aim(self, first):
        if not self.at <= first <= self.at + AHEAD:
            self.handle.clear_piece_deadlines()
        self.at = first
        for number in range(first, min(first + AHEAD, self.count)):
            if number not in self.have:
                self.handle.set_piece_deadline(number, (number - first) * STEP)

    def read(self, piece):
        with self.changed:
            self.changed.wait_for(lambda: piece in self.have, 120)
            self.bytes.pop(piece, None)
        self.handle.read_piece(piece)
        with self.changed:
            self.changed.wait_for(lambda: piece in self.bytes, 10)
            return self.bytes.pop(piece)


class Server(BaseHTTPRequestHandler):
    film = None
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass

    def do_GET(self):
        film = self.film
        if self.path == '/status':
            status = film.handle.status()
            body = json.dumps(dict(downloaded=status.total_payload_download,
                                   wasted=status.total_redundant_bytes)).encode()
            self.send_response(200)
            self.send_header('Content-Length', str(len(body)))
            self.end_headers()
            return self.wfile.write(body)
        wanted = self.headers.get('Range', 'bytes=0-').split('=')[1].split('-')
        at, end = int(wanted[0]), int(wanted[1]) + 1 if wanted[1] else film.length
        self.send_response(206)
        self.send_header('Content-Range', f'bytes {at}-{end - 1}/{film.length}')
        self.send_header('Content-Length', str(end - at))
        self.end_headers()
        try:
            while at < end:
                piece = at // film.piece
                film.aim(piece)
                start = piece * film.piece
                part = film.read(piece)[at - start:end - start]
                self.wfile.write(part)
                at += len(part)
        except OSError:
            self.close_connection = True


if __name__ == '__main__':
    what, torrent, folder, address, port = sys.argv[1:6]
    ses = session(address, port)
    handle = add(ses, torrent, folder, what == 'seed')
    if what == 'seed':
        while True:
            time.sleep(60)
    Server.film = Film(ses, handle)
    ThreadingHTTPServer(('127.0.0.1', int(sys.argv[6])), Server).serve_forever()
