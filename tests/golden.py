"""Golden files: texts that are read in review, and compared byte for byte ever after."""

from pathlib import Path

HOW_TO_UPDATE = "run pytest with --update-golden, and read the difference"


class Golden:
    """A folder of expected texts. With `update` it writes instead of comparing."""

    def __init__(self, folder: Path, *, update: bool) -> None:
        self._folder = folder
        self._update = update

    def check(self, name: str, text: str) -> None:
        """Fail unless the file `name` holds this text."""
        path = self._folder / name
        if self._update:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            return
        assert path.is_file(), f"{path} is missing: {HOW_TO_UPDATE}"
        assert text == path.read_text(encoding="utf-8"), f"{path} differs: {HOW_TO_UPDATE}"

    def beside(self, folder: Path) -> "Golden":
        """The same for another folder."""
        return Golden(folder, update=self._update)
