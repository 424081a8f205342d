"""Renew ``requirements.txt``: the same pins, each with the hashes of all its files.

To add or change a pin, write the line ``name==version`` (``; sys_platform == "darwin"`` after it where
only one system needs it) anywhere into ``requirements.txt``, the direct ones into ``pyproject.toml`` too,
and run ``.venv/bin/python workflow/pins.py``. It asks the package index for the hashes, with a tool (uv) that
lives in a temporary environment of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

UV = "uv==0.13.9"
OLDEST = "3.11"
FILE = Path(__file__).parents[1] / "requirements.txt"
HEAD = """\
# Every package of the environment, direct and transitive, at the version the book was checked with, and the
# hashes of its files for all systems: the install refuses any other file.
# The direct ones, with why, are in pyproject.toml; a test holds the two together.
# To add or change a pin: write name==version here and run .venv/bin/python workflow/pins.py
"""
PIN = re.compile(r"^([A-Za-z0-9_.-]+==[^\s;\\]+)[ \t]*(;[^\n\\]*)?", re.M)


def pins(text: str) -> list[str]:
    r"""Return the pins of a requirements file without their hashes, in order of their names.

    Examples
    --------
    >>> pins("# x\nb==2 \\\n    --hash=sha256:1\na==1; sys_platform == 'darwin'\n")
    ['a==1; sys_platform == "darwin"', 'b==2']
    """
    found = [f"{name}{marker.rstrip().replace(chr(39), chr(34))}" for name, marker in PIN.findall(text)]
    return sorted(found, key=lambda line: re.sub(r"[-_.]+", "-", line.split("==")[0]).lower())


def main() -> int:
    """Write ``requirements.txt`` anew."""
    wanted = pins(FILE.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", str(Path(folder, "venv"))], check=True)
        python = str(Path(folder, "venv/bin/python"))
        subprocess.run([python, "-m", "pip", "install", "-qq", UV], check=True)
        plain, hashed = Path(folder, "pins.in"), Path(folder, "pins.txt")
        plain.write_text("\n".join(wanted) + "\n", encoding="utf-8")
        subprocess.run(
            [python, "-m", "uv", "--no-config", "-q", "pip", "compile", "--no-deps", "--universal",
             "--generate-hashes",
             "--no-header", "--no-annotate", "--python-version", OLDEST, str(plain), "-o", str(hashed)],
            check=True, env={**os.environ, "UV_NO_PROGRESS": "1"})
        blocks = re.split(r"\n(?=[A-Za-z])", hashed.read_text(encoding="utf-8").strip())
    hashes = {_key(b): re.findall(r"--hash=(sha256:[0-9a-f]{64})", b) for b in blocks}
    text = "".join(f"{line} \\\n" + " \\\n".join(f"    --hash={h}" for h in hashes[_key(line)]) + "\n"
                   for line in wanted)
    FILE.write_text(HEAD + text, encoding="utf-8")
    print(f"{FILE.name}: {len(wanted)} pins, {sum(map(len, hashes.values()))} hashes")
    return 0


def _key(line: str) -> str:
    """Return name and version, as every index spells them."""
    name, version = re.match(r"([A-Za-z0-9_.-]+)==([^\s;\\]+)", line).groups()
    return f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}"


if __name__ == "__main__":
    sys.exit(main())
