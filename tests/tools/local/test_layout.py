"""A state folder has its own secrets, and without a stack every command says what to do."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from infra.tools.local.layout import DEFAULT_PORTS, ROOT, Layout


def test_secrets_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    made = Layout(tmp_path / "state", DEFAULT_PORTS).secrets
    read = Layout(tmp_path / "state", DEFAULT_PORTS).secrets

    assert made == read
    assert len(set(made.values())) == len(made)
    mode = (tmp_path / "state" / "secrets.json").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600


def test_two_state_folders_share_neither_secrets_nor_socket(tmp_path: Path) -> None:
    one, other = (Layout(tmp_path / name, DEFAULT_PORTS) for name in ("one", "other"))

    assert one.secrets["till"] != other.secrets["till"]
    assert one.socket != other.socket


def test_the_socket_fits_however_deep_the_folder_is(tmp_path: Path) -> None:
    deep = Layout(tmp_path / ("x" * 200), DEFAULT_PORTS)

    # sun_path holds 108 bytes, the last of them 0 (unix(7)); supervisord adds its number.
    assert len(str(deep.socket)) < 90


@pytest.mark.parametrize("command", ["status", "token", "logs"])
def test_without_a_stack_a_command_says_what_to_do(tmp_path: Path, command: str) -> None:
    done = run(command, tmp_path)

    assert done.returncode == 1
    assert "make up" in done.stdout + done.stderr


def test_reset_removes_no_folder_that_up_has_not_made(tmp_path: Path) -> None:
    (tmp_path / "precious").touch()

    assert run("reset", tmp_path).returncode == 0
    assert (tmp_path / "precious").exists()


def run(command: str, state: Path) -> subprocess.CompletedProcess[str]:
    """Run a command on a state folder."""
    return subprocess.run(
        [sys.executable, "-m", "infra.tools.local", command],
        cwd=ROOT,
        env={"COMPTOIR_STATE": str(state)},
        capture_output=True,
        text=True,
        check=False,
    )
