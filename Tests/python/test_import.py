"""Importing the package: what it loads, what it refuses, and that it mirrors the header."""

import ctypes
import os
import re
import shutil
import subprocess

import pytest

import apus
from apus import _library
from conftest import ROOT, run_python

HEADER = os.path.join(ROOT, "include", "apus.h")


def header_text():
    with open(HEADER, encoding="utf-8") as file:
        return re.sub(r"/\*.*?\*/", "", file.read(), flags=re.S)


def test_reports_the_versions_of_package_and_library():
    assert apus.__version__ == "1.1.0"
    assert apus.library_version.split(".")[0] == "1"
    assert apus.build_info()["version"] == apus.library_version


def test_imports_no_heavy_module():
    code = (
        "import sys, apus\n"
        "from apus.linear_model import LinearRegression\n"
        "LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0]).predict([[2.0]])\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & "
        "{'h5py', 'sklearn', 'scipy', 'pandas', 'torch', 'keras', 'jax', 'matplotlib'}))\n"
    )
    assert run_python(code).strip() == "[]"


def test_every_function_of_the_header_is_declared_with_its_arguments():
    found = {}
    for result, name, arguments in re.findall(r"\n(\w[\w ]*[ *]+)(apus_\w+)\(([^;]*?)\);", header_text()):
        found[name] = (result.strip(), len(arguments.split(",")) if arguments.strip() != "void" else 0)
    assert set(_library.PROTOTYPES) == set(found)
    results = {"apus_status": ctypes.c_int32, "void": None, "const char *": ctypes.c_char_p}
    for name, (result, count) in found.items():
        declared, *arguments = _library.PROTOTYPES[name]
        assert (name, declared, len(arguments)) == (name, results[result], count)


STRUCTURES = {
    "apus_allocator": _library.Allocator,
    "apus_context_options": _library.ContextOptions,
    "apus_array": _library.Array,
    "apus_progress": _library.Progress,
    "apus_fit_options": _library.FitOptions,
    "apus_load_limits": _library.LoadLimits,
    "apus_augment_options": _library.AugmentOptions,
    "apus_batch_form": _library.BatchForm,
    "apus_batch": _library.Batch,
    "apus_integral": _library.IntegralResult,
    "apus_moments": _library.Moments,
    "apus_problem": _library.Problem,
    "apus_iteration": _library.Iteration,
    "apus_minimum": _library.Minimum,
    "apus_root": _library.Root,
}


def test_structures_have_the_layout_that_the_compiler_gives_them(tmp_path):
    compiler = shutil.which("cc") or shutil.which("gcc")
    lines = ['#include "apus.h"', "#include <stdio.h>", "int main(void) {"]
    expected = []
    for name, mirror in STRUCTURES.items():
        lines.append(f'printf("%zu\\n", sizeof({name}));')
        expected.append(ctypes.sizeof(mirror))
        for field, *_ in mirror._fields_:
            lines.append(f'printf("%zu\\n", offsetof({name}, {field}));')
            expected.append(getattr(mirror, field).offset)
    lines.append("return 0; }")
    source = tmp_path / "layout.c"
    source.write_text("\n".join(lines))
    program = tmp_path / "layout"
    subprocess.run([compiler, "-I", os.path.dirname(HEADER), source, "-o", program], check=True)
    assert [int(line) for line in subprocess.check_output([program]).split()] == expected


def test_every_structure_of_the_header_is_mirrored():
    assert set(re.findall(r"typedef struct (apus_\w+) \{", header_text())) == set(STRUCTURES)


@pytest.mark.parametrize("version", ["0.9.0", "2.0.0", "1", "banana"])
def test_refuses_a_library_of_another_version(version):
    with pytest.raises(ImportError, match=re.escape(version)):
        _library.check_version(version, "libapus.so")


@pytest.mark.parametrize("version", ["1.1.0", "1.1.7", "1.12.0"])
def test_takes_a_library_of_a_later_minor_version(version):
    assert _library.check_version(version, "libapus.so") is None


def build_library(folder, source):
    path = os.path.join(folder, "libother.so")
    with open(path + ".c", "w") as file:
        file.write(source)
    subprocess.run([shutil.which("cc") or "gcc", "-shared", "-fPIC", path + ".c", "-o", path], check=True)
    return path


IMPORT_ERROR = (
    "try:\n"
    "    import apus\n"
    "except ImportError as error:\n"
    "    print(error)\n"
    "else:\n"
    "    print('imported')\n"
)


@pytest.mark.parametrize(
    "source, message",
    [
        ('const char *apus_version(void) { return "2.3.4"; }', "is version 2.3.4"),
        ('const char *apus_version(void) { return "1.1.0"; }', "lacks apus_"),
        ("int nothing;", "is not libapus"),
    ],
)
def test_says_what_is_wrong_with_the_library_that_was_named(tmp_path, source, message):
    path = build_library(str(tmp_path), source)
    assert message in run_python(IMPORT_ERROR, APUS_LIBRARY=path)


def test_says_where_it_looked_for_the_library(tmp_path):
    place = str(tmp_path / "nowhere.so")
    printed = run_python(IMPORT_ERROR, APUS_LIBRARY=place)
    assert "was not found" in printed and place in printed and "APUS_LIBRARY" in printed


def test_lists_public_names():
    for name in apus.__all__:
        assert name in dir(apus)
        assert getattr(apus, name) is not None


def test_says_which_attribute_is_missing():
    with pytest.raises(AttributeError, match="no attribute 'banana'"):
        apus.banana  # noqa: B018


def test_every_error_is_also_the_builtin_one():
    from apus import _errors

    builtins = {
        1: ValueError,
        2: ValueError,
        3: TypeError,
        5: MemoryError,
        6: MemoryError,
        7: OSError,
        8: ValueError,
        9: NotImplementedError,
        10: RuntimeError,
        12: ValueError,
        13: RuntimeError,
        14: RuntimeError,
    }
    for code, builtin in builtins.items():
        error = _errors.error_for(code, "why")
        assert isinstance(error, builtin) and isinstance(error, apus.ApusError) and str(error) == "why"
        assert error.code == code
    assert isinstance(_errors.error_for(12, "why"), AttributeError)
    interrupted = _errors.error_for(11, "why")
    assert isinstance(interrupted, KeyboardInterrupt) and not isinstance(interrupted, Exception)
    codes = {int(code) for code in re.findall(r"#define APUS_E_\w+ (\d+)", header_text())}
    assert codes - {4, 11} == set(builtins)
