"""Log files: JSON lines in UTC, rotating; never personal data or tokens."""

from __future__ import annotations

import json
import logging
import logging.handlers
import sys
from pathlib import Path


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        doc = {
            "t": round(record.created, 3),
            "level": record.levelname,
            "where": record.name,
            "text": record.getMessage(),
        }
        if record.exc_info:
            doc["trace"] = self.formatException(record.exc_info)
        return json.dumps(doc, ensure_ascii=False)


def start_logging(folder: Path, process: str, *, echo: bool = False) -> None:
    """Send this process's log to folder/process.log; echo warnings to stderr as well."""
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    handler = logging.handlers.RotatingFileHandler(
        folder / f"{process}.log", maxBytes=4_000_000, backupCount=4, encoding="utf-8"
    )
    handler.setFormatter(JsonLines())
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for noisy in ("httpx", "httpcore", "uvicorn.access"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    if echo:
        console = logging.StreamHandler(sys.stderr)
        console.setLevel(logging.WARNING)
        root.addHandler(console)
