//! A file for shells: the proxy's variables, exported.

use std::fmt::Write as _;

use crate::environment::{self, Value, Variable};
use crate::tree::comment;
use crate::{File, Shape, Site, no_proxy};

/// The file.
pub(crate) fn file(site: &Site) -> File {
    let mut text = String::new();
    let whose = match site.proxy.shape {
        Shape::Sidecar => "a container of a pod that has the proxy in it",
        Shape::DaemonSet | Shape::Deployment => "a shell in a pod of the cluster",
        Shape::Bastion => "a shell from which the proxy is reached",
    };
    let head = format!(
        "The proxy's variables, for {whose}: `. proxy.env`. Written by `pinhole emit env`."
    );
    comment(&mut text, 0, &head);
    let variables = environment::of_proxy(site, &no_proxy::of_pods(site, &site.cluster));
    if site.proxy.credentials.is_some() {
        comment(
            &mut text,
            0,
            "The proxy wants credentials, which do not belong into a file like this one.",
        );
        let url = site.proxy_url().replace("http://", "http://USER:PASSWORD@");
        // Writing to a string does not fail.
        let _infallible =
            writeln!(text, ": \"${{PINHOLE_PROXY_URL:?set it to {url}, both percent-encoded}}\"");
    }
    for Variable { name, value, why } in &variables {
        comment(&mut text, 0, why);
        let value = match value {
            Value::Text(text) => quoted(text),
            Value::Secret(_) => "\"$PINHOLE_PROXY_URL\"".to_owned(),
        };
        let _infallible = writeln!(text, "export {name}={value}");
    }
    File::new("env/proxy.env", text)
}

/// As one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
