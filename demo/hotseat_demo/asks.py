"""What a text asks for in plain words: exact words back, a sum, something said before."""

import re
from collections.abc import Sequence
from fractions import Fraction

_EXACTLY = re.compile(
    r"\b(?:say|reply|respond|answer|repeat|return|output|write|print)\b(?: back)?(?: to me)?(?: with)?"
    r" (?:exactly|only|just|nothing but)(?: with)?"
    r"(?P<word>(?: the| this| these)? (?:single )?(?:words?|text|phrase|string))?"
    r"(?P<colon> ?:)?\s+(?P<what>.+)",
    re.IGNORECASE | re.DOTALL,
)
_QUOTED = re.compile(r"(?P<mark>[\"'`])(?P<inside>.+?)(?P=mark)(?!\w)", re.DOTALL)
_DESCRIBED = re.compile(r"(?:the|a|an|your|my|one|two|valid|json|yes or|what|that|it)\b", re.IGNORECASE)
_AND_NO_MORE = re.compile(r"[,;]?\s*(?:and )?(?:nothing else|no other (?:text|words)|without .*)\W*$", re.IGNORECASE)

_NUMBER = r"-?\d{1,30}(?:\.\d{1,30})?"
_OPERATORS = {
    "+": "+",
    "plus": "+",
    "-": "-",
    "\N{MINUS SIGN}": "-",
    "minus": "-",
    "*": "*",
    "x": "*",
    "\N{MULTIPLICATION SIGN}": "*",
    "times": "*",
    "multiplied by": "*",
    "/": "/",
    "\N{DIVISION SIGN}": "/",
    "divided by": "/",
}
_BETWEEN = "|".join(re.escape(word) for word in sorted(_OPERATORS, key=len, reverse=True))
_SUM = re.compile(rf"(?<![\w./-])({_NUMBER})\s*({_BETWEEN})\s*({_NUMBER})(?![\w/-]|\.\d)", re.IGNORECASE)
_VERBS = {"add": "+", "sum of": "+", "multiply": "*", "product of": "*", "divide": "/"}
_VERB = re.compile(
    rf"\b({'|'.join(_VERBS)})\s+({_NUMBER})\s+(?:and|to|by|with)\s+({_NUMBER})(?![\w.]*\d)", re.IGNORECASE
)

_REMEMBER = re.compile(
    r"\b(?:what|which)\b(?:'s| is| was| were)?(?: the| my)?(?: secret| magic)?"
    r" (?P<thing>[a-z]+(?: (?:word|number|code|name|color|colour))?)"
    r"\b(?=[^.?!]*\b(?:I|me|my)\b)[^.?!]*\b(?:said|say|told|tell|gave|give|mentioned|mention|asked|remember)\b",
    re.IGNORECASE,
)
_MINE = re.compile(r"\bwhat(?:'s| is| was) my (?P<thing>[a-z]+(?: [a-z]+)?)", re.IGNORECASE)


def exact_words(text: str) -> str | None:
    """X of "Say exactly: X" and "reply with only X"; None when the text asks for no exact words."""
    hit = _EXACTLY.search(text)
    if hit is None:
        return None
    what = hit["what"].strip()
    if quoted := _QUOTED.match(what):
        return quoted["inside"]
    if hit["colon"]:
        return what
    if not hit["word"] and _DESCRIBED.match(what):
        return None
    return _AND_NO_MORE.sub("", what.splitlines()[0]).rstrip(" .!") or None


def computed(text: str) -> str | None:
    """The arithmetic of two numbers in the text, as `2 + 3 = 5`."""
    if hit := _SUM.search(text):
        left, operator, right = hit[1], _OPERATORS[hit[2].lower()], hit[3]
    elif hit := _VERB.search(text):
        left, operator, right = hit[2], _VERBS[hit[1].lower()], hit[3]
    else:
        return None
    return f"{left} {operator} {right} = {_result(Fraction(left), operator, Fraction(right))}"


def _result(left: Fraction, operator: str, right: Fraction) -> str:
    if operator == "/" and right == 0:
        return "undefined"
    results = {"+": left + right, "-": left - right, "*": left * right}
    value = results[operator] if operator in results else left / right
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.10g}"


def remembered(text: str, earlier: Sequence[str]) -> str | None:
    """The answer to "what was the code I said", from what was said first."""
    hit = _REMEMBER.search(text) or _MINE.search(text)
    if hit is None or not earlier:
        return None
    thing = hit["thing"].lower()
    kind = thing.split()[-1]
    for said in earlier:
        told = re.search(rf"\b{kind}\b\W{{0,3}}(?:is|was|:|=)?\W{{0,3}}([\w-]*\w)", said, re.IGNORECASE)
        if told:
            return f"The {thing} you said was {told[1]}."
    return f'You first said: "{earlier[0]}"'
