"""The configuration as read from disk: all texts together, so that every process has the same.

`read_bundle` is the only reader of configuration files. A bundle is published in the data folder;
processes that start later, or that are told to reload, take it from there and never see a file
that is being edited.
"""

from collections.abc import Mapping
from glob import glob, has_magic
from pathlib import Path

import msgspec

from trapgate.app.checks import check_sections
from trapgate.app.mibs import Keep, VendorMibs, vendor_mibs
from trapgate.app.settings import AlertmanagerSettings, Settings
from trapgate.compile import Progress
from trapgate.config import load
from trapgate.listen import check_certificates, with_paths
from trapgate.model import Problem, Span
from trapgate.spool import replace_file
from trapgate.store import check_elasticsearch_files

BUNDLE_SCHEMA = 1

Stamp = tuple[int, int]
"""What tells one published bundle from another."""

SEARCHED = (Path("trapgate.yml"), Path("/etc/trapgate/trapgate.yml"))
"""Where the configuration is looked for if none is named."""

_PACKAGE = Path(__file__).parent.parent
_BUNDLED = _PACKAGE / "bundled" if (_PACKAGE / "bundled").is_dir() else _PACKAGE.parent
"""`rules/` and `mibs/`: in the wheel inside the package, in a checkout beside it."""

_DIALECTS = _PACKAGE / "dialects"

DEFAULTS = Path(__file__).parent / "defaults"
"""The default configuration."""

TEST_SUFFIX = ".test.yml"


class Bundle(msgspec.Struct, frozen=True):
    """Every text of one configuration. `folder` is where relative paths start; names are as a
    user would write them. `vendor_mibs` are files of the MIB cache, which never change; what could
    not be kept there is in `mibs`. `dialects` of syslog are the user's, `own_dialects` ours."""

    schema: int
    folder: str
    main: tuple[str, str]
    alertmanager: tuple[str, str]
    rules: Mapping[str, str]
    mibs: Mapping[str, str]
    secrets: Mapping[str, str]
    vendor_mibs: tuple[str, ...] = ()
    dialects: Mapping[str, str] = {}
    own_dialects: Mapping[str, str] = {}


def read_bundle(
    path: Path | None, *, keep: Keep = "if-ours", progress: Progress | None = None
) -> tuple[Bundle | None, list[Problem]]:
    """Read the configuration at `path`, else where it is usually found, else the built-in one.

    Vendors' MIBs are compiled on the way; `keep` says whether what is new goes into the cache.
    """
    reader = _Reader()
    main, folder, name = _main_file(path)
    text = reader.text(main, Span(name), "name another file with --config")
    settings = load(text or "", name, Settings)
    if text is None or settings.value is None:
        # the other files are found through it
        more = check_sections(settings.legible) if settings.legible else []
        return None, [*reader.problems, *settings.problems, *more]
    value = settings.value
    alertmanager = reader.alertmanager(value, main, folder)
    own = reader.vendor_mibs(value, folder, keep, progress)
    reader.problems += check_certificates(with_paths(value.listen, folder))
    if value.store.kind == "elasticsearch":
        reader.problems += check_elasticsearch_files(value.store.elasticsearch.below(folder))
    bundle = Bundle(
        schema=BUNDLE_SCHEMA,
        folder=str(folder),
        main=(name, text),
        alertmanager=alertmanager,
        rules=reader.rules(value, folder),
        mibs=own.texts,
        secrets=reader.secrets(value, alertmanager, folder),
        vendor_mibs=own.files,
        dialects=reader.matching(
            value.decode.syslog.dialects, folder, value.decode.syslog.where.key("dialects")
        ),
        own_dialects=bundled_dialects(),
    )
    if any(problem.severity == "error" for problem in reader.problems):
        # what `build` would say of the same sections is not to wait for the next try
        return None, [*settings.problems, *reader.problems, *check_sections(value)]
    return bundle, reader.problems


def read_settings(path: Path | None) -> tuple[Settings | None, Path, list[Problem]]:
    """The settings alone, found as `read_bundle` does, and the folder where their paths start."""
    reader = _Reader()
    main, folder, name = _main_file(path)
    text = reader.text(main, Span(name), "name another file with --config")
    settings = load(text or "", name, Settings)
    value = None if text is None else settings.value
    return value, folder, [*reader.problems, *settings.problems]


def _main_file(path: Path | None) -> tuple[Path, Path, str]:
    """The main file, the folder where relative paths start, and the file's name for a user."""
    main = path or next((found for found in SEARCHED if found.is_file()), None)
    if main is None:
        return DEFAULTS / "trapgate.yml", Path.cwd(), "(built in) trapgate.yml"
    return main, main.parent, str(main)


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def text(self, path: Path, span: Span, help: str) -> str | None:
        try:
            return path.read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            reason = str(error.strerror if isinstance(error, OSError) else error)
            if isinstance(error, UnicodeDecodeError):
                reason = "it is not UTF-8"
            summary = f"cannot read {path}: {reason}"
            self.problems.append(Problem("unreadable-file", "error", summary, span, help))
            return None

    def alertmanager(self, settings: Settings, main: Path, folder: Path) -> tuple[str, str]:
        """Name and text of `alertmanager.yml`; the built-in one if none is configured."""
        if settings.alerting.config is None or main.parent == DEFAULTS:
            text = (DEFAULTS / "alertmanager.yml").read_text("utf-8")
            return "(built in) alertmanager.yml", text
        path = folder / settings.alerting.config
        span = settings.alerting.where.key("config")
        return str(path), self.text(path, span, "correct the path") or ""

    def rules(self, settings: Settings, folder: Path) -> dict[str, str]:
        found: dict[str, str] = {}
        if settings.rules.bundled:
            own = _folder(_BUNDLED / "rules", "*.yml")
            found = {f"(built in) {n}": t for n, t in own.items() if not n.endswith(TEST_SUFFIX)}
        span = settings.rules.where.key("files")
        return found | self.matching(settings.rules.files, folder, span, TEST_SUFFIX)

    def matching(
        self, patterns: tuple[str, ...], folder: Path, span: Span, skipped: str = "\0"
    ) -> dict[str, str]:
        """The texts of the files that these paths and globs name, but for a suffix."""
        found: dict[str, str] = {}
        for pattern in patterns:
            names = sorted(glob(str(folder / pattern)))
            if not names and not has_magic(pattern):
                names = [str(folder / pattern)]  # reading it says what is wrong
            elif not names:
                summary, hint = f"no file matches {pattern}", "correct the pattern, or remove it"
                self.problems.append(Problem("no-file", "warning", summary, span, hint))
            for name in names:
                if not name.endswith(skipped):
                    found[name] = self.text(Path(name), span, "correct the path") or ""
        return found

    def vendor_mibs(
        self, settings: Settings, folder: Path, keep: Keep, progress: Progress | None
    ) -> VendorMibs:
        own = vendor_mibs(
            settings.mib, folder, folder / settings.data, bundled_mibs(), keep, progress
        )
        self.problems += own.problems
        return own

    def secrets(
        self, settings: Settings, alertmanager: tuple[str, str], folder: Path
    ) -> dict[str, str]:
        """The contents of the files that `*_file` keys name, by the path as written."""
        wanted = [
            (entry.community_file, entry.where.key("community_file"))
            for entry in settings.decode.snmp.communities
        ]
        wanted += [
            (getattr(user, key), user.where.key(key))
            for user in settings.decode.snmp.users
            for key in ("auth_passphrase_file", "privacy_passphrase_file")
        ]
        elastic = settings.store.elasticsearch
        wanted += [(name, elastic.where.key(key)) for key, name in elastic.secret_files().items()]
        wanted += _url_files(*alertmanager)
        found: dict[str, str] = {}
        for name, span in wanted:
            if name is not None:
                found[name] = self.secret(folder / name, span)
        return found

    def secret(self, path: Path, span: Span) -> str:
        """What a file holds, without blanks and line ends around it; an empty one is a mistake,
        an empty community would let anybody in."""
        text = self.text(path, span, "correct the path")
        if text is not None and not text.strip():
            summary, hint = f"{path} is empty", "write the secret into it"
            self.problems.append(Problem("empty-secret", "error", summary, span, hint))
        return (text or "").strip()


def bundled_mibs() -> dict[str, str]:
    """The MIB index that comes with trapgate: texts by file name."""
    return _folder(_BUNDLED / "mibs", "*.json")


def bundled_dialects() -> dict[str, str]:
    """The dialects that come with trapgate: texts by file name."""
    return {f"(built in) {name}": text for name, text in _folder(_DIALECTS, "*.yml").items()}


def _folder(folder: Path, pattern: str) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(folder.glob(pattern))}


def _url_files(name: str, text: str) -> list[tuple[str | None, Span]]:
    """The files that webhooks take their URL from; problems of the file are found by `build`."""
    loaded = load(text, name, AlertmanagerSettings).value
    return [
        (webhook.url_file, webhook.where.key("url_file"))
        for receiver in (loaded.receivers if loaded else ())
        for webhook in receiver.webhook_configs
    ]


def publish_bundle(bundle: Bundle, path: Path) -> Stamp:
    """Make a bundle the one that all processes use, whole or not at all; it holds secrets.

    Two processes may publish at the same time: each writes a file of its own, the later one stays.
    The file's folder is made if it is lost. Returns the stamp. Raises `OSError`; nothing has
    changed then.
    """
    written = replace_file(path, msgspec.json.encode(bundle))
    return written.st_ino, written.st_mtime_ns


def published_bundle(path: Path) -> Bundle:
    """The bundle that all processes use. Raises `OSError`, `ValueError` if it is damaged."""
    return msgspec.json.decode(path.read_bytes(), type=Bundle)


def bundle_stamp(path: Path) -> Stamp:
    """What changes when another bundle is published. Raises `OSError`."""
    found = path.stat()
    return found.st_ino, found.st_mtime_ns
