//! The computing of `policies.rs` itself, by policies whose meaning is known.

use serde_json::Value;

use crate::policies::{self, Blocks, Place, Policy, permit};
use crate::reach::{INTERNET, address, pod, tcp};

pub(crate) fn holds() -> Result<(), String> {
    let policy = |spec: &str| -> Result<Policy, String> {
        let text =
            format!("{{kind: NetworkPolicy, metadata: {{name: a, namespace: one}}, spec: {spec}}}");
        let object: Value =
            serde_yaml::from_str(&text).map_err(|error| format!("{spec}: {error}"))?;
        policies::all([&object].into_iter())?.pop().ok_or("no policy".to_owned())
    };
    let (here, there) =
        (pod("one", &[("a", "b")], "10.0.0.1"), pod("two", &[("a", "b")], "10.0.0.2"));
    let [here, there] = [here, there].map(Place::Pod);
    let outside = address(INTERNET);
    // The policy, from, to, port, and whether it may be, with blocks that leave pods out and not.
    let rows = [
        ("{podSelector: {}}", &there, &here, 80, false, false),
        ("{podSelector: {}}", &here, &there, 80, true, true),
        ("{podSelector: {matchLabels: {a: c}}}", &there, &here, 80, true, true),
        ("{podSelector: {}, policyTypes: [Egress]}", &here, &outside, 80, false, false),
        ("{podSelector: {}, policyTypes: [Egress]}", &there, &here, 80, true, true),
        ("{podSelector: {}, egress: [{}]}", &here, &outside, 80, true, true),
        ("{podSelector: {}, egress: []}", &here, &outside, 80, false, false),
        ("{podSelector: {}, egress: [{to: [{podSelector: {}}]}]}", &here, &there, 80, false, false),
        ("{podSelector: {}, egress: [{to: [{podSelector: {}}]}]}", &here, &here, 80, false, false),
        (
            "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}",
            &here,
            &here,
            80,
            true,
            true,
        ),
        (
            "{podSelector: {}, egress: [{to: [{namespaceSelector: {}}], ports: [{port: 80, endPort: 90}]}]}",
            &here,
            &there,
            90,
            true,
            true,
        ),
        (
            "{podSelector: {}, egress: [{to: [{namespaceSelector: {}}], ports: [{port: 80, endPort: 90}]}]}",
            &here,
            &there,
            91,
            false,
            false,
        ),
        (
            "{podSelector: {}, egress: [{to: [{namespaceSelector: {}}], ports: [{protocol: UDP}]}]}",
            &here,
            &there,
            80,
            false,
            false,
        ),
        (
            "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]}",
            &here,
            &there,
            80,
            false,
            true,
        ),
        (
            "{podSelector: {}, egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [151.0.0.0/8]}}]}]}",
            &here,
            &outside,
            80,
            false,
            false,
        ),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: two}}, podSelector: {matchLabels: {a: b}}}]}]}",
            &there,
            &here,
            80,
            true,
            true,
        ),
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: two}}, podSelector: {matchLabels: {a: c}}}]}]}",
            &there,
            &here,
            80,
            false,
            false,
        ),
    ];
    for (spec, from, to, number, strict, loose) in rows {
        let policies = [policy(spec)?];
        for (blocks, expected) in [(Blocks::LeavePodsOut, strict), (Blocks::MeanPods, loose)] {
            if permit(&policies, from, to, tcp(number), blocks) != expected {
                return Err(format!("{spec}, {blocks:?}: not {expected}"));
            }
        }
    }
    Ok(())
}
