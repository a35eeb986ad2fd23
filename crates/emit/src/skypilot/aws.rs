//! `aws`: instances without public addresses, reached by Session Manager.

use crate::tree::{List, Map};
use crate::{SecurityGroup, Site, Ssm, no_proxy};

pub(super) fn config(site: &Site, ssm: &Ssm) -> Map {
    let mut map = Map::new();
    match ssm.vpcs.as_slice() {
        [one] => map.put("The current form of vpc_name.", "vpc_names", one.as_str()),
        several => {
            let several: Vec<&str> = several.iter().map(String::as_str).collect();
            map.put("The first that fits is taken.", "vpc_names", several);
        }
    }
    match &ssm.security_group {
        SecurityGroup::One(name) => map.put("", "security_group_name", name),
        SecurityGroup::ByCluster(globs) => {
            let each = globs.iter().map(|(glob, group)| Map::new().with(glob, group));
            map.put("By the cluster's name.", "security_group_name", each.collect::<List>());
        }
    }
    map.put("", "use_internal_ips", true);
    map.put(
        "Session Manager is itself the proxy command: ssh_proxy_command beside it fails at launch.",
        "use_ssm",
        true,
    );
    if let Some(address) = site.proxy_for_instances() {
        map.put(
            "F10: instances have none of a pod's environment. These run at the end of cloud-init; \
             each stands in its YAML as it is, so none has a colon and a space, or a space and #.",
            "post_provision_runcmd",
            commands(site, &format!("http://{address}")),
        );
    }
    map
}

fn commands(site: &Site, url: &str) -> List {
    let exempt = no_proxy::of_instances(site);
    let mut variables = Vec::new();
    for name in ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"] {
        variables.push(format!("{name}={url}"));
    }
    for name in ["no_proxy", "NO_PROXY"] {
        variables.push(format!("{name}={exempt}"));
    }
    let words = variables.join(" ");
    let units = variables.iter().map(|variable| format!("Environment={variable}"));
    let units = units.collect::<Vec<_>>().join(" ");
    let agents = "amazon-ssm-agent snap.amazon-ssm-agent.amazon-ssm-agent";
    let sudoers = "/etc/sudoers.d/pinhole-proxy";
    List::new()
        .noted(
            "What logs in, ssh included.",
            format!("printf \"%s\\n\" {words} >> /etc/environment || true"),
        )
        .noted(
            "What goes by sudo.",
            format!(
                "echo 'Defaults env_keep += \"https_proxy HTTPS_PROXY http_proxy HTTP_PROXY no_proxy \
                 NO_PROXY\"' > /tmp/pinhole-sudoers && visudo -cf /tmp/pinhole-sudoers && install \
                 -m 0440 /tmp/pinhole-sudoers {sudoers} || true"
            ),
        )
        .noted(
            "apt.",
            format!(
                "printf \"Acquire::%s::Proxy \\\"{url}\\\";\\n\" http https > \
                 /etc/apt/apt.conf.d/95pinhole-proxy || true"
            ),
        )
        .noted(
            "The agent of Systems Manager, by either name. It reconnects.",
            format!(
                "for unit in {agents}; do systemctl cat $unit >/dev/null 2>&1 || continue; mkdir \
                 -p /etc/systemd/system/$unit.service.d; printf \"%s\\n\" [Service] {units} > \
                 /etc/systemd/system/$unit.service.d/pinhole.conf; systemctl daemon-reload; \
                 systemctl restart $unit; done || true"
            ),
        )
}
