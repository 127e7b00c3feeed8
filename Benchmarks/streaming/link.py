#!/usr/bin/env python3
"""Access lines between network namespaces, each with a rate, a delay and a loss of its own.

    link.py NAMESPACE,ADDRESS,UP,DOWN,DELAY,LOSS...     kbit/s (0: no bound), ms, percent

A packet waits for its turn on the sender's line, takes both delays, and waits for its turn on the
receiver's line. A line drops what would wait for more than a quarter of a second. Each namespace
gets a TUN device with the address in a /24. Prints `ready`, and ends with SIGTERM or SIGINT.
"""
import ctypes, fcntl, heapq, os, random, select, signal, socket, struct, subprocess, sys, time

QUEUE = 0.25
TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 0x0001, 0x1000, 0x40000000


class Line:
    """The access line of one namespace."""

    def __init__(self, text):
        self.namespace, address, up, down, delay, loss = text.split(',')
        self.address = socket.inet_aton(address)
        self.up, self.down = float(up) * 125, float(down) * 125
        self.delay, self.loss = float(delay) / 1000, float(loss) / 100
        self.up_free = self.down_free = 0.0
        self.device = open_device(self.namespace, address)


def open_device(namespace, address):
    """A TUN device in `namespace`, as a file descriptor of this process."""
    libc, own = ctypes.CDLL(None, use_errno=True), os.open('/proc/self/ns/net', os.O_RDONLY)
    there = os.open('/var/run/netns/' + namespace, os.O_RDONLY)
    if libc.setns(there, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), 'setns')
    device = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(device, TUNSETIFF, struct.pack('16sH22x', b'line0', IFF_TUN | IFF_NO_PI))
    libc.setns(own, CLONE_NEWNET)
    os.close(own)
    os.close(there)
    for command in ('link set lo up', f'addr add {address}/24 dev line0',
                    'link set line0 txqueuelen 1000 up'):
        subprocess.run(['ip', '-n', namespace] + command.split(), check=True)
    return device


def turn(free, now, size, rate):
    """When a line that is free at `free` has sent `size` bytes; None where it drops them."""
    if rate == 0:
        return now
    start = max(free, now)
    return None if start - now > QUEUE else start + size / rate


def run(lines):
    by_device = {line.device: line for line in lines}
    by_address = {line.address: line for line in lines}
    chance, agenda, number = random.Random(1).random, [], 0
    devices = list(by_device)
    while True:
        now = time.monotonic()
        while agenda and agenda[0][0] <= now:
            at, _, is_through, line, packet = heapq.heappop(agenda)
            if is_through or line.down == 0:
                try:
                    os.write(line.device, packet)
                except OSError:
                    pass
                continue
            end = turn(line.down_free, at, len(packet), line.down)
            if end is not None:
                line.down_free = end
                number += 1
                heapq.heappush(agenda, (end, number, True, line, packet))
        pause = max(0, agenda[0][0] - time.monotonic()) if agenda else 1
        readable = select.select(devices, [], [], pause)[0]
        now = time.monotonic()
        for device in readable:
            line = by_device[device]
            for _ in range(64):
                try:
                    packet = os.read(device, 65536)
                except BlockingIOError:
                    break
                other = by_address.get(packet[16:20]) if packet[0] >> 4 == 4 else None
                if other is None or (line.loss and chance() < line.loss):
                    continue
                end = turn(line.up_free, now, len(packet), line.up)
                if end is None:
                    continue
                line.up_free = end if line.up else 0.0
                number += 1
                heapq.heappush(
                    agenda, (end + line.delay + other.delay, number, False, other, packet))


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    ports = [Line(text) for text in sys.argv[1:]]
    print('ready', flush=True)
    run(ports)
