"""Text as Postgres can hold it: neither NUL nor lone surrogates."""


def storable(text: str) -> tuple[str, int]:
    """The text without NUL and with U+FFFD for each lone surrogate, and how many characters that concerned."""
    count = text.count("\0")
    if count:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        count += sum("\ud800" <= character <= "\udfff" for character in text)
        text = "".join("\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text)
    return text, count
