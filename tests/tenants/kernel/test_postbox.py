"""The mail server: one connection for many letters, and what follows from each of its answers."""

import socket
from contextlib import contextmanager

import pytest

from tenants.kernel import postbox as module
from tenants.kernel.addresses import Mailbox, smtp_server
from tenants.kernel.ids import new_id
from tenants.kernel.mail import Letter
from tenants.kernel.postbox import NotTaken, Postbox, PutOff, Refused, Unavailable, Unsendable
from tests.post_office import Certificate, PostOffice

SENDER = Mailbox("post@example.org", "Invented Society")


@pytest.fixture
def certificate(tmp_path):
    return Certificate.made(tmp_path)


@contextmanager
def office_with(**how):
    office = PostOffice(**how)
    yield office
    office.end()


def to(address, name=""):
    return Letter(Mailbox(address, name), "Subject", "Text", "<p>Text</p>")


def send(url, *addresses):
    with Postbox(smtp_server(url), SENDER) as box:
        for address in addresses:
            box.send(to(address), new_id())


def code(kind, url, *addresses):
    with pytest.raises(NotTaken) as raised:
        send(url, *(addresses or ["a@example.org"]))
    assert type(raised.value) is kind
    assert raised.value.__suppress_context__ or raised.value.__context__ is None
    return raised.value.code


def test_many_letters_go_over_one_connection(post_office):
    addresses = [f"p{number}@example.org" for number in range(50)]
    send(post_office.url, *addresses)
    assert [each.recipient for each in post_office.received] == addresses
    assert post_office.connections == 1
    assert {each.sender for each in post_office.received} == {"post@example.org"}


@pytest.mark.parametrize(("answer", "kind"), [("550 nobody here", Refused), ("450 come back", PutOff)])
def test_a_recipient_refused_is_told_from_one_put_off_and_the_next_letter_goes_on(post_office, answer, kind):
    post_office.refusals["b@example.org"] = answer
    with Postbox(smtp_server(post_office.url), SENDER) as box:
        box.send(to("a@example.org"), new_id())
        with pytest.raises(kind, match=f"^smtp_{answer[:3]}$"):
            box.send(to("b@example.org"), new_id())
        box.send(to("c@example.org"), new_id())
    assert [each.recipient for each in post_office.received] == ["a@example.org", "c@example.org"]
    assert post_office.connections == 1


@pytest.mark.parametrize(("answer", "kind"), [("554 not this", Refused), ("451 not now", PutOff)])
def test_a_letter_refused_when_it_was_read_is_told_from_one_put_off(post_office, answer, kind):
    post_office.answer = answer
    assert code(kind, post_office.url) == f"smtp_{answer[:3]}"


@pytest.mark.parametrize("answer", ["550 not you", "451 not now", "421 going away"])
def test_a_server_that_refuses_the_sender_takes_no_letters_now(post_office, answer):
    post_office.senders_refused = answer
    assert code(Unavailable, post_office.url) == f"smtp_{answer[:3]}"


def test_a_server_that_is_away_takes_no_letters_now(post_office):
    post_office.close()
    assert code(Unavailable, post_office.url) == "no_connection"
    post_office.open()


def test_a_server_that_goes_away_while_it_reads_may_have_taken_the_letter(post_office):
    post_office.before_taking = lambda _: post_office.close()
    assert code(Unavailable, post_office.url) == "no_connection"


def test_a_server_that_does_not_answer_is_not_waited_for_long(monkeypatch):
    monkeypatch.setattr(module, "SECONDS_TO_ANSWER", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert code(Unavailable, f"smtp://127.0.0.1:{silent.getsockname()[1]}") == "no_connection"


def test_a_server_that_takes_few_letters_a_connection_is_called_again(post_office):
    post_office.letters_a_connection = 3
    addresses = [f"p{number}@example.org" for number in range(8)]
    send(post_office.url, *addresses)
    assert [each.recipient for each in post_office.received] == addresses
    assert post_office.connections == 3


def test_a_connection_that_broke_between_letters_is_made_anew(post_office):
    with Postbox(smtp_server(post_office.url), SENDER) as box:
        box.send(to("a@example.org"), new_id())
        post_office.close()
        post_office.open()
        box.send(to("b@example.org"), new_id())
    assert post_office.connections == 2


def test_an_address_that_is_none_is_not_shown_to_the_server(post_office):
    assert code(Unsendable, post_office.url, "nobody") == "invalid_address"
    assert post_office.received == []


def test_addresses_abroad_are_written_so_that_the_server_understands_them(post_office):
    send(post_office.url, "zoe@bücher.example", "zoë@bücher.example", "a@example.org")
    assert [each.recipient for each in post_office.received] == [
        "zoe@xn--bcher-kva.example", "zoë@xn--bcher-kva.example", "a@example.org",
    ]  # fmt: skip
    assert post_office.received[1].message["To"] == "zoë@xn--bcher-kva.example"
    with office_with(utf8=False) as plain:
        assert code(Unsendable, plain.url, "zoe@bücher.example", "zoë@bücher.example") == "smtputf8_needed"
        assert len(plain.received) == 1


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_a_letter_goes_to_a_server_with_a_trusted_certificate_and_a_login(scheme, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    with office_with(scheme=scheme, certificate=certificate, login=("user", "word")) as office:
        send(office.url, "a@example.org")
        assert len(office.received) == 1
        assert code(Unavailable, office.url.replace("word", "sword")) == "login_refused"


@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_nothing_goes_to_a_server_whose_certificate_nobody_trusts(scheme, certificate):
    with office_with(scheme=scheme, certificate=certificate, login=("user", "word")) as office:
        assert code(Unavailable, office.url) == "certificate_not_trusted"


def test_nothing_goes_to_a_server_of_another_name(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    with office_with(scheme="smtps", certificate=certificate) as office:
        assert code(Unavailable, office.url.replace("127.0.0.1", "localhost")) == "certificate_not_trusted"


def test_nothing_goes_unencrypted_where_encryption_was_asked_for(post_office):
    assert code(Unavailable, post_office.url.replace("smtp:", "smtp+starttls:")) == "not_offered"
    assert post_office.received == []


def test_a_line_of_a_single_dot_does_not_end_a_letter(post_office):
    with Postbox(smtp_server(post_office.url), SENDER) as box:
        box.send(Letter(Mailbox("a@example.org"), "S", "a\n.\nb\n..\n", "<p>H</p>"), new_id())
    assert post_office.received[0].text().splitlines() == ["a", ".", "b", ".."]
