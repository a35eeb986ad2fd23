//! The shapes, and what is expected of each.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::outside::{Outside, REGISTRY};
use crate::room::within;
use crate::rules::{self, FROM_THE_POD, May, OUTWARDS, seen};
use crate::site::{HOST_A, HOST_B, OUTSIDE, POD, PROXY_A, PROXY_B};
use crate::support::proxy::{Proxy, program};
use crate::tries::{self, DIRECT, OTHERS, PROXIED, Try};

/// Where the proxy stands, and what keeps others from going around it.
pub(crate) struct Shape {
    pub(crate) name: &'static str,
    /// The namespace in which it runs.
    at: &'static str,
    /// By which clients reach it.
    pub(crate) address: &'static str,
    /// Where it listens, and where it has its admin pages.
    listens: (&'static str, &'static str),
    /// Where the pod would find the admin pages.
    pub(crate) admin: &'static str,
    /// From which namespace somebody has a right to them, and where.
    pub(crate) watch: (&'static str, &'static str),
    /// For whom the outside takes those whom it serves.
    own: &'static [&'static str],
    /// The pod behind `SERVICE`, if clients reach the proxy by that.
    behind: Option<&'static str>,
    /// By host, whom they are of, and what these may.
    policies: &'static [(&'static str, &'static [(&'static str, May)])],
    firewalls: &'static [(&'static str, &'static str)],
    /// What comes of `DIRECT`, of `PROXIED` and of `OTHERS`.
    direct: [&'static str; 8],
    proxied: [&'static str; 6],
    others: [&'static str; 4],
}

const SERVICE: &str = "10.96.0.50";
const EVERYWHERE: (&str, &str) = ("0.0.0.0:3128", "0.0.0.0:9128");
const PRIVATE: (&str, &str) = ("0.0.0.0:3128", "127.0.0.1:9128");
const NOTHING: [&str; 8] = ["no"; 8];
const PROXY_ONLY: [&str; 6] = ["200", "200", "403", "403", "403", "no"];

pub(crate) const ALL: [Shape; 5] = [
    // A pod on each node, behind a Service that leads to the client's own.
    Shape {
        name: "daemonset",
        at: "proxy-a",
        address: SERVICE,
        listens: EVERYWHERE,
        admin: PROXY_A,
        watch: ("host-a", PROXY_A),
        own: &[PROXY_A],
        behind: Some(PROXY_A),
        policies: &[(
            "host-a",
            &[
                ("iifname pod", &["ip daddr 10.244.1.20 tcp dport 3128"]),
                ("iifname proxy-a", OUTWARDS),
                ("oifname proxy-a", FROM_THE_POD),
            ],
        )],
        firewalls: &[],
        direct: NOTHING,
        proxied: PROXY_ONLY,
        others: ["no", "yes", "yes", "yes"],
    },
    // In each node's own network. No NetworkPolicy keeps a pod from its node.
    Shape {
        name: "host_network",
        at: "host-a",
        address: HOST_A,
        listens: PRIVATE,
        admin: HOST_A,
        watch: ("host-a", "127.0.0.1"),
        own: &[HOST_A, "fd50::2"],
        behind: None,
        policies: &[("host-a", &[("iifname pod", &[])])],
        firewalls: &[],
        direct: NOTHING,
        proxied: PROXY_ONLY,
        others: ["200", "yes", "yes", "yes"],
    },
    // A pod on some node, behind a Service.
    Shape {
        name: "deployment",
        at: "proxy-b",
        address: SERVICE,
        listens: EVERYWHERE,
        admin: PROXY_B,
        watch: ("host-b", PROXY_B),
        own: &[PROXY_B],
        behind: Some(PROXY_B),
        policies: &[
            ("host-a", &[("iifname pod", &["ip daddr 10.244.2.20 tcp dport 3128"])]),
            ("host-b", &[("iifname proxy-b", OUTWARDS), ("oifname proxy-b", FROM_THE_POD)]),
        ],
        firewalls: &[],
        direct: NOTHING,
        proxied: PROXY_ONLY,
        others: ["no", "yes", "yes", "yes"],
    },
    // A host, which alone may go out. This holds for whoever has no policy, too.
    Shape {
        name: "bastion",
        at: "host-b",
        address: HOST_B,
        listens: PRIVATE,
        admin: HOST_B,
        watch: ("host-b", "127.0.0.1"),
        own: &[HOST_B, "fd50::3"],
        behind: None,
        policies: &[("host-a", &[("iifname pod", &["ip daddr 10.50.0.3 tcp dport 3128"])])],
        firewalls: &[("host-b", rules::BASTION), ("router", rules::ROUTER)],
        direct: NOTHING,
        proxied: PROXY_ONLY,
        others: ["200", "no", "no", "yes"],
    },
    // Within the pod: whatever the proxy may, the pod may.
    Shape {
        name: "sidecar",
        at: "pod",
        address: "127.0.0.1",
        listens: ("127.0.0.1:3128", "127.0.0.1:9128"),
        admin: "127.0.0.1",
        watch: ("pod", "127.0.0.1"),
        own: &[POD],
        behind: None,
        policies: &[("host-a", &[("iifname pod", OUTWARDS)])],
        firewalls: &[],
        direct: ["yes", "no", "yes", "yes", "yes", "no", "no", "no"],
        proxied: ["200", "200", "403", "403", "403", "yes"],
        others: ["no", "yes", "yes", "yes"],
    },
];

impl Shape {
    /// Builds it, and tries everything. What came of it is one list, of names and outcomes.
    pub(crate) fn build(&self) -> Value {
        let outside = Outside::start();
        let ca = outside.ca.to_str().expect("UTF-8");
        rules::load("outside", rules::SEEN);
        // Before there is a rule, everything goes: whatever fails later, fails by the rules.
        let open = tries::all(self, ca, DIRECT.map(|one| (one, "yes")));
        assert_eq!(open, DIRECT.map(|one| (one.name, "yes".to_owned())));
        let pod = [POD, "fd44:1::10"].map(str::to_owned);
        assert_eq!(seen(), BTreeSet::from(pod));

        if let Some(pod) = self.behind {
            rules::load("host-a", &rules::service(SERVICE, pod));
        }
        for (host, policies) in self.policies {
            rules::load(host, &rules::policies(policies));
        }
        for (namespace, firewall) in self.firewalls {
            rules::load(namespace, firewall);
        }
        let proxy = Proxy::spawn(&self.config(), |file| {
            let program = program();
            let mut command = within(self.at, program.get_program());
            for name in
                program.get_envs().filter_map(|(name, value)| value.is_none().then_some(name))
            {
                command.env_remove(name);
            }
            command.args(["serve", "--config"]).arg(file);
            command
        });
        let wanted =
            PROXIED.into_iter().zip(self.proxied).chain(DIRECT.into_iter().zip(self.direct));
        let wanted: Vec<(Try, &str)> = wanted.collect();
        let mut found = tries::all(self, ca, wanted.clone());
        // By whatever protocol: nobody else has got there, not by a single packet.
        let own: BTreeSet<String> = self.own.iter().map(|&own| own.to_owned()).collect();
        let seen = seen();
        assert!(!seen.is_empty() && seen.is_subset(&own), "{seen:?} came: {found:#?}");
        let others: Vec<(Try, &str)> = OTHERS.into_iter().zip(self.others).collect();
        found.extend(tries::all(self, ca, others.clone()));

        let expected = wanted.iter().chain(&others).map(|(one, how)| (one.name, (*how).to_owned()));
        let expected: Vec<(&str, String)> = expected.collect();
        let differ = found.iter().zip(&expected).filter(|(is, should)| is != should);
        assert_eq!(differ.collect::<Vec<_>>(), [], "left is, right should be");
        self.logged(&proxy, &expected);
        json!(found)
    }

    fn config(&self) -> Value {
        json!({
            "listen": self.listens.0,
            "admin": self.listens.1,
            "self": self.behind.map_or(json!([]), |_| json!([SERVICE])),
            "allow": [{"host": REGISTRY}],
            "dns": {"servers": OUTSIDE, "hosts_file": false},
        })
    }

    /// The proxy's log has each of these requests, with the reason where it was refused.
    fn logged(&self, proxy: &Proxy, expected: &[(&str, String)]) {
        let count = |wanted: &str| expected.iter().filter(|(_, how)| how == wanted).count();
        let lines = proxy.wait_requests(count("200") + count("403"));
        let mut reasons: Vec<_> = lines.iter().filter_map(|line| line["reason"].as_str()).collect();
        reasons.sort_unstable();
        assert_eq!(lines.len(), count("200") + count("403"), "{lines:#?}");
        assert_eq!(reasons, ["address_class", "not_allowed", "not_allowed"]);
    }
}
