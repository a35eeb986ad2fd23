//! What is in an image.

use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::store::{Store, output};

/// An image, taken apart.
pub(crate) struct Image {
    /// What tar says of every entry of every layer: mode, owner, size in bytes, name.
    pub(crate) entries: Vec<Entry>,
    /// How it is run.
    pub(crate) config: Value,
    /// The program.
    pub(crate) program: Vec<u8>,
    /// The layers as a registry would hold them, in bytes.
    pub(crate) packed: u64,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) mode: String,
    pub(crate) owner: String,
    pub(crate) size: u64,
    pub(crate) name: String,
}

impl Image {
    pub(crate) fn of(store: &Store, name: &str) -> Self {
        let dir = store.path("taken-apart");
        let _none_yet = fs::remove_dir_all(&dir);
        output(
            store.buildah().args(["push", "--quiet", name]).arg(format!("dir:{}", dir.display())),
        );
        let read = |name: &str| fs::read(dir.join(name)).expect("a file of the image");
        let parse = |name: &str| -> Value { serde_json::from_slice(&read(name)).expect("JSON") };
        let manifest = parse("manifest.json");
        let config = parse(blob(&manifest["config"]))["config"].take();
        let (mut entries, mut program, mut packed) = (Vec::new(), Vec::new(), 0);
        for layer in manifest["layers"].as_array().expect("layers") {
            let file = dir.join(blob(layer));
            packed += layer["size"].as_u64().expect("a size");
            let listed = output(Command::new("tar").args(["--numeric-owner", "-tvf"]).arg(&file));
            let listed = String::from_utf8(listed).expect("UTF-8");
            entries.extend(listed.lines().map(entry));
            program.extend(output(Command::new("tar").arg("-xOf").arg(&file)));
        }
        Self { entries, config, program, packed }
    }
}

/// `sha256:…` is the file `…`.
fn blob(descriptor: &Value) -> &str {
    let digest = descriptor["digest"].as_str().expect("a digest");
    digest.strip_prefix("sha256:").expect("SHA-256")
}

/// `-rwxr-xr-x 0/0 9710472 2026-11-22 18:33 pinhole`
fn entry(line: &str) -> Entry {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [mode, owner, size, _, _, name] = words[..] else { panic!("tar says {line}") };
    let size = size.parse().expect("a size");
    Entry { mode: mode.to_owned(), owner: owner.to_owned(), size, name: name.to_owned() }
}
