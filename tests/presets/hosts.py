"""Prints every host that a wheel's code names: one JSON object, host to places.

    python3 hosts.py WHEEL

Of Python, the strings count, docstrings and comments do not; f-strings and sums are put together
first. Of any other text, all counts but lines of comment. `{}` stands for what is only known when
the code runs: `s3.{}.amazonaws.com`. A name is taken for a host after a scheme, whatever it is,
and by itself where it ends like one. What is not seen: a name by itself below a top-level domain
that is not in DOMAINS, one that is put together from pieces in several statements, and what
libraries add.
"""

import ast
import ipaddress
import json
import pathlib
import re
import sys
import zipfile

# Below which a name by itself is taken for a host. Others, such as `sh`, `py` and `name`, are ends
# of file names and attributes far more often.
DOMAINS = """ai app biz cc ch cloud cn co com de dev edu eu fr gov in info int io it jp kr me mil net
    nl online org ru site store tech tv uk us xyz""".split()

# What stands for something else: of Python's strings, of shell, of Jinja, and of people.
HOLE = r"(?:\{\{[^{}\n]*\}\}|\$?\{[^{}\s/]*\}|\$\([^()\n]*\)|\$\w+|<[^<>\s/]+>|%s|%\(\w+\)s)"
AFTER_SCHEME = re.compile(
    r"\b[a-z][a-z0-9+.-]*://(?:[^\s/@'\"<>]*@)?((?:" + HOLE + r"|[\w.-])+|\[[0-9a-f:]+\])", re.I
)
ALONE = re.compile(
    r"(?<![\w@/$%{}.-])((?:(?:" + HOLE + r"|[a-z0-9_-])*\.)+(?:" + "|".join(DOMAINS) + r"))"
    r"(?![\w(@-]|\.\w)",
    re.I,
)
ADDRESS = re.compile(r"(?<![\w.])((?:\d{1,3}\.){3}\d{1,3})(?![\w.])")
# Their links are for browsers, and what looks like a name in them is mostly code.
OF_BROWSERS = {".css", ".html", ".js", ".map", ".svg"}
COMMENT = re.compile(r"^\s*(?:#|//|\{#.*#\}\s*$|<!--.*-->\s*$)")

def is_public(name):
    """Whether it can be a host of the internet. A hole with a domain behind it says nothing yet."""
    labels = name.split(".")
    if name.startswith("["):
        return ipaddress.ip_address(name.strip("[]")).is_global
    if labels[-1].isdigit():
        try:
            return ipaddress.ip_address(name).is_global
        except ValueError:
            return False
    return len(labels) > 1 and any(label.replace("{}", "") for label in labels[:-1])


def strings(tree):
    """The strings of a module, each put together as far as it can be."""
    inside = set()

    def text(node):
        if isinstance(node, ast.Constant):
            inside.add(node)
            return node.value if isinstance(node.value, str) else "{}"
        if isinstance(node, ast.JoinedStr):
            inside.add(node)
            return "".join(text(value) for value in node.values)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            inside.add(node)
            return text(node.left) + text(node.right)
        return "{}"

    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            inside.add(node.value)
    # ast.walk comes to the whole before its parts.
    for node in ast.walk(tree):
        whole = isinstance(node, (ast.Constant, ast.JoinedStr))
        added = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)
        if (whole or added) and node not in inside:
            if not isinstance(node, ast.Constant) or isinstance(node.value, str):
                yield node.lineno, text(node)


def lines(text):
    for number, line in enumerate(text.splitlines(), 1):
        if not COMMENT.match(line):
            yield number, line


def hosts(text, alone):
    found = AFTER_SCHEME.findall(text)
    if alone:
        found += ALONE.findall(text)
        found += ADDRESS.findall(text)
    for name in found:
        name = re.sub(HOLE, "{}", name).lower().strip(":").rstrip(".")
        name = "{}" + name if name[:1] in (".", "-") else name
        if is_public(name):
            yield name


def main(wheel):
    places = {}
    archive = zipfile.ZipFile(wheel)
    for info in archive.infolist():
        name = info.filename
        # Metadata, licences and the like are about the code.
        if info.is_dir() or ".dist-info/" in name or name.rsplit("/", 1)[-1] == "LICENSE":
            continue
        data = archive.read(info)
        try:
            text = data.decode()
        except UnicodeDecodeError:
            if b"\0" in data:
                continue
            text = data.decode("latin-1")
        suffix = pathlib.PurePosixPath(name).suffix
        pieces = lines(text)
        if suffix in (".py", ".pyi"):
            try:
                pieces = list(strings(ast.parse(text)))
            except SyntaxError:
                pass
        for number, piece in pieces:
            for host in hosts(piece, suffix not in OF_BROWSERS):
                places.setdefault(host, set()).add(f"{name}:{number}")
    json.dump({host: sorted(at) for host, at in sorted(places.items())}, sys.stdout, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
