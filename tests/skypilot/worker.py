"""SkyPilot itself, asked by lines of JSON on standard input, an answer a line on standard output.

It is set up as its API server is. Each question is answered in a process of its own, forked when
SkyPilot has been imported: what one leaves in memory the next does not see.
"""

import json
import os
import pathlib
import sys
import tempfile
import traceback

# `server`, or `client` for what only a client does.
if sys.argv[1] == "server":
    # It must be there before anything of SkyPilot is.
    os.environ["IS_SKYPILOT_SERVER"] = "true"
os.environ["SKYPILOT_DISABLE_USAGE_COLLECTION"] = "1"
# The context that is the API server's own cluster is called `in-cluster`, and has no kubeconfig. Here
# every context has one.
os.environ["SKYPILOT_IN_CLUSTER_CONTEXT_NAME"] = "nobody-s"

import sky  # noqa: E402
from sky import clouds, provision, resources, skypilot_config  # noqa: E402
from sky.backends import backend_utils  # noqa: E402
from sky.provision import common  # noqa: E402
from sky.utils import common_utils, yaml_utils  # noqa: E402

from cluster import Cluster  # noqa: E402

if sys.argv[1] == "server":
    # Until its plug-ins are loaded, a server lets every key pass. There are none here.
    try:
        from sky.server import plugins

        plugins._plugins_loaded = True
    except ImportError:
        pass

IMAGE = "registry.test/sky:1"


def validate(path, asked):
    """Its own validator."""
    skypilot_config.parse_and_validate_config_file(path)
    return {}


def launch(path, asked):
    """Launches a cluster by its own template, merge, check and provisioner. The answer: what it
    asked the Kubernetes API to create."""
    os.environ["SKYPILOT_GLOBAL_CONFIG"] = path
    context, name = asked["context"], asked["cluster"]
    there = Cluster()
    user = {"name": "user", "user": {"token": "token"}}
    of = {"name": context, "context": {"cluster": "cluster", "user": "user", "namespace": "default"}}
    kubeconfig = {"apiVersion": "v1", "kind": "Config", "current-context": context}
    kubeconfig |= {"contexts": [of], "users": [user]}
    kubeconfig |= {"clusters": [{"name": "cluster", "cluster": {"server": there.url}}]}
    kubeconfig_path = path + ".kubeconfig"
    pathlib.Path(kubeconfig_path).write_text(json.dumps(kubeconfig))
    os.environ["KUBECONFIG"] = kubeconfig_path
    skypilot_config.reload_config()
    cloud = clouds.Kubernetes()
    wanted = resources.Resources(
        cloud=cloud, region=context, instance_type="2CPU--2GB", image_id=f"docker:{IMAGE}"
    )
    written = backend_utils.write_cluster_config(
        wanted,
        asked.get("nodes", 1),
        "kubernetes-ray.yml.j2",
        name,
        pathlib.Path(path).parent,
        "wheel",
        clouds.Region(context),
        dryrun=True,
    )
    written = yaml_utils.read_yaml(written["ray"])
    # What `check_pod_config` did not see, for it takes it off, stands in what was written.
    node = written["available_node_types"]["ray_head_default"]["node_config"]
    config = common.ProvisionConfig(
        provider_config=written["provider"],
        authentication_config=written["auth"],
        docker_config={},
        node_config=node,
        count=asked.get("nodes", 1),
        tags={},
        resume_stopped_nodes=True,
        ports_to_open_on_launch=None,
    )
    on_cloud = written["cluster_name"]
    config = provision.bootstrap_instances("kubernetes", context, on_cloud, config)
    provision.run_instances("kubernetes", context, name, on_cloud, config=config)
    return {"created": there.created}


def user_data(path, asked):
    """What cloud-init reads on a VM of AWS's: SkyPilot's template, with the configuration's lines."""
    os.environ["SKYPILOT_GLOBAL_CONFIG"] = path
    skypilot_config.reload_config()
    lines = skypilot_config.get_effective_region_config(
        cloud="aws", region=asked["region"], keys=("post_provision_runcmd",), default_value=None
    )
    # The other variables do not meet these lines. The template asks whether some are none.
    variables = {"runcmd": lines, "num_nodes": 1, "labels": {}, "credentials": {}}
    variables |= {"docker_image": None, "vpc_name": None, "subnet_names": None}
    variables |= {"ssh_proxy_command": None, "enforce_tags": False, "ssh_public_key": "key"}
    output = path + ".rendered"
    common_utils.fill_template("aws-ray.yml.j2", variables, output_path=output)
    rendered = yaml_utils.read_yaml(output)
    node = rendered["available_node_types"]["ray.head.default"]["node_config"]
    return {"user_data": node["UserData"], "lines": lines}


DOES = {"validate": validate, "launch": launch, "user_data": user_data}


def answer(asked):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "config.yaml")
        pathlib.Path(path).write_text(asked["config"])
        try:
            return DOES[asked["do"]](path, asked)
        # An answer as good as another: some questions are about what is refused.
        except BaseException as error:
            traceback.print_exc()
            return {"error": f"{type(error).__name__}: {error}"}


def main():
    # What SkyPilot prints is no answer.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    # Much of it is imported only when something is launched: once here, not in each process.
    ready = answer({"do": "launch", "config": "{}", "cluster": "warm-up", "context": "warm-up"})
    ready = {"version": sky.__version__, "error": ready.get("error")}
    print(json.dumps(ready), file=answers)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            print(json.dumps(answer(json.loads(line))), file=answers, flush=True)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status != 0:
            print(json.dumps({"error": f"died: {status}"}), file=answers)


main()
