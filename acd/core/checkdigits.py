"""Whether a number that was typed can be right: its check digits, and between what it must lie.

Rules: the arithmetic is python-stdnum's; a check never raises, whatever was typed.
"""

from collections.abc import Callable, Mapping
from typing import Final

from stdnum import damm, ean, luhn, verhoeff
from stdnum.iso7064 import mod_11_10, mod_97_10

from acd.core.menuplan import Bound, Check, Collect

_CHECKS: Final[Mapping[Check, Callable[[str], bool]]] = {
    Check.LUHN: luhn.is_valid,
    Check.MOD_97: mod_97_10.is_valid,
    Check.MOD_11_10: mod_11_10.is_valid,
    Check.EAN: ean.is_valid,
    Check.DAMM: damm.is_valid,
    Check.VERHOEFF: verhoeff.is_valid,
}


def is_plausible(node: Collect, digits: str, known: Mapping[str, str]) -> bool:
    """Tell whether ``digits`` pass the node's check and lie within its bounds.

    ``known`` are the caller's attributes, for bounds that name one.
    """
    if not (digits.isascii() and digits.isdigit()):
        # A star or hash in the middle of a number proves nothing.
        return node.check is None and node.at_least is None and node.at_most is None
    if node.check is not None and not _CHECKS[node.check](digits):
        return False
    number = int(digits)
    least, most = _bound(node.at_least, known), _bound(node.at_most, known)
    return (least is None or number >= least) and (most is None or number <= most)


def _bound(bound: Bound | None, known: Mapping[str, str]) -> int | None:
    if not isinstance(bound, str):
        return bound
    value = known.get(bound, "")
    return int(value) if value.isascii() and value.isdigit() else None
