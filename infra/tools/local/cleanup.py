"""Finds and stops the processes of a stack, also those whose supervisor was killed."""

import signal
from pathlib import Path

import psutil

STOP_SECONDS = 20.0
MARK = "COMPTOIR_STACK"


def mark(state: Path) -> dict[str, str]:
    """Return the environment variable that marks every process of a stack."""
    return {MARK: str(state)}


def find_processes(state: Path) -> list[psutil.Process]:
    """Return every process that carries the mark of a state folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(MARK) == str(state) or _is_nginx_of(state, process):
                found.append(process)
        except psutil.Error:
            continue
    return found


def _is_nginx_of(state: Path, process: psutil.Process) -> bool:
    """Tell whether it is NGINX, whose title overwrites the mark and whose workers outlive it."""
    if process.name() != "nginx":
        return False
    folder = nginx_folder(state)
    return process.cwd() == str(folder) or f" -p {folder} " in " ".join(process.cmdline())


def nginx_folder(state: Path) -> Path:
    """Return the folder that NGINX and its workers run in."""
    return state / "nginx"


def find_nginx(state: Path) -> list[psutil.Process]:
    """Return the NGINX processes of a stack."""
    return [each for each in find_processes(state) if each.name() == "nginx"]


def stop_processes(processes: list[psutil.Process]) -> None:
    """Send SIGTERM to each process; kill those that do not end in time."""
    for process in processes:
        _signal(process, signal.SIGTERM)
    _, stubborn = psutil.wait_procs(processes, timeout=STOP_SECONDS)
    _kill(stubborn)


def discard_processes(processes: list[psutil.Process]) -> None:
    """Kill every process; PostgreSQL gets SIGQUIT first, so that it frees its shared memory."""
    servers = [process for process in processes if _is_postgresql(process)]
    _kill([process for process in processes if process not in servers])
    for process in servers:
        _signal(process, signal.SIGQUIT)
    _, stubborn = psutil.wait_procs(servers, timeout=STOP_SECONDS)
    _kill(stubborn)


def _is_postgresql(process: psutil.Process) -> bool:
    try:
        return process.name() == "postgres"
    except psutil.NoSuchProcess:
        return False


def _kill(processes: list[psutil.Process]) -> None:
    for process in processes:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(processes, timeout=STOP_SECONDS)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
