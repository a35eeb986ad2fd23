//! Parents within TLS: certificates, and a server on plain threads.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use tempfile::TempDir;

use crate::support::find;
use crate::support::origin::{Origin, Peer};

/// A CA, and the file that vouches for it.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    dir: TempDir,
}

static CAS: AtomicUsize = AtomicUsize::new(0);

/// What a parent's certificate is for, and when.
#[derive(Clone, Copy)]
pub(crate) struct Certificate {
    pub(crate) names: &'static [&'static str],
    pub(crate) years: [i32; 2],
}

pub(crate) const GOOD: Certificate =
    Certificate { names: &["127.0.0.1", "parent.test"], years: [2000, 4000] };

impl Ca {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Two of one name would be taken for each other, up to the signature.
        let number = CAS.fetch_add(1, Ordering::Relaxed);
        params.distinguished_name.push(DnType::CommonName, format!("CA {number}"));
        let certificate = params.self_signed(&key).unwrap();
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ca.pem"), certificate.pem()).unwrap();
        Self { issuer: Issuer::new(params, key), dir }
    }

    /// Its certificate, as PEM.
    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("ca.pem")
    }

    /// What a server of these names is set to.
    pub(crate) fn server(&self, certificate: Certificate) -> Arc<ServerConfig> {
        self.server_by(certificate, rustls::DEFAULT_VERSIONS)
    }

    pub(crate) fn server_by(
        &self,
        Certificate { names, years: [from, to] }: Certificate,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> Arc<ServerConfig> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(from, 1, 1);
        params.not_after = date_time_ymd(to, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Arc::new(config)
    }
}

/// A connection within TLS, at the parent.
pub(crate) type Inner = StreamOwned<ServerConnection, TcpStream>;

/// A parent within TLS: reads a head, and runs the script.
pub(crate) fn parent(
    config: Arc<ServerConfig>,
    script: impl Fn(&mut Inner, &str, &mut Peer) -> io::Result<()> + Send + Sync + 'static,
) -> Origin {
    Origin::with(move |peer| {
        let connection = ServerConnection::new(Arc::clone(&config)).expect("a server");
        let mut inner = StreamOwned::new(connection, peer.stream.try_clone()?);
        let mut head = Vec::new();
        while find(&head, b"\r\n\r\n").is_none() {
            let mut byte = [0];
            inner.read_exact(&mut byte)?;
            head.extend(byte);
        }
        script(&mut inner, &String::from_utf8(head).expect("ASCII"), peer)
    })
}

pub(crate) fn say(inner: &mut Inner, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    inner.write_all(bytes.as_ref())?;
    inner.flush()
}

/// Ends its own side as TLS wants it.
pub(crate) fn close(inner: &mut Inner) -> io::Result<()> {
    inner.conn.send_close_notify();
    inner.flush()
}

/// Everything until the other side's close_notify; an error where there is none.
pub(crate) fn rest(inner: &mut Inner) -> io::Result<Vec<u8>> {
    let mut rest = Vec::new();
    inner.read_to_end(&mut rest)?;
    Ok(rest)
}
