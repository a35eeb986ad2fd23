//! Where files stand in the proxy's container, and on a bastion.

/// The proxy's configuration: the key `pinhole.yaml` of the ConfigMap, mounted at its folder.
pub(crate) const CONFIG: &str = "/etc/pinhole/pinhole.yaml";
/// The one line `user:password` for the parent.
pub(crate) const PARENT_CREDENTIALS: &str = "/etc/pinhole-secrets/parent";
/// CA certificates for an `https://` parent.
pub(crate) const CA_FILE: &str = "/etc/pinhole-ca/ca.crt";
/// The same on a bastion, where systemd hands it to the service (`LoadCredential`).
pub(crate) const BASTION_PARENT_CREDENTIALS: &str = "/run/credentials/pinhole.service/parent";
