"""A headless Chromium that notes whatever a page complains about."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from playwright.async_api import Page, async_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
MISSING = "Chromium is not on the PATH: Debian and Ubuntu have it as the package chromium"
WIDTH, HEIGHT = 1280, 800


class NoBrowser(Exception):
    """One line that says what to install."""


@dataclass(frozen=True, slots=True)
class Window:
    """A page of the browser, and its complaints: failed requests, errors of the console."""

    page: Page
    complaints: list[str] = field(default_factory=list)


def find_browser() -> str | None:
    """Return the path of a Chromium."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@asynccontextmanager
async def open_window(theme: str = "light") -> AsyncIterator[Window]:
    """Open a window in a `light` or `dark` theme; raises `NoBrowser`."""
    browser_path = find_browser()
    if browser_path is None:
        raise NoBrowser(MISSING)
    async with async_playwright() as playwright:
        # Chromium's sandbox refuses to run as root.
        browser = await playwright.chromium.launch(
            executable_path=browser_path, args=["--no-sandbox"]
        )
        page = await browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT},
            color_scheme="dark" if theme == "dark" else "light",
        )
        window = Window(page)
        page.on("pageerror", lambda error: window.complaints.append(f"error: {error}"))
        page.on(
            "console",
            lambda message: (
                window.complaints.append(f"console: {message.text}")
                if message.type == "error"
                else None
            ),
        )
        page.on(
            "response",
            lambda answer: (
                window.complaints.append(f"{answer.status} {answer.url}")
                if answer.status >= 400
                else None
            ),
        )
        try:
            yield window
        finally:
            await browser.close()
