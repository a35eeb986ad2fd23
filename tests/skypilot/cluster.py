"""A Kubernetes API that is there for SkyPilot to talk to: one node, what it is asked to create it
keeps, and every pod runs at once."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

NODE = {
    "metadata": {"name": "node", "uid": "node", "labels": {"kubernetes.io/hostname": "node"}},
    "spec": {},
    "status": {
        "capacity": {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "900Gi"},
        "allocatable": {"cpu": "64", "memory": "256Gi", "ephemeral-storage": "900Gi"},
        "conditions": [{"type": "Ready", "status": "True"}],
        "addresses": [{"type": "InternalIP", "address": "192.0.2.10"}],
    },
}


class Cluster:
    """Listens on loopback for as long as the process lives."""

    def __init__(self):
        self.lock = threading.Lock()
        self.objects = {"/api/v1/nodes/node": NODE}
        # What was created, in order: path of the collection, and the object as it was sent.
        self.created = []
        cluster = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Else the last part of each answer would wait for the first's acknowledgement.
            disable_nagle_algorithm = True

            def log_message(self, *_):
                pass

            def answer(self, status, body):
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def handle_method(self):
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"null")
                with cluster.lock:
                    self.answer(*cluster.asked(self.command, self.path, body))

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_method

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def asked(self, method, target, body):
        path = urlsplit(target).path.removesuffix("/status")
        if path == "/version":
            version = {"major": "1", "minor": "31", "gitVersion": "v1.31.0", "gitCommit": "0"}
            version |= {"gitTreeState": "clean", "buildDate": "0", "goVersion": "0"}
            return 200, version | {"compiler": "gc", "platform": "linux/amd64"}
        if method == "POST":
            return 201, self.create(path, body)
        if path in self.objects:
            return 200, self.objects[path]
        if is_collection(path):
            query = parse_qs(urlsplit(target).query)
            by_label, by_field = (
                query.get(name, [""])[0] for name in ("labelSelector", "fieldSelector")
            )
            items = [thing for name, thing in self.objects.items() if of(name, path)]
            items = [thing for thing in items if fits(by_label, labels_of(thing))]
            items = [thing for thing in items if fits(by_field, fields_of(thing))]
            return 200, {"metadata": {"resourceVersion": "1"}, "items": items}
        return 404, {"kind": "Status", "status": "Failure", "reason": "NotFound", "code": 404}

    def create(self, path, body):
        self.created.append((path, body))
        # Answered with more than was asked for, as by any cluster; recorded as it was asked for.
        thing = json.loads(json.dumps(body))
        meta = thing.setdefault("metadata", {})
        meta |= {"uid": f"{len(self.created)}", "creationTimestamp": "2026-01-01T00:00:00Z"}
        meta.setdefault("name", f"made-{len(self.created)}")
        if path.endswith("/pods"):
            thing["status"] = running(thing)
        self.objects[f"{path}/{meta['name']}"] = thing
        if path.endswith("/deployments"):
            namespace = path.split("/namespaces/")[1].split("/")[0]
            template = json.loads(json.dumps(thing["spec"]["template"]))
            template["metadata"] |= {"name": meta["name"] + "-pod", "uid": "pod"}
            template["metadata"] |= {"namespace": namespace}
            template["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
            thing["status"] = {"replicas": 1, "readyReplicas": 1}
            template |= {"apiVersion": "v1", "kind": "Pod", "status": running(template)}
            self.objects[f"/api/v1/namespaces/{namespace}/pods/{meta['name']}-pod"] = template
        return thing


def running(pod):
    pod["spec"]["nodeName"] = "node"
    ready = [
        {
            "name": container["name"],
            "ready": True,
            "restartCount": 0,
            "image": container.get("image", ""),
            "imageID": "",
            "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
        }
        for container in pod["spec"]["containers"]
    ]
    conditions = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
    return {
        "phase": "Running",
        "podIP": "192.0.2.20",
        "hostIP": "192.0.2.10",
        "conditions": [{"type": name, "status": "True"} for name in conditions],
        "containerStatuses": ready,
    }


def is_collection(path):
    """`/api/v1/KIND`, `/apis/GROUP/VERSION/KIND`, each perhaps below `namespaces/NAME`."""
    parts = path.strip("/").split("/")
    parts = parts[2:] if parts[0] == "api" else parts[3:]
    if len(parts) > 2 and parts[0] == "namespaces":
        parts = parts[2:]
    return len(parts) == 1


def of(name, collection):
    """Whether an object is one of a collection, which may be that of all namespaces."""
    where, kind = name.rsplit("/", 1)[0], collection.rsplit("/", 1)
    return where == collection or where.startswith(kind[0] + "/namespaces/") and where.endswith(
        "/" + kind[1]
    )


def fits(selector, has):
    """`a=b,c!=d`, as SkyPilot writes selectors."""
    for part in filter(None, selector.split(",")):
        name, operator, value = re.fullmatch(r"([^!=]+)(!=|==?)(.*)", part).groups()
        if (has.get(name) == value) is (operator == "!="):
            return False
    return True


def labels_of(thing):
    return thing["metadata"].get("labels") or {}


def fields_of(thing):
    phase = (thing.get("status") or {}).get("phase")
    return {"metadata.name": thing["metadata"]["name"], "status.phase": phase}
