//! Where files go: to standard output, or into a folder in which nothing is lost.

use std::fs;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use ::emit::File;
use anyhow::{Context, Result, bail};

/// One file is its text; several are told apart by a comment, which is one in each of their
/// languages. Where all are YAML, they are one stream of documents, as `kubectl apply -f -` takes it.
pub(super) fn printed(files: &[File]) -> String {
    match files {
        [one] => one.text.clone(),
        several => {
            let yaml = several.iter().all(|file| file.path.ends_with(".yaml"));
            let between = if yaml { "---\n" } else { "\n" };
            let each = several.iter().map(|file| format!("# --- {}\n{}", file.path, file.text));
            each.collect::<Vec<_>>().join(between)
        }
    }
}

/// Writes them all, or none: where another file stands in the way, nothing is written.
///
/// # Errors
/// The files that say something else already, without `force`; and what the system says.
pub(super) fn write(files: &[File], folder: &Path, force: bool) -> Result<String> {
    let mut plan = Vec::new();
    let mut others = Vec::new();
    for file in files {
        let path = folder.join(&file.path);
        match stands(&path, file)? {
            Stands::Nothing => plan.push((file, path, "written")),
            Stands::Same => plan.push((file, path, "unchanged")),
            Stands::Other if force => plan.push((file, path, "overwritten")),
            Stands::Other => others.push(path.display().to_string()),
        }
    }
    if !others.is_empty() {
        bail!(
            "these files say something else already, and nothing was written (--force overwrites \
             them):\n{}",
            others.join("\n")
        );
    }
    let mut said = String::new();
    for (file, path, what) in plan {
        if what != "unchanged" {
            replace(&path, file).with_context(|| format!("cannot write {}", path.display()))?;
        }
        said.push_str(&format!("{what} {}\n", path.display()));
    }
    Ok(said)
}

enum Stands {
    Nothing,
    Same,
    Other,
}

fn stands(path: &Path, file: &File) -> Result<Stands> {
    match fs::read(path) {
        Ok(there) if there == file.text.as_bytes() => {
            let mode = fs::metadata(path)?.permissions().mode() & 0o777;
            // Its owner may have taken rights away; none may have been added.
            Ok(if mode & !file.mode == 0 { Stands::Same } else { Stands::Other })
        }
        Ok(_) => Ok(Stands::Other),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Stands::Nothing),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

/// Beside the file first, so that there is never half of one.
fn replace(path: &Path, file: &File) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let beside: PathBuf = folder.join(name);
    let written = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(file.mode)
        .open(&beside)
        .and_then(|mut open| open.write_all(file.text.as_bytes()))
        .and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _gone = fs::remove_file(&beside);
    }
    written
}

#[cfg(test)]
#[path = "output_tests.rs"]
mod tests;
