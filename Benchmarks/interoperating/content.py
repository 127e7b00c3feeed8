"""What is moved: a large file and a folder of many small ones, the same bytes each time, their
torrents, and the comparison of what came with what there was."""
import filecmp, json, os, random, subprocess

MIB = 1 << 20
BLOCK = 16_384
VERSIONS = ("v1", "v2", "hybrid")
#: Names that programs have got wrong: blanks, other alphabets, letters of two code points, signs
#: that shells and URLs know, the same name in two cases, a beginning that looks hidden or like an
#: option.
NAMES = ("plain", "with blanks", "Übergrößen", "e\u0301tude", "Ελλάδα", "日本語", "русский", "عربي",
         "🎞 film", "100% & more #1", "it's (a) [b] {c}", "-v", "..dots", "UPPER", "upper", "a;b,c=d+e",
         "very " + "long " * 38 + "name")


class Content:
    """A file or a folder, and its torrents, made as they are asked for."""

    def __init__(self, name, title, folder, p2ptv):
        self.name, self.title, self.p2ptv = name, title, p2ptv
        self.root = folder
        self.folder = os.path.join(folder, "content-" + name)
        self.path = os.path.join(self.folder, name)
        os.mkdir(self.folder)
        self.made = {}

    def measure(self):
        """Remembers what there is; a seed must not change it."""
        self.files = files_below(self.folder)
        self.size = sum(length for length, _ in self.files.values())

    def is_untouched(self):
        return files_below(self.folder) == self.files

    def torrent(self, version, announce, private=True):
        """The path of a torrent by `p2ptv create`, and what `p2ptv show` says of it."""
        key = version, announce
        if key not in self.made:
            path = os.path.join(self.root, f"{self.name}-{len(self.made)}.torrent")
            subprocess.run([self.p2ptv, "create", self.path, "--" + version, "-t", announce, "-o", path,
                            "--no-date"] + ["-p"] * private, check=True, capture_output=True)
            self.made[key] = Torrent(path, self.p2ptv)
        return self.made[key]

    def is_same(self, folder):
        """Whether all files are there, byte for byte; stops at the first that is not."""
        # What is mapped into memory changes without a new time, by which results are remembered.
        filecmp.clear_cache()
        return all(os.path.exists(os.path.join(folder, p)) and filecmp.cmp(
            os.path.join(folder, p), os.path.join(self.folder, p), shallow=False) for p in self.files)

    def faults(self, folder, torrent, without_empty=False, with_padding=False):
        """What is wrong with a copy of what is in a torrent: sentences, none where each byte is
        right and nothing else is there; and what may be said of it besides."""
        there, faults, remarks = files_below(folder), [], []
        filecmp.clear_cache()
        padding = [p for p in there if "/.pad/" in p] if with_padding else []
        missing = [p for p in self.files if p in torrent.files and p not in there]
        empty = [p for p in missing if without_empty and self.files[p][0] == 0]
        left_out = [p for p in self.files if p not in torrent.files]
        if left_out:
            # Only others may leave out what they do not like.
            (remarks if torrent.by_others else faults).append(f"{len(left_out)} files not in the torrent")
        if padding:
            remarks.append(f"padding left as {len(padding)} files")
            faults += [f"padding that is not zeros: {p}" for p in padding
                       if open(os.path.join(folder, p), "rb").read().strip(b"\0")]
        if empty:
            remarks.append(f"{len(empty)} empty files not made")
        faults += [f"missing: {p}" for p in missing if p not in empty]
        faults += [f"not of the torrent: {p}" for p in there if p not in torrent.files and p not in padding]
        faults += [f"other bytes: {p}" for p in self.files if p in there
                   and not filecmp.cmp(os.path.join(folder, p), os.path.join(self.folder, p), shallow=False)]
        return faults, remarks


class Torrent:
    """A torrent file and what it says."""

    def __init__(self, path, p2ptv, by_others=False):
        said = subprocess.run([p2ptv, "show", "--json", path], check=True, capture_output=True).stdout
        self.path, self.by_others, shown = path, by_others, json.loads(said)
        # Trackers know a swarm of version 2 by the first 20 bytes of its hash (BEP 52).
        self.hashes = [h[:40] for h in (shown["info_hash"], shown["info_hash_v2"]) if h]
        self.files = {f["path"] for f in shown["files"] if f["kind"] == "file"}
        self.padding = [(f["path"], f["length"]) for f in shown["files"] if f["kind"] == "padding"]


def files_below(folder):
    """Lengths and times of all files below a folder, by their paths in it. Of folders nothing."""
    out = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(place, name)
            status = os.lstat(path)
            out[os.path.relpath(path, folder)] = status.st_size, status.st_mtime_ns
    return out


def film(folder, p2ptv, size):
    """One large file of random bytes; it ends within a block."""
    content, chance = Content("film.mkv", f"one file of {size // MIB} MiB", folder, p2ptv), random.Random(1)
    with open(content.path, "wb") as out:
        for _ in range(size // MIB - 1):
            out.write(chance.randbytes(MIB))
        out.write(chance.randbytes(MIB - 12_345))
    content.measure()
    return content


def album(folder, p2ptv, count):
    """Many small files in folders: of 0 to 100 KiB, one in forty empty, one in eight about as long
    as a block or a piece."""
    content, chance = Content("album", f"{count} small files", folder, p2ptv), random.Random(2)
    borders = [n * BLOCK + d for n in (1, 2, 4, 5) for d in (-1, 0, 1)] + [1, 2]
    for number in range(count):
        inner = ["in " + NAMES[number % n] for n in (5, 7, 11)][:number % 4]
        path = os.path.join(content.path, *inner)
        os.makedirs(path, exist_ok=True)
        size = chance.randrange(100 * 1024)
        if number % 40 == 7:
            size = 0
        elif number % 8 == 1:
            size = borders[number // 8 % len(borders)]
        with open(os.path.join(path, f"{NAMES[number % len(NAMES)]} {number}"), "wb") as out:
            out.write(chance.randbytes(size))
    content.measure()
    return content
