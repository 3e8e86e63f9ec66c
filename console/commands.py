"""Every action of the console, declared once: menus, palette, toolbar, keys and help read this."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One action. text: Chinese source. key: Qt key sequence. role: who may use it.

    enabled: returns an empty string when it can run, else the reason why not.
    """

    code: str
    text: str
    run: Callable[[], None]
    key: str = ""
    icon: str = ""
    group: str = ""
    role: str = "duty"
    enabled: Callable[[], str] = lambda: ""
    keywords: str = ""


class CommandTable:
    """The declared commands; refuses two with one code or one key."""

    def __init__(self, commands: Iterable[Command]) -> None:
        self._commands: dict[str, Command] = {}
        keys: set[str] = set()
        for command in commands:
            if command.code in self._commands:
                raise ValueError(f"command {command.code} declared twice")
            if command.key and command.key in keys:
                raise ValueError(f"key {command.key} used twice")
            self._commands[command.code] = command
            keys.add(command.key)

    def __iter__(self) -> Iterator[Command]:
        return iter(self._commands.values())

    def __getitem__(self, code: str) -> Command:
        return self._commands[code]

    def run(self, code: str) -> str:
        """Run a command; returns the reason when it may not run now."""
        command = self._commands[code]
        reason = command.enabled()
        if not reason:
            command.run()
        return reason
