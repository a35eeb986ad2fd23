//! What is read of this machine: its environment and its files, as values that a test can make.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Largest file that is read, in bytes: CA bundles are the largest there are.
const MAX_FILE: u64 = 16 * 1024 * 1024;
/// How many entries of one directory are looked at.
const MAX_ENTRIES: usize = 4096;

#[derive(Clone, Debug)]
pub(super) struct Machine {
    variables: BTreeMap<String, String>,
    /// Variables whose values are not UTF-8.
    pub(super) garbled: Vec<String>,
    /// What stands for `/`.
    root: PathBuf,
}

impl Machine {
    pub(super) fn of_process() -> Self {
        let (mut variables, mut garbled) = (BTreeMap::new(), Vec::new());
        for (name, value) in std::env::vars_os() {
            // A variable of such a name is nobody's.
            let Ok(name) = name.into_string() else { continue };
            match value.into_string() {
                Ok(value) => drop(variables.insert(name, value)),
                Err(_) => garbled.push(name),
            }
        }
        Self { variables, garbled, root: PathBuf::from("/") }
    }

    #[cfg(test)]
    pub(super) fn of(variables: &[(&str, &str)], root: &Path) -> Self {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Self {
            variables: variables.iter().map(owned).collect(),
            garbled: Vec::new(),
            root: root.to_owned(),
        }
    }

    /// A variable, empty or not.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str)
    }

    /// A variable that is not empty.
    pub(super) fn set(&self, name: &str) -> Option<&str> {
        self.variable(name).filter(|value| !value.is_empty())
    }

    /// The variables that a client may take for a proxy's, or that change what it makes of them.
    pub(super) fn about_proxies(&self) -> impl Iterator<Item = (&str, &str)> {
        let concerns =
            |name: &str| name.to_ascii_lowercase().contains("proxy") || name == "REQUEST_METHOD";
        let all = self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.filter(move |(name, _)| concerns(name))
    }

    /// Whether this is a pod, by what the kubelet sets in each.
    pub(super) fn is_pod(&self) -> bool {
        self.set("KUBERNETES_SERVICE_HOST").is_some()
    }

    /// A file below a variable's directory; none where the variable is not set.
    pub(super) fn below(&self, variable: &str, path: &str) -> Option<PathBuf> {
        self.set(variable).map(|dir| Path::new(dir).join(path))
    }

    /// Where a path of this machine stands.
    fn at(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    pub(super) fn exists(&self, path: impl AsRef<Path>) -> bool {
        self.at(path.as_ref()).exists()
    }

    /// A file's bytes. What is not a plain file (a FIFO would never end) is an error.
    pub(super) fn bytes(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        let path = self.at(path.as_ref());
        if !fs::metadata(&path)?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a plain file"));
        }
        let mut bytes = Vec::new();
        File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut bytes)?;
        match u64::try_from(bytes.len()).is_ok_and(|len| len <= MAX_FILE) {
            true => Ok(bytes),
            false => Err(io::Error::new(io::ErrorKind::FileTooLarge, "too large")),
        }
    }

    pub(super) fn text(&self, path: impl AsRef<Path>) -> io::Result<String> {
        self.bytes(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The names in a directory, in order.
    pub(super) fn names_in(&self, dir: impl AsRef<Path>) -> io::Result<Vec<String>> {
        let entries = fs::read_dir(self.at(dir.as_ref()))?.take(MAX_ENTRIES);
        let names = entries.map(|entry| Ok(entry?.file_name().into_string().ok()));
        let mut names: Vec<String> =
            names.collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect();
        names.sort();
        Ok(names)
    }

    /// Whether a program of that name is on the PATH.
    pub(super) fn has_program(&self, name: &str) -> bool {
        self.path_dirs().any(|dir| self.at(&dir.join(name)).is_file())
    }

    /// The directories of PATH.
    pub(super) fn path_dirs(&self) -> impl Iterator<Item = PathBuf> {
        let path = self.set("PATH").unwrap_or("/usr/local/bin:/usr/bin:/bin");
        path.split(':').filter(|dir| dir.starts_with('/')).map(PathBuf::from)
    }
}
