"""No secret is shown with a problem, however it is written; the place is."""

import pytest

from trapgate.app.source_line import shown_line

SECRET = "l4b-S3cret"


@pytest.mark.parametrize(
    "text",
    [
        "password: l4b-S3cret",
        "pasword: l4b-S3cret",
        "passwrod: l4b-S3cret",
        "api_ky: l4b-S3cret",
        "apiKey: l4b-S3cret",
        "comunity: l4b-S3cret",
        "pw_secret: l4b-S3cret",
        "password:l4b-S3cret",
        "password: a,l4b-S3cret",
        "password: 'it''s, l4b-S3cret'",
        'password: "a\\", l4b-S3cret", name: x',
        "{privacy_passphrase: l4b-S3cret, name: x}",
        "{user: {password: a}l4b-S3cret}",
        'urls: ["https://elastic:l4b-S3cret@es1:9200", "https://es2:9200"]',
        "- https://elastic:p@l4b-S3cret@es1:9200",
        "# password: l4b-S3cret",
        "password:\n  l4b-S3cret",
        "password: |\n  a\n  l4b-S3cret",
        "password:\n- l4b-S3cret",
        'password: "a\n  l4b-S3cret"',
        "a: 1\nb:\n- name: x\n  token: >\n    l4b-S3cret",
    ],
)
def test_it_is_hidden(text: str) -> None:
    lines = text.splitlines()
    shown, _ = shown_line(lines, len(lines), 1)
    assert SECRET in text
    assert "S3cret" not in shown
    assert "<secret>" in shown


@pytest.mark.parametrize(
    "text",
    [
        "password_file: secrets/elasticsearch",
        "urls: [es1:9200]",
        "keep_firing_for: 5x",
        "match: event.code:x",
        "communities:\n- {name: x}",
        "users:\n- name: x\n  auth_protocol: MD4",
        "token: x\nother: y",
        "- password: a\n- name: b",
    ],
)
def test_what_is_no_secret_is_shown(text: str) -> None:
    lines = text.splitlines()
    assert shown_line(lines, len(lines), 1) == (lines[-1], 1)


def test_a_list_is_hidden_with_its_brackets() -> None:
    assert shown_line(['  url: ["https://es1:9200"]'], 1, 3) == ("  url: <secret>", 3)


@pytest.mark.parametrize("text", ["elasticsearch:\n  login: x", "store: {elasticsearch: {login: x"])
def test_nobody_knows_what_an_unknown_key_among_secrets_was_to_be(text: str) -> None:
    lines = text.splitlines()
    column = lines[-1].index("login") + 1
    assert shown_line(lines, len(lines), column, unknown=True)[0].endswith("login: <secret>")
    assert shown_line(lines, len(lines), column)[0].endswith("login: x")
    assert shown_line(["rules:", "  mach: x"], 2, 3, unknown=True) == ("  mach: x", 3)


def test_the_place_moves_with_what_is_hidden() -> None:
    text = "{password: abc, key: a very long secret indeed, nmae: x}"
    for word in ("password", "key", "nmae", "x}"):
        shown, column = shown_line([text], 1, text.index(word) + 1)
        assert shown[column - 1 :].startswith(word)
    shown, column = shown_line([text], 1, text.index("long") + 1)
    assert shown[column - 1 :].startswith("<secret>, nmae")
