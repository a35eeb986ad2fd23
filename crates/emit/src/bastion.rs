//! What a host outside of the cluster takes to be the proxy: a unit, and where its files go.

use crate::skypilot::sidecar::parent_credentials;
use crate::{CaBundle, File, Site, proxy};

/// The unit, and the configuration beside it.
pub(crate) fn files(site: &Site) -> Vec<File> {
    vec![
        File::new("bastion/pinhole.service", unit(site)),
        File::new("bastion/pinhole.yaml", proxy::config(site)),
    ]
}

/// As confined as a program can be that opens sockets and reads its configuration.
fn unit(site: &Site) -> String {
    let mut text = String::from(HEAD);
    if parent_credentials(site).is_some() {
        text.push_str(
            "#   user:password           -> /etc/pinhole/parent   (one line; root's own, mode 0600)\n",
        );
    }
    let ca = site.parent.is_some().then_some(site.ca_bundle.as_ref()).flatten();
    match ca {
        Some(CaBundle::Path(path)) => {
            text.push_str(&format!("#   the parent's CA        -> {path}\n"));
        }
        Some(_) => text.push_str("#   the parent's CA        -> /etc/pinhole/ca.crt\n"),
        None => {}
    }
    text.push_str(INSTALL);
    text.push_str(UNIT);
    if parent_credentials(site).is_some() {
        text.push_str(
            "# The parent's credentials, readable by this service alone; a new value takes a restart.\n\
             LoadCredential=parent:/etc/pinhole/parent\n",
        );
    }
    text.push_str(CONFINED);
    text
}

const HEAD: &str = "\
# pinhole on a host of its own. Written by `pinhole emit bastion`. The files:
#   the program             -> /usr/local/bin/pinhole
#   bastion/pinhole.service -> /etc/systemd/system/pinhole.service
#   bastion/pinhole.yaml    -> /etc/pinhole/pinhole.yaml
";

const INSTALL: &str = "\
# then
#   pinhole check /etc/pinhole/pinhole.yaml
#   systemctl daemon-reload && systemctl enable --now pinhole
# and after a change `systemctl reload pinhole`.
";

const UNIT: &str = "
[Unit]
Description=pinhole, the one hole in an airgap
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/local/bin/pinhole serve --config /etc/pinhole/pinhole.yaml
ExecReload=/bin/kill -HUP $MAINPID
Restart=always
RestartSec=1s
# Draining takes as long as timeouts.drain, 30 s by default.
TimeoutStopSec=45s
# Two for each tunnel, and pipes.
LimitNOFILE=65536

DynamicUser=yes
";

const CONFINED: &str = "\
CapabilityBoundingSet=
AmbientCapabilities=
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
UMask=0077
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
";
