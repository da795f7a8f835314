"""Why there is nothing to hand over: each with ``code``, a stable tag, and ``hint``, what a person can do."""


class CotejoError(Exception):
    """The base of all of them."""

    code: str
    hint: str

    def __init__(self, message: str, code: str, hint: str = "") -> None:
        super().__init__(message, code, hint)
        self.code = code
        self.hint = hint

    def __str__(self) -> str:
        message = str(self.args[0])
        return f"{message}; {self.hint}" if self.hint else message


class OptionsError(CotejoError, ValueError):
    """An option that makes no sense."""


class FormError(CotejoError):
    """A form's definition that cannot be read or is refused."""


class RegistryError(CotejoError):
    """A registry that cannot be read."""


class PictureError(CotejoError):
    """A file, or a page of it, that gives no picture; ``code`` is that of the finding its record would have."""


class ArrayError(PictureError, ValueError):
    """An array that is no picture: another shape or type."""


class EvidenceError(CotejoError):
    """Evidence of another program or form."""


class OutputError(CotejoError):
    """A folder that cannot take a run."""


class InternalError(CotejoError):
    """The program failed on a photo."""
