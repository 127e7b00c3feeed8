#!/usr/bin/env python3
"""A tracker of one swarm by HTTP (BEP 3, BEP 23).

    tracker.py ADDRESS PORT

Prints `seed ADDRESS` when a peer first says that it lacks nothing.
"""
import socket, struct, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

peers, seeds = {}, set()


class Tracker(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def do_GET(self):
        query = parse_qs(urlsplit(self.path).query, encoding='latin-1')
        address = self.client_address[0]
        port = int(query.get('port', ['0'])[0])
        if query.get('event') == ['stopped']:
            peers.pop((address, port), None)
        else:
            peers[address, port] = True
        if query.get('left') == ['0'] and address not in seeds:
            seeds.add(address)
            print('seed', address, flush=True)
        compact = b''.join(
            socket.inet_aton(a) + struct.pack('>H', p) for a, p in peers if a != address)
        body = b'd8:intervali1800e5:peers%d:%se' % (len(compact), compact)
        self.send_response(200)
        self.send_header('Content-Type', 'text/plain')
        self.send_header('Content-Length', str(len(body)))
        self.send_header('Connection', 'close')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == '__main__':
    HTTPServer((sys.argv[1], int(sys.argv[2])), Tracker).serve_forever()
