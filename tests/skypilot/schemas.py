"""Judges objects by Kubernetes' own schemas. The first line of the answer has the versions that are
known. Then each line of standard input is `{"version": …, "object": …}`, and the answer, a line
each, what is wrong with it, or nothing."""

import functools
import json
import sys

from kubernetes_validate import utils

# Each schema is read once, not for each object.
utils.schema_contents = functools.lru_cache(maxsize=None)(utils.schema_contents)

print(json.dumps(utils.all_versions()), flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    said = ""
    try:
        # Strict: a key that the schema does not have is a mistake.
        utils.validate(asked["object"], asked["version"], strict=True)
    except Exception as error:
        text = getattr(error, "message", None) or str(error)
        path = ".".join(str(part) for part in getattr(error, "path", ()))
        said = " ".join(f"{type(error).__name__} {path}: {text}".split())
    print(json.dumps(said), flush=True)
