"""Make the virtual environment when it is missing or out of date, then run a task in it.

Needs nothing but Python 3.11 or newer. Called by the Makefile: ``python3 workflow/venv.py TASK ...``.
Written for old Pythons too, so that they can say what is missing instead of failing to parse it.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "her2adc.stamp")
NEEDED = (3, 11)
BUILDERS = ("setuptools", "wheel", "flit_core", "packaging")
"""What builds the few packages that come as source; pinned too, so nothing unpinned is fetched."""
SCRIPTS = ("bench", "simulation", "faults")
OPTIONS = ("STUDY", "PAGE", "DATA", "JOBS", "TIMEOUT")


def main(arguments):
    """Run one task of the Makefile."""
    task = arguments[0] if arguments else "help"
    if task == "help":
        return print_help()
    if task == "clean":
        return clean()
    newer_python(arguments)
    make_environment()
    if task == "test":
        command = [PYTHON, "-m", "pytest", *arguments[1:]]
    elif task in SCRIPTS:
        command = [PYTHON, os.path.join(ROOT, "workflow", task + ".py"), *arguments[1:]]
    else:
        command = [PYTHON, "-m", "her2adc.build", *arguments, *options(task)]
    os.chdir(ROOT)
    os.umask(0o022)
    os.execve(PYTHON, command, environment())


def options(task):
    """Return what STUDY=, PAGE= ... of make say: they come in the environment, past every shell."""
    names = OPTIONS if task == "book" else ()
    return ["--%s=%s" % (name.lower(), os.environ[name]) for name in names if os.environ.get(name)]


def environment():
    """Return the environment without the user's own settings of Python, Jupyter and Matplotlib."""
    dropped = ("PYTHON", "JUPYTER_", "IPYTHON", "MPL", "MATPLOTLIB", "PIP_REQUIRE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    kept.update(settings())
    return kept


def settings():
    """Environment variables that make a run independent of the user's own settings."""
    return {
        "JUPYTER_PATH": os.path.join(VENV, "share", "jupyter"),
        "JUPYTER_CONFIG_DIR": os.path.join(VENV, "jupyter"),
        "IPYTHONDIR": os.path.join(VENV, "ipython"),
        "MPLCONFIGDIR": os.path.join(VENV, "matplotlib"),
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONNOUSERSITE": "1",
        "PATH": os.path.join(VENV, "bin") + os.pathsep + os.environ.get("PATH", ""),
        "VIRTUAL_ENV": VENV,
    }


def newer_python(arguments):
    """Go on in a newer Python when this one is too old."""
    if sys.version_info >= NEEDED:
        return
    for name in ("python3.13", "python3.12", "python3.11", "python3.14"):
        path = shutil.which(name)
        if path and subprocess.call([path, "-c", "pass"], stderr=subprocess.DEVNULL) == 0:
            os.execv(path, [path, os.path.abspath(__file__), *arguments])
    sys.exit("Python %d.%d or newer is needed; this one (%s) is %d.%d, and no newer one is on the "
             "path. Install one, for example: apt-get install python3.11 python3.11-venv"
             % (*NEEDED, sys.executable, *sys.version_info[:2]))


def digest(*names):
    """Hash of files of the repository."""
    total = hashlib.sha256()
    for name in names:
        with open(os.path.join(ROOT, name), "rb") as file:
            total.update(file.read())
    return total.hexdigest()


def wanted_stamp():
    """Return what the stamp of an environment that is up to date says: pins, place, package."""
    return [digest("requirements.txt"), VENV, digest("pyproject.toml")]


def make_environment():
    """Create ``.venv`` from the pins, unless its stamp says that it is up to date."""
    wanted = wanted_stamp()
    try:
        with open(STAMP, encoding="utf-8") as file:
            found = file.read().split("\n")
    except (OSError, ValueError):
        found = []
    if found == wanted and os.path.exists(PYTHON):
        return
    if found[:2] != wanted[:2] or not os.path.exists(PYTHON):
        install_pins()
    install_package()
    with open(STAMP + ".new", "w", encoding="utf-8") as file:
        file.write("\n".join(wanted))
    os.replace(STAMP + ".new", STAMP)
    print("Environment ready.", flush=True)


def install_pins():
    """Make ``.venv`` anew and install ``requirements.txt`` into it."""
    print("Setting up .venv from requirements.txt with Python %d.%d "
          "(once; a few minutes, needs the package index) ..." % sys.version_info[:2], flush=True)
    if os.path.exists(STAMP):
        os.remove(STAMP)
    if subprocess.call([sys.executable, "-m", "venv", "--clear", VENV],
                       stdout=subprocess.DEVNULL) != 0:
        version = "%d.%d" % sys.version_info[:2]
        sys.exit("Python could not make a virtual environment. On Debian and Ubuntu: "
                 "apt-get install python%s-venv" % version)
    pins = os.path.join(ROOT, "requirements.txt")
    builders = os.path.join(VENV, "builders.txt")
    with open(builders, "w", encoding="utf-8") as file:
        file.write(pins_of(pins, BUILDERS))
    pip("install", "--require-hashes", "--requirement", builders)
    pip("install", "--require-hashes", "--no-build-isolation", "--requirement", pins)
    subprocess.call([PYTHON, "-c", "import matplotlib.font_manager"], env=environment())


def pins_of(path, names):
    """Return the lines of a few pins, with their hashes."""
    with open(path, encoding="utf-8") as file:
        blocks = re.split(r"\n(?=[A-Za-z])", file.read())
    return "\n".join(block for block in blocks if block.split("==")[0] in names) + "\n"


def install_package():
    """Install this project as it stands in ``src``; needs no network."""
    pip("install", "--no-deps", "--no-build-isolation", "--editable", ROOT)


def pip(*arguments):
    """Run pip of the environment, quietly; stop with its words when it fails."""
    command = [PYTHON, "-m", "pip", "--disable-pip-version-check", "-qq"]
    if subprocess.call(command + list(arguments), env=environment()) != 0:
        sys.exit("pip could not install what is needed; its message is above. "
                 "Run the same command again to go on.")


def clean():
    """Remove what builds have made; the environment stays."""
    for name in ("_build", "book/pages", ".snakemake"):
        shutil.rmtree(os.path.join(ROOT, name), ignore_errors=True)
    print("Removed _build, book/pages and .snakemake. To remove the environment too: rm -r .venv")
    return 0


def print_help():
    """List the targets of the Makefile with their comments."""
    with open(os.path.join(ROOT, "Makefile"), encoding="utf-8") as file:
        for name, text in re.findall(r"^(\w+):\s+## (.*)$", file.read(), re.M):
            print("  make %-10s %s" % (name, text))
    print("\n  STUDY=id or STUDY=path/to/your/study, several with commas; PAGE=page, the same way;\n"
          "  JOBS=2; DATA=folder with the data of the one study that is named; TIMEOUT=minutes a page may\n"
          "  take (30; 0 for no limit). In a name write $$ for $; quote blanks: STUDY=\"my folder\".")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit("\nStopped. The same command goes on from here.")
    except OSError as error:
        sys.exit("%s: %s" % (error.filename or "this machine", error.strerror or error))
