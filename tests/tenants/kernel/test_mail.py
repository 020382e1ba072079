"""Letters: what templates make of values, and what goes over the wire of them."""

import re
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesParser
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jinja2 import UndefinedError

from tenants.kernel.addresses import Mailbox
from tenants.kernel.ids import new_id
from tenants.kernel.mail import BASE, LETTERS, Letter, Templates, composer, post
from tenants.kernel.postbox import Unsendable, as_message
from tests.factories.mail import TEMPLATES, WELCOME, compose
from tests.post_office import Received

SENDER = Mailbox("post@bücher.example", "Gesellschaft für Erfundenes")
LINK = "https://peerloom.example/w/1?a=b&c=d"
HEADERS = [
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
]  # fmt: skip
ATTACKS = [
    "\r\nBcc: other@example.org",
    "=?utf-8?q?x=0D=0ABcc:_other@example.org?=",
    "=?utf-8?b?DQpCY2M6IG90aGVyQGV4YW1wbGUub3Jn?=",
    "x\u2028Bcc: other@example.org",
    "x\x0bBcc: other@example.org\x85Bcc: other@example.org",
    "\" <other@example.org>, \"",
    "a, other@example.org",
    "(comment\\",
    "</p><script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "{{ link }}{% raw %}",
    "\r\n\r\n--boundary\r\nContent-Type: text/html\r\n\r\n<b>",
    "\ud800",
    "名前" * 200,
    "\r\n.\r\nMAIL FROM:<other@example.org>",
]  # fmt: skip


def letter(**more):
    return Letter(**{"to": Mailbox("a@example.org"), "subject": "S", "text": "T", "html": "<p>H</p>"} | more)


def written(made, letter_id=None):
    return Received("", "", as_message(made, letter_id or new_id(), SENDER), 0)


def test_a_letter_has_a_subject_a_text_and_html_from_its_templates():
    made = TEMPLATES.letter("welcome", to=Mailbox("a@example.org"), name="Zoë", link=LINK)
    assert made.subject == "Welcome, Zoë"
    assert made.text.startswith(f"Dear Zoë,\n\nyour link is {LINK}\n")
    assert "Welcome" not in made.text
    assert "sent automatically" in made.text
    assert '<a href="https://peerloom.example/w/1?a=b&amp;c=d">' in made.html
    assert "<title>Welcome, Zoë</title>" in made.html
    assert "sent automatically" in made.html


def test_a_value_that_nobody_gives_is_an_error():
    with pytest.raises(UndefinedError):
        TEMPLATES.letter("welcome", to=Mailbox("a@example.org"), name="Zoë")


def test_the_base_fetches_nothing_from_anywhere():
    said = "".join(path.read_text() for path in BASE.iterdir())
    assert len(list(BASE.iterdir())) == 2
    assert re.findall(r"https?:|//|<img|<link|<script|url\(|@import|src=", said) == []


def test_who_reads_a_letter_gets_text_and_html_and_is_told_that_a_machine_wrote():
    letter_id = new_id()
    made = letter(
        to=Mailbox("zoe@example.org", "Zoë Ångström"), subject="Grüße", text="Ä\n.\nZ", html="<p>Ä</p>"
    )
    message = written(made, letter_id).message
    assert message.keys() == HEADERS
    assert str(message["From"]) == "Gesellschaft für Erfundenes <post@xn--bcher-kva.example>"
    assert str(message["To"]) == "Zoë Ångström <zoe@example.org>"
    assert message["Subject"] == "Grüße"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{letter_id}@xn--bcher-kva.example>"
    assert message["Date"].datetime.tzinfo is not None
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content() for part in message.iter_parts()] == ["Ä\r\n.\r\nZ\r\n", "<p>Ä</p>\r\n"]


def test_the_same_letter_has_the_same_message_id_and_another_another():
    letter_id = new_id()
    first, again, other = (
        written(letter(), each).message["Message-ID"] for each in (letter_id, letter_id, None)
    )
    assert first == again != other


def test_a_letter_goes_out_in_seven_bits_and_short_lines_unless_its_address_needs_more():
    long = letter(subject="Ä" * 500, text="Ä" * 5000, html="x" * 5000)
    plain = written(long).content
    assert plain.isascii()
    assert max(map(len, plain.split(b"\r\n"))) <= 998
    assert not re.search(rb"\r(?!\n)|(?<!\r)\n", plain)
    abroad = written(letter(to=Mailbox("zoë@bücher.example", "Zoë"))).content
    assert "To: Zoë <zoë@xn--bcher-kva.example>\r\n".encode() in abroad


def test_headers_for_unsubscribing_go_out_as_they_are():
    link = f"<https://peerloom.example/unsubscribe?token={'x' * 300}>"
    made = letter(headers={"List-Unsubscribe": link, "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"})
    assert f"List-Unsubscribe: {link}\r\n".encode() in written(made).content
    assert written(made).message.keys() == ["List-Unsubscribe", "List-Unsubscribe-Post", *HEADERS]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Bcc", "other@example.org"), ("list-unsubscribe", "<x>"), ("Subject", "x"), ("Content-Type", "x"),
        ("List-Id: x\r\nBcc", "x"), ("List-Id", "a\r\nBcc: b"), ("List-Id", "a\nb"), ("List-Id", "ä"),
        ("List-Id", ""), ("List-Id", " "), ("List-Id", "a "), ("List-Id", "a\x00"), ("List-Id", "x" * 901),
    ],
)  # fmt: skip
def test_no_other_header_and_no_value_that_is_none_can_be_set(name, value):
    with pytest.raises(ValueError, match="not a header"):
        letter(headers={name: value})


@pytest.mark.parametrize("address", ["", "nobody", "a@example.org\r\nBcc: b@example.org", "a@faß.example"])
def test_a_letter_to_no_address_cannot_be_sent_and_the_error_does_not_repeat_it(address):
    with pytest.raises(Unsendable) as raised:
        written(letter(to=Mailbox(address)))
    assert str(raised.value) == "invalid_address"
    assert raised.value.__suppress_context__


def test_text_that_is_no_unicode_cannot_be_sent():
    with pytest.raises(Unsendable, match="invalid_text"):
        written(letter(text="\ud800"))


anything = st.text(max_size=300) | st.text(
    alphabet="=?utf-8qbQ_ \r\n\t:;,<>\"()@\\.&'\x0b\x85\u2028ä日", max_size=100
)
everywhere = [example(name=attack, subject=attack) for attack in ATTACKS]


def with_every_attack(test):
    for each in everywhere:
        test = each(test)
    return test


@with_every_attack
@settings(deadline=None, database=None, max_examples=300)
@given(name=anything, subject=anything)
def test_nothing_in_a_name_or_a_subject_adds_a_header_or_a_recipient_or_gets_lost(name, subject):
    made = letter(to=Mailbox("a@example.org", name), subject=subject)
    raw = BytesParser(Message).parsebytes(as_message(made, new_id(), Mailbox("post@example.org", name)))
    assert raw.keys() == HEADERS
    assert [part.get_content_type() for part in raw.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]
    for header, address in (("From", "post@example.org"), ("To", "a@example.org")):
        phrase, _, at = unfolded(raw[header]).rpartition(" ")
        assert at in (address, f"<{address}>")
        assert unspaced(name_in(phrase)) == unspaced(shown(name))
    assert unspaced(decoded(unfolded(raw["Subject"]))) == unspaced(shown(subject))


def unspaced(text):
    """Where it folds a long line of rare characters, Python may drop a space."""
    return "".join(text.split())


def unfolded(header):
    return header.replace("\r\n", "").replace("\n", "")


def decoded(header):
    """As a reader's program shows it."""
    return str(make_header(decode_header(header))).strip()


def name_in(phrase):
    return re.sub(r"\\(.)", r"\1", phrase[1:-1]) if phrase.startswith('"') else decoded(phrase)


def shown(text):
    """On one line, without half characters, and nothing in it that looks encoded."""
    seen = re.sub(
        r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff]+", " ", text
    )
    return seen.strip().replace("=?", "= ?")


class Tags(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, sorted(name for name, _ in attrs)))

    def handle_data(self, data):
        self.text += data


@with_every_attack
@settings(deadline=None, database=None, max_examples=300)
@given(name=anything, subject=anything)
def test_nothing_in_a_value_breaks_out_of_the_html(name, subject):
    def page(**values):
        return Tags(TEMPLATES.letter("welcome", to=Mailbox("a@example.org"), **values).html)

    assert page(name=name, link=subject).tags == page(name="Zoë", link=LINK).tags


def test_a_letter_shows_nothing_of_itself_where_it_is_logged():
    made = letter(to=Mailbox("a@example.org", "Zoë"), subject="Grüße")
    assert not re.search("example|Zoë|Grüße", repr(made) + repr(made.to))


def test_a_template_may_say_another_footer(tmp_path: Path):
    for form in ("txt", "html"):
        (tmp_path / f"bye.{form}").write_text(
            '{% extends "base.' + form + '" %}{% block subject %}Bye{% endblock %}'
            "{% block content %}Bye.{% endblock %}{% block footer %}Sent by a society.{% endblock %}"
        )
    made = Templates(tmp_path).letter("bye", to=Mailbox("a@example.org"))
    assert made.text.endswith("-- \nSent by a society.")
    assert "automatically" not in made.text + made.html


def test_a_kind_is_composed_by_the_function_that_its_name_says(monkeypatch):
    monkeypatch.setattr("tenants.kernel.mail.LETTERS", WELCOME)
    assert composer("welcome") is compose


def test_a_kind_that_nobody_composes_cannot_be_posted(tenant, database):
    assert "nothing" not in LETTERS
    with database.tenant(tenant.id) as session, pytest.raises(KeyError):
        post(session, "nothing", subject_ids=[new_id()])
