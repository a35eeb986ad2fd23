//! What the commands do that are emitted for pods and for VMs, in a root of their own (`lines.sh`).

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, LazyLock};

use libtest_mimic::Trial;
use serde_json::Value;
use tempfile::TempDir;

use crate::launched::{CLUSTERS, HIDDEN, Pod, pod_in};
use crate::place::{beside, missing, on_path, tests_uv};
use crate::pods::{self, first_part};
use crate::room;
use crate::sites::{self, Site};
use crate::worker;
use crate::{Fault, Outcome, ensure, trial};

/// What uv may choose from.
const WHEELS: [&str; 3] = ["33.1.0", "34.1.0", "35.0.0"];

pub(crate) fn trials(sites: &[Arc<Site>]) -> Vec<Trial> {
    let mut trials = Vec::new();
    for site in sites {
        let name = site.name.replace('-', "_");
        for (what, test) in [
            ("commands_serve_a_user_who_may_sudo", for_sky as fn(&Site) -> Outcome),
            ("commands_serve_root", for_root),
            ("commands_are_no_harm_to_who_may_not_sudo", for_plain),
        ] {
            let site = site.clone();
            trials.push(trial(format!("{name}_{what}"), move || test(&site)));
        }
        if !site.said["skypilot"]["ssm"].is_null() {
            let site = site.clone();
            trials.push(trial(format!("{name}_commands_serve_a_vm"), move || for_vm(&site)));
        }
    }
    trials
}

/// What came of a script.
struct Came {
    dir: TempDir,
}

impl Came {
    fn text(&self, name: &str) -> Result<String, Fault> {
        let path = self.dir.path().join("out").join(name);
        Ok(fs::read_to_string(&path).map_err(|error| format!("{name}: {error}"))?)
    }

    /// How a step ended.
    fn fine(&self, name: &str) -> Result<bool, Fault> {
        Ok(self.text(&format!("{name}.status"))?.trim() == "0")
    }
}

/// Runs a script as one of the users of `lines.sh`.
fn run(script: &str, env: &BTreeMap<String, String>, user: &str) -> Result<Came, Fault> {
    static CLOSED: LazyLock<Option<String>> = LazyLock::new(room::closed);
    if let Some(why) = CLOSED.clone() {
        return Err(Fault::Missing(why));
    }
    for name in ["sudo", "visudo", "setpriv", "apt-config"] {
        on_path(name).ok_or_else(|| missing(name))?;
    }
    let dir = TempDir::with_prefix("pinhole-lines-").map_err(|error| error.to_string())?;
    // Others go in, too.
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))
        .map_err(|e| e.to_string())?;
    let lines: String = env.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
    let write = |name: &str, text: &str| fs::write(dir.path().join(name), text);
    write("env", &lines).and_then(|()| write("script", script)).map_err(|e| e.to_string())?;
    wheels(&dir.path().join("wheels"))?;
    let mut command = room::unshare();
    command.arg("bash").arg(beside("lines.sh")).arg(dir.path()).arg(user).arg(tests_uv());
    sites::said(&mut command)?;
    Ok(Came { dir })
}

/// Packages of the kubernetes client with nothing in them.
fn wheels(folder: &Path) -> Result<(), String> {
    let script = "import sys, zipfile\n\
        for version in sys.argv[2:]:\n    \
        info = f'kubernetes-{version}.dist-info'\n    \
        name = f'{sys.argv[1]}/kubernetes-{version}-py3-none-any.whl'\n    \
        with zipfile.ZipFile(name, 'w') as wheel:\n        \
        wheel.writestr(f'{info}/METADATA', f'Metadata-Version: 2.1\\nName: kubernetes\\nVersion: {version}\\n')\n        \
        wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n        \
        wheel.writestr(f'{info}/RECORD', f'{info}/METADATA,,\\n{info}/WHEEL,,\\n{info}/RECORD,,\\n')";
    fs::create_dir(folder).map_err(|error| error.to_string())?;
    let mut command = Command::new("python3");
    sites::said(command.args(["-I", "-c", script]).arg(folder).args(WHEELS)).map(|_| ())
}

/// What a pod's container runs first, and its variables.
fn of_pod(site: &Site) -> Result<(Pod, BTreeMap<String, String>), Fault> {
    let contexts = site.contexts();
    let proxied = contexts.iter().find(|(_, proxied)| *proxied);
    let (context, _) = proxied.ok_or("no context uses the proxy".to_owned())?;
    let pod = pod_in(site.version(), site.config()?, CLUSTERS[0], context)?;
    let mut env = pod.variables()?;
    for (name, _) in pods::secrets(pod.ray_node()?) {
        env.insert(name, HIDDEN.to_owned());
    }
    Ok((pod, env))
}

fn for_sky(site: &Site) -> Outcome {
    let (pod, env) = of_pod(site)?;
    let came = run(first_part(&pod)?, &env, "sky")?;
    ensure!(came.fine("script")?, "it fails: {}", came.text("script.err")?);
    // F7: sudo forgets what it is not told to keep.
    let lost = came.text("sudo-before")?;
    ensure!(came.fine("sudo-before")? && !lost.to_lowercase().contains("_proxy="), "{lost}");
    let kept = came.text("sudo")?;
    for (name, value) in &env {
        let line = format!("{name}={value}");
        let ours = name.to_lowercase().ends_with("_proxy")
            || name.contains("CERT")
            || name.contains("_CA_");
        ensure!(!ours || kept.lines().any(|one| one == line), "sudo loses {line}:\n{kept}");
    }
    done(&came, &env)?;
    // What is traced is in the pod's log.
    for file in ["script", "script.err"] {
        ensure!(!came.text(file)?.contains("do-not-log"), "the log has the credentials");
    }
    Ok(())
}

fn for_root(site: &Site) -> Outcome {
    let (pod, env) = of_pod(site)?;
    let came = run(first_part(&pod)?, &env, "root")?;
    ensure!(came.fine("script")?, "it fails: {}", came.text("script.err")?);
    done(&came, &env)
}

/// What is there in the end.
fn done(came: &Came, env: &BTreeMap<String, String>) -> Outcome {
    let files = came.text("files")?;
    ensure!(files.contains("440 root /etc/sudoers.d/pinhole-proxy\n"), "{files}");
    ensure!(came.fine("visudo")?, "{}", came.text("visudo.err")?);
    let hidden = env.values().any(|value| value == HIDDEN);
    let proxy = env.get("https_proxy").ok_or("no https_proxy".to_owned())?;
    // Where everybody may read it, everybody's apt does; root's does always.
    for who in ["apt", "sudo-apt", "root-apt"] {
        ensure!(came.fine(who)?, "{who}: {}", came.text(&format!("{who}.err"))?);
        if who == "apt" && hidden {
            continue;
        }
        let dump = came.text(who)?;
        for scheme in ["http", "https"] {
            let line = format!("Acquire::{scheme}::Proxy \"{proxy}\";");
            ensure!(dump.lines().any(|one| one == line), "{who} lacks {line}:\n{dump}");
        }
    }
    let secret = |line: &str| line.contains("do-not-log");
    let login = came.text("environment")?;
    ensure!(!login.lines().any(secret), "everybody may read the credentials: {login}");
    for name in ["https_proxy", "http_proxy", "no_proxy"] {
        for name in [name.to_owned(), name.to_uppercase()] {
            let line = env.get(&name).map(|value| format!("{name}={value}"));
            let there = line.as_ref().is_some_and(|line| login.lines().any(|one| one == line));
            ensure!(there == (line.is_some() && !hidden), "logins and {name}: {login}");
        }
    }
    // Without the file, uv does nothing at all; with it, it takes what remembers NO_PROXY's worth.
    ensure!(!came.fine("uv-before")?, "uv does without the file");
    uv_takes_the_older(came)?;
    // A pod that starts again runs it again.
    ensure!(came.fine("again")?, "the second time: {}", came.text("again.err")?);
    ensure!(came.text("environment-again")? == login, "the second time: {login}");
    ensure!(came.text("files-again")? == files, "the second time: {files}");
    Ok(())
}

/// F1.
fn uv_takes_the_older(came: &Came) -> Outcome {
    let (took, why) = (came.text("uv")?, came.text("uv.err")?);
    ensure!(took.contains("kubernetes-33.1.0.dist-info"), "uv takes {took}{why}");
    Ok(())
}

/// The launch must go on, and uv with it.
fn for_plain(site: &Site) -> Outcome {
    let (pod, env) = of_pod(site)?;
    let came = run(first_part(&pod)?, &env, "plain")?;
    ensure!(came.fine("script")?, "it fails: {}", came.text("script.err")?);
    ensure!(came.fine("visudo")?, "{}", came.text("visudo.err")?);
    uv_takes_the_older(&came)?;
    Ok(())
}

/// cloud-init writes the list as lines of a script, for `sh`, and root runs it.
fn for_vm(site: &Site) -> Outcome {
    let ssm = &site.said["skypilot"]["ssm"];
    let region = ssm["region"].as_str().unwrap_or_default();
    let answer = worker::user_data(site.version(), site.config()?, region)??;
    let wanted = answer["lines"].as_array().ok_or("there are no commands".to_owned())?;
    let data = answer["user_data"].as_str().unwrap_or_default();
    let data: Value = serde_yaml::from_str(data).map_err(|error| format!("cloud-init: {error}"))?;
    // As they are written, they are read.
    ensure!(data["runcmd"].as_array() == Some(wanted), "cloud-init reads {}", data["runcmd"]);
    let lines: Vec<&str> = wanted.iter().filter_map(Value::as_str).collect();
    ensure!(lines.len() == wanted.len() && !lines.is_empty(), "{wanted:?}");
    // There is no systemd: what would be asked of it is said.
    let systemctl =
        "systemctl() { echo systemctl $*; [ $1 != cat ] || [ $2 = amazon-ssm-agent ]; }\n";
    let script = format!(
        "cat > /tmp/runcmd <<'END-OF-RUNCMD'\n{systemctl}{}\nEND-OF-RUNCMD\nsh /tmp/runcmd",
        lines.join("\n")
    );
    let came = run(&script, &BTreeMap::new(), "root")?;
    ensure!(came.fine("script")?, "it fails: {}", came.text("script.err")?);
    let files = came.text("files")?;
    ensure!(files.contains("440 root /etc/sudoers.d/pinhole-proxy\n"), "{files}");
    ensure!(came.fine("visudo")?, "{}", came.text("visudo.err")?);
    let proxy = ssm["proxy"].as_str().or(site.said["proxy"]["address"].as_str());
    let proxy = proxy.ok_or("no proxy for VMs".to_owned())?;
    let proxy = format!("http://{}", proxy.trim_start_matches("http://"));
    let apt = came.text("root-apt")?;
    for scheme in ["http", "https"] {
        let line = format!("Acquire::{scheme}::Proxy \"{proxy}\";");
        ensure!(apt.lines().any(|one| one == line), "apt lacks {line}:\n{apt}");
    }
    let (login, units) = (came.text("environment")?, came.text("units")?);
    for name in ["https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"] {
        let line = format!("{name}={proxy}");
        ensure!(login.lines().any(|one| one == line), "logins lack {line}:\n{login}");
        let line = format!("Environment={line}");
        ensure!(units.lines().any(|one| one == line), "the agent lacks {line}:\n{units}");
    }
    let restarted = came.text("script")?;
    ensure!(restarted.contains("systemctl restart amazon-ssm-agent\n"), "{restarted}");
    Ok(())
}
