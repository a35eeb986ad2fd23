//! squid and tinyproxy, run with a folder and a configuration of their own.

#![allow(dead_code, reason = "each test program uses its own part of it")]

use std::fs::{self, File, Permissions};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU8, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long one may take to listen.
const START: Duration = Duration::from_secs(30);

/// A real proxy, running. Dropping it ends it.
pub(crate) struct Real {
    child: Child,
    pub(crate) addr: SocketAddr,
    pub(crate) dir: TempDir,
}

/// The user and the password that both are given where they want any.
pub(crate) const USER: &str = "user";
pub(crate) const PASSWORD: &str = "se cret:x";

/// Debian keeps servers out of an ordinary user's path.
pub(crate) fn installed(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/usr/bin", "/sbin"].map(PathBuf::from);
    std::env::split_paths(&path).chain(system).map(|dir| dir.join(program)).find(|p| p.is_file())
}

/// A loopback address that no other test has: neither program takes port 0, and a port that is
/// free may be somebody else's a moment later.
pub(crate) fn own_address() -> SocketAddr {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    let host = NEXT.fetch_add(1, Ordering::Relaxed);
    SocketAddr::from(([127, 64 | high & 63, low, host], 3128))
}

impl Real {
    /// squid, with these lines in its configuration. `%D` is its folder, where the file `hosts`
    /// takes a few names for this machine.
    pub(crate) fn squid(extra: &str) -> Self {
        Self::squid_at(own_address(), extra)
    }

    /// The same at an address that was chosen before.
    pub(crate) fn squid_at(addr: SocketAddr, extra: &str) -> Self {
        let dir = folder();
        let settings = format!(
            "http_port {addr}\n\
             visible_hostname squid.test\n\
             pid_filename %D/squid.pid\n\
             cache_log %D/cache.log\n\
             access_log stdio:%D/access.log\n\
             coredump_dir %D\n\
             logfile_rotate 0\n\
             cache deny all\n\
             cache_mem 1 MB\n\
             max_filedescriptors 1024\n\
             netdb_filename none\n\
             pinger_enable off\n\
             shutdown_lifetime 0 seconds\n\
             {extra}\n\
             http_access allow all\n"
        );
        // As squid hands it to its helpers.
        let password = PASSWORD.replace(' ', "%20");
        let helper = format!(
            "#!/bin/sh\nwhile read -r line\ndo\n\
             case $line in '{USER} {password}') echo OK;; *) echo ERR;; esac\ndone\n"
        );
        write(&dir, "hosts", "127.0.0.1 ok.test other.test sentinel.test\n", 0o644);
        write(&dir, "helper", &helper, 0o755);
        let config = write(&dir, "squid.conf", &filled(&dir, &settings), 0o644);
        let mut command = Command::new(installed("squid").expect("it was looked for before"));
        command.arg("-N").arg("-n").arg(service(&dir)).arg("-f").arg(config);
        Self::run(command, addr, dir)
    }

    /// What squid wants of whoever asks it.
    pub(crate) const SQUID_CREDENTIALS: &str = "auth_param basic program %D/helper\n\
         auth_param basic children 1 startup=1\n\
         auth_param basic realm squid\n\
         acl known proxy_auth REQUIRED\n\
         http_access deny !known";

    /// tinyproxy, with these lines in its configuration.
    pub(crate) fn tinyproxy(extra: &str) -> Self {
        let (dir, addr) = (folder(), own_address());
        let settings = format!(
            "Port {}\n\
             Listen {}\n\
             Timeout 60\n\
             LogFile \"%D/access.log\"\n\
             LogLevel Connect\n\
             MaxClients 50\n\
             {extra}\n",
            addr.port(),
            addr.ip(),
        );
        let config = write(&dir, "tinyproxy.conf", &filled(&dir, &settings), 0o644);
        let program = installed("tinyproxy").expect("it was looked for before");
        let mut command = Command::new(program);
        command.arg("-d").arg("-c").arg(config);
        Self::run(command, addr, dir)
    }

    fn run(mut command: Command, addr: SocketAddr, dir: TempDir) -> Self {
        let output = File::create(dir.path().join("output")).expect("a file");
        let also = output.try_clone().expect("a descriptor");
        command.stdin(Stdio::null()).stdout(output).stderr(also);
        let child = command.spawn().expect("it was found before");
        let mut this = Self { child, addr, dir };
        let until = Instant::now() + START;
        while TcpStream::connect(addr).is_err() {
            let ended = this.child.try_wait().expect("a child");
            assert!(
                ended.is_none() && Instant::now() < until,
                "it does not listen: {}",
                this.said()
            );
            sleep(Duration::from_millis(10));
        }
        this
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Its access log.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("access.log")).unwrap_or_default()
    }

    /// Everything else that it has said.
    fn said(&self) -> String {
        let read = |name| fs::read_to_string(self.dir.path().join(name)).unwrap_or_default();
        read("output") + &read("cache.log")
    }
}

impl Drop for Real {
    fn drop(&mut self) {
        // Both fail when it has ended, which is as well.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
        // What squid shares with its helpers outlives a squid that is killed.
        let name = service(&self.dir);
        for entry in fs::read_dir("/dev/shm").into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&name) {
                let _gone_by_itself = fs::remove_file(entry.path());
            }
        }
    }
}

/// What squid is called that lives in this folder, in letters and digits: two of one name would
/// share memory.
fn service(dir: &TempDir) -> String {
    let name = dir.path().file_name().expect("a folder").to_string_lossy();
    name.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// A folder that a proxy which gives up its privileges can still use.
pub(crate) fn folder() -> TempDir {
    let dir = TempDir::with_prefix("pinhole-parent-").expect("a directory");
    fs::set_permissions(dir.path(), Permissions::from_mode(0o777)).expect("a directory of ours");
    dir
}

fn filled(dir: &TempDir, settings: &str) -> String {
    settings.replace("%D", &dir.path().display().to_string())
}

pub(crate) fn write(dir: &TempDir, name: &str, text: &str, mode: u32) -> PathBuf {
    let path: PathBuf = Path::new(dir.path()).join(name);
    fs::write(&path, text).expect("a file");
    fs::set_permissions(&path, Permissions::from_mode(mode)).expect("a file of ours");
    path
}
