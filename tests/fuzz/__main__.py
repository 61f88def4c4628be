"""`python -m tests.fuzz [--count 100000] [--target chat]`: nearly right inputs for all that takes strangers'."""

import argparse
import logging
import time
import traceback
from collections import Counter
from random import Random

from tests.fuzz.targets import TARGETS


def main() -> int:
    """Print what was found; 1 where that is anything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, help="inputs in all")
    parser.add_argument("--seed", type=int, default=1, help="the first one's; input N of a target has seed + N")
    parser.add_argument("--target", choices=list(TARGETS), help="one alone")
    options = parser.parse_args()
    logging.disable()
    names = [options.target] if options.target else list(TARGETS)
    found = Counter[str]()
    for name in names:
        began = time.monotonic()
        for number in range(options.count // len(names)):
            try:
                TARGETS[name](Random(options.seed + number))
            except Exception as error:  # noqa: BLE001 -- any is a finding
                where = traceback.extract_tb(error.__traceback__)[-1]
                problem = f"{name}: {type(error).__name__} at {where.filename.rpartition('/')[2]}:{where.lineno}"
                if problem not in found:
                    print(f"{problem}, seed {options.seed + number}: {str(error)[:200]}")
                found[problem] += 1
        print(f"{name}: {options.count // len(names)} inputs in {time.monotonic() - began:.0f} s")
    print(f"{sum(found.values())} uncaught")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
