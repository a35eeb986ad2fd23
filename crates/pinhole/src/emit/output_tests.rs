use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ::emit::File;

use super::{printed, write};

fn file(path: &str, text: &str) -> File {
    File { path: path.to_owned(), text: text.to_owned(), mode: 0o644 }
}

fn all(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.file_type().unwrap().is_dir() {
            true => found.extend(all(&entry.path())),
            false => found.push(entry.path().display().to_string()),
        }
    }
    found.sort();
    found
}

#[test]
fn one_file_is_printed_as_it_is_and_several_behind_their_paths() {
    assert_eq!(printed(&[file("a/b.yaml", "x: 1\n")]), "x: 1\n");
    let several = printed(&[file("a/b.yaml", "x: 1\n"), file("c", "y\n")]);
    assert_eq!(several, "# --- a/b.yaml\nx: 1\n\n# --- c\ny\n");
    // Otherwise the second's keys would be the first's.
    let stream = printed(&[file("a.yaml", "x: 1\n"), file("b.yaml", "x: 2\n")]);
    assert_eq!(stream, "# --- a.yaml\nx: 1\n---\n# --- b.yaml\nx: 2\n");
}

#[test]
fn files_are_written_once_and_left_alone_after() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path().join("new/out");
    let files = [file("a/b.yaml", "x: 1\n"), file("c", "y\n")];
    let said = write(&files, &out, false).unwrap();
    assert_eq!(said.lines().filter(|line| line.starts_with("written ")).count(), 2, "{said}");
    assert_eq!(fs::read_to_string(out.join("a/b.yaml")).unwrap(), "x: 1\n");
    assert_eq!(fs::metadata(out.join("c")).unwrap().permissions().mode() & 0o777 & !0o644, 0);
    let said = write(&files, &out, false).unwrap();
    assert_eq!(said.lines().filter(|line| line.starts_with("unchanged ")).count(), 2, "{said}");
    assert_eq!(all(&out).len(), 2);
}

#[test]
fn where_one_differs_nothing_is_written() {
    let place = tempfile::tempdir().unwrap();
    let out = place.path();
    fs::write(out.join("c"), "mine\n").unwrap();
    let files = [file("a", "new\n"), file("c", "y\n")];
    let error = write(&files, out, false).unwrap_err().to_string();
    assert!(error.contains("/c") && !error.contains("/a\n"), "{error}");
    assert!(error.contains("--force"), "{error}");
    assert_eq!(all(out).len(), 1);
    assert_eq!(fs::read_to_string(out.join("c")).unwrap(), "mine\n");
    let said = write(&files, out, true).unwrap();
    assert!(said.contains("overwritten") && said.contains("written "), "{said}");
    assert_eq!(fs::read_to_string(out.join("c")).unwrap(), "y\n");
    assert_eq!(all(out).len(), 2);
}

#[test]
fn what_is_no_file_stands_in_the_way() {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("c")).unwrap();
    let files = [file("a", "new\n"), file("c", "y\n")];
    assert!(write(&files, place.path(), true).is_err());
    assert!(!place.path().join("a").exists());
}

#[test]
fn rights_that_were_added_are_a_difference() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("c");
    fs::write(&path, "y\n").unwrap();
    for (mode, same) in [(0o644, true), (0o600, true), (0o666, false), (0o755, false)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(write(&[file("c", "y\n")], place.path(), false).is_ok(), same, "{mode:o}");
    }
}
