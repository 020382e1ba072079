"""The refusal of a whole file."""


class UnreadableFile(ValueError):
    """The file, or the rest of it, cannot be read.

    `code` is one of undecodable_text, empty_file, missing_columns, duplicate_header, unterminated_quote,
    stray_quote, nul_character, field_too_long, record_too_long; `line` is the physical line, None only for
    empty_file; `message` is a sentence for the person who made the file.
    """

    def __init__(self, code: str, line: int | None, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.line = line
        self.message = message
