//! `pinhole emit`, as its user sees it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::cli::{Said, pinhole};
use crate::support::proxy::program;

pub(crate) const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config/examples");

/// A site that needs nothing but a cluster.
pub(crate) const PLAIN: &str = "\
proxy: {shape: deployment}
cluster:
  api_server: {cluster_ip: 10.96.0.1, endpoints: 10.0.0.5:6443}
  pod_cidrs: 10.244.0.0/16
  service_cidrs: 10.96.0.0/12
  node_cidrs: 10.0.0.0/24
skypilot:
  version: 0.14.1
";

/// A site in a file, and room beside it.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new(site: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::write(place.site(), site).unwrap();
        place
    }

    fn site(&self) -> PathBuf {
        self.0.path().join("site.yaml")
    }

    fn out(&self) -> PathBuf {
        self.0.path().join("out")
    }

    pub(crate) fn emit(&self, target: &str, more: &[&str]) -> Said {
        let site = self.site().display().to_string();
        pinhole(["emit", target, "--site", &site].iter().chain(more))
    }

    fn write(&self, more: &[&str]) -> Said {
        let out = self.out().display().to_string();
        self.emit("all", &[&["--out", &out], more].concat())
    }
}

fn example(name: &str) -> String {
    fs::read_to_string(format!("{EXAMPLES}/site-{name}.yaml")).unwrap()
}

#[test]
fn one_file_is_printed_alone_and_several_behind_their_paths() {
    let place = Place::new(PLAIN);
    let said = place.emit("skypilot", &[]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{said:?}");
    assert!(said.out.contains("\nkubernetes:\n") && !said.out.contains("# ---"), "{said:?}");
    let all = place.emit("all", &[]).out;
    let paths: Vec<&str> = all.lines().filter_map(|line| line.strip_prefix("# --- ")).collect();
    assert_eq!(paths[0], "README.md");
    for path in ["skypilot/config.yaml", "proxy/pinhole.yaml", "helm/values.yaml", "env/proxy.env"]
    {
        assert!(paths.contains(&path), "{path}: {paths:?}");
    }
    assert!(!paths.iter().any(|path| path.starts_with("bastion/") || path.starts_with("node/")));
}

#[test]
fn warnings_go_to_standard_error_with_their_places() {
    let place = Place::new(&PLAIN.replace("0.14.1\n", "0.14.1\n  managed_jobs: true\n"));
    let said = place.emit("proxy", &[]);
    assert_eq!(said.code, Some(0));
    assert!(said.err.contains("site.yaml:9:17: warning: skypilot.managed_jobs: "), "{}", said.err);
    assert!(!said.out.contains("warning"), "{}", said.out);
}

#[test]
fn a_refusal_prints_nothing_and_names_reason_and_place() {
    let proxied = PLAIN
        .replace("deployment}", "deployment, plain_http: proxied}")
        .replace("0.14.1\n", "0.14.1\n  serve: podip\n");
    let rows = [
        (proxied.as_str(), "1:40: proxy.plain_http: ", "httpx"),
        ("proxy: {shape: sidecar", ":", "not YAML"),
        ("proxy: {shap: sidecar}", "proxy.shap: unknown key `shap`; did you mean `shape`?", ""),
    ];
    for (site, at, part) in rows {
        let place = Place::new(site);
        for said in [place.emit("all", &[]), place.write(&[])] {
            assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
            assert!(said.err.contains(at) && said.err.contains(part), "{}", said.err);
        }
        assert!(!place.out().exists());
    }
    for (target, part) in [("bastion", "shape: bastion"), ("node", "pulls_images: true")] {
        let said = Place::new(PLAIN).emit(target, &[]);
        assert_eq!(said.code, Some(1));
        assert!(said.err.contains(part), "{}", said.err);
    }
}

#[test]
fn a_folder_is_written_once_and_nothing_of_anybody_else_is_lost() {
    let place = Place::new(PLAIN);
    let said = place.write(&[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let readme = fs::read_to_string(place.out().join("README.md")).unwrap();
    // Every file is named by a step, or is in a folder that is.
    for line in said.out.lines() {
        let path = line.strip_prefix("written ").unwrap();
        let path = Path::new(path).strip_prefix(place.out()).unwrap();
        let folder = path.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        assert!(readme.contains(&folder) || folder == "README.md", "{folder}: {readme}");
    }
    assert!(place.write(&[]).out.lines().all(|line| line.starts_with("unchanged ")));
    let config = place.out().join("skypilot/config.yaml");
    fs::write(&config, "mine: true\n").unwrap();
    fs::remove_file(place.out().join("README.md")).unwrap();
    let said = place.write(&[]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""));
    assert!(said.err.contains("skypilot/config.yaml") && said.err.contains("--force"), "{said:?}");
    assert!(!place.out().join("README.md").exists());
    assert_eq!(fs::read_to_string(&config).unwrap(), "mine: true\n");
    assert_eq!(place.write(&["--force"]).code, Some(0));
    assert_ne!(fs::read_to_string(&config).unwrap(), "mine: true\n");
}

#[test]
fn what_is_missing_from_the_command_line_is_said() {
    for (args, part) in [
        (&["emit", "all"][..], "--site FILE is missing"),
        (&["emit", "site", "--site", "x"], "neither --site nor --out"),
        (&["emit", "all", "--site", "x", "--force"], "--out"),
        (&["emit", "all", "--from-cluster", "x"], "goes with `pinhole emit site`"),
        (&["emit", "kubernets", "--site", "x"], "kubernetes"),
        (&["emit", "all", "--site", "/nonexistent/site.yaml"], "cannot read"),
    ] {
        let said = pinhole(args);
        assert_ne!(said.code, Some(0), "{args:?}");
        assert!(said.err.contains(part), "{args:?}: {}", said.err);
    }
}

#[test]
fn a_cluster_fills_the_description_which_is_emitted_from() {
    let listing = concat!(env!("CARGO_MANIFEST_DIR"), "/../emit/tests/clusters/kubeadm.json");
    let by_file = pinhole(["emit", "site", "--from-cluster", listing]);
    let piped = program()
        .args(["emit", "site", "--from-cluster", "-"])
        .stdin(Stdio::from(fs::File::open(listing).unwrap()))
        .output()
        .unwrap();
    assert_eq!(by_file.out, String::from_utf8(piped.stdout).unwrap());
    let said = Place::new(&by_file.out).emit("all", &[]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.out.contains("value: \"http://pinhole.pinhole.svc.cluster.local:3128\""));
    let said = Place::new(&pinhole(["emit", "site"]).out).emit("all", &[]);
    assert_eq!((said.code, said.err.as_str()), (Some(0), ""));
}

#[test]
fn the_proxys_configuration_is_in_order_and_opens_what_the_site_needs() {
    let mut count = 0;
    for entry in fs::read_dir(EXAMPLES).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        // What names files that are on the proxy's own host alone is read by a unit test.
        if !name.starts_with("site-") || name == "site-sidecar.yaml" {
            continue;
        }
        let place = Place::new(&fs::read_to_string(&path).unwrap());
        let proxy = place.0.path().join("pinhole.yaml");
        fs::write(&proxy, place.emit("proxy", &[]).out).unwrap();
        let proxy = proxy.display().to_string();
        let said = pinhole(["check", &proxy]);
        assert_eq!(said.out, format!("{proxy}: ok\n"), "{name}");
        count += 1;
    }
    assert!(count >= 5, "{count}");
    let explained = |site: &str, target: &str| {
        let place = Place::new(site);
        let proxy = place.0.path().join("pinhole.yaml");
        fs::write(&proxy, place.emit("proxy", &[]).out).unwrap();
        pinhole(["explain", "--config", &proxy.display().to_string(), target]).code == Some(0)
    };
    let serving = PLAIN.replace("0.14.1\n", "0.14.1\n  serve: podip\n");
    let rows = [
        (PLAIN, "10.96.0.1:443", true),
        (PLAIN, "10.96.0.1:6443", false),
        (PLAIN, "10.96.0.2:443", false),
        (PLAIN, "8.8.8.8:443", false),
        (PLAIN, "169.254.169.254:80", false),
        (PLAIN, "raw.githubusercontent.com:443", true),
        (PLAIN, "usage-v2.skypilot.co:443", false),
        (PLAIN, "pinhole.pinhole.svc.cluster.local:3128", false),
        (&serving, "8.8.8.8:443", true),
        (&serving, "1.1.1.1:443", true),
        (&serving, "8.8.8.8:53", false),
        (&serving, "10.244.0.15:30001", false),
        (&example("load-balancer"), "http://10.0.8.7:30001/", true),
        (&example("load-balancer"), "http://10.0.8.7:22/", false),
        (&example("contexts"), "10.112.0.1:443", true),
        (&example("contexts"), "10.1.0.5:6443", true),
        (&example("daemonset"), "site-models.s3.us-east-1.amazonaws.com:443", true),
        (&example("daemonset"), "another.s3.us-east-1.amazonaws.com:443", false),
        (&example("deployment"), "git.partner.example:7999", true),
        (&example("bastion-ssm"), "ssmmessages.us-east-1.amazonaws.com:443", true),
        (&example("bastion-ssm"), "ssmmessages.eu-west-1.amazonaws.com:443", false),
    ];
    for (site, target, allowed) in rows {
        assert_eq!(explained(site, target), allowed, "{target}\n{site}");
    }
}

#[test]
fn a_shell_reads_the_variables_as_they_are() {
    let place = Place::new(PLAIN);
    let file = place.0.path().join("proxy.env");
    fs::write(&file, place.emit("env", &[]).out).unwrap();
    let shell = |file: &Path, url: Option<&str>| {
        let mut command = Command::new("sh");
        command.arg("-euc").arg(". \"$1\"; env").arg("sh").arg(file).env_clear();
        command.env("PATH", "/usr/bin:/bin");
        command.envs(url.map(|url| ("PINHOLE_PROXY_URL", url)));
        let done = command.output().unwrap();
        (done.status.success(), String::from_utf8(done.stdout).unwrap())
    };
    let (good, env) = shell(&file, None);
    assert!(good);
    let url = "http://pinhole.pinhole.svc.cluster.local:3128";
    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"] {
        assert!(env.lines().any(|line| line == format!("{name}={url}")), "{env}");
    }
    let told = |name: &str| {
        env.lines().find_map(|line| line.strip_prefix(&format!("{name}=")).map(str::to_owned))
    };
    assert!(told("NO_PROXY").is_some_and(|value| value.contains(",10.96.0.1,")));
    assert_eq!(told("NO_PROXY"), told("no_proxy"));
    // Where the proxy wants credentials, the file has none.
    let wanting = PLAIN.replace(
        "{shape: deployment}",
        "{address: proxy.test, addresses: 10.0.0.9, credentials: corp}",
    );
    let place = Place::new(&wanting);
    let file = place.0.path().join("proxy.env");
    fs::write(&file, place.emit("env", &[]).out).unwrap();
    assert!(!shell(&file, None).0);
    let (good, env) = shell(&file, Some("http://u:p%40@proxy.test:3128"));
    assert!(good && env.lines().any(|line| line == "https_proxy=http://u:p%40@proxy.test:3128"));
}

#[test]
fn hostile_values_stay_values() {
    // A label's value is any text: it must not become YAML, nor what a terminal obeys.
    let label = "\"a: [\\n#\\u202e\\u0007'\\\"\"";
    let site =
        PLAIN.replace("deployment}", &format!("deployment, node_selector: {{k: {label}}}}}"));
    let said = Place::new(&site).emit("all", &[]);
    assert_eq!(said.code, Some(0), "{}", said.err);
    for bad in ["a b", "a;b", "$(id)", "a'b", "a\\nb", "`id`"] {
        for key in ["image", "namespace", "name"] {
            let site = PLAIN.replace("deployment}", &format!("deployment, {key}: \"{bad}\"}}"));
            let said = Place::new(&site).emit("all", &[]);
            assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{key}: {bad}");
        }
    }
}
