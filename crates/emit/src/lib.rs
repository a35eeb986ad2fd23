//! From one description of a site to the configurations that make SkyPilot work behind pinhole.
//!
//! Nothing here does I/O, and nothing knows YAML's grammar: a [`Site`] comes in as values, files
//! go out as texts, which a small writer renders with the comments that explain them.

mod bastion;
mod environment;
mod file;
mod helm;
mod judge;
mod kubernetes;
mod no_proxy;
mod node;
mod paths;
mod proxy;
mod readme;
#[cfg(test)]
mod samples;
mod shell;
mod site;
mod skypilot;
mod tree;

pub use file::{File, Target};
pub use judge::{Judgement, Note};
pub use site::*;

/// What a site comes to.
///
/// # Errors
/// What does not go together in it, all of it ([`Site::judge`]), and a target that has no meaning
/// for it.
pub fn emit(site: &Site, target: Target) -> Result<Vec<File>, Vec<Note>> {
    let Judgement { mut refusals, .. } = site.judge();
    refusals.extend(inapt(site, target));
    if !refusals.is_empty() {
        return Err(refusals);
    }
    Ok(match target {
        Target::SkyPilot => vec![skypilot::file(site)],
        Target::Proxy => vec![proxy::file(site)],
        Target::Kubernetes => kubernetes::files(site),
        Target::HelmValues => vec![helm::file(site)],
        Target::Node => node::files(site),
        Target::Bastion => bastion::files(site),
        Target::Env => vec![shell::file(site)],
        Target::All => all(site),
    })
}

/// Everything that has a meaning for the site, and the README.md that says what to do with it.
fn all(site: &Site) -> Vec<File> {
    let mut files = vec![skypilot::file(site), proxy::file(site)];
    files.extend(kubernetes::files(site));
    files.push(helm::file(site));
    if site.proxy.pulls_images {
        files.extend(node::files(site));
    }
    if site.proxy.shape == Shape::Bastion {
        files.extend(bastion::files(site));
    }
    files.push(shell::file(site));
    files.insert(0, readme::file(site, &files));
    files
}

/// Why a target has no meaning for the site.
fn inapt(site: &Site, target: Target) -> Option<Note> {
    let (place, message) = match target {
        Target::Bastion if site.proxy.shape != Shape::Bastion => (
            "proxy.shape",
            format!(
                "`{}` runs in the cluster: `pinhole emit kubernetes` is for it, and `bastion` for \
                 `shape: bastion`",
                site.proxy.shape.label()
            ),
        ),
        Target::Node if !site.proxy.pulls_images => (
            "proxy.pulls_images",
            "nodes pull images without the proxy here: write `pulls_images: true` to have them pull \
             by it"
            .to_owned(),
        ),
        _ => return None,
    };
    Some(Note { place: place.to_owned(), message })
}
