//! What nftables is told, in the place of what enforces NetworkPolicies, of kube-proxy and of a
//! firewall. As in Kubernetes, policies judge a Service's traffic by the pod behind it, and never
//! what a pod and its own node send each other.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::Stdio;

use serde_json::Value;

use crate::room::{run, within};

/// What the policy of a pod permits, in nftables' words; nothing else goes.
pub(crate) type May = &'static [&'static str];

/// What a pod may that is to reach registries: NetworkPolicies know no names.
pub(crate) const OUTWARDS: May = &[
    "ip daddr 1.0.0.1 meta l4proto { tcp, udp } th dport 53",
    "ip daddr != { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 } tcp dport { 80, 443 }",
];
/// What a proxy's pod takes in.
pub(crate) const FROM_THE_POD: May = &["ip saddr 10.244.1.10 tcp dport 3128"];

/// The bastion's own firewall.
pub(crate) const BASTION: &str = "table inet firewall {
    chain input {
        type filter hook input priority filter; policy drop
        ct state established,related accept
        iifname lo accept
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
        ip saddr { 10.244.0.0/16, 10.50.0.0/24 } tcp dport 3128 accept
    }
}";

/// The site's firewall: the bastion alone goes out.
pub(crate) const ROUTER: &str = "table inet firewall {
    chain forward {
        type filter hook forward priority filter
        ct state established,related accept
        oifname outside iifname != host-b drop
    }
}";

/// Who begins anything with the outside, by whatever protocol.
pub(crate) const SEEN: &str = "table inet seen {
    set four { type ipv4_addr; size 64; flags dynamic; }
    set six { type ipv6_addr; size 64; flags dynamic; }
    chain input {
        type filter hook input priority filter
        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
        ct state new add @four { ip saddr }
        ct state new add @six { ip6 saddr }
    }
}";

/// What a host does for a Service, whose address leads to a pod.
pub(crate) fn service(address: &str, pod: &str) -> String {
    let rule = format!("ip daddr {address} tcp dport 3128 dnat to {pod}");
    format!(
        "table ip service {{
    chain prerouting {{
        type nat hook prerouting priority dstnat
        {rule}
    }}
}}"
    )
}

/// A host's part in policies: those of pods that go out (`iifname`) or are gone to (`oifname`).
pub(crate) fn policies(all: &[(&str, May)]) -> String {
    let (mut jumps, mut chains) = (String::new(), String::new());
    for (number, (whom, may)) in all.iter().enumerate() {
        jumps += &format!("        {whom} jump policy_{number}\n");
        let may: String = may.iter().map(|may| format!("        {may} return\n")).collect();
        chains += &format!("    chain policy_{number} {{\n{may}        drop\n    }}\n");
    }
    format!(
        "table inet pods {{
{chains}    chain forward {{
        type filter hook forward priority filter
        ct state established,related accept
{jumps}    }}
}}"
    )
}

/// Adds to what holds in a namespace.
pub(crate) fn load(namespace: &str, rules: &str) {
    let mut command = within(namespace, "nft");
    command.args(["-f", "-"]).stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("nft");
    let mut stdin = child.stdin.take().expect("piped");
    writeln!(stdin, "{rules}").expect("nft reads");
    drop(stdin);
    let ran = child.wait_with_output().expect("nft");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "in {namespace}: {said}\n{rules}");
}

/// Whom the outside has seen since it was asked last.
pub(crate) fn seen() -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    for set in ["four", "six"] {
        let said = run(within("outside", "nft").args(["-j", "list", "set", "inet", "seen", set]));
        let said: Value = serde_json::from_str(&said).expect("JSON");
        let sets = said["nftables"].as_array().expect("a list");
        let elements = sets.iter().filter_map(|one| one["set"]["elem"].as_array()).flatten();
        seen.extend(elements.map(|element| element.as_str().expect("an address").to_owned()));
        run(within("outside", "nft").args(["flush", "set", "inet", "seen", set]));
    }
    seen
}
