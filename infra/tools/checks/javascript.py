"""Checks the types that the board's modules state in JSDoc, with TypeScript's compiler.

Playwright brings the Node.js that runs it. The compiler and uPlot's types are WebJars, as uPlot is.
"""

import json
import subprocess
import tempfile
import zipfile
from pathlib import Path

from playwright._impl._driver import compute_driver_executable

from infra.tools.local.board import SOURCE
from infra.tools.local.charts import UPLOT, WebJar, download

TYPESCRIPT = WebJar(
    "typescript", "5.9.3", "be4e42933dde698781ef8ffd13b82537634117c75372b66fa08f7ed9d6759c6a"
)
OPTIONS = {
    **{"allowJs": True, "checkJs": True, "noEmit": True, "strict": True, "types": []},
    **{"target": "es2024", "module": "es2022", "moduleResolution": "bundler"},
    # The modules are checked as they lie in the served folder, beside `uplot`.
    "preserveSymlinks": True,
}


def check_board() -> str | None:
    """Return the compiler's complaints, or None; raises `WebJarMissing`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with zipfile.ZipFile(download(TYPESCRIPT)) as jar:
            jar.extractall(folder)
        (folder / "uplot").mkdir()
        with zipfile.ZipFile(download(UPLOT)) as jar:
            types = jar.read(f"{UPLOT.files}/dist/uPlot.d.ts")
        (folder / "uplot/uPlot.esm.d.ts").write_bytes(types)
        (folder / "page").symlink_to(SOURCE / "page")
        configuration = {"compilerOptions": OPTIONS, "include": ["page/*.js"]}
        (folder / "tsconfig.json").write_text(json.dumps(configuration))
        node, _ = compute_driver_executable()
        done = subprocess.run(
            [node, f"{TYPESCRIPT.files}/lib/tsc.js", "--project", "."],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    return None if done.returncode == 0 else done.stdout.strip()
