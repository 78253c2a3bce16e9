"""Give the build hundreds of malformed inputs, from the command line as a user would, and watch how it ends.

python tests/benchmarks/malformed.py --each 12     two cores: some five minutes

Each call must end with status 2 and one `error:` line, within 10 s and 1.5 GiB, having written nothing; one whose
input is sound after all is counted as accepted and stopped once its data are read.
"""

import argparse
import io
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
from ferpipe.data.fer2013 import EMOTIONS  # noqa: E402

SECONDS, BYTES = 10, 1536 * 2**20
SIZE = 48

Rng = random.Random


def table(rng: Rng, change: Callable[[list[list[str]]], object] = lambda rows: None) -> bytes:
    """Return a FER2013 table, after `change` to its rows."""
    rows = [["emotion", "pixels", "Usage"]]
    for index in range(60):
        pixels = " ".join(str(rng.randrange(256)) for _ in range(SIZE * SIZE))
        rows.append([str(index % len(EMOTIONS)), pixels, ("Training", "Training", "PublicTest")[index % 3]])
    change(rows)
    return "".join(",".join(row) + "\n" for row in rows).encode("utf-8", "surrogatepass")


def picture(rng: Rng, form: str = "PNG", size: tuple[int, int] = (SIZE, SIZE)) -> bytes:
    """Return a sound picture of noise."""
    noise = np.random.default_rng(rng.randrange(2**32)).integers(0, 256, size[::-1], dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, form)
    return buffer.getvalue()


def archive(rng: Rng, more: Callable[[zipfile.ZipFile], object] = lambda file: None) -> bytes:
    """Return FER2013 as a zip of labelled folders, with `more` in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for split in ("train", "dev"):
            for label, emotion in enumerate(EMOTIONS):
                file.writestr(f"{split}/{emotion}/{label}.png", picture(rng))
        more(file)
    return buffer.getvalue()


def broken(content: bytes, rng: Rng) -> bytes:
    """Return bytes cut, flipped, overwritten or doubled at random places."""
    kind, place = rng.randrange(4), rng.randrange(len(content))
    if kind == 0:
        return content[:place]
    if kind == 1:
        found = bytearray(content)
        for _ in range(rng.choice((1, 30, 3000))):
            found[rng.randrange(len(found))] ^= 1 << rng.randrange(8)
        return bytes(found)
    if kind == 2:
        return content[:place] + rng.randbytes(rng.choice((1, 100, 10_000))) + content[place:]
    return content[place:] + content[:place]


def cell(rng: Rng) -> bytes:
    """Return a table with one wrong cell."""
    odd = ["", "7", "-1", "x", "1.5", "1e3", "nan", "inf", "９", "0x1", "300", " ", "\x00", '"', "'", "<script>"]
    odd += ["\u202e1", "9" * 400, "1 " * 9000, "\ud800", "=1+1", "Test\n", ",,,"]

    def change(rows: list[list[str]]) -> None:
        row, column = rng.randrange(len(rows)), rng.randrange(3)
        pixels = rows[row][1].split(" ")
        if column == 1 and row and rng.random() < 0.7:
            pixels[rng.randrange(len(pixels))] = rng.choice(odd)
            rows[row][1] = " ".join(pixels)
        else:
            rows[row][column] = rng.choice(odd)

    return table(rng, change)


def frame(rng: Rng) -> bytes:
    """Return a table that is wrong as a whole."""
    changes: list[Callable[[list[list[str]]], object]] = [
        lambda rows: rows.pop(0),
        lambda rows: rows.clear(),
        lambda rows: rows.__delitem__(slice(1, None)),
        lambda rows: [row.pop(1) for row in rows],
        lambda rows: [row.__setitem__(0, "3") for row in rows[1:]],
        lambda rows: [row.__setitem__(2, "PublicTest") for row in rows[1:]],
        lambda rows: rows[rng.randrange(60)].extend(["1"] * 100_000),
        lambda rows: rows[1].__setitem__(1, "0 " * 5_000_000),
        lambda rows: rows.insert(1, ["0", '"' + "1 " * 3000, "Training"]),
    ]
    content = table(rng, rng.choice(changes))
    encoded = [content, content, content.decode("utf-8", "replace").encode("utf-16"), content.replace(b",", b";")]
    return rng.choice(encoded)


def hostile_zip(rng: Rng) -> bytes:
    """Return a zip that attacks: paths outside, links, bombs, lies about sizes, too many entries."""
    link = zipfile.ZipInfo("train/happy/link.png")
    link.external_attr = 0o120777 << 16
    secret = zipfile.ZipInfo("train/happy/locked.png")
    secret.flag_bits |= 1
    mores: list[Callable[[zipfile.ZipFile], object]] = [
        lambda file: file.writestr(f"{'../' * rng.randrange(1, 9)}out.png", picture(rng)),
        lambda file: file.writestr("/etc/out.png", picture(rng)),
        lambda file: file.writestr("C:\\out\\..\\..\\out.png", picture(rng)),
        lambda file: file.writestr(link, "/etc/passwd"),
        lambda file: file.writestr("train/happy/bomb.png", bytes(2**30)),
        lambda file: [file.writestr(f"train/sad/{i}.png", bytes(2**26)) for i in range(40)],
        lambda file: [file.writestr(f"train/sad/{i}.txt", b"") for i in range(60_000)],
        lambda file: file.writestr("train/sad/nested.zip", archive(rng)),
        lambda file: file.writestr("train/sad/\u202egnp.exe.png", b"MZ" + rng.randbytes(99)),
    ]
    content = archive(rng, rng.choice(mores))
    if rng.random() < 0.4:  # the directory at the end says another size, method or flag than is true
        place = content.rfind(b"PK\x01\x02")
        field = rng.choice((8, 10, 20, 24, 28, 42))
        content = content[: place + field] + rng.randbytes(4) + content[place + field + 4 :]
    return content


def odd_picture(rng: Rng) -> bytes:
    """Return bytes that are called a picture and are none, or one that asks for far too much."""
    header = struct.pack(">IIBBBBB", rng.choice((2**31 - 1, 60_000, 0)), 60_000, 8, 0, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + b"IHDR" + header + rng.randbytes(60)
    bmp = b"BM" + struct.pack("<IHHIIiiHHIIiiII", 2**31, 0, 0, 54, 40, 2**30, -(2**30), 1, 24, 0, 0, 0, 0, 0, 0)
    kinds = [b"", b"text", b"\xff\xd8\xff\xe0", rng.randbytes(3000), png, bmp, b"GIF89a" + b"\xff" * 40]
    kinds += [broken(picture(rng, form), rng) for form in ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP")]
    return rng.choice(kinds)


def in_folder(rng: Rng, place: Path) -> Path:
    """Return a folder of FER2013 in which something is wrong."""
    folder = place / "faces"
    for split in ("train", "dev"):
        for label, emotion in enumerate(EMOTIONS):
            (folder / split / emotion).mkdir(parents=True)
            (folder / split / emotion / f"{label}.png").write_bytes(picture(rng))
    kind, victim = rng.randrange(7), folder / "train" / rng.choice(EMOTIONS)
    if kind == 0:
        shutil.rmtree(folder / "train")
    elif kind == 1:
        victim.rename(folder / "train" / "bored")
    elif kind == 2:
        (victim / "up").symlink_to(folder)
        (victim / "broken.png").symlink_to(place / "nowhere")
    elif kind == 3:
        os.mkfifo(victim / "pipe.png")
    elif kind == 4:
        (victim / "folder.png").mkdir()
    elif kind == 5:
        for path in folder.rglob("*.png"):
            path.write_bytes(odd_picture(rng))
    else:
        Path(os.fsdecode(os.fsencode(victim) + b"/\xff\xfe<script>\n.png")).write_bytes(odd_picture(rng))
    return folder


def weights(rng: Rng) -> bytes:
    """Return bytes that are called a state dict and are none."""
    claims = {"conv1.weight": {"dtype": rng.choice(("F32", "F64", "X9")), "shape": [2**40, 3], "data_offsets": [0, 8]}}
    header = json.dumps(rng.choice((claims, [], {"conv1.weight": None}, "x"))).encode()
    lies = struct.pack("<Q", rng.choice((len(header), 2**60, 0, 3))) + header + rng.randbytes(8)
    pickled = b"cos\nsystem\n(S'touch pwned'\ntR."
    return rng.choice((lies, pickled, pickled[:9], b"", archive(rng), rng.randbytes(4000)))


def train(place: Path) -> None:
    """Train the one member that `member` copies and breaks."""
    call = ["train", "--preset", "smoke", "--members", "1", "--artefacts", place / "artefacts"]
    subprocess.run([sys.executable, ROOT / "build.py", *call], check=True, capture_output=True)


def member(rng: Rng, place: Path) -> Path:
    """Return a folder of members in which a file is broken."""
    shutil.copytree(place.parent / "trained/artefacts/rendered/members", place / "members")
    victim = rng.choice(sorted(path for path in place.rglob("*") if path.is_file()))
    content = victim.read_bytes()
    victim.write_bytes(rng.choice((broken(content, rng), broken(content, rng), b"", b"[]", b"{}", content * 2)))
    return place / "members"


def written(name: str, make: Callable[[Rng], bytes]) -> Callable[[Rng, Path], Path]:
    """Return a maker of a file of this name."""

    def file(rng: Rng, place: Path) -> Path:
        (place / name).write_bytes(make(rng))
        return place / name

    return file


KINDS: dict[str, tuple[list[str], Callable[[Rng, Path], Path]]] = {  # the command before the input, and its maker
    "cell of a table": (["train", "--data"], written("fer2013.csv", cell)),
    "whole table": (["train", "--data"], written("fer2013.csv", frame)),
    "bytes of a table": (["train", "--data"], written("fer2013.csv", lambda rng: broken(table(rng), rng))),
    "bytes of a zip": (["train", "--data"], written("archive.zip", lambda rng: broken(archive(rng), rng))),
    "hostile zip": (["train", "--data"], written("archive.zip", hostile_zip)),
    "folder": (["train", "--data"], in_folder),
    "picture": (["predict", "--network", "shipped"], written("face.png", odd_picture)),
    "zip of pictures": (["predict", "--network", "shipped"], written("faces.zip", hostile_zip)),
    "state dict": (["train", "--init"], written("resnet18.pth", weights)),
    "member": (["analyse", "--only", "confusion", "--load"], member),
}


def watched(call: list[str], folder: Path, reads_data: bool) -> tuple[int | None, list[str], float, int]:
    """Return a call's status (None: it read its data and was stopped), its lines, seconds and peak memory."""
    began = time.perf_counter()
    running = subprocess.Popen(
        call, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True, errors="replace"
    )
    stop = threading.Timer(6 * SECONDS, os.killpg, (running.pid, signal.SIGKILL))
    stop.start()
    lines, accepted = [], False
    assert running.stdout
    for line in running.stdout:
        lines.append(line.rpartition("\r")[2].rstrip())
        if reads_data and lines[-1].startswith("data ") and "made" in lines[-1]:
            accepted = True
            os.killpg(running.pid, signal.SIGKILL)
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    stop.cancel()
    return None if accepted else running.returncode, lines, time.perf_counter() - began, 1024 * used.ru_maxrss


def main() -> int:
    """Print a line for each kind, and each call that ended otherwise than it should; status 1 if any did."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=12, help="inputs of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=KINDS, action="append")
    options = parser.parse_args()
    wrong: list[str] = []
    shared = tempfile.TemporaryDirectory()
    (Path(shared.name) / "trained").mkdir()
    train(Path(shared.name) / "trained")
    for kind in options.kind or KINDS:
        command, make = KINDS[kind]
        ends: Counter[str] = Counter()
        slowest, largest = 0.0, 0
        for seed in tqdm(range(options.seed, options.seed + options.each), desc=kind, leave=False):
            with tempfile.TemporaryDirectory(dir=shared.name) as place:
                rng, out = random.Random(f"{kind} {seed}"), Path(place) / "out"
                path = make(rng, Path(place))
                call = [sys.executable, str(ROOT / "build.py"), *command, str(path)]
                if command[0] != "predict":
                    places = ["--artefacts", str(out / "artefacts"), "--results", str(out / "results")]
                    call += ["--preset", "smoke", "--members", "1", *places]
                status, lines, seconds, peak = watched(call, Path(place), "--data" in command)
                errors = [line for line in lines if line.startswith("error:")]
                refused = status == 2 and len(errors) == 1 and not any("Traceback" in line for line in lines)
                kept = [*out.rglob("*.npz")] if status == 2 and "--data" in command else []
                sound = status in (None, 0)
                late = seconds > SECONDS and not sound
                ends["refused" if refused else "accepted" if sound else "wrong"] += 1
                slowest, largest = max(slowest, 0 if sound else seconds), max(largest, peak)
                if not (refused or sound) or kept or late or peak > BYTES:
                    told = f"status {status}, {seconds:.1f} s, {peak / 2**20:.0f} MiB, wrote {len(kept)}: {lines[-3:]}"
                    wrong.append(f"{kind} {seed}: {told}")
        counts = ", ".join(f"{count} {end}" for end, count in sorted(ends.items()))
        print(f"{kind:18} {counts}; slowest {slowest:.1f} s, largest {largest / 2**20:.0f} MiB", flush=True)
    print(*wrong, sep="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
