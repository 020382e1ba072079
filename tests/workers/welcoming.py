"""The command `peerloom`, in which tests can have a welcome posted."""

from cli.main import main
from tests.factories import mail

if __name__ == "__main__":
    mail.register()
    main()
