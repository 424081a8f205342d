"""Kill builds at random moments, and see that the next one equals a clean build.

A small study is built in a temporary folder. Its data then change to and fro, each time with a random file
time (1990 to 2037); a build starts and one of its processes, or all, are killed (signal 9) at a random
moment; the next build has to give the same book and results, byte by byte, as a clean one. All the while
the site is looked at: a look that finds no site, or a page that is neither the old nor the new one, counts
as broken. Data that are wrong have to fail again with the same words until they are put back.
``faults.py KILLS SEED``: 30 kills when nothing is said.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from building import build, command, environment, make_tree, own_pages, snapshot
from small_study import write_study

MADE = ("_build/html", "_build/results", "book/pages")
CODE = """age = report.data["age"].astype(float)
report.text(f"Mean age {age.mean():.3f}, n = {len(age)}")"""
PATIENT = "P01,44,yes"
VERSIONS = (PATIENT, "P01,54,yes")
WRONG = "P01,forty,yes"
SITE = "_build/html"
PAGES = ("index.html", "pages/small/own0.html")


class Looker(threading.Thread):
    """Looks at the site without a pause, as a reader would."""

    def __init__(self, root: Path, known: list[dict[str, bytes]]) -> None:
        super().__init__(daemon=True)
        self.root, self.known = root / SITE, known
        self.looks, self.broken, self.ended = 0, 0, threading.Event()

    def run(self) -> None:
        """Look until told to end."""
        while not self.ended.is_set():
            for page in PAGES:
                try:
                    good = (self.root / page).read_bytes() in [site[page] for site in self.known]
                except OSError:
                    good = False
                self.looks += 1
                self.broken += not good
            time.sleep(0.002)


def write(data: Path, patient: str, chance: random.Random) -> None:
    """Change the first patient, with any file time."""
    lines = data.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[1] = f"{patient},{lines[1].split(',', 3)[3]}"
    data.write_text("".join(lines), encoding="utf-8")
    moment = chance.uniform(631_152_000, 2_145_916_800)
    os.utime(data, (moment, moment))


def made(root: Path) -> dict[str, bytes]:
    """Everything that a build gives away."""
    return {f"{folder}/{name}": content
            for folder in MADE for name, content in snapshot(root / folder).items()}


def kill(process: subprocess.Popen[str], chance: random.Random) -> str:
    """Kill one process of a build, or all; say which."""
    target = chance.choice(["everything", "the build", "Snakemake", "a step"])
    everything = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    chosen = {"everything": everything, "the build": everything[:1], "Snakemake": everything[1:2],
              "a step": [chance.choice(everything[1:])] if everything[1:] else []}[target] or everything
    for one in chosen:
        try:
            one.send_signal(signal.SIGKILL)
        except psutil.NoSuchProcess:
            continue
    return target


def reference(root: Path, data: Path, chance: random.Random) -> tuple[list[dict[str, bytes]], float]:
    """Build each version of the data cleanly; return what it gives, and the seconds it took."""
    found = []
    for patient in VERSIONS:
        for folder in ("_build", "book/pages", ".snakemake"):
            shutil.rmtree(root / folder, ignore_errors=True)
        write(data, patient, chance)
        start = time.monotonic()
        built = build(root)
        assert built.code == 0, built.text
        found.append(made(root))
    return found, time.monotonic() - start


def run(root: Path, kills: int, chance: random.Random) -> Counter[str]:
    """Kill ``kills`` builds in a tree; return how often what happened."""
    folder = write_study(root / "studies", "small", study={"data_kind": "simulated"})
    own_pages(folder, [CODE, "1"])
    data = folder / "data/patients.csv"
    clean, seconds = reference(root, data, chance)
    sites = [{page: content[f"{SITE}/{page}"] for page in PAGES} for content in clean]
    assert sites[0][PAGES[1]] != sites[1][PAGES[1]], "the two versions have to differ"
    looker = Looker(root, sites)
    looker.start()
    counts: Counter[str] = Counter()
    number, killed = -1, 0
    while killed < kills:
        number += 1
        version = number % 2
        write(data, VERSIONS[version], chance)
        process = subprocess.Popen(command(), cwd=root, env=environment(root), text=True,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(chance.uniform(0, seconds))
            counts["ended before the kill"] += 1
        except subprocess.TimeoutExpired:
            killed += 1
            counts[f"killed: {kill(process, chance)}"] += 1
            process.wait()
        built = build(root)
        counts["next build fails"] += built.code != 0
        same = made(root) == clean[version]
        counts["next build equals a clean one" if same else "next build differs"] += 1
        if killed % 5 == 0:
            print(f"  {killed} kills", flush=True)
        if not same or built.code:
            print(built.text, flush=True)
        if number % 5 == 4:
            counts += wrong_data(root, data, clean[version], VERSIONS[version], chance)
    looker.ended.set()
    looker.join()
    counts["looks at the site"], counts["of these broken"] = looker.looks, looker.broken
    return counts


def wrong_data(root: Path, data: Path, clean: dict[str, bytes], patient: str,
               chance: random.Random) -> Counter[str]:
    """Fail twice with the same words, then put the data back."""
    write(data, WRONG, chance)
    first, second = build(root), build(root)
    write(data, patient, chance)
    last = build(root)
    good = first.code == second.code == 1 and first.text == second.text and last.code == 0
    good = good and "forty" in first.text and made(root) == clean
    if not good:
        print(first.text, second.text, last.text, sep="\n---\n", flush=True)
    return Counter({"failures repeated, then mended" if good else "failures forgotten": 1})


def main(arguments: list[str]) -> int:
    """Kill builds; print the counts; 1 when one was not mended."""
    kills = int(arguments[0]) if arguments else 30
    seed = int(arguments[1]) if arguments[1:] else random.SystemRandom().randrange(10**6)
    print(f"{kills} kills, seed {seed} (a few minutes) ...", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        counts = run(make_tree(Path(folder, "a tree with blanks")), kills, random.Random(seed))
    for what, number in sorted(counts.items()):
        print(f"{number:8} {what}")
    bad = ("next build fails", "next build differs", "failures forgotten", "of these broken")
    return int(any(counts[what] for what in bad))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
