"""Addresses that mail can be sent to, and the URL of a mail server."""

import pytest

from tenants.kernel.addresses import InvalidAddress, Mailbox, SmtpServer, sender, smtp_server


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("post@example.org", ("post", "example.org")),
        ("a.b+c'd@sub.example.org", ("a.b+c'd", "sub.example.org")),
        ("post@bücher.example", ("post", "xn--bcher-kva.example")),
        ("post@BÜCHER.example", ("post", "xn--bcher-kva.example")),
        ("zoë@παράδειγμα.example", ("zoë", "xn--hxajbheg2az3al.example")),
        ("post@localhost", ("post", "localhost")),
    ],
)
def test_the_domain_of_an_address_is_written_in_ascii(address, parts):
    assert Mailbox(address).deliverable() == parts


@pytest.mark.parametrize(
    "address",
    [
        "", "@", "post", "post@", "@example.org", "post@example..org", "a..b@example.org", ".a@example.org",
        "a b@example.org", "a@b@example.org", "post@example.org\n", "po\rst@example.org", "post@exam\nple.org",
        "post@[192.0.2.1]", "post@under_score.example", "post@-example.org", "<post@example.org>",
        "post@example.org>", "post@example.org, other@example.org", "post;other@example.org", '"p"@example.org',
        "po\x00st@example.org", "\ud800@example.org", "post@\ud800.example", "p" * 65 + "@example.org",
        "post@" + "a" * 64 + ".example", "post@" + "ü" * 63 + ".example",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_not_repeated(address):
    with pytest.raises(InvalidAddress) as raised:
        Mailbox(address).deliverable()
    assert "post" not in str(raised.value)


@pytest.mark.parametrize("domain", ["straße.example", "ἑλλάς.example", "exam\u200dple.example"])
def test_a_domain_that_older_rules_would_make_another_one_is_refused(domain):
    with pytest.raises(InvalidAddress):
        Mailbox(f"post@{domain}").deliverable()


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://post.example", SmtpServer("post.example", 25, "none")),
        ("smtp://post.example:2525/", SmtpServer("post.example", 2525, "none")),
        ("smtps://post.example", SmtpServer("post.example", 465, "tls")),
        ("smtp+starttls://post.example", SmtpServer("post.example", 587, "starttls")),
        ("smtp+starttls://[::1]:587", SmtpServer("::1", 587, "starttls")),
        (
            "smtps://user%40example.org:a%2Fb%23c%3A@post.example",
            SmtpServer("post.example", 465, "tls", "user@example.org", "a/b#c:"),
        ),
    ],
)
def test_an_smtp_url_says_host_port_encryption_and_login(url, server):
    assert smtp_server(url) == server


@pytest.mark.parametrize(
    "url",
    [
        "post.example", "http://post.example", "smtp://", "smtp://:25", "smtp://post.example:0",
        "smtp://post.example:70000", "smtp://post.example:word", "smtp://post.example/word",
        "smtp://post.example?word", "smtp://user:word#1@post.example", "smtp://user:word/1@post.example",
        "smtp://user@post.example", "smtp://:word@post.example", "smtp://user:w%C3%B6rd@post.example",
    ],
)  # fmt: skip
def test_an_smtp_url_that_says_too_little_or_too_much_is_refused_and_not_repeated(url):
    with pytest.raises(ValueError, match=r"^must ") as raised:
        smtp_server(url)
    assert "post.example" not in str(raised.value)
    assert "word" not in str(raised.value).replace("password", "")


def test_a_server_does_not_show_its_login():
    assert "word" not in repr(smtp_server("smtps://user:word@post.example"))
    assert "user" not in repr(smtp_server("smtps://user:word@post.example"))


@pytest.mark.parametrize(
    ("text", "mailbox"),
    [
        ("post@example.org", Mailbox("post@example.org")),
        (" <post@example.org> ", Mailbox("post@example.org")),
        ("Invented Society <post@example.org>", Mailbox("post@example.org", "Invented Society")),
        ('"Society, Invented" <post@example.org>', Mailbox("post@example.org", "Society, Invented")),
        ("Gesellschaft für Erfundenes <post@bücher.example>",
         Mailbox("post@bücher.example", "Gesellschaft für Erfundenes")),
    ],
)  # fmt: skip
def test_a_sender_is_an_address_with_a_name_or_without(text, mailbox):
    assert sender(text) == mailbox


@pytest.mark.parametrize(
    "text",
    [
        "Invented Society", "post@example.org, other@example.org", "A <post@example.org> <b@example.org>",
        "A\n<post@example.org>", "A <post@exam ple.org>", "zoë@example.org", "A <post>", "A <>",
    ],
)  # fmt: skip
def test_what_is_no_sender_is_refused(text):
    with pytest.raises(ValueError, match=r"^must be an address"):
        sender(text)
