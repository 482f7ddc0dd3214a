"""Files that a hostile writer might make: what HDF5 has and a model has no use for, and what is said of it."""

import json
import struct

import numpy
import pytest

import apus
from apus import Input, Sequential, layers

h5py = pytest.importorskip("h5py")

GROUP = "model_weights/dense/dense"
KERNEL = f"{GROUP}/kernel:0"
# As many units as a layer may have.
MOST = (1 << 31) - 1


@pytest.fixture
def path(tmp_path):
    """A sound model of one dense layer, 4 to 3, written by h5py: its structures have no checksums."""
    return written(tmp_path, lambda file: None)


def written(tmp_path, begin):
    apus.set_seed(0)
    model = Sequential([Input((4,)), layers.Dense(3, name="dense")])
    model.save(str(tmp_path / "ours.h5"))
    path = tmp_path / "model.h5"
    with h5py.File(tmp_path / "ours.h5") as ours, h5py.File(path, "w", libver="earliest") as file:
        begin(file)
        file.attrs["model_config"] = ours.attrs["model_config"]
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = ["dense"]
        layer = weights.create_group("dense")
        layer.attrs["weight_names"] = ["dense/kernel:0", "dense/bias:0"]
        for name in ("kernel:0", "bias:0"):
            file[f"{GROUP}/{name}"] = ours[f"{GROUP}/{name}"][()]
    apus.load_model(str(path))
    return path


def refused(path, error, words):
    with pytest.raises(error) as caught:
        apus.load_model(str(path))
    assert words in str(caught.value) and str(path) in str(caught.value), str(caught.value)


def replace(file, value=None, name=KERNEL, **options):
    del file[name]
    if value is not None:
        file[name] = value
    else:
        file.create_dataset(name, **options)


def virtual(file):
    layout = h5py.VirtualLayout((4, 3), "float32")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4, 3))
    del file[KERNEL]
    file.create_virtual_dataset(KERNEL, layout)


def unwritten(file):
    """Almost two to the 33rd elements, asked for by configuration and array, of which the file has none."""
    config = json.loads(file.attrs["model_config"])
    for layer in config["config"]["layers"]:
        if layer["class_name"] == "Dense":
            layer["config"]["units"] = MOST
    file.attrs["model_config"] = json.dumps(config)
    replace(file, shape=(4, MOST), dtype="float32")
    replace(file, name=f"{GROUP}/bias:0", shape=(MOST,), dtype="float32")


def names(file, name, value):
    del file["model_weights" if name == "layer_names" else "model_weights/dense"].attrs[name]
    file["model_weights" if name == "layer_names" else "model_weights/dense"].attrs[name] = value


def cycle(file, times):
    """The weight's name leads through a group that is its own child."""
    file[f"{GROUP}/again"] = file[GROUP]
    names(file, "weight_names", ["dense/" + "again/" * times + "kernel:0", "dense/bias:0"])


def own_child(file):
    file["model_weights/dense/copy"] = file["model_weights/dense"]
    file["model_weights"].attrs["layer_names"] = ["dense", "dense/copy"]


def many_names(file):
    del file["model_weights"].attrs["layer_names"]
    for part in range(3):
        file["model_weights"].attrs[f"layer_names{part}"] = numpy.full(50_000, b"d", "S1")


def lists(file):
    value = numpy.empty(1, object)
    value[0] = numpy.arange(2)
    del file["model_weights"].attrs["layer_names"]
    file["model_weights"].attrs.create("layer_names", value, dtype=h5py.vlen_dtype("i8"))


def nested(file, depth):
    config = json.loads(file.attrs["model_config"])
    config["config"]["layers"][0]["config"]["name"] = 0
    file.attrs["model_config"] = json.dumps(config).replace('"name": 0', '"name": ' + "[" * depth + "]" * depth)


COMMITTED = "shared HDF5 messages"
STRUCTURES = {
    "external link": (
        lambda f: replace(f, h5py.ExternalLink("/etc/passwd", "/x")), NotImplementedError,
        "'kernel:0' is an external link"),
    "soft link": (
        lambda f: replace(f, h5py.SoftLink(f"/{GROUP}/bias:0")), NotImplementedError, "'kernel:0' is a soft link"),
    "soft link to nothing": (
        lambda f: replace(f, h5py.SoftLink("/nothing"), name="model_weights"), NotImplementedError,
        "'model_weights' is a soft link"),
    "soft link to itself": (
        lambda f: replace(f, h5py.SoftLink(f"/{KERNEL}")), NotImplementedError, "'kernel:0' is a soft link"),
    "external storage": (
        lambda f: replace(f, shape=(4, 3), dtype="float32", external=[("/etc/passwd", 0, 48)]), NotImplementedError,
        "is stored in other files"),
    "virtual dataset": (virtual, NotImplementedError, "is a virtual dataset"),
    "user's filter": (
        lambda f: replace(f, data=numpy.zeros((4, 3), "f4"), shape=(4, 3), chunks=(4, 3), compression="lzf"),
        NotImplementedError, "has the HDF5 filter 32000"),
    "bits packed by a filter": (
        lambda f: replace(f, data=numpy.zeros((4, 3), "i4"), shape=(4, 3), chunks=(4, 3), scaleoffset=0),
        NotImplementedError, "has the HDF5 filter 6"),
    "compound": (
        lambda f: replace(f, numpy.zeros((4, 3), [("a", "f4"), ("b", "f4")])), apus.CorruptFileError,
        "must be a float array"),
    "texts": (lambda f: replace(f, numpy.full((4, 3), b"abc")), apus.CorruptFileError, "must be a float array"),
    "references": (
        lambda f: replace(f, shape=(4, 3), dtype=h5py.ref_dtype), apus.CorruptFileError, "must be a float array"),
    "group for an array": (
        lambda f: (f.__delitem__(KERNEL), f.create_group(KERNEL)), apus.CorruptFileError, "should be an array"),
    "array for a group": (
        lambda f: replace(f, numpy.zeros(3, "f4"), name="model_weights/dense"), apus.CorruptFileError, "has no group"),
    "committed type": (
        lambda f: (f.__setitem__("type", numpy.dtype("f4")), replace(f, shape=(4, 3), dtype=f["type"])),
        NotImplementedError, COMMITTED),
    "another shape": (
        lambda f: replace(f, numpy.zeros((3, 4), "f4")), apus.CorruptFileError,
        "must have shape (4, 3), the file has (3, 4)"),
    "no elements": (lambda f: replace(f, shape=(0, 3), dtype="f4"), apus.CorruptFileError, "must have shape (4, 3)"),
    "null extents": (
        lambda f: replace(f, h5py.Empty("f4")), apus.CorruptFileError, "'dense/kernel:0' has no extents"),
    "chunks that were never written": (
        lambda f: replace(f, shape=(4, 3), dtype="f4", chunks=(2, 3)), apus.CorruptFileError, "of 2 chunks"),
    "elements that were never written": (
        lambda f: replace(f, shape=(4, 3), dtype="f4"), apus.CorruptFileError, "is not all there"),
    "gigabytes that were never written": (unwritten, apus.CorruptFileError, "is not all there"),
    "one array for two weights": (
        lambda f: names(f, "weight_names", ["dense/kernel:0", "dense/kernel:0"]), apus.CorruptFileError,
        "is the same array"),
    "one group for two layers": (own_child, apus.CorruptFileError, "is the same array or group"),
    "cycle of groups": (lambda f: cycle(f, 80), MemoryError, "more than 64 groups"),
    "parent path": (
        lambda f: names(f, "weight_names", ["../dense/kernel:0", "dense/bias:0"]), apus.CorruptFileError,
        "no path inside"),
    "absolute path": (
        lambda f: names(f, "weight_names", ["/etc/passwd", "dense/bias:0"]), apus.CorruptFileError, "no path inside"),
    "missing weight": (
        lambda f: names(f, "weight_names", ["dense/none", "dense/bias:0"]), apus.CorruptFileError,
        "listed and missing"),
    "number for the configuration": (
        lambda f: f.attrs.__setitem__("model_config", 7), apus.CorruptFileError, "'model_config' should be text"),
    "configurations": (
        lambda f: f.attrs.__setitem__("model_config", ["{}", "{}"]), apus.CorruptFileError, "should be one text"),
    "empty configuration": (
        lambda f: f.attrs.__setitem__("model_config", ""), apus.CorruptFileError, "'model_config'"),
    "configuration that is not UTF-8": (
        lambda f: f.attrs.__setitem__("model_config", numpy.bytes_(b"\xff\xfe{}")), apus.CorruptFileError, "not UTF-8"),
    "numbers for layer names": (
        lambda f: names(f, "layer_names", numpy.arange(3)), apus.CorruptFileError, "'layer_names' should be text"),
    "numbers for weight names": (
        lambda f: names(f, "weight_names", numpy.ones(2)), apus.CorruptFileError, "'weight_names' should be text"),
    "lists for layer names": (lists, apus.CorruptFileError, "'layer_names' should be text"),
    "too many layers": (many_names, MemoryError, "longer than 100000"),
    "a name without end": (
        lambda f: names(f, "weight_names", numpy.array([b"n" * 64_600, b"b"], "S64600")[:1]), apus.CorruptFileError,
        "a name has 64600 bytes"),
    "deep JSON": (lambda f: nested(f, 200), MemoryError, "nested deeper than 64"),
    "very deep JSON": (lambda f: nested(f, 2_000_000), MemoryError, "nested deeper than 64"),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_structures_that_models_do_not_have(path, name):
    change, error, words = STRUCTURES[name]
    with h5py.File(path, "r+", libver="earliest") as file:
        change(file)
    refused(path, error, words)


def patched(path, old, new):
    """Changes all places of some bytes; there must be one."""
    content = path.read_bytes()
    assert old in content
    path.write_bytes(content.replace(old, new))


def heap_reference(path):
    """Where the text of the configuration is: its length, the heap's address, its number there."""
    with h5py.File(path) as file:
        length = len(file.attrs["model_config"].encode())
    content = path.read_bytes()
    heap = content.index(b"GCOL")
    found = content.index(struct.pack("<IQ", length, heap))
    return content[found:found + 16], length, heap


@pytest.mark.parametrize("length", [0xFFFF_FFFF, 0x8000_0000, 1 << 20])
def test_a_text_longer_than_its_heap(path, length):
    reference, _, heap = heap_reference(path)
    patched(path, reference, struct.pack("<IQ", length, heap) + reference[12:])
    refused(path, apus.CorruptFileError, f"a text of {length} bytes is not in its heap")


def test_a_text_in_no_heap(path):
    reference, length, heap = heap_reference(path)
    patched(path, reference, struct.pack("<IQ", length, heap + 8) + reference[12:])
    refused(path, apus.CorruptFileError, "a heap of texts is not where it should be")


@pytest.mark.parametrize("address", [1 << 20, 1 << 40, (1 << 63) - 1, (1 << 64) - 2])
def test_addresses_beyond_the_end(path, address):
    reference, length, _ = heap_reference(path)
    content = path.read_bytes()
    patched(path, reference, struct.pack("<IQ", length, address) + reference[12:])
    refused(path, apus.CorruptFileError, "beyond its end")
    path.write_bytes(content)
    with h5py.File(path) as file:
        offset = file[KERNEL].id.get_offset()
    patched(path, struct.pack("<QQ", offset, 48), struct.pack("<QQ", address, 48))
    refused(path, apus.CorruptFileError, "beyond its end")


def test_an_array_that_reaches_beyond_the_end(path):
    with h5py.File(path) as file:
        offset = file[KERNEL].id.get_offset()
    patched(path, struct.pack("<QQ", offset, 48), struct.pack("<QQ", path.stat().st_size - 8, 48))
    refused(path, apus.CorruptFileError, "beyond its end")


def test_user_defined_links_are_refused(path):
    """h5py makes none: a soft link with another number for its kind, in a group of links that have no checksums."""
    with h5py.File(path, "r+", libver="earliest") as file:
        del file["model_weights"]
        properties = h5py.h5p.create(h5py.h5p.GROUP_CREATE)
        properties.set_link_creation_order(h5py.h5p.CRT_ORDER_TRACKED)
        group = h5py.Group(h5py.h5g.create(file.id, b"model_weights", gcpl=properties))
        group.attrs["layer_names"] = ["unusual"]
        group["unusual"] = h5py.SoftLink("/model_config")
    content = path.read_bytes()
    place = content.index(b"\x07unusual")
    kind = content.rindex(b"\x01", 0, place)
    path.write_bytes(content[:kind] + b"\x41" + content[kind + 1:])
    refused(path, NotImplementedError, "'unusual' is a user-defined link")


def test_a_record_within_itself(tmp_path):
    path = tmp_path / "model.h5"
    x = numpy.random.default_rng(0).random((20, 3))
    steps = [("scale", apus.preprocessing.StandardScaler()), ("model", apus.linear_model.LinearRegression())]
    pipeline = apus.pipeline.Pipeline(steps)
    pipeline.fit(x, x[:, 0])
    pipeline.save(str(path))
    with h5py.File(path, "r+") as file:
        step = next(name for name, item in file.items() if isinstance(item, h5py.Group))
        del file[step]
        file[step] = file["/"]
    refused(path, apus.CorruptFileError, "is the same array or group as another")


def test_a_weight_beyond_four_gigabytes(tmp_path):
    """A model behind five gigabytes that were never written, a hole in the file."""

    def hole(file):
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        h5py.h5d.create(file.id, b"hole", h5py.h5t.STD_U8LE, h5py.h5s.create_simple((5, 1 << 30)), properties)

    path = written(tmp_path, hole)
    assert path.stat().st_size > 5 << 30 and path.stat().st_blocks * 512 < 1 << 20
    with h5py.File(path) as file:
        assert file[KERNEL].id.get_offset() > 1 << 32
        kernel = file[KERNEL][()]
    numpy.testing.assert_array_equal(apus.load_model(str(path)).get_weights()[0], kernel)
