//! `post_provision_runcmd`: commands that run before SkyPilot's own setup, as the pod's user, whom
//! sudo lets do anything without a password, or as root.
//!
//! Each is one line, since a line break would end the pod's template. Each is allowed to fail. The
//! shell traces what it runs, so that what must not be logged stays within `sh -c '…'`.

use policy::Host;

use crate::Site;
use crate::environment::{CA_VARIABLES, UV_CONSTRAINT};
use crate::tree::List;

/// Runs `$s`, which is empty for root.
const AS_ROOT: &str = r#"s=; [ "$(id -u)" = 0 ] || s="sudo -n"; "#;

/// The commands for pods.
pub(super) fn of_pods(site: &Site) -> List {
    let mut list = List::new()
        .noted(
            "F1: the kubernetes client stays below 34, which forgets NO_PROXY. It holds for what \
             tasks install with uv as well.",
            format!("echo \"kubernetes<34\" > {UV_CONSTRAINT} || true"),
        )
        .noted(
            "F7: sudo forgets the proxy otherwise, and with it whatever SkyPilot installs by sudo \
             (goofys, fuse3, fluent-bit). The file is checked first: a bad one would take sudo away.",
            sudoers(),
        );
    if !hidden(site) {
        list.put("What ssh runs has none of a pod's environment.", login_environment());
    }
    list.noted(
        "apt by sudo, and by http:// where the environment has no proxy for it. Its mirrors' own \
         hosts stay direct.",
        apt(site),
    )
}

/// Whether the proxy's URL may be seen by those only who need it.
fn hidden(site: &Site) -> bool {
    site.proxy.credentials.is_some()
}

fn sudoers() -> String {
    let mut names = vec!["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    names.extend(["NO_PROXY", "no_proxy", "UV_CONSTRAINT"]);
    names.extend(CA_VARIABLES);
    let keep = names.join(" ");
    let file = "/tmp/pinhole-sudoers";
    format!(
        "sh -c '{AS_ROOT}PATH=\"$PATH:/usr/sbin:/sbin\"; command -v visudo && \
         rm -f {file} && echo \"Defaults env_keep += \\\"{keep}\\\"\" > {file} && \
         visudo -cf {file} && \
         $s install -m 0440 -o root -g root {file} /etc/sudoers.d/pinhole-proxy' \
         > /dev/null 2>&1 || true"
    )
}

/// pam_env reads /etc/environment for logins.
fn login_environment() -> String {
    format!(
        "sh -c '{AS_ROOT}grep -q ^https_proxy= /etc/environment || \
         env | grep -iE \"^(https?_proxy|no_proxy)=\" | $s tee -a /etc/environment' \
         > /dev/null 2>&1 || true"
    )
}

fn apt(site: &Site) -> String {
    let file = "/etc/apt/apt.conf.d/95pinhole-proxy";
    let mut lines = r#"printf "Acquire::%s::Proxy \"%s\";\n" http "$u" https "$u""#.to_owned();
    for host in site.mirrors.iter().map(|mirror| &mirror.host) {
        if let Host::Name(name) = host {
            for scheme in ["http", "https"] {
                lines
                    .push_str(&format!(r#"; echo "Acquire::{scheme}::Proxy::{name} \"DIRECT\";""#));
            }
        }
    }
    let mode = if hidden(site) { "0600" } else { "0644" };
    format!(
        "sh -c '{AS_ROOT}u=\"${{https_proxy:-$HTTPS_PROXY}}\"; [ -d /etc/apt/apt.conf.d ] && \
         {{ {lines}; }} | $s tee {file} && $s chmod {mode} {file}' > /dev/null 2>&1 || true"
    )
}
