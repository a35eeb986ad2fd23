//! Everything that is emitted for each example, and for sites that only tests have, as it was when
//! somebody last looked at it. `PINHOLE_GOLDEN=write` writes it anew: look at the difference.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ::emit::{Target, emit};

use super::site::parse;

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Each site by the name of its folder.
pub(super) fn sites() -> Vec<(String, String)> {
    let mut all = Vec::new();
    for folder in ["config/examples", "crates/emit/tests/sites"] {
        for entry in fs::read_dir(Path::new(REPOSITORY).join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            if let Some(name) = name.strip_prefix("site-") {
                all.push((name.to_owned(), fs::read_to_string(&path).unwrap()));
            }
        }
    }
    all.sort();
    all
}

#[test]
fn what_is_emitted_is_what_was_looked_at() {
    let golden = Path::new(REPOSITORY).join("crates/emit/tests/golden");
    let write = std::env::var_os("PINHOLE_GOLDEN").is_some_and(|value| value == "write");
    let mut wanted = BTreeMap::new();
    for (name, text) in sites() {
        let site = parse(&text).unwrap_or_else(|problems| panic!("{name}: {problems:#?}"));
        let files = emit(&site, Target::All).unwrap_or_else(|notes| panic!("{name}: {notes:#?}"));
        wanted
            .extend(files.into_iter().map(|file| (golden.join(&name).join(file.path), file.text)));
    }
    let there = below(&golden);
    for path in there.iter().filter(|path| !wanted.contains_key(*path)) {
        assert!(write, "{} is emitted no longer; {ANEW}", path.display());
        fs::remove_file(path).unwrap();
    }
    for (path, text) in &wanted {
        let known = fs::read_to_string(path).unwrap_or_default();
        if known == *text {
            continue;
        }
        if write {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        } else {
            let line = known.lines().zip(text.lines()).position(|(old, new)| old != new);
            let at = line.map_or(known.lines().count().min(text.lines().count()), |line| line) + 1;
            panic!("{}:{at} differs from what is emitted; {ANEW}", path.display());
        }
    }
    assert!(wanted.len() > 50, "only {} files", wanted.len());
}

const ANEW: &str = "PINHOLE_GOLDEN=write cargo test -p pinhole --bin pinhole golden writes it anew";

fn below(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return all };
    for entry in entries.map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => all.extend(below(&entry.path())),
            false => all.push(entry.path()),
        }
    }
    all
}

/// Golden files say nothing of what no site has.
#[test]
fn every_shape_and_mode_has_a_site() {
    let sites: Vec<_> = sites().iter().map(|(_, text)| parse(text).unwrap()).collect();
    for shape in ::emit::Shape::ALL {
        assert!(sites.iter().any(|site| site.proxy.shape == shape), "{shape:?}");
    }
    for mode in ::emit::ServeMode::ALL {
        let serve = |site: &::emit::Site| site.skypilot.serve.as_ref().map(|serve| serve.mode);
        assert!(sites.iter().any(|site| serve(site) == Some(mode)), "{mode:?}");
    }
    let sidecar = |native| {
        move |site: &&::emit::Site| {
            site.proxy.shape == ::emit::Shape::Sidecar && site.native_sidecar() == native
        }
    };
    assert!(sites.iter().find(sidecar(true)).is_some());
    assert!(sites.iter().find(sidecar(false)).is_some());
}
