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


def main(arguments):
    """Run one task of the Makefile."""
    task = arguments[0] if arguments else "help"
    if task == "help":
        return print_help()
    if task == "clean":
        return clean()
    newer_python(arguments)
    make_environment()
    environment = dict(os.environ)
    environment.update(settings())
    if task == "test":
        command = [PYTHON, "-m", "pytest", *arguments[1:]]
    elif task in ("bench", "simulation"):
        command = [PYTHON, os.path.join(ROOT, "workflow", task + ".py"), *arguments[1:]]
    else:
        command = [PYTHON, "-m", "her2adc.build", *arguments]
    os.chdir(ROOT)
    os.execve(PYTHON, command, environment)


def settings():
    """Environment variables that make a run independent of the user's own settings."""
    return {
        "JUPYTER_PATH": os.path.join(VENV, "share", "jupyter"),
        "MPLCONFIGDIR": os.path.join(VENV, "matplotlib"),
        "PYTHONHASHSEED": "0",
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
    except OSError:
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
    pip("install", "--requirement", os.path.join(ROOT, "requirements.txt"))
    environment = dict(os.environ)
    environment.update(settings())
    subprocess.call([PYTHON, "-c", "import matplotlib.font_manager"], env=environment)


def install_package():
    """Install this project as it stands in ``src``; needs no network."""
    pip("install", "--no-deps", "--no-build-isolation", "--editable", ROOT)


def pip(*arguments):
    """Run pip of the environment, quietly; stop with its words when it fails."""
    command = [PYTHON, "-m", "pip", "--disable-pip-version-check", "-qq"]
    if subprocess.call(command + list(arguments)) != 0:
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
          "  JOBS=2; DATA=folder with the data of the one study that is named.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
