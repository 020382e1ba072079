import pytest

from tenants.kernel.addresses import Mailbox, SmtpServer
from tenants.kernel.settings import Settings, SettingsError, owner_database_url

REQUIRED = {
    "DATABASE_URL": "postgresql://peerloom_app:word@db/peerloom",
    "REDIS_URL": "redis://:word@valkey:6379/0",
    "FILES_URL": "file:///srv/files",
    "SECRET_KEY": "k" * 32,
    "ENCRYPTION_KEYS": "M" * 43,
}


def test_the_required_variables_are_enough_and_the_rest_has_defaults():
    settings = Settings.from_environment(REQUIRED)
    assert settings.files_url == "file:///srv/files"
    assert settings.public_url == "http://127.0.0.1:8000"
    assert (settings.lease_seconds, settings.sweep_seconds, settings.bell_seconds) == (30, 1, 30)
    assert settings.helped_from_people == 50_000
    assert (settings.requests_per_minute_client, settings.requests_per_minute_tenant) == (1200, 6000)
    assert (settings.tokens_per_minute_client, settings.sign_ins_per_minute_address) == (300, 600)
    assert settings.trusted_proxies == 0
    assert (settings.bells_per_tenant, settings.max_upload_bytes, settings.job_attempts) == (
        1,
        100_000_000,
        5,
    )


def test_every_missing_and_invalid_variable_is_named_at_once():
    environ = {
        "REDIS_URL": "memcached://cache",
        "FILES_URL": "ftp://bucket",
        "SECRET_KEY": "",
        "LEASE_SECONDS": "soon",
        "JOB_ATTEMPTS": "0",
    }
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment(environ)
    said = str(raised.value)
    assert "DATABASE_URL is not set" in said
    assert "SECRET_KEY is not set" in said
    assert "ENCRYPTION_KEYS is not set" in said
    for variable in (
        "REDIS_URL must",
        "FILES_URL must be a file:///",
        "LEASE_SECONDS must",
        "JOB_ATTEMPTS must",
    ):
        assert variable in said


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", "mysql://db/peerloom"),
        ("DATABASE_URL", "peerloom"),
        ("FILES_URL", "file://host/files"),
        ("FILES_URL", "s3://_"),
        ("FILES_URL", "s3://key:word@bucket"),
        ("FILES_URL", "s3://bucket/a?versioning=off"),
        ("FILES_ENDPOINT", "127.0.0.1:9000"),
        ("FILES_PER_TENANT_BYTES", "5 GB"),
        ("SECRET_KEY", "k" * 31),
        ("SECRET_KEY", "k" * 32 + "," + "l" * 31),
        ("SECRET_KEY", "k" * 32 + ","),
        ("ENCRYPTION_KEYS", "M" * 42),
        ("ENCRYPTION_KEYS", "M" * 43 + ","),
        ("ENCRYPTION_KEYS", "M" * 42 + "+"),
        ("ENCRYPTION_KEYS", "M" * 44),
        ("ENCRYPTION_KEYS", "M" * 43 + "," + "N" * 42),
        ("PUBLIC_URL", "peerloom.example"),
        ("PUBLIC_URL", "https://peerloom.example/?a=b"),
        ("SWEEP_SECONDS", "inf"),
        ("SWEEP_SECONDS", "-1"),
        ("MAX_UPLOAD_BYTES", "1.5"),
        ("BELLS_PER_TENANT", "²"),
        ("SMTP_URL", "http://user:word@post.example"),
        ("MAIL_FROM", "Invented Society"),
        ("REQUESTS_PER_MINUTE_CLIENT", "0"),
        ("TRUSTED_PROXIES", "-1"),
    ],
)
def test_a_bad_value_is_refused_and_not_repeated(variable: str, value: str):
    with pytest.raises(SettingsError) as raised:
        Settings.from_environment(REQUIRED | {variable: value})
    assert variable in [said.split()[0] for said in str(raised.value).split("; ")]
    assert value not in str(raised.value)


def test_keys_that_are_being_changed_stand_side_by_side():
    both = REQUIRED | {
        "SECRET_KEY": "n" * 32 + ", " + "o" * 40,
        "ENCRYPTION_KEYS": "A" * 43 + "=," + "_" * 43,
    }
    settings = Settings.from_environment(both)
    assert settings.secret_key == ("n" * 32, "o" * 40)
    assert settings.encryption_keys == (bytes(32), b"\xff" * 32)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_spelling_of_a_postgresql_url_gets_the_driver(scheme: str):
    url = f"{scheme}://role@/peerloom?host=%2Frun"
    expected = "postgresql+psycopg://role@/peerloom?host=%2Frun"
    assert Settings.from_environment(REQUIRED | {"DATABASE_URL": url}).database_url == expected
    assert owner_database_url({"DATABASE_OWNER_URL": url}) == expected


def test_values_override_the_defaults_and_the_public_url_has_no_trailing_slash():
    environ = REQUIRED | {
        "PUBLIC_URL": "https://peerloom.example/",
        "LEASE_SECONDS": "1.5",
        "JOB_ATTEMPTS": "9",
        "TRUSTED_PROXIES": "0",
    }
    settings = Settings.from_environment(environ)
    assert settings.public_url == "https://peerloom.example"
    assert (settings.lease_seconds, settings.job_attempts) == (1.5, 9)


def test_letters_are_sent_only_where_a_server_and_a_sender_are_named():
    assert Settings.from_environment(REQUIRED).smtp_url is None
    mail = {"SMTP_URL": "smtps://user:w%40rd@post.example", "MAIL_FROM": "Society <post@example.org>"}
    settings = Settings.from_environment(REQUIRED | mail)
    assert settings.smtp_url == SmtpServer("post.example", 465, "tls", "user", "w@rd")
    assert settings.mail_from == Mailbox("post@example.org", "Society")
    with pytest.raises(SettingsError, match=r"^MAIL_FROM is not set, and SMTP_URL needs it$"):
        Settings.from_environment(REQUIRED | {"SMTP_URL": mail["SMTP_URL"]})


def test_files_are_kept_in_a_bucket_with_a_key_that_is_whole_or_with_none():
    assert Settings.from_environment(REQUIRED | {"FILES_URL": "s3://bucket/a/prefix"}).files_key_id == ""
    with pytest.raises(SettingsError, match="FILES_KEY_ID and FILES_SECRET need each other"):
        Settings.from_environment(REQUIRED | {"FILES_KEY_ID": "invented"})


def test_no_secret_is_shown():
    mail = {"SMTP_URL": "smtps://user:word@post.example", "MAIL_FROM": "post@example.org"}
    bucket = {"FILES_KEY_ID": "invented", "FILES_SECRET": "w0rd-of-the-bucket"}
    settings = Settings.from_environment(REQUIRED | mail | bucket)
    assert "w0rd" not in repr(settings)
    shown = repr(settings)
    assert "post.example" not in shown
    assert REQUIRED["SECRET_KEY"] not in shown
    assert repr(settings.encryption_keys[0]) not in shown
    assert "word" not in shown


def test_the_owners_url_is_not_guessed_from_the_applications():
    with pytest.raises(SettingsError, match="DATABASE_OWNER_URL is not set"):
        owner_database_url(REQUIRED)
    with pytest.raises(SettingsError, match="DATABASE_OWNER_URL must be a postgresql"):
        owner_database_url({"DATABASE_OWNER_URL": "sqlite:///x"})
