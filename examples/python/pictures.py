"""Pictures of handwritten digits for the other examples: reading them, and drawing a sheet of pictures as a PNG.

By default they are the 8x8 digits of examples/data/digits.csv. A folder given by --data holds MNIST, or another set in
its form: gzipped IDX files of pictures and labels, train-* to learn from, t10k-* or test-* to be judged by
(train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz and so on). Needs numpy alone.
"""

import argparse
import gzip
import pathlib
import struct
import zlib

import numpy as np

TABLE = pathlib.Path(__file__).resolve().parents[1] / "data" / "digits.csv"
CLASSES = 10


def read(folder=None):
    """(pictures, labels) to learn from and (pictures, labels) to be judged by, the same for every seed and library.

    Pictures are (count, height, width, 1), float32, 0 for paper to 1 for ink; labels (count,), int32.
    """
    if folder is not None:
        return _read_part(folder, "train"), _read_part(folder, "t10k", "test")
    table = np.loadtxt(TABLE, delimiter=",", skiprows=1, dtype=np.float32)
    x, y = table[:, :64].reshape(-1, 8, 8, 1) / 16, table[:, 64].astype(np.int32)
    order = np.random.default_rng(0).permutation(len(x))
    test, train = np.split(order, [len(x) // 4])
    return (x[train], y[train]), (x[test], y[test])


def _read_part(folder, *names):
    for name in names:
        images = pathlib.Path(folder) / f"{name}-images-idx3-ubyte.gz"
        labels = pathlib.Path(folder) / f"{name}-labels-idx1-ubyte.gz"
        if images.exists() and labels.exists():
            x, y = _read_idx(images, 3), _read_idx(labels, 1)
            if len(x) != len(y):
                raise SystemExit(f"{images} holds {len(x)} pictures, {labels} {len(y)} labels")
            return x[..., np.newaxis] / np.float32(255), y.astype(np.int32)
    images = " or ".join(f"{name}-images-idx3-ubyte.gz" for name in names)
    raise SystemExit(f"{folder} holds no {images} with its labels")


def _read_idx(path, dimensions):
    """The bytes of an IDX file: a magic number, big-endian sizes, then the values."""
    with gzip.open(path) as file:
        data = file.read()
    magic = bytes([0, 0, 8, dimensions])
    start = 4 + 4 * dimensions
    if data[:4] != magic or len(data) < start:
        raise SystemExit(f"{path} is no IDX file of bytes in {dimensions} dimensions")
    shape = struct.unpack(f">{dimensions}I", data[4:start])
    values = np.frombuffer(data, np.uint8, offset=start)
    if len(values) != np.prod(shape, dtype=np.int64):
        raise SystemExit(f"{path} holds {len(values)} values, not those of the shape {shape}")
    return values.reshape(shape)


def write_png(path, pictures, columns, size=56):
    """Draws (count, height, width) or (count, height, width, 1) pictures row by row, ink white on black as in MNIST.

    Values are cut to 0 (black) and 1 (white). Each picture is enlarged to about `size` pixels, with a line between.
    """
    pictures = np.asarray(pictures)
    count, height, width = pictures.shape[:3]
    scale = max(1, size // max(height, width))
    rows = -(-count // columns)
    tile = np.array([height, width]) * scale + 2
    sheet = np.full((rows * tile[0] + 2, columns * tile[1] + 2), 96, np.uint8)
    levels = np.round(255 * np.clip(np.nan_to_num(pictures), 0, 1)).astype(np.uint8).reshape(count, height, width)
    for number, picture in enumerate(levels):
        top, left = np.array(divmod(number, columns)) * tile + 2
        enlarged = picture.repeat(scale, axis=0).repeat(scale, axis=1)
        sheet[top:top + height * scale, left:left + width * scale] = enlarged

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", sheet.shape[1], sheet.shape[0], 8, 0, 0, 0, 0)
    lines = b"".join(b"\0" + line.tobytes() for line in sheet)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    pathlib.Path(path).write_bytes(b"\x89PNG\r\n\x1a\n" + parts)


def options(description, epochs, arguments=None, picture=None):
    """The command line that the examples share; `picture` says what --picture draws, where there is one."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--data", metavar="FOLDER", help="MNIST's gzipped IDX files instead of the table of digits")
    parser.add_argument("--epochs", type=int, default=epochs)
    parser.add_argument("--seed", type=int, default=0)
    if picture:
        parser.add_argument("--picture", metavar="PNG", help=picture)
    return parser.parse_args(arguments)


def set_seed(library, seed):
    """Starts the random numbers of apus or of Keras anew."""
    (library.set_seed if hasattr(library, "set_seed") else library.utils.set_random_seed)(seed)
