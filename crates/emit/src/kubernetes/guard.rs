//! What keeps SkyPilot's own service account from undoing the NetworkPolicies.

use super::{Clients, NAMESPACE, SYSTEM, labels, object, of_skypilot, selector};
use crate::tree::{List, Map};
use crate::{File, Site};

const HEAD: &str = "That the NetworkPolicies stay, and that pods are under them.\n\
    SkyPilot gives its pods a service account that may do anything in SkyPilot's namespaces \
    (kubernetes.remote_identity: SERVICE_ACCOUNT, the default), so that a task could delete the \
    NetworkPolicies there, or start a pod in the host's network, where none holds.\n\
    Enforced by the API server, Kubernetes 1.30 or later: these two need the rights of a cluster's \
    administrator to apply, and to change.\n\
    Not enforced: a pod that is privileged, or mounts the node's files, can make itself root on the \
    node, and that service account may start one. Where tasks are not trusted that far, give them \
    an account without rights (kubernetes.remote_identity: NAME); then tasks cannot end their own \
    cluster (autodown), and controllers belong into the API server.";
const POLICIES: &str =
    "Nobody who is a service account of SkyPilot's namespaces changes NetworkPolicies in them.";
const NETWORK: &str = "No pod of SkyPilot's is in the host's network. On Oracle's OKE with RDMA, SkyPilot wants \
    exactly that: a task there needs `hostNetwork: false` in its pod_config, or goes without policy.";

pub(super) fn file(site: &Site) -> File {
    let clients = Clients::of(site);
    let mut spaces: Vec<&str> =
        clients.iter().filter(|one| one.pods).map(|one| one.namespace).collect();
    if !spaces.contains(&SYSTEM) {
        spaces.push(SYSTEM);
    }
    let groups = spaces.iter().map(|space| format!("'system:serviceaccounts:{space}'"));
    let groups = groups.collect::<Vec<_>>().join(", ");
    let policies = Rule {
        name: "network-policies",
        group: "networking.k8s.io",
        resource: "networkpolicies",
        operations: &["CREATE", "UPDATE", "DELETE"],
        objects: Map::new(),
        expression: format!("!request.userInfo.groups.exists(group, group in [{groups}])"),
        message: "SkyPilot's service accounts may not change NetworkPolicies: pinhole is the only way out",
    };
    let label_only = clients.iter().any(|one| one.pods && one.shared());
    let network = Rule {
        name: "host-network",
        group: "",
        resource: "pods",
        operations: &["CREATE"],
        objects: if label_only { selector(of_skypilot()) } else { Map::new() },
        expression: "!has(object.spec.hostNetwork) || !object.spec.hostNetwork".to_owned(),
        message: "no NetworkPolicy holds for a pod in the host's network: pinhole is the only way out",
    };
    let mut objects = Vec::new();
    for (why, rule) in [(POLICIES, policies), (NETWORK, network)] {
        objects.push((why, rule.policy(site, &spaces)));
        objects.push(("", rule.binding(site)));
    }
    super::file("60-guard.yaml", HEAD, objects)
}

struct Rule {
    name: &'static str,
    group: &'static str,
    resource: &'static str,
    operations: &'static [&'static str],
    /// Which of them; all, where it is empty.
    objects: Map,
    expression: String,
    message: &'static str,
}

impl Rule {
    fn policy(&self, site: &Site, spaces: &[&str]) -> Map {
        let resources = Map::new()
            .with("apiGroups", [self.group])
            .with("apiVersions", ["*"])
            .with("operations", self.operations.to_vec())
            .with("resources", [self.resource]);
        let within = Map::new()
            .with("key", NAMESPACE)
            .with("operator", "In")
            .with("values", spaces.iter().copied().collect::<List>());
        let mut matched = Map::new()
            .with("namespaceSelector", Map::new().with("matchExpressions", [within]))
            .with("resourceRules", [resources]);
        if !self.objects.is_empty() {
            matched.put("", "objectSelector", self.objects.clone());
        }
        let validation =
            Map::new().with("expression", &self.expression).with("message", self.message);
        let spec = Map::new()
            .with("failurePolicy", "Fail")
            .with("matchConstraints", matched)
            .with("validations", [validation]);
        object(VERSION, "ValidatingAdmissionPolicy", self.metadata(site)).with("spec", spec)
    }

    fn binding(&self, site: &Site) -> Map {
        let spec =
            Map::new().with("policyName", self.own_name(site)).with("validationActions", ["Deny"]);
        object(VERSION, "ValidatingAdmissionPolicyBinding", self.metadata(site)).with("spec", spec)
    }

    /// It belongs to the cluster, so its name has the namespace in it.
    fn own_name(&self, site: &Site) -> String {
        let space = &site.skypilot.namespace;
        format!("{}.{space}.{}", site.proxy.name, self.name)
    }

    fn metadata(&self, site: &Site) -> Map {
        Map::new().with("name", self.own_name(site)).with("labels", labels(site))
    }
}

const VERSION: &str = "admissionregistration.k8s.io/v1";
