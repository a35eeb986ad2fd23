"""What SkyPilot asks the network, by its own code. The first argument says what, and the result is
printed in one line."""

import asyncio
import os
import sys


def network():
    """What `sky serve status` waits for."""
    from sky import exceptions
    from sky.backends import backend_utils

    try:
        backend_utils.check_network_connection()
        return "there is a network"
    except exceptions.NetworkError:
        return "there is no network"


def jobs():
    """What a managed job's controller waits for before it reads the job's status."""
    from sky import exceptions
    from sky.backends import backend_utils

    try:
        asyncio.run(backend_utils.async_check_network_connection())
        return "there is a network"
    except exceptions.NetworkError:
        return "there is no network"


def health():
    """What a controller asks of its own API server."""
    from sky.server import common

    return common.get_api_server_status(sys.argv[2]).status


def probe():
    """SkyServe's readiness probe of a replica."""
    from sky.serve import replica_managers

    class Replica(replica_managers.ReplicaInfo):
        url = sys.argv[2]
        replica_id = 1

        def __init__(self):
            pass

    return Replica().probe("/", None, 10, None)[1]


def balance():
    """A request by way of SkyServe's load balancer to a replica."""
    from sky.serve import load_balancer

    replica = sys.argv[2]
    balancer = load_balancer.SkyServeLoadBalancer("http://127.0.0.1:1", 1)

    class Answer:
        def raise_for_status(self):
            pass

        async def json(self):
            return {"replica_info": {replica: {}}, "ready_replica_urls": [replica]}

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            pass

    class Controller:
        def __init__(self, *_, **__):
            pass

        def post(self, *_, **__):
            return Answer()

        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            pass

    async def asked():
        # There is no controller: what it would say is said here. Clients are the balancer's own.
        load_balancer.aiohttp.ClientSession = Controller
        await balancer._sync_with_controller_once()
        await balancer._client_pool[replica].get("/")

    asyncio.run(asked())
    return "asked"


def mirrored():
    """Which variables of proxies there are after SkyPilot is imported."""
    import sky  # noqa: F401

    return " ".join(sorted(name for name in os.environ if name.lower().endswith("_proxy")))


print("answer:", globals()[sys.argv[1]]())
