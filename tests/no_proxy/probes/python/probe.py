"""Asks one of Python's clients, one request a line. See ../../probe.rs for the lines, which
tests/skypilot follows with more fields, `NAME =value` or `NAME -`, for other variables.

An answer of any kind is as good as another: who saw the request is what counts, and a client that
raises after that is not in error.
"""

import asyncio
import os
import sys
from urllib.parse import urlsplit

PATIENCE = 10


def urllib():
    import platform
    import urllib.request

    def ask(url):
        # The opener that `urlopen` keeps would keep the proxies that it was made with.
        urllib.request.build_opener().open(url, timeout=PATIENCE).close()

    return platform.python_version(), ask


def requests():
    import requests

    return requests.__version__, lambda url: requests.get(url, timeout=PATIENCE)


def httpx():
    import httpx

    def ask(url):
        with httpx.Client(timeout=PATIENCE) as client:
            client.get(url)

    return httpx.__version__, ask


def aiohttp():
    import aiohttp

    async def asked(url):
        timeout = aiohttp.ClientTimeout(PATIENCE)
        async with aiohttp.ClientSession(trust_env=True, timeout=timeout) as session:
            async with session.get(url):
                pass

    return aiohttp.__version__, lambda url: asyncio.run(asked(url))


def pip():
    import pip
    from pip._internal.cli.main import main

    options = ["--isolated", "--no-input", "--no-cache-dir", "--retries=0", "--quiet", "--quiet"]
    options += ["--disable-pip-version-check", f"--timeout={PATIENCE}", "--no-deps"]

    def ask(url):
        # It asks no other host by plain HTTP.
        trusted = urlsplit(url).netloc.rpartition("@")[2]
        where = ["--index-url", url, "--trusted-host", trusted]
        main(["download", *options, *where, "no-such-package"])

    return pip.__version__, ask


def botocore():
    import botocore
    from botocore.config import Config
    from botocore.session import Session

    session = Session()
    session.set_credentials("key", "secret")
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=PATIENCE, read_timeout=PATIENCE)

    def ask(url):
        client = session.create_client("sts", "us-east-1", endpoint_url=url, config=config)
        client.get_caller_identity()

    return botocore.__version__, ask


def httplib2():
    import httplib2

    # It uses PySocks if that is there, and knows no proxy for https: if not.
    return httplib2.__version__, lambda url: httplib2.Http(timeout=PATIENCE).request(url)


def websocket_client():
    import websocket

    def ask(url):
        websocket.create_connection(spelled_ws(url), timeout=PATIENCE)

    return websocket.__version__, ask


def websockets():
    from websockets.asyncio.client import connect
    from websockets.version import version

    async def asked(url):
        async with connect(spelled_ws(url), open_timeout=PATIENCE):
            pass

    return version, lambda url: asyncio.run(asked(url))


def urllib3():
    import urllib3

    def ask(url):
        urllib3.PoolManager(retries=False, timeout=PATIENCE).request("GET", url)

    return urllib3.__version__, ask


def grpcio():
    import grpc

    def ask(url):
        parts = urlsplit(url)
        target = parts.netloc.rpartition("@")[2]
        if parts.port is None:
            target += ":80"
        # Else a connection would outlive its case, and serve another.
        options = [("grpc.use_local_subchannel_pool", 1)]
        with grpc.insecure_channel("dns:///" + target, options) as channel:
            channel.unary_unary("/a/b")(b"", timeout=PATIENCE)

    return grpc.__version__, ask


def kubernetes():
    import kubernetes
    from kubernetes import client

    def ask(url):
        configuration = client.Configuration()
        configuration.host = url.rstrip("/")
        configuration.retries = False
        client.VersionApi(client.ApiClient(configuration)).get_code(_request_timeout=PATIENCE)

    return kubernetes.__version__, ask


def kubernetes_asyncio():
    import kubernetes_asyncio
    from kubernetes_asyncio import client

    async def asked(url):
        configuration = client.Configuration(host=url.rstrip("/"))
        async with client.ApiClient(configuration) as api:
            await client.VersionApi(api).get_code(_request_timeout=PATIENCE)

    return kubernetes_asyncio.__version__, lambda url: asyncio.run(asked(url))


def spelled_ws(url):
    return "ws" + url.removeprefix("http")


def put(name, field):
    if field.startswith("="):
        os.environ[name] = field[1:].replace("\\n", "\n")
    else:
        os.environ.pop(name, None)


def main():
    # What a client prints is no answer to the harness.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    version, ask = globals()[sys.argv[1].replace("-", "_").replace("python_", "")]()
    print("version", version, sep="\t", file=answers)
    for line in sys.stdin:
        number, url, upper, lower, *others = line.rstrip("\n").split("\t")
        put("NO_PROXY", upper)
        put("no_proxy", lower)
        for other in others:
            name, _, field = other.partition(" ")
            put(name, field)
        try:
            ask(url)
            said = "ok", ""
        # A client may leave by SystemExit, too.
        except BaseException as error:
            said = "error", " ".join(f"{type(error).__name__}: {error}".split())
        print(number, *said, sep="\t", file=answers)


main()
