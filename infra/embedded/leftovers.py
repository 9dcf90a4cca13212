"""Processes of a stack that its supervisor no longer holds, such as after kill -9 of it."""

from pathlib import Path

import psutil

STOP_SECONDS = 20.0
MARK = "COMPTOIR_STACK"


def mark(state: Path) -> dict[str, str]:
    """The variable in the environment of every process of a stack."""
    return {MARK: str(state)}


def find_processes(state: Path) -> list[psutil.Process]:
    """Every process that was started for a state folder: each carries its mark."""
    found = []
    for process in psutil.process_iter():
        try:
            owner = process.environ().get(MARK)
        except psutil.Error:
            continue
        if owner == str(state):
            found.append(process)
    return found


def stop_processes(processes: list[psutil.Process]) -> None:
    """Ask each to end, and kill those that do not."""
    for process in processes:
        _signal(process, gently=True)
    _, stubborn = psutil.wait_procs(processes, timeout=STOP_SECONDS)
    for process in stubborn:
        _signal(process, gently=False)
    psutil.wait_procs(stubborn, timeout=STOP_SECONDS)


def _signal(process: psutil.Process, *, gently: bool) -> None:
    try:
        process.terminate() if gently else process.kill()
    except psutil.NoSuchProcess:
        return
